"""Slots by the days of whoever looks at them."""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from functools import lru_cache

from bookingd.availability.engine import offered
from bookingd.availability.rules import shared
from bookingd.availability.wallclock import DAY, MINUTE, WallClock, calendar_day
from bookingd.availability.wanted import Wanted

_CLOCK = [f"T{minute // 60:02}:{minute % 60:02}:00" for minute in range(DAY // MINUTE)]
"""Of each minute of a day, how it is written."""


Slot = tuple[str, list[str], int | None]
"""A slot that can be had: its start by the clock of whoever looks (RFC 3339), the ids of resources
with which it can be had, and the seats that are left with all of them together if it is shared."""


def by_day(wants: Sequence[Wanted], clock: WallClock, days: range) -> Mapping[date, list[Slot]]:
    """The slots of each day, in order."""
    takers = _takers(wants, range(clock.begin(days.start), clock.begin(days.stop)))
    seats, starts = _seats(wants, takers), sorted(takers)
    found: dict[date, list[Slot]] = {}
    for day in days:
        date_, midnight = calendar_day(day), day * DAY
        name, slots = date_.isoformat(), found.setdefault(date_, [])
        for begin, end, offset in clock.instants(midnight, midnight + DAY):
            zero, shown = midnight - offset, _offset(offset)
            slots += [
                (name + _CLOCK[(start - zero) // MINUTE] + shown, takers[start], seats.get(start))
                for start in starts[bisect_left(starts, begin) : bisect_left(starts, end)]
            ]
    return found


def _takers(wants: Iterable[Wanted], window: range) -> Mapping[int, list[str]]:
    """For each start, the resources with which it can be had."""
    found = defaultdict[int, list[str]](list)
    for wanted in wants:
        resource_id = wanted.calendar.resource.id
        for start in offered(wanted, window):
            found[start].append(resource_id)
    return found


def _seats(wants: Sequence[Wanted], takers: Mapping[int, list[str]]) -> Mapping[int, int]:
    """For each start of a service that is shared, the seats that are left with its takers."""
    capacity = wants[0].service.capacity
    if capacity == 1:
        return {}
    found = {start: len(resource_ids) * capacity for start, resource_ids in takers.items()}
    for wanted in wants:
        for one in shared(wanted):
            if wanted.calendar.resource.id in takers.get(one.start, ()):
                found[one.start] -= one.taken
    return found


@lru_cache
def _offset(offset: int) -> str:
    """As RFC 3339, section 4.2, writes it."""
    minutes = abs(offset) // MINUTE
    return f"{'-' if offset < 0 else '+'}{minutes // 60:02}:{minutes % 60:02}"
