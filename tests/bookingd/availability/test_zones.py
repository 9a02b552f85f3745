"""Every zone and every time its clocks change, from 2015 to 2037, with zoneinfo as the oracle."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import NamedTuple
from zoneinfo import ZoneInfo, available_timezones

import pytest

from bookingd.availability.hours import Calendar
from bookingd.availability.wallclock import DAY, MICROSECOND, MINUTE, SECOND, WallClock, instant
from storage.model import WEEKDAYS
from storage.rows import microseconds
from tests.bookingd.availability.oracle import Oracle
from tests.records import a_resource

FIRST, LAST = datetime(2015, 1, 1, tzinfo=UTC), datetime(2038, 1, 1, tzinfo=UTC)
WEEK = timedelta(days=7)
WEEKS = [FIRST + number * WEEK for number in range((LAST - FIRST) // WEEK + 1)]
HALF = 30 * MINUTE


class Change(NamedTuple):
    """The clocks of a zone go from one offset to another; in microseconds."""

    zone: str
    at: int
    before: int
    after: int


def offset(zone: ZoneInfo, at: datetime) -> timedelta:
    found = at.astimezone(zone).utcoffset()
    assert found is not None
    return found


def changes_of(key: str) -> Iterator[Change]:
    """Week by week, then halved to the second; no two changes are within a week of each other."""
    zone = ZoneInfo(key)
    offsets = [offset(zone, day) for day in WEEKS]
    for day, before, after in zip(WEEKS, offsets, offsets[1:], strict=False):
        if before != after:
            early, late = day, day + WEEK
            while late - early > timedelta(seconds=1):
                middle = early + (late - early) // timedelta(seconds=2) * timedelta(seconds=1)
                early, late = (middle, late) if offset(zone, middle) == before else (early, middle)
            yield Change(key, microseconds(late), before // MICROSECOND, after // MICROSECOND)


@cache
def changes() -> list[Change]:
    """Those of all zones, once where the clocks of several go alike."""
    by_rules = {
        tuple(one[1:] for one in found): found
        for found in (tuple(changes_of(key)) for key in available_timezones())
    }
    return [one for found in by_rules.values() for one in found]


def test_there_are_many():
    assert len(changes()) > 1500
    assert len({change.zone for change in changes()}) > 50


@pytest.fixture(scope="module", params=range(4))
def some(request: pytest.FixtureRequest) -> list[Change]:
    """A quarter of the changes."""
    return changes()[request.param :: 4]


def raster(change: Change, hours: int, minutes: int) -> range:
    """Instants around a change, on whole quarters of an hour."""
    reach, quarter = hours * 60 * MINUTE, 15 * MINUTE
    return range((change.at - reach) // quarter * quarter, change.at + reach, minutes * MINUTE)


def clock_text(wall: int) -> str:
    minutes = wall // MINUTE % (24 * 60)
    return f"{minutes // 60:02}:{minutes % 60:02}"


def found(calendar: Calendar, window: range, length: int, step: int) -> set[int]:
    starts = calendar.starts(window, length, step)
    return {start for one in starts for start in one if window.start <= start < window.stop}


def test_the_clock_knows_each_change(some: list[Change]):
    for zone, at, before, after in some:
        clock = WallClock(zone)
        around = clock.stretches(at - DAY, at + DAY)
        assert [tuple(one) for one in around] == [(at - DAY, at, before), (at, at + DAY, after)]


def test_a_wall_time_has_all_instants_at_which_it_is_shown(some: list[Change]):
    for change in some:
        clock, zone = WallClock(change.zone), ZoneInfo(change.zone)
        for wall in (change.at + change.before + n * 15 * MINUTE for n in range(-10, 11)):
            naive = instant(wall).replace(tzinfo=None)
            both = [naive.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1)]
            shown = {one for one in both if one.astimezone(zone).replace(tzinfo=None) == naive}
            instants = {instant(one.start) for one in clock.instants(wall, wall + SECOND)}
            assert instants == shown, (change, naive)


def test_days_follow_one_another(some: list[Change]):
    for change in some:
        clock, zone = WallClock(change.zone), ZoneInfo(change.zone)
        today = clock.day(change.at)
        for day in range(today - 1, today + 3):
            begin = instant(clock.begin(day))
            shown = [one.astimezone(zone) for one in (begin, begin - MICROSECOND)]
            assert shown[0].toordinal() >= date(1970, 1, 1).toordinal() + day > shown[1].toordinal()
        lasted = clock.begin(today + 2) - clock.begin(today - 1)
        assert lasted == 3 * DAY + change.before - change.after or skips_midnight(change)


def skips_midnight(change: Change) -> bool:
    """Whether the change itself is where a day begins, so that the sum is of other days."""
    return (change.at + change.before) // DAY != (change.at + change.after) // DAY


def test_around_the_clock_every_step_of_the_wall_clock_is_offered(some: list[Change]):
    """What does not exist never, what exists twice twice; and slots fill the day."""
    for change in some:
        calendar, zone = Calendar(a_resource(time_zone=change.zone), "UTC"), ZoneInfo(change.zone)
        window = raster(change, 5, 15)
        on_steps = {at for at in window if not instant(at).astimezone(zone).minute % 30}
        assert found(calendar, window, HALF, HALF) == on_steps, change
        assert on_steps == found(calendar, window, DAY, HALF), change


def test_hours_around_a_change_are_as_brute_force_finds(some: list[Change]):
    for change in some[::4]:  # brute force takes longer than all the rest
        wall = change.at + change.before
        text = f"{clock_text(wall - 100 * MINUTE)}-{clock_text(wall + 95 * MINUTE)}"
        resource = a_resource(time_zone=change.zone, hours=dict.fromkeys(WEEKDAYS, (text,)))
        window, oracle = raster(change, 3, 5), Oracle(resource, "UTC")
        length = timedelta(minutes=40)
        by_hand = {at for at in window if oracle.in_hours(instant(at), length, 20)}
        starts = found(Calendar(resource, "UTC"), window, 40 * MINUTE, 20 * MINUTE)
        assert starts & set(window) == by_hand, change


def test_hours_of_the_day_keep_their_wall_time(some: list[Change]):
    """Slots from nine to five, each on the day before, on the day and on the day after."""
    hours = dict.fromkeys(WEEKDAYS, ("09:00-17:00",))
    for change in some:
        zone = ZoneInfo(change.zone)
        calendar = Calendar(a_resource(time_zone=change.zone, hours=hours), "UTC")
        today = instant(change.at).astimezone(zone).date()
        for day in (today - timedelta(days=1), today, today + timedelta(days=1)):
            begin, end = (datetime(day.year, day.month, day.day, h, tzinfo=zone) for h in (9, 17))
            window = range(microseconds(begin) - DAY // 4, microseconds(end) + DAY // 4)
            wall = range(microseconds(begin), microseconds(end), 60 * MINUTE)
            assert found(calendar, window, 60 * MINUTE, 60 * MINUTE) == set(wall), (change, day)
