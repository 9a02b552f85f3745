"""What somebody should look at."""

import json
import os
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from bookingd.catalogue import Offer
from bookingd.changes import Slot
from bookingd.cli.terminal import with_storage
from bookingd.doctor import FindingCode, examine, moved
from storage.interface import OVERDUE, Storage
from storage.model import LIVE, BookingStatus, MessageState, Resource, Service
from tests.bookingd.cli.test_commands import run
from tests.bookingd.conftest import a_config, on_both
from tests.records import (
    APPOINTMENT,
    DAY,
    HOUR,
    NOW,
    OFFICE,
    START,
    a_booking,
    a_message,
    a_resource,
    a_service,
    claim,
    done,
    place,
    settle,
)

WEEK = {"monday": ("09:00-12:00",)}
CUT = a_service(name="Cut", durations=(30,))
GRACE = a_resource(name="Grace", hours=WEEK)


async def found(
    storage: Storage, services: list[Service], resources: list[Resource], now: datetime = NOW
) -> list[tuple[str, str | None]]:
    offer = Offer({one.id: one for one in services}, {one.id: one for one in resources})
    findings = [one async for one in examine(storage, offer, "Europe/Berlin", now)]
    assert all(one.message for one in findings)
    return [(one.code.value, one.about) for one in findings]


async def test_where_all_is_well_there_is_nothing_to_look_at(storage: Storage):
    gone = a_service(archived_at=NOW), a_resource(archived_at=NOW, time_zone="Mars")
    assert await found(storage, [CUT, gone[0]], [GRACE, gone[1]]) == []


@pytest.mark.parametrize(
    ("service", "resource", "code"),
    [
        ({}, {"hours": None}, "RESOURCE_ALWAYS_OPEN"),
        ({}, {"time_zone": "Mars/Base"}, "ZONE_UNKNOWN"),
        ({}, {"holidays": "QQ"}, "HOLIDAYS_UNKNOWN"),
        ({"durations": (30, 181)}, {}, "SERVICE_NEVER_OPEN"),
        ({}, {"hours": {}}, "SERVICE_NEVER_OPEN"),
        ({"minimum_notice": 10 * 24 * 60, "horizon": 5}, {}, "SERVICE_NEVER_OPEN"),
    ],
)
async def test_what_is_odd_is_found(
    storage: Storage, service: dict[str, Any], resource: dict[str, Any], code: str
):
    cut = a_service(**{"name": "Cut", "durations": (30,), **service})
    grace = a_resource(**{"name": "Grace", "hours": WEEK, **resource})
    about = cut.id if code.startswith("SERVICE") else grace.id
    assert await found(storage, [cut], [grace]) == [(code, about)]


async def test_who_offers_nothing_and_what_nobody_offers_are_found(storage: Storage):
    gone = a_service(archived_at=NOW)
    idle = a_resource(hours=WEEK, service_ids=(gone.id,))
    assert await found(storage, [CUT, gone], [idle]) == [
        ("RESOURCE_WITHOUT_SERVICE", idle.id),
        ("SERVICE_NOT_OFFERED", CUT.id),
    ]


async def test_a_closed_month_is_no_finding(storage: Storage):
    weekly = a_service(name="Course", durations=(180,), minimum_notice=60 * 24 * 60)
    assert await found(storage, [weekly], [GRACE]) == []


async def test_mails_that_are_late_or_dead_are_found(storage: Storage):
    booking = a_booking()
    late, dead = a_message(booking), a_message(booking, due=NOW - DAY, kind="received")
    await done(storage, place(booking, late, dead))
    assert await found(storage, [CUT], [GRACE], NOW) == [("MAIL_OVERDUE", None)]
    for message in await claim(storage, now=NOW - OVERDUE):
        await done(storage, settle(message, MessageState.DEAD, error="550"))
    codes = await found(storage, [CUT], [GRACE], NOW + 2 * OVERDUE)
    assert codes == [("MAIL_OVERDUE", None), ("MAIL_DEAD", None)]


