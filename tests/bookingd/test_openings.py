"""Opening hours as they are written."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bookingd.openings import DAY, WEEK, overlap_of_day, overlap_of_week, span
from storage.model import WEEKDAYS


@pytest.mark.parametrize(
    ("interval", "minutes"),
    [
        ("00:00-00:01", (0, 1)),
        ("09:00-12:30", (540, 750)),
        ("18:00-24:00", (1080, 1440)),
        ("18:00-00:00", (1080, 1440)),
        ("22:00-02:00", (1320, 1560)),
        ("09:00-09:00", (540, 1980)),
        ("00:00-24:00", (0, 1440)),
        ("00:00-00:00", (0, 1440)),
    ],
)
def test_an_interval_ends_behind_its_beginning(interval: str, minutes: tuple[int, int]):
    assert span(interval) == minutes


@pytest.mark.parametrize("text", ["", "9:00-10:00", "09:00", "24:00-10:00", "09:00-24:01", "x",
                                  "09:60-10:00", "09:00 - 10:00", "09:00-10:00\n"])  # fmt: skip
def test_what_is_no_interval_is_refused(text: str):
    with pytest.raises(ValueError, match="09:00-12:30"):
        span(text)


CLOCKS = st.integers(0, DAY - 1).map(lambda minute: f"{minute // 60:02}:{minute % 60:02}")
INTERVALS = st.tuples(CLOCKS, CLOCKS).map("-".join)
WEEKS = st.dictionaries(st.sampled_from(WEEKDAYS), st.lists(INTERVALS, max_size=3), max_size=4)


def minutes_of(hours: dict[str, list[str]]) -> list[int]:
    """Each minute of the week at which it is open, as often as an interval says so."""
    return [
        (WEEKDAYS.index(weekday) * DAY + minute) % WEEK
        for weekday, intervals in hours.items()
        for begin, end in map(span, intervals)
        for minute in range(begin, end)
    ]


@given(WEEKS)
def test_two_intervals_of_a_week_overlap_if_they_share_a_minute(hours: dict[str, list[str]]):
    minutes = minutes_of(hours)
    assert overlap_of_week(hours) == (len(set(minutes)) < len(minutes))


@given(st.lists(INTERVALS, max_size=4))
def test_two_intervals_of_a_day_overlap_if_they_share_a_minute(intervals: list[str]):
    minutes = [minute for begin, end in map(span, intervals) for minute in range(begin, end)]
    assert overlap_of_day(intervals) == (len(set(minutes)) < len(minutes))
