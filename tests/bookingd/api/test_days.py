"""Slots by the days of whoever looks, around every change of clocks; zoneinfo is the oracle."""

import json
import tracemalloc
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from bookingd.api import present
from bookingd.api.days import by_day
from bookingd.availability.wallclock import MINUTE, WallClock, calendar_day, instant
from bookingd.availability.wanted import Calendars, Wanted
from tests.bookingd.availability.test_zones import FIRST, changes, skips_midnight
from tests.records import a_resource, a_service

SERVICE, RESOURCE = a_service(durations=(30,)), a_resource(hours=None)
STEP = 30 * MINUTE


def test_each_slot_is_told_once_on_the_day_that_the_clock_shows_then():
    """Where always slots begin at every half hour of UTC."""
    wanted = Calendars("UTC").wanted(SERVICE, RESOURCE, timedelta(minutes=30), FIRST)
    around_midnight = [one for one in changes() if skips_midnight(one)]
    assert len(around_midnight) > 100
    for change in [*around_midnight, *changes()[::10]]:
        clock = WallClock(change.zone)
        today = clock.day(change.at)
        for days in (range(today - 1, today + 2), range(today, today + 1)):
            found = {
                day["date"]: [one["startTime"] for one in day["slots"]]
                for day in told(wanted, clock, days)
            }
            assert found == dict(by_hand(clock, days)), change


def told(wanted: Wanted, clock: WallClock, days: range) -> Any:
    return json.loads(present.dumps(by_day([wanted], clock, days)))


def by_hand(clock: WallClock, days: range) -> Iterator[tuple[str, list[str]]]:
    """Each day, and the starts at which the clock shows it."""
    first = clock.begin(days.start) // STEP * STEP
    starts = range(first, clock.begin(days.stop), STEP)[clock.begin(days.start) > first :]
    shown = [instant(at).astimezone(ZoneInfo(clock.key)) for at in starts]
    for day in map(calendar_day, days):
        yield str(day), [one.isoformat() for one in shown if one.date() == day]


def test_what_is_remembered_of_many_large_answers_is_little():
    """However anybody asks: with a slot each minute, ten days have 14,400."""
    service = a_service(durations=(30,), slot_step=1)
    wanted = Calendars("UTC").wanted(service, RESOURCE, timedelta(minutes=30), FIRST)
    clock = WallClock("UTC")
    today = clock.day(wanted.now) + 1
    tracemalloc.start()
    try:
        for day in range(today, today + 3):
            found = told(wanted, clock, range(day, day + 10))
            assert {len(one["slots"]) for one in found} == {24 * 60}
        del found
        kept, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert kept < 2_000_000
