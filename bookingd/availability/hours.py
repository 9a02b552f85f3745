"""When a resource is open, and where slots begin within that."""

from collections.abc import Iterable, Iterator
from functools import lru_cache
from operator import attrgetter
from typing import NamedTuple

from bookingd.availability.holiday import holidays_of
from bookingd.availability.starts import Starts
from bookingd.availability.wallclock import DAY, MINUTE, WallClock, calendar_day, clock
from bookingd.openings import span
from storage.model import WEEKDAYS, Resource

ALWAYS = ("00:00-24:00",)

WEEK = 7
KEPT = 150
"""Weeks whose openings a calendar remembers."""

_DECIDE = ("id", "time_zone", "hours", "closures", "holidays")
"""What of a resource decides on its openings."""


class Opening(NamedTuple):
    """Instants `[start, end)` at which a clock shows times of an interval of hours.

    Slots begin in steps from `origin` on, by the clock as it goes then. `until` is as long as the
    resource stays open, for the opening that touches this one is another.
    """

    start: int
    origin: int
    end: int
    until: int


class Calendar:
    """The openings of a resource: it is open exactly while its clock shows a time of its hours.

    So on the day on which clocks change they keep to the wall time, and are longer or shorter.
    """

    def __init__(self, resource: Resource, house: str) -> None:
        self.resource = resource
        self.clock: WallClock = clock(resource.time_zone or house)
        self._alone = lru_cache(KEPT * WEEK)(self._opened_alone)
        self._openings = lru_cache(KEPT)(self._opened)

    def starts(self, window: range, length: int, step: int) -> Starts:
        """Where slots begin that lie in openings from their start to their end.

        All of the window, and more than that. `length` is a day at the most. Openings that touch
        are one to whoever stays; but each has its own steps, and where two overlap those of the
        earlier one count.
        """
        found = []
        first, last = self.clock.day(window.start) - 2, self.clock.day(window.stop) + 1
        for week in range(first // WEEK, last // WEEK + 1):
            for opening in self._openings(week):
                start = opening.start + (opening.origin - opening.start) % step
                stop = min(opening.end, opening.until - length + 1)
                if start < stop:
                    found.append(range(start, stop, step))
        found.sort(key=attrgetter("start"))
        return found

    def holds_for(self, resource: Resource) -> bool:
        """Whether `resource`, as it has become meanwhile, still has these openings."""
        mine = self.resource
        if mine is resource:
            return True
        return all(getattr(mine, name) == getattr(resource, name) for name in _DECIDE)

    def _opened(self, week: int) -> list[Opening]:
        """The openings of seven days, among those of the days around them."""
        first, behind = week * WEEK, (week + 1) * WEEK
        around = sorted(one for day in range(first - 2, behind + 3) for one in self._alone(day))
        mine = {one for day in range(first, behind) for one in self._alone(day)}
        return [one for one, alone in _joined(around) if alone in mine and one.start < one.end]

    def _opened_alone(self, day: int) -> list[Opening]:
        found = []
        for text in self._hours(day):
            start, end = (day * DAY + minutes * MINUTE for minutes in span(text))
            for open_from, until, offset in self.clock.instants(start, end):
                found.append(Opening(open_from, start - offset, until, until))
        return found

    def _hours(self, number: int) -> Iterable[str]:
        """The hours of a day: of the closure made last, else none on a holiday, else the week's."""
        day, resource = calendar_day(number), self.resource
        for closure in reversed(resource.closures):
            if closure.first <= day <= closure.last:
                return closure.hours
        if resource.holidays and day in holidays_of(resource.holidays, day.year):
            return ()
        if resource.hours is None:
            return ALWAYS
        return resource.hours.get(WEEKDAYS[day.weekday()], ())


def _joined(openings: Iterable[Opening]) -> Iterator[tuple[Opening, Opening]]:
    """Each as it is among the others, and as it would be alone."""
    block: list[tuple[Opening, Opening]] = []
    until = 0
    for alone in openings:
        if block and alone.start > until:
            yield from ((one._replace(until=until), itself) for one, itself in block)
            block.clear()
        start = max(alone.start, until) if block else alone.start
        until = max(alone.end, until) if block else alone.end
        block.append((alone._replace(start=start), alone))
    yield from ((one._replace(until=until), itself) for one, itself in block)
