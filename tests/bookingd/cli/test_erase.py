"""`bookingd bookings erase` and `export --person`, on both databases."""

import asyncio
import json
import os
from collections.abc import Callable, Coroutine
from datetime import timedelta
from typing import Any

import pytest

from bookingd.clock import now
from storage import open_storage
from storage.interface import BookingFilter, Storage
from storage.model import Booking, BookingStatus, EventKind, MessageState
from storage.writes import Change
from tests.bookingd.cli.test_commands import run
from tests.bookingd.conftest import on_both
from tests.records import (
    APPOINTMENT,
    OFFICE,
    START,
    a_booking,
    a_message,
    an_event,
    changed,
    done,
    place,
)

IDS = {"service_id": APPOINTMENT, "resource_id": OFFICE}
ADA = ("--email", "ADA@example.org")


@pytest.fixture(autouse=True)
def url(database: str, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("BOOKINGD_DATABASE_URL", database)
    return database


def on(url: str, work: Callable[[Storage], Coroutine[Any, Any, Any]]) -> Any:
    """Do `work` on the database."""

    async def main() -> Any:
        storage = await open_storage(url)
        try:
            return await work(storage)
        finally:
            await storage.close()

    return asyncio.run(main())


def kept(url: str, *bookings: Booking) -> None:
    """Bookings that are in the database, each with a mail."""
    on(url, lambda storage: done(storage, *[place(one, a_message(one)) for one in bookings]))


def all_of(url: str) -> list[Booking]:
    found: list[Booking] = on(url, lambda storage: storage.bookings(BookingFilter(), limit=99))
    return found


def ahead(**fields: Any) -> Booking:
    return a_booking(start=now().replace(microsecond=0) + timedelta(days=2), **IDS | fields)


def past(**fields: Any) -> Booking:
    return a_booking(**IDS | fields)


@on_both
def test_what_is_over_is_erased(url: str):
    hers, his = past(), past(start=START + timedelta(days=1), email="bob@example.org")
    kept(url, hers, his)
    result = run("bookings", "erase", *ADA, "--yes")
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.endswith("1 erased, 0 of them cancelled before\n")
    erased, other = all_of(url)
    assert (erased.name, erased.email, erased.status) == (
        "erased",
        "erased@erased.invalid",
        hers.status,
    )
    assert other == his
    again = run("bookings", "erase", *ADA, "--yes")
    assert (again.exit_code, again.stdout) == (0, "no booking has this address, or had it\n")


def test_it_asks_first_and_shows_of_what(url: str):
    booking = past()
    kept(url, booking)
    result = run("bookings", "erase", *ADA, typed="n\n")
    assert result.exit_code == 1
    assert booking.id in result.stdout
    assert all_of(url) == [booking]
    assert run("bookings", "erase", *ADA, typed="y\n").exit_code == 0
    assert all_of(url)[0].name == "erased"


def test_what_is_still_to_come_is_refused(url: str):
    kept(url, past(), ahead())
    before = all_of(url)
    result = run("bookings", "erase", *ADA, "--yes")
    assert result.exit_code == os.EX_DATAERR
    assert "1 still to come: --cancel" in result.stderr
    assert all_of(url) == before


@on_both
def test_what_is_still_to_come_is_cancelled_and_nobody_is_told(url: str):
    booking = ahead()
    kept(url, past(), booking)
    result = run("bookings", "erase", *ADA, "--yes", "--cancel")
    assert result.exit_code == 0, result.stderr
    assert result.stdout.endswith("2 erased, 1 of them cancelled before\n")
    _, erased = all_of(url)
    assert (erased.status, erased.name) == (BookingStatus.CANCELLED, "erased")
    assert on(url, lambda storage: storage.messages([booking.id])) == []
    kinds = [event.kind for event in on(url, lambda storage: storage.events(booking.id))]
    assert kinds == [EventKind.PLACED, EventKind.CANCELLED, EventKind.ERASED]


@on_both
def test_all_that_is_kept_about_a_person(url: str):
    booking, other = past(), past(start=START + timedelta(days=1), email="bob@example.org")
    kept(url, booking, other)
    renamed = changed(booking, email="new@example.org")
    detail = {"email": [booking.email, renamed.email]}
    event = an_event(renamed, EventKind.CHANGED, detail=detail)
    on(url, lambda storage: done(storage, Change(renamed, 1, event, [])))
    result = run("bookings", "export", "--person", "Ada@Example.org")
    assert result.exit_code == 0, result.stderr
    [found] = json.loads(result.stdout)["data"]
    assert (found["id"], found["email"]) == (booking.id, "new@example.org")
    placed, edited = found["events"]
    [mail] = placed["messages"]
    assert (mail["recipient"], mail["state"]) == (booking.email, MessageState.PENDING)
    assert edited["changes"]["email"] == {"before": booking.email, "after": renamed.email}


def test_nobody_is_an_empty_list(url: str):
    kept(url, past())
    result = run("bookings", "export", "--person", "nobody@example.org")
    assert json.loads(result.stdout) == {"data": []}


@pytest.mark.parametrize("options", [["--q", "Ada"], ["--format", "json"], ["--email", "a@b.c"]])
def test_a_person_is_not_filtered_further(options: list[str]):
    result = run("bookings", "export", "--person", "a@example.org", *options)
    assert result.exit_code == 2
    assert f"{options[0]} does not go with --person" in result.stderr
