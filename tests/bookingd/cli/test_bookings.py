"""`bookingd bookings`, on both databases."""

import asyncio
import csv
import json
import os
import re
from collections.abc import Sequence
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from bookingd.api.schemas.bookings import Selection
from bookingd.cli.bookings import FILTERS
from storage import open_storage
from storage.model import Booking
from tests.bookingd.cli.test_commands import run
from tests.bookingd.conftest import on_both
from tests.records import (
    APPOINTMENT,
    OFFICE,
    START,
    a_booking,
    a_row_of_bookings,
    cancelled,
    change,
    done,
    place,
)

IDS = {"service_id": APPOINTMENT, "resource_id": OFFICE}


@pytest.fixture(autouse=True)
def url(database: str, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("BOOKINGD_DATABASE_URL", database)
    monkeypatch.setenv("BOOKINGD_TIMEZONE", "Europe/Berlin")
    assert run("migrate").exit_code == 0
    return database


def kept(url: str, bookings: Sequence[Booking]) -> list[Booking]:
    """Bookings that are in the database."""

    async def keep() -> None:
        storage = await open_storage(url)
        await done(storage, *map(place, bookings))
        await storage.close()

    asyncio.run(keep())
    return list(bookings)


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(StringIO(text.removeprefix("\ufeff"), newline="")))


def test_the_filters_are_those_of_the_api():
    assert FILTERS.keys() == {
        field.data_key or name for name, field in Selection().fields.items()
    } - {"sort"}


@on_both
def test_a_list_for_people(url: str):
    [booking] = kept(url, [a_booking(name="Zoë Müller", **IDS)])
    result = run("bookings", "list")
    assert result.exit_code == 0
    assert "2026-03-09 11:00 CET" in result.stdout
    for part in (booking.id, "12:00", "CONFIRMED", "Zoë Müller", booking.email):
        assert part in result.stdout
    assert result.stderr == ""


@on_both
def test_a_list_for_programs(url: str):
    bookings = kept(url, a_row_of_bookings(3, **IDS))
    found = json.loads(run("bookings", "list", "--json", "--sort", "-startTime").stdout)
    assert [one["id"] for one in found] == [booking.id for booking in reversed(bookings)]
    assert found[2]["startTime"] == "2026-03-09T10:00:00Z"


def test_a_list_that_is_cut_says_so(url: str):
    kept(url, a_row_of_bookings(3, **IDS))
    result = run("bookings", "list", "--limit", "2")
    assert len(result.stdout.splitlines()) == 3
    assert result.stderr == "2 of 3\n"


def test_an_empty_list(url: str):
    assert run("bookings", "list").exit_code == 0
    assert json.loads(run("bookings", "list", "--json").stdout) == []
    assert rows(run("bookings", "export").stdout) == []


@on_both
@pytest.mark.parametrize("command", ["list", "export"])
def test_filters(url: str, command: str):
    bookings = kept(url, a_row_of_bookings(4, **IDS))
    other = [a_booking(start=START.replace(day=20), name="Grace", email="g@example.org", **IDS)]
    kept(url, other)

    async def cancel() -> None:
        storage = await open_storage(url)
        await done(storage, change(cancelled(bookings[0])))
        await storage.close()

    asyncio.run(cancel())

    def found(*options: str) -> list[str]:
        if command == "list":
            listed = json.loads(run("bookings", "list", "--json", *options).stdout)
            return [one["id"] for one in listed]
        return [row["id"] for row in rows(run("bookings", "export", *options).stdout)]

    ids = [booking.id for booking in bookings]
    assert found("--status", "CANCELLED") == ids[:1]
    assert found("--status", "CANCELLED,CONFIRMED", "--q", "ada") == ids
    assert found("--email", "G@example.org") == [other[0].id]
    assert (
        found("--date-from", "2026-03-09T13:00:00+01:00", "--date-to", "2026-03-09T14:00:00Z")
        == ids[1:2]
    )
    assert (
        found(
            "--service-id",
            APPOINTMENT,
            "--resource-id",
            OFFICE,
            "--date-to",
            "2026-03-10T00:00:00Z",
        )
        == ids
    )
    assert found("--updated-since", "2026-03-02T09:30:00Z") == ids[:1]


@pytest.mark.parametrize("command", ["list", "export"])
@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--status", "LOST"),
        ("--date-from", "2026-03-09"),
        ("--date-to", "2026-03-09T10:00:00"),
        ("--service-id", "x"),
        ("--email", ""),
    ],
)
def test_a_bad_filter_is_named(command: str, option: str, value: str):
    result = run("bookings", command, option, value)
    assert result.exit_code == 2
    assert f"Invalid value for {option}" in result.stderr


@pytest.mark.parametrize(
    "options",
    [["--limit", "0"], ["--limit", "201"], ["--sort", "name"]],
)
def test_other_bad_options(options: list[str]):
    assert run("bookings", "list", *options).exit_code == 2


@on_both
@pytest.mark.parametrize("format_", ["csv", "json"])
def test_an_export_to_a_file(url: str, tmp_path: Path, format_: str):
    bookings = kept(url, a_row_of_bookings(201, **IDS))
    file = tmp_path / "bookings.out"
    file.write_text("of yesterday")
    result = run("bookings", "export", "--format", format_, "--output", str(file))
    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr == f"{file}: 201 written\n"
    found: list[Any] = (
        rows(file.read_bytes().decode())
        if format_ == "csv"
        else json.loads(file.read_bytes())["data"]
    )
    assert [one["id"] for one in found] == [booking.id for booking in bookings]
    assert file.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.glob("*bookings.out*")) == [file]


def test_an_export_that_breaks_off_leaves_what_was_there(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    kept(url, a_row_of_bookings(5, **IDS))
    file = tmp_path / "bookings.csv"
    file.write_text("of yesterday")
    monkeypatch.setattr("bookingd.exporting.PAGE", 2)
    made = 0

    def breaks(page: Any) -> dict[str, Any]:
        nonlocal made
        made += 1
        if made == 4:
            raise OSError(28, "No space left on device")
        return whole(page)

    from bookingd.api import present

    whole = present.booking
    monkeypatch.setattr(present, "booking", breaks)
    result = run("bookings", "export", "--output", str(file))
    assert result.exit_code == os.EX_OSERR
    assert "No space left" in result.stderr
    assert file.read_text() == "of yesterday"
    assert list(tmp_path.glob("*bookings.csv*")) == [file]


def test_where_nothing_can_be_written(tmp_path: Path):
    result = run("bookings", "export", "--output", str(tmp_path / "nowhere" / "x.csv"))
    assert result.exit_code == os.EX_CANTCREAT
    assert re.search(r"cannot write .*x\.csv", result.stderr)


def test_what_is_no_file_stays_what_it_is(url: str):
    kept(url, a_row_of_bookings(2, **IDS))
    assert run("bookings", "export", "--output", os.devnull).exit_code == 0
    assert Path(os.devnull).is_char_device()
