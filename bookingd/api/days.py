"""Slots as JSON has them, by the days of whoever looks at them."""

from array import array
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from orjson import Fragment

from bookingd.api import present
from bookingd.availability.engine import offered
from bookingd.availability.rules import shared
from bookingd.availability.wallclock import DAY, MINUTE, WallClock, calendar_day
from bookingd.availability.wanted import Wanted

KEPT = 250
"""Days of which it is remembered how they were told: eight months."""

MOST = 288
"""Slots of a day that is remembered: every five minutes."""

_SIZE = array("q").itemsize

_CLOCK = [f"T{minute // 60:02}:{minute % 60:02}:00" for minute in range(DAY // MINUTE)]
"""Of each minute of a day, how it is written."""

Offers = tuple[tuple[str, bytes], ...]
"""The ids of resources, each with the starts that can be had, as an array has them in memory."""

Taken = tuple[tuple[int, str, int], ...]
"""By start and resource, the seats that are taken of sessions that have others."""


class Part(NamedTuple):
    """A day, or the part of it in which a clock is ahead of UTC by the same `offset`."""

    day: int
    offset: int
    offers: Offers
    taken: Taken

    @property
    def small(self) -> bool:
        """Whether it may be remembered."""
        return all(len(starts) <= MOST * _SIZE for _, starts in self.offers)


def by_day(wants: Sequence[Wanted], clock: WallClock, days: range) -> list[dict[str, Any]]:
    """The slots of each day, in order, by a clock."""
    minutes, capacity = wants[0].length // MINUTE, wants[0].service.capacity
    found = [
        [(_told if part.small else _told.__wrapped__)(part, minutes, capacity) for part in parts]
        for parts in _parts(wants, clock, days)
    ]
    return [
        {"date": calendar_day(day), "slots": Fragment(b"[%b]" % b",".join(filter(None, told)))}
        for day, told in zip(days, found, strict=True)
    ]


def _parts(wants: Sequence[Wanted], clock: WallClock, days: range) -> Iterator[list[Part]]:
    """Of each day the parts."""
    window = clock.window(days)
    starts = {one.calendar.resource.id: offered(one, window) for one in wants}
    taken = _taken(wants)
    for day in days:
        yield [
            Part(
                day,
                offset,
                _between(starts, begin, end),
                taken[bisect_left(taken, (begin,)) : bisect_left(taken, (end,))],
            )
            for begin, end, offset in clock.instants(day * DAY, (day + 1) * DAY)
        ]


def _between(starts: Mapping[str, "array[int]"], begin: int, end: int) -> Offers:
    return tuple(
        (resource_id, found[bisect_left(found, begin) : bisect_left(found, end)].tobytes())
        for resource_id, found in starts.items()
    )


def _taken(wants: Sequence[Wanted]) -> Taken:
    return tuple(
        sorted(
            (session.start, one.calendar.resource.id, session.taken)
            for one in wants
            for session in shared(one)
        )
    )


@lru_cache(KEPT)
def _told(part: Part, minutes: int, capacity: int) -> bytes:
    """The JSON of all slots, parted by commas."""
    day, offset, offers, taken = part
    takers = defaultdict[int, list[str]](list)
    for resource_id, starts in offers:
        for start in memoryview(starts).cast("q"):
            takers[start].append(resource_id)
    midnight, date, ahead = day * DAY - offset, calendar_day(day).isoformat(), _ahead(offset)
    slots: dict[int, dict[str, Any]] = {
        start: {
            "startTime": date + _CLOCK[(start - midnight) // MINUTE] + ahead,
            "duration": minutes,
            "resourceIds": takers[start],
        }
        for start in sorted(takers)
    }
    if capacity > 1:
        seats = {(start, resource_id): seats for start, resource_id, seats in taken}
        for start, slot in slots.items():
            left = (capacity - seats.get((start, one), 0) for one in takers[start])
            slot["seats"] = sum(left)
    return present.dumps(list(slots.values()))[1:-1]


def _ahead(offset: int) -> str:
    """How far ahead of UTC, as RFC 3339, section 4.2, writes it."""
    minutes = abs(offset) // MINUTE
    return f"{'-' if offset < 0 else '+'}{minutes // 60:02}:{minutes % 60:02}"