def agreed(text: str, **fields: Any) -> Any:
    return a_booking(start=datetime(2027, 7, 5, 8, 0, tzinfo=UTC), wall_time=text, **fields)


@pytest.mark.parametrize(
    ("text", "odd"),
    [
        ("2027-07-05T10:00:00+02:00[Europe/Berlin]", False),
        ("2027-07-05T09:00:00+01:00[Europe/Berlin]", True),
        ("2027-07-05T10:00:00+02:00[Europe/Lisbon]", True),
        ("2027-07-05T08:00:00+00:00[Europe/Atlantis]", True),
        ("2027-07-05T08:00:00+00:00[UTC]", False),
    ],
)
def test_a_time_by_the_clock_that_is_another_than_was_agreed_on_is_found(text: str, odd: bool):
    finding = moved(agreed(text))
    assert (finding is not None) == odd
    if finding:
        assert finding.code is FindingCode.WALL_TIME_MOVED
        assert text in finding.message


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/St_Johns", "Asia/Kathmandu", "UTC"])
def test_what_has_just_been_booked_is_as_agreed_on(zone: str):
    for month in range(1, 13):
        slot = Slot(datetime(2027, month, 28, 13, 17, 5, tzinfo=UTC), HOUR)
        assert moved(a_booking(**slot.of(CUT, zone))) is None


async def test_only_bookings_that_are_live_and_to_come_are_looked_at(storage: Storage):
    wrong = "2026-03-09T09:00:00+00:00[Europe/Berlin]"
    for number, status in enumerate(BookingStatus):
        start = START + number * DAY
        await done(storage, place(a_booking(start=start, status=status, wall_time=wrong)))
    past = await found(storage, [CUT], [GRACE], START + 30 * DAY)
    assert past == []
    codes = await found(storage, [CUT], [GRACE], NOW)
    assert [code for code, _ in codes] == ["WALL_TIME_MOVED"] * len(LIVE)


@pytest.fixture
def url(database: str, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("BOOKINGD_DATABASE_URL", database)
    assert run("migrate").exit_code == 0
    return database


@on_both
def test_the_command_says_by_its_exit_code_whether_it_found_anything(url: str):
    fresh = run("doctor")
    assert fresh.exit_code == 1
    assert "Office is open at all hours" in " ".join(fresh.output.split())
    assert "monday" in run("resources", "hours", "Office", "monday=09:00-12:00").output
    well = run("doctor")
    assert (well.exit_code, well.output) == (0, "nothing to look at\n")
    assert json.loads(run("doctor", "--json").stdout) == []


def test_a_new_tz_database_is_found_out(url: str, tmp_path: Path):
    """One in which Berlin keeps the hours of Lisbon."""
    start = datetime.now(UTC).replace(microsecond=0) + 30 * DAY
    wall = start.astimezone(ZoneInfo("Europe/Berlin")).isoformat()
    booking = a_booking(
        service_id=APPOINTMENT,
        resource_id=OFFICE,
        start=start,
        wall_time=f"{wall}[Europe/Berlin]",
    )
    with_storage(a_config(database_url=url), lambda storage: done(storage, place(booking)))
    folder = tmp_path / "zones" / "Europe"
    folder.mkdir(parents=True)
    lisbon = str(files("tzdata") / "zoneinfo" / "Europe" / "Lisbon")
    shutil.copy(lisbon, folder / "Berlin")
    told = subprocess.run(
        [sys.executable, "-m", "bookingd", "doctor", "--json"],
        env={**os.environ, "PYTHONTZPATH": str(folder.parent)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert told.returncode == 1, told.stderr
    [finding] = [one for one in json.loads(told.stdout) if one["code"] == "WALL_TIME_MOVED"]
    assert finding["about"] == booking.id
    assert "[Europe/Berlin]" in finding["message"]
