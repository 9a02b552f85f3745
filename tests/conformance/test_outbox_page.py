"""The list of messages: filters, pages, and what a page costs."""

import sqlite3
from collections.abc import Sequence
from contextlib import closing

import pytest

from storage.ids import new_id
from storage.interface import MessageFilter, Storage
from storage.model import Message, MessageKind, MessageState
from storage.outbox import OutboxListing
from storage.rows import text
from tests.records import HOUR, INSTANT, NOW, a_message, a_row_of_bookings, done, place

ROW = a_row_of_bookings(6)
STATES = list(MessageState)
MESSAGES = [
    a_message(
        booking,
        id=new_id(NOW + number * HOUR),
        state=state,
        kind=MessageKind.CANCELLED if number % 2 else MessageKind.CONFIRMED,
        due=NOW + number * HOUR,
        leased_by=1 if state is MessageState.LEASED else None,
    )
    for number, (booking, state) in enumerate(zip(ROW, STATES, strict=True))
]


@pytest.fixture
async def stocked(storage: Storage) -> Storage:
    await done(storage, *map(place, ROW, MESSAGES))
    return storage


def numbers(found: Sequence[Message]) -> str:
    return "".join(str(MESSAGES.index(one)) for one in found)


@pytest.mark.parametrize(
    ("which", "found"),
    [
        (MessageFilter(), "543210"),
        (MessageFilter(states=[]), ""),
        (MessageFilter(states=[MessageState.DEAD]), "3"),
        (MessageFilter(states=[MessageState.DEAD, MessageState.MISSED]), "53"),
        (MessageFilter(states=[MessageState.DEAD, MessageState.SENT]), "32"),
        (MessageFilter(kinds=[MessageKind.CANCELLED]), "531"),
        (MessageFilter(kinds=[MessageKind.CANCELLED], states=[MessageState.MISSED]), "5"),
        (MessageFilter(booking_id=ROW[4].id), "4"),
        (MessageFilter(booking_id=new_id(NOW)), ""),
        (MessageFilter(booking_id="no id"), ""),
        (MessageFilter(due_from=NOW + 4 * HOUR), "54"),
        (MessageFilter(due_from=NOW + 4 * HOUR + INSTANT), "5"),
        (MessageFilter(due_to=NOW + HOUR), "0"),
        (MessageFilter(due_from=NOW + HOUR, due_to=NOW + 3 * HOUR), "21"),
    ],
)
async def test_a_filter_leaves_those_that_fit(stocked: Storage, which: MessageFilter, found: str):
    assert numbers(await stocked.outbox_page(which, limit=100)) == found


async def test_pages_follow_one_another(stocked: Storage):
    pages, after = [], None
    while page := await stocked.outbox_page(MessageFilter(), limit=4, after=after):
        pages.append(numbers(page))
        after = page[-1].id
    assert pages == ["5432", "10"]


async def test_behind_what_is_no_id_there_is_nothing(stocked: Storage):
    assert await stocked.outbox_page(MessageFilter(), limit=4, after="x") == []


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    "which",
    [
        MessageFilter(),
        MessageFilter(states=[MessageState.SENT]),
        MessageFilter(states=[MessageState.PENDING]),
        MessageFilter(states=[MessageState.DEAD, MessageState.PENDING]),
        MessageFilter(states=[MessageState.DEAD, MessageState.MISSED]),
        MessageFilter(booking_id=ROW[0].id),
        MessageFilter(webhook_id=ROW[0].id),
    ],
)
async def test_a_page_costs_the_same_however_much_was_sent(
    stocked: Storage, sqlite_url: str, which: MessageFilter
):
    row = a_row_of_bookings(300)[len(ROW) :]
    places = [place(one, a_message(one, state=MessageState.SENT)) for one in row]
    await done(stocked, *places[:30])
    before = steps(sqlite_url, which)
    await done(stocked, *places[30:])
    assert steps(sqlite_url, which) <= before * 1.1


def steps(url: str, which: MessageFilter) -> int:
    """Of SQLite's machine, for a page."""
    counted = 0

    def count() -> int:
        nonlocal counted
        counted += 1
        return 0

    listing = OutboxListing(which, limit=10, after=None, instant=text)
    with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as connection:
        connection.set_progress_handler(count, 1)
        connection.execute(listing.sql, listing.parameters).fetchall()
    return counted
