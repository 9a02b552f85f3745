"""What a page of the list costs on SQLite, in steps of its machine: the same at any depth."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from storage.interface import BookingFilter, Position, Sort, Storage
from storage.listing import Listing
from storage.model import Booking, BookingStatus
from storage.rows import text
from tests.records import DAY, NOW, ROOM, SERVICE, START, a_row_of_bookings, done, place

COUNT = 1000
FAR = START + 1000 * DAY
FILTERS = {
    "all": BookingFilter(),
    "one status": BookingFilter(statuses=[BookingStatus.COMPLETED]),
    "two statuses": BookingFilter(statuses=[BookingStatus.COMPLETED, BookingStatus.NO_SHOW]),
    "from": BookingFilter(date_from=START),
    "until": BookingFilter(date_to=FAR),
    "between": BookingFilter(date_from=START, date_to=FAR),
    "since": BookingFilter(updated_since=NOW),
    "service": BookingFilter(service_id=SERVICE.id),
    "resource": BookingFilter(resource_id=ROOM.id, date_from=START),
}


@pytest.fixture
def database(sqlite_url: str) -> str:
    return sqlite_url


@pytest.fixture
async def bookings(storage: Storage) -> list[Booking]:
    row = [
        replace(booking, updated_at=booking.start_time)
        for booking in a_row_of_bookings(COUNT, status=BookingStatus.COMPLETED)
    ]
    await done(storage, *map(place, row))
    return row


@pytest.fixture
def connection(database: str, bookings: list[Booking]) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(Path(database.removeprefix("sqlite:///")))) as connection:
        yield connection


def steps(connection: sqlite3.Connection, which: BookingFilter, sort: Sort, last: Booking) -> int:
    """How many steps the page behind this booking takes."""
    listing = Listing(which, contains="", instant=text)
    after = Position(getattr(last, sort.column), last.id)
    sql, taken = listing.page(sort, 5, 0, after), 0

    def count() -> None:
        nonlocal taken
        taken += 1

    connection.set_progress_handler(count, 1)
    rows = connection.execute(sql, listing.parameters).fetchall()
    connection.set_progress_handler(None, 0)
    assert len(rows) == 5
    return taken


@pytest.mark.parametrize("sort", list(Sort))
async def test_a_page_takes_the_same_steps_at_any_depth(
    connection: sqlite3.Connection, bookings: list[Booking], sort: Sort
):
    connection.execute("SELECT * FROM bookings LIMIT 1")  # reads the schema
    for name, which in FILTERS.items():
        if name == "between" and sort.column != "start_time":
            continue  # what lies between is looked up, and then sorted: by its number, not by depth
        early = steps(connection, which, sort, bookings[10])
        late = steps(connection, which, sort, bookings[-10])
        assert max(early, late) < 2 * min(early, late) < COUNT, name
