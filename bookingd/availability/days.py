"""Slots by the days of whoever looks at them."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from functools import lru_cache
from typing import NamedTuple

from bookingd.availability.engine import offered
from bookingd.availability.rules import shared
from bookingd.availability.wallclock import DAY, MINUTE, WallClock, calendar_day
from bookingd.availability.wanted import Wanted

_CLOCK = [f"T{minute // 60:02}:{minute % 60:02}:00" for minute in range(DAY // MINUTE)]
"""Of each minute of a day, how it is written."""


class Slot(NamedTuple):
    """A slot that can be had, from `start` on by the clock of whoever looks (RFC 3339).

    `takers` has a bit for each of those wanted that have it free, the lowest for the first;
    `seats` are left, all of them together.
    """

    start: str
    takers: int
    seats: int


def by_day(wants: Sequence[Wanted], clock: WallClock, days: range) -> Mapping[date, list[Slot]]:
    """The slots of each day, in order."""
    window = range(clock.begin(days.start), clock.begin(days.stop))
    found: dict[int, list[Slot]] = {day: [] for day in days}
    names = {day: calendar_day(day).isoformat() for day in days}
    taken, capacity = _taken(wants), wants[0].service.capacity
    stretches = iter(clock.stretches(window.start, window.stop))
    stretch = next(stretches)
    for start, takers in sorted(_slots(wants, window).items()):
        while start >= stretch.end:
            stretch = next(stretches)
        day, time = divmod(start + stretch.offset, DAY)
        if day in found:  # a clock that goes back at midnight shows the day before once more
            text = names[day] + _CLOCK[time // MINUTE] + _offset(stretch.offset)
            seats = takers.bit_count() * capacity - taken[start]
            found[day].append(Slot(text, takers, seats))
    return {calendar_day(day): slots for day, slots in found.items()}


def _slots(wants: Iterable[Wanted], window: range) -> dict[int, int]:
    """For each start, who has it free."""
    found: dict[int, int] = {}
    for number, wanted in enumerate(wants):
        taker = 1 << number
        for starts in offered(wanted, window):
            for start in starts:
                found[start] = found.get(start, 0) | taker
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
