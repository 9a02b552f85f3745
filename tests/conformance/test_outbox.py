"""How the outbox stands, in figures."""

import re
from datetime import timedelta

import pytest

from storage.interface import OVERDUE, SOON, Storage
from storage.model import Message, MessageState, Outbox
from storage.postgres.statements import outbox as postgres_statements
from storage.rows import columns
from storage.sqlite.statements import outbox as sqlite_statements
from tests.conformance.outside import Outside, OutsideSqlite
from tests.records import (
    DAY,
    HOUR,
    INSTANT,
    NOW,
    START,
    a_booking,
    a_message,
    a_reminder,
    a_row_of_bookings,
    claim,
    done,
    place,
    settle,
)

EMPTY = Outbox(
    pending=0,
    leased=0,
    dead=0,
    missed=0,
    due=0,
    overdue=0,
    oldest_due_at=None,
    reminders_soon=0,
)


async def test_an_empty_outbox_is_all_zeros(storage: Storage):
    assert await storage.outbox(NOW) == EMPTY


async def test_messages_that_have_not_left_are_counted_by_state(storage: Storage):
    states = [MessageState.PENDING, *[MessageState.DEAD] * 2, *[MessageState.MISSED] * 3]
    states += [*[MessageState.SENT] * 5, *[MessageState.SUPERSEDED] * 6]
    for booking, state in zip(a_row_of_bookings(len(states)), states, strict=True):
        await done(storage, place(booking, a_message(booking, state=state)))
    found = await storage.outbox(NOW)
    assert (found.pending, found.leased, found.dead, found.missed) == (1, 0, 2, 3)
    await claim(storage)
    found = await storage.outbox(NOW)
    assert (found.pending, found.leased, found.dead, found.missed) == (0, 1, 2, 3)


async def test_what_is_due_and_since_when(storage: Storage):
    dues = [NOW - OVERDUE, NOW - OVERDUE + INSTANT, NOW, NOW + INSTANT, NOW + 40 * DAY]
    for booking, due in zip(a_row_of_bookings(len(dues)), dues, strict=True):
        await done(storage, place(booking, a_message(booking, due=due)))
    found = await storage.outbox(NOW)
    assert (found.due, found.overdue, found.oldest_due_at) == (3, 1, NOW - OVERDUE)
    assert found.pending == 5


@pytest.mark.parametrize("pause", [timedelta(seconds=2), timedelta(hours=26, minutes=24)])
async def test_what_waits_for_its_next_attempt_or_is_under_way_is_still_due(
    storage: Storage, pause: timedelta
):
    booking = a_booking()
    await done(storage, place(booking, a_message(booking, due=NOW - DAY)))
    [message] = await claim(storage)
    assert (await storage.outbox(NOW)).oldest_due_at == NOW - DAY
    later = settle(message, MessageState.PENDING, next_attempt_at=NOW + pause)
    await done(storage, later)
    found = await storage.outbox(NOW)
    assert (found.due, found.overdue, found.oldest_due_at) == (1, 1, NOW - DAY)


async def test_reminders_of_the_next_day_are_counted(storage: Storage):
    dues = [NOW, NOW + INSTANT, NOW + SOON, NOW + SOON + INSTANT]
    for booking, due in zip(a_row_of_bookings(len(dues)), dues, strict=True):
        await done(storage, place(booking, a_reminder(booking, due=due)))
    other = a_booking(start=START + 1000 * HOUR)
    await done(storage, place(other, a_message(other, due=NOW + HOUR)))
    assert (await storage.outbox(NOW)).reminders_soon == 2


async def test_what_was_sent_is_not_looked_at(storage: Storage, outside: Outside):
    booking = a_booking()
    await done(storage, place(booking, a_message(booking, state=MessageState.SENT)))
    sqlite = isinstance(outside, OutsideSqlite)
    others = ", ".join(name for name in columns(Message) if name != "id")
    new_id = "hex(randomblob(16))" if sqlite else "gen_random_uuid()"
    doubling = f"INSERT INTO messages (id, {others}) SELECT {new_id}, {others} FROM messages"
    await outside.rows(*[doubling] * 12, "ANALYZE")
    sql = sqlite_statements.OUTBOX if sqlite else postgres_statements.OUTBOX
    explain = "EXPLAIN QUERY PLAN" if sqlite else "EXPLAIN"
    plan = str(await outside.rows(explain + re.sub(r":\w+|\$\d", "current_timestamp", sql)))
    assert {"message_pending", "message_leased", "message_lost"} <= set(re.findall(r"\w+", plan))
    assert not re.search(r"Seq Scan|SCAN messages(?! USING)", plan), plan
