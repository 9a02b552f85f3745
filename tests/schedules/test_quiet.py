"""Quiet hours, by the clock on the wall."""

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schedules.quiet import QuietHours
from tests.records import NOW

NIGHT = QuietHours(time(22), time(7), "Europe/Berlin")
SIESTA = QuietHours(time(13), time(15), "Europe/Madrid")
DAWN = QuietHours(time(2, 30), time(5), "Europe/Berlin")
SMALL_HOURS = QuietHours(time(22), time(2, 30), "Europe/Berlin")


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


CASES = [
    ("by day", NIGHT, "2026-03-02T12:00+01:00", "2026-03-03T12:00+01:00", None),
    ("at their end", NIGHT, "2026-03-02T07:00+01:00", "2026-03-02T12:00+01:00", None),
    ("just before they begin", NIGHT, "2026-03-02T21:59+01:00", "2026-03-03T12:00+01:00", None),
    ("when they begin", NIGHT, "2026-03-02T22:00+01:00", "2026-03-03T22:00+01:00",
     "2026-03-03T07:00+01:00"),
    ("after midnight", NIGHT, "2026-03-03T06:59+01:00", "2026-03-03T07:59+01:00",
     "2026-03-03T07:00+01:00"),
    ("the start comes first", NIGHT, "2026-03-03T05:30+01:00", "2026-03-03T06:30+01:00",
     "2026-03-02T22:00+01:00"),
    ("the start is their end", NIGHT, "2026-03-03T06:00+01:00", "2026-03-03T07:00+01:00",
     "2026-03-02T22:00+01:00"),
    ("the start comes first, before midnight", NIGHT, "2026-03-02T22:30+01:00",
     "2026-03-02T23:30+01:00", "2026-03-02T22:00+01:00"),
    ("within a day", SIESTA, "2026-03-02T14:00+01:00", "2026-03-02T16:00+01:00",
     "2026-03-02T15:00+01:00"),
    ("within a day, the start comes first", SIESTA, "2026-03-02T14:00+01:00",
     "2026-03-02T14:30+01:00", "2026-03-02T13:00+01:00"),
    ("clocks go forward in the night", NIGHT, "2026-03-29T00:30+01:00", "2026-03-30T00:30+02:00",
     "2026-03-29T07:00+02:00"),
    ("clocks go back in the night", NIGHT, "2026-10-25T00:30+02:00", "2026-10-26T00:30+01:00",
     "2026-10-25T07:00+01:00"),
    ("they end in an hour that is skipped", SMALL_HOURS, "2026-03-29T01:00+01:00",
     "2026-03-29T12:00+02:00", "2026-03-29T03:30+02:00"),
    ("they end in an hour that comes twice", SMALL_HOURS, "2026-10-25T02:15+01:00",
     "2026-10-25T12:00+01:00", "2026-10-25T02:30+01:00"),
    ("they begin in an hour that comes twice", DAWN, "2026-10-25T02:45+01:00",
     "2026-10-25T03:30+01:00", "2026-10-25T02:30+02:00"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("quiet", "due", "start", "moment"),
    [case[1:] for case in CASES],
    ids=[case[0] for case in CASES],
)
def test_a_reminder_in_quiet_hours(quiet: QuietHours, due: str, start: str, moment: str | None):
    assert quiet.around(at(due), at(start), None) == at(moment or due)


def test_the_customers_wall_counts():
    due, start = at("2026-03-02T14:00Z"), at("2026-03-03T14:00Z")
    assert NIGHT.around(due, start, None) == due
    assert NIGHT.around(due, start, "Asia/Tokyo") == at("2026-03-03T07:00+09:00")


INSTANTS = st.timedeltas(timedelta(0), timedelta(days=730)).map(lambda passed: NOW + passed)
TIMES = st.times().map(lambda found: found.replace(second=0, microsecond=0))
ZONES = st.sampled_from(
    ["Europe/Berlin", "America/St_Johns", "Australia/Lord_Howe", "Asia/Kathmandu", "UTC"]
)


@given(INSTANTS, st.timedeltas(timedelta(minutes=1), timedelta(days=9)), TIMES, TIMES, ZONES)
def test_it_goes_out_before_the_start_and_not_in_quiet_hours(
    due: datetime, ahead: timedelta, begin: time, end: time, zone: str
):
    if begin == end:
        return
    quiet, start = QuietHours(begin, end, zone), due + ahead
    moment = quiet.around(due, start, None)
    assert moment < start
    assert abs(moment - due) <= timedelta(hours=26)
    local = moment.astimezone(ZoneInfo(zone)).time()
    assert local == begin or not quiet._hold(local)
