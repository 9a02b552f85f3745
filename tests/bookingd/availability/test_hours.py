"""How hours are written, and which of them a day has."""

from datetime import UTC, date, datetime, timedelta

import pytest

from bookingd.availability.hours import Calendar
from bookingd.availability.wallclock import DAY, MINUTE, instant
from bookingd.availability.wanted import Calendars
from storage.model import WEEKDAYS, Closure, Resource
from storage.rows import microseconds
from tests.records import a_resource

NINE_TO_FIVE = dict.fromkeys(WEEKDAYS[:5], ("09:00-17:00",))
MONDAY = datetime(2027, 3, 1, tzinfo=UTC)


def open_at(resource: Resource, *, days: int = 7, minutes: int = 60) -> list[str]:
    """When slots of an hour begin from Monday the first of March 2027 on, hour by hour."""
    window = range(microseconds(MONDAY), microseconds(MONDAY) + days * DAY)
    starts = Calendar(resource, "UTC").starts(window, minutes * MINUTE, 60 * MINUTE)
    return [f"{instant(at):%d %H:%M}" for one in starts for at in one if at in window]


def test_a_week():
    found = open_at(a_resource(hours=NINE_TO_FIVE))
    assert len(found) == 5 * 8
    assert (found[0], found[-1]) == ("01 09:00", "05 16:00")


def test_without_hours_it_is_always_open():
    assert len(open_at(a_resource(hours=None))) == 7 * 24


def test_with_hours_that_name_no_day_it_never_is():
    assert open_at(a_resource(hours={})) == []


def test_hours_past_midnight_go_on_the_next_day():
    hours = {"monday": ("22:00-02:00",), "tuesday": ("02:00-03:00",)}
    found = open_at(a_resource(hours=hours))
    assert found == ["01 22:00", "01 23:00", "02 00:00", "02 01:00", "02 02:00"]


def test_openings_that_touch_are_one_to_who_stays_longer():
    hours = {"monday": ("09:00-10:00", "10:00-12:00", "13:00-14:00")}
    found = open_at(a_resource(hours=hours), minutes=120)
    assert found == ["01 09:00", "01 10:00"]


def test_each_opening_has_its_own_steps():
    hours = {"monday": ("09:00-10:30", "10:30-12:00")}
    found = open_at(a_resource(hours=hours), minutes=30)
    assert found == ["01 09:00", "01 10:00", "01 10:30", "01 11:30"]


def test_where_two_overlap_the_steps_are_those_of_the_earlier():
    hours = {"monday": ("09:30-12:30", "10:00-14:00")}
    found = open_at(a_resource(hours=hours), minutes=30)
    assert found == ["01 09:30", "01 10:30", "01 11:30", "01 13:00"]


def test_on_the_days_of_a_closure_the_week_does_not_count():
    closures = (
        Closure(id="a", first=date(2027, 3, 2), last=date(2027, 3, 4)),
        Closure(id="b", first=date(2027, 3, 3), last=date(2027, 3, 3), hours=("12:00-14:00",)),
        Closure(id="c", first=date(2027, 3, 7), last=date(2027, 3, 7), hours=("10:00-11:00",)),
    )
    found = open_at(a_resource(hours=NINE_TO_FIVE, closures=closures))
    assert [one for one in found if one[:2] not in {"01", "05"}] == [
        "03 12:00", "03 13:00", "07 10:00"
    ]  # fmt: skip


def test_of_two_closures_the_one_made_last_counts():
    closures = tuple(
        Closure(id=hours, first=date(2027, 3, 1), last=date(2027, 3, 1), hours=(hours,))
        for hours in ("08:00-09:00", "20:00-21:00")
    )
    assert open_at(a_resource(hours=None, closures=closures), days=1) == ["01 20:00"]


def test_an_always_open_resource_closes_too():
    closures = (Closure(id="a", first=date(2027, 3, 2), last=date(2027, 3, 6)),)
    assert len(open_at(a_resource(hours=None, closures=closures))) == 2 * 24


def test_the_night_before_a_closure_goes_on():
    closures = (Closure(id="a", first=date(2027, 3, 2), last=date(2027, 3, 2)),)
    hours = dict.fromkeys(WEEKDAYS, ("22:00-02:00",))
    found = open_at(a_resource(hours=hours, closures=closures), days=3)
    assert [one[:2] for one in found] == ["01"] * 4 + ["02"] * 2 + ["03"] * 2


@pytest.mark.parametrize(
    ("place", "day", "closed"),
    [("DE", date(2027, 10, 3), True), ("DE", date(2027, 1, 6), False),
     ("DE-BY", date(2027, 1, 6), True), ("US", date(2027, 7, 5), True)],
)  # fmt: skip
def test_on_public_holidays_it_is_closed(place: str, day: date, closed: bool):
    calendar = Calendar(a_resource(hours=None, holidays=place), "UTC")
    noon = microseconds(datetime(day.year, day.month, day.day, 12, tzinfo=UTC))
    starts = calendar.starts(range(noon, noon + 1), 60 * MINUTE, 60 * MINUTE)
    assert any(noon in one for one in starts) is not closed


def test_a_closure_opens_on_a_holiday():
    closure = Closure(id="a", first=date(2027, 3, 8), last=date(2027, 3, 8), hours=("10:00-12:00",))
    berlin = a_resource(hours=NINE_TO_FIVE, holidays="DE-BE", closures=(closure,))
    found = open_at(berlin, days=9)  # the eighth is International Women's Day
    assert [one for one in found if one[:2] == "08"] == ["08 10:00", "08 11:00"]


def test_hours_are_by_the_clock_of_the_resource_else_of_the_house():
    calendars = Calendars("America/New_York")
    for zone, hour in ((None, 14), ("Asia/Tokyo", 0)):
        calendar = calendars.of(a_resource(time_zone=zone, hours=NINE_TO_FIVE))
        day = range(microseconds(MONDAY), microseconds(MONDAY + timedelta(days=1)))
        [nine] = [at for one in calendar.starts(day, 60 * MINUTE, 480 * MINUTE) for at in one
                  if at in day]  # fmt: skip
        assert instant(nine).hour == hour


def test_a_calendar_is_made_anew_when_the_hours_change():
    calendars, room = Calendars("UTC"), a_resource(hours=NINE_TO_FIVE)
    kept = calendars.of(room)
    assert calendars.of(a_resource(id=room.id, hours=dict(NINE_TO_FIVE), name="New")) is kept
    assert calendars.of(a_resource(id=room.id, hours=None)) is not kept
