"""Slots by the days of whoever looks at them."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from functools import lru_cache
from itertools import chain

from bookingd.availability.engine import offered
from bookingd.availability.rules import shared
from bookingd.availability.wallclock import DAY, MINUTE, WallClock, calendar_day
from bookingd.availability.wanted import Wanted

_CLOCK = [f"T{minute // 60:02}:{minute % 60:02}:00" for minute in range(DAY // MINUTE)]
"""Of each minute of a day, how it is written."""


Slot = tuple[str, list[str], int]
"""A slot that can be had: its start by the clock of whoever looks (RFC 3339), the ids of resources
with which it can be had, and the seats that are left with all of them together."""


def by_day(wants: Sequence[Wanted], clock: WallClock, days: range) -> Mapping[date, list[Slot]]:
    """The slots of each day, in order."""
    window = range(clock.begin(days.start), clock.begin(days.stop))
    found: dict[int, list[Slot]] = {day: [] for day in days}
    names = {day: calendar_day(day).isoformat() for day in days}
    takers, taken, capacity = _takers(wants, window), _taken(wants), wants[0].service.capacity
    stretches, end = iter(clock.stretches(window.start, window.stop)), window.start
    for start in sorted(takers):
        while start >= end:
            _, end, offset = next(stretches)
            shown = _offset(offset)
        day, time = divmod(start + offset, DAY)
        if day in found:  # a clock that goes back at midnight shows the day before once more
            resource_ids = takers[start]
            seats = len(resource_ids) * capacity - taken.get(start, 0)
            found[day].append((names[day] + _CLOCK[time // MINUTE] + shown, resource_ids, seats))
    return {calendar_day(day): slots for day, slots in found.items()}


def _takers(wants: Iterable[Wanted], window: range) -> Mapping[int, list[str]]:
    """For each start, the resources with which it can be had."""
    found = defaultdict[int, list[str]](list)
    for wanted in wants:
        resource_id = wanted.calendar.resource.id
        for start in chain.from_iterable(offered(wanted, window)):
            found[start].append(resource_id)
    return found


def _taken(wants: Iterable[Wanted]) -> Counter[int]:
    """By their start, the seats that are taken of sessions that have others."""
    found = Counter[int]()
    for wanted in wants:
        for one in shared(wanted):
            found[one.start] += one.taken
    return found


@lru_cache
def _offset(offset: int) -> str:
    """As RFC 3339, section 4.2, writes it."""
    minutes = abs(offset) // MINUTE
    return f"{'-' if offset < 0 else '+'}{minutes // 60:02}:{minutes % 60:02}"
