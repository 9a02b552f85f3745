"""What the clocks of a zone show at an instant, and when they show a time, by zoneinfo.

Instants are whole microseconds since 1970 in UTC. A wall time is counted alike, as though the clock
that shows it kept UTC; a day is a number of days since 1970. Intervals are half-open.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

MICROSECOND = timedelta(microseconds=1)
SECOND = 1_000_000
MINUTE = 60 * SECOND
DAY = 24 * 60 * MINUTE

KEPT = 1000
"""Days whose stretches a clock remembers."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_DAY = date(1970, 1, 1).toordinal()


def instant(number: int) -> datetime:
    """The instant with this number."""
    return _EPOCH + number * MICROSECOND


def day_number(day: date) -> int:
    """A day of the calendar as a number."""
    return day.toordinal() - _EPOCH_DAY


def calendar_day(number: int) -> date:
    """The day of the calendar with this number."""
    return date.fromordinal(number + _EPOCH_DAY)


class Stretch(NamedTuple):
    """Instants in which a clock is ahead of UTC by the same `offset`."""

    start: int
    end: int
    offset: int


class WallClock:
    """The clock of a zone."""

    def __init__(self, key: str) -> None:
        self.key = key
        self._zone = ZoneInfo(key)
        self._day = lru_cache(KEPT)(self._parted_day)
        self._around = lru_cache(KEPT)(self._stretches_around)

    def day(self, instant_: int) -> int:
        """The day that it shows at an instant."""
        return (instant_ + self._offset(instant_)) // DAY

    def begin(self, day: int) -> int:
        """The first instant at which it shows this day or a later one."""
        midnight = day * DAY
        return next(
            max(start, midnight - offset)
            for start, end, offset in self.stretches(midnight - DAY, midnight + 2 * DAY)
            if midnight - offset < end
        )

    def window(self, days: range) -> range:
        """The instants from the first of these days on until the last is over."""
        return range(self.begin(days.start), self.begin(days.stop))

    def instants(self, start: int, end: int) -> list[Stretch]:
        """When it shows a time of `[start, end)`: none if it skips it, twice if it goes back.

        That is a day at the most.
        """
        around = self._around(start // DAY)
        cut = (Stretch(max(a, start - by), min(b, end - by), by) for a, b, by in around)
        return [one for one in cut if one.start < one.end]

    def periods(self, window: range, days: int) -> Iterator[tuple[int, int]]:
        """The days (1), or the weeks from Monday on (7), that meet a window."""
        day = self.day(window.start)
        day -= (day + 3) % days  # 1970 began on a Thursday
        start = self.begin(day)
        while start < window.stop:
            day += days
            end = self.begin(day)
            yield start, end
            start = end

    def stretches(self, start: int, end: int) -> list[Stretch]:
        """The stretches of `[start, end)`, in order."""
        found: list[Stretch] = []
        for day in range(start // DAY, (end - 1) // DAY + 1):
            for one in self._day(day):
                if found and found[-1].offset == one.offset:
                    one = Stretch(found.pop().start, one.end, one.offset)  # noqa: PLW2901
                found.append(one)
        found[0] = found[0]._replace(start=start)
        found[-1] = found[-1]._replace(end=end)
        return [one for one in found if one.start < one.end]

    def _stretches_around(self, day: int) -> list[Stretch]:
        """In which a clock shows this day and the next, as far ahead or behind as clocks are."""
        return self.stretches((day - 1) * DAY, (day + 3) * DAY)

    def _offset(self, instant_: int) -> int:
        for stretch in self._day(instant_ // DAY):
            if instant_ < stretch.end:
                return stretch.offset
        raise AssertionError("a day ends with its last stretch")

    def _parted_day(self, day: int) -> list[Stretch]:
        """The stretches of a day in UTC."""
        start, end = day * DAY, (day + 1) * DAY
        return self._parted(start, end, self._asked(start), self._asked(end))

    def _parted(self, start: int, end: int, before: int, after: int) -> list[Stretch]:
        """Halve `[start, end)` until it is known where the offset goes from `before` to `after`."""
        if before == after or end - start <= SECOND:
            return [Stretch(start, end, before)]
        middle = start + (end - start) // SECOND // 2 * SECOND
        there = self._asked(middle)
        return self._parted(start, middle, before, there) + self._parted(middle, end, there, after)

    def _asked(self, instant_: int) -> int:
        offset = instant(instant_).astimezone(self._zone).utcoffset()
        return (offset or timedelta(0)) // MICROSECOND


clock = lru_cache(maxsize=64)(WallClock)
"""The clock of a zone, by its name in the IANA database."""
