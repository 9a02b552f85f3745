"""What occupies a resource. Instants are microseconds since 1970, UTC."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple, overload

import orjson

KEPT = 120
"""Of how many questions the answer is remembered: ten resources, month by month, for a year."""


class Session(NamedTuple):
    """Bookings and holds of one service, from one start to one end.

    Each has a seat, and `taken` says how many they are. The occupied range is that of whoever
    came first.
    """

    start: int
    end: int
    occupied_start: int
    occupied_end: int
    service_id: str
    taken: int


class Occupied(NamedTuple):
    """When a resource is occupied: where each range begins and, in the same order, ends."""

    start: tuple[int, ...]
    end: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Sessions(Sequence[Session]):
    """Sessions of one resource in order, kept by columns.

    There may be ten thousand, and an object for each would cost more than all that is done with
    them: so whoever is in a hurry takes the columns.
    """

    start: tuple[int, ...]
    end: tuple[int, ...]
    occupied_start: tuple[int, ...]
    occupied_end: tuple[int, ...]
    service_id: tuple[str, ...]
    taken: tuple[int, ...]

    @classmethod
    def of(cls, sessions: Iterable[Session]) -> "Sessions":
        """By columns what is in rows."""
        return cls(*(tuple(zip(*sessions, strict=True)) or ((),) * 6))

    @property
    def columns(self) -> tuple[tuple[Any, ...], ...]:
        """In the order of the fields of `Session`."""
        return (
            self.start,
            self.end,
            self.occupied_start,
            self.occupied_end,
            self.service_id,
            self.taken,
        )

    @property
    def occupied(self) -> Occupied:
        """The ranges alone."""
        return Occupied(self.occupied_start, self.occupied_end)

    def __len__(self) -> int:
        return len(self.start)

    def __iter__(self) -> Iterator[Session]:
        return map(Session._make, zip(*self.columns, strict=True))

    @overload
    def __getitem__(self, which: int) -> Session: ...
    @overload
    def __getitem__(self, which: slice) -> "Sessions": ...
    def __getitem__(self, which: int | slice) -> "Session | Sessions":
        found = [column[which] for column in self.columns]
        return Session._make(found) if isinstance(which, int) else Sessions(*found)


def read_sessions(columns: str, staying: str) -> Sessions:
    """Sessions from the JSON of their columns, where holds have expired.

    Of each session with such holds, `staying` has where it begins to be occupied, and how many
    seats are taken without them.
    """
    found, seats = Sessions(*map(tuple, orjson.loads(columns))), dict(orjson.loads(staying))
    if not seats:
        return found
    left = (one._replace(taken=seats.get(one.occupied_start, one.taken)) for one in found)
    return Sessions.of(one for one in left if one.taken)


@lru_cache(KEPT)
def read_occupied(columns: str, staying: str) -> Occupied:
    """The same of ranges alone. Most have been read before."""
    found = Occupied(*map(tuple, orjson.loads(columns)))
    gone = {start for start, seats in orjson.loads(staying) if not seats}
    if not gone:
        return found
    left = [(start, end) for start, end in zip(*found, strict=True) if start not in gone]
    return Occupied(tuple(start for start, _ in left), tuple(end for _, end in left))
