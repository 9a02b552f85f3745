"""Opening hours as they are written: intervals of wall time, such as `09:00-12:30`."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import pairwise

from storage.model import WEEKDAYS

DAY = 24 * 60
WEEK = 7 * DAY
"""Minutes."""

FORM = "([01][0-9]|2[0-3]):[0-5][0-9]-(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)"
"""Hours and minutes of the beginning and of the end, as a regular expression."""


@lru_cache
def span(interval: str) -> tuple[int, int]:
    """Minutes from the beginning of the day to those of the interval, half-open.

    One that ends when it begins, or before, ends on the next day. Raises `ValueError`.
    """
    if not re.fullmatch(FORM, interval):
        raise ValueError(f"{interval!r} is not like 09:00-12:30")
    begin, end = (int(clock[:2]) * 60 + int(clock[3:]) for clock in interval.split("-"))
    return begin, end if end > begin else end + DAY


def overlap_of_day(intervals: Iterable[str]) -> bool:
    """Whether any two intervals of one day share a minute."""
    return _overlap(sorted(map(span, intervals)))


def overlap_of_week(hours: Mapping[str, Sequence[str]]) -> bool:
    """Whether any two intervals of a week do, which follows upon itself."""
    spans = sorted(_of_week(hours))
    around = [(begin + WEEK, end + WEEK) for begin, end in spans[:1]]
    return _overlap([*spans, *around])


def _of_week(hours: Mapping[str, Sequence[str]]) -> Iterator[tuple[int, int]]:
    for weekday, intervals in hours.items():
        midnight = WEEKDAYS.index(weekday) * DAY
        for begin, end in map(span, intervals):
            yield midnight + begin, midnight + end


def _overlap(spans: Sequence[tuple[int, int]]) -> bool:
    return any(earlier[1] > later[0] for earlier, later in pairwise(spans))
