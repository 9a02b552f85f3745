"""What occupies a resource. Instants are microseconds since 1970, UTC."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, overload


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

    start: list[int]
    end: list[int]


@dataclass(frozen=True, slots=True)
class Sessions(Sequence[Session]):
    """Sessions of one resource in order, kept by columns.

    There may be ten thousand, and an object for each would cost more than all that is done with
    them: so whoever is in a hurry takes the columns.
    """

    start: list[int]
    end: list[int]
    occupied_start: list[int]
    occupied_end: list[int]
    service_id: list[str]
    taken: list[int]

    @classmethod
    def of(cls, sessions: Iterable[Session]) -> "Sessions":
        """By columns what is in rows."""
        columns = [list(column) for column in zip(*sessions, strict=True)]
        return cls(*columns) if columns else cls([], [], [], [], [], [])

    @property
    def columns(self) -> tuple[list[Any], ...]:
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


def read_sessions(columns: Sequence[list[Any]], staying: Iterable[tuple[int, int]]) -> Sessions:
    """Sessions from their columns, where holds have expired.

    Of each session with such holds, `staying` has where it begins to be occupied, and how many
    seats are taken without them.
    """
    found, seats = Sessions(*columns), dict(staying)
    if not seats:
        return found
    left = (one._replace(taken=seats.get(one.occupied_start, one.taken)) for one in found)
    return Sessions.of(one for one in left if one.taken)


def read_occupied(columns: Sequence[list[int]], staying: Iterable[tuple[int, int]]) -> Occupied:
    """The same of ranges alone."""
    found, gone = Occupied(*columns), {start for start, seats in staying if not seats}
    if not gone:
        return found
    left = [(start, end) for start, end in zip(*found, strict=True) if start not in gone]
    return Occupied([start for start, _ in left], [end for _, end in left])
