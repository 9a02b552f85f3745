"""Owe: reminders added where the booking has none yet for that moment."""

import asyncio
from dataclasses import replace

import pytest

from storage.errors import StorageError
from storage.interface import Storage
from storage.model import MessageState
from storage.writes import Owe
from tests.conformance.outside import Outside
from tests.records import (
    HOUR,
    NOW,
    START,
    a_booking,
    a_message,
    a_reminder,
    answer,
    cancelled,
    change,
    changed,
    claim,
    done,
    moved,
    place,
    settle,
)

BOOKING = a_booking()
OTHER = a_booking(start=START + 2 * HOUR)


async def states(storage: Storage) -> list[MessageState]:
    return [message.state for message in await storage.messages([BOOKING.id])]


async def test_what_is_owed_is_added(storage: Storage):
    reminders = [a_reminder(BOOKING), a_reminder(BOOKING, due=START - HOUR)]
    await done(storage, place(BOOKING))
    assert await answer(storage, Owe(reminders)) == 2
    stored = {message.id: message for message in await storage.messages([BOOKING.id])}
    assert stored == {message.id: message for message in reminders}


async def test_owing_again_adds_nothing(storage: Storage):
    reminder = a_reminder(BOOKING)
    await done(storage, place(BOOKING), Owe([reminder]))
    assert await answer(storage, Owe([reminder])) == 0
    assert await answer(storage, Owe([a_reminder(BOOKING)])) == 0
    assert await storage.messages([BOOKING.id]) == [reminder]


async def test_only_what_is_missing_is_added(storage: Storage):
    missing = a_reminder(BOOKING, due=START - HOUR)
    await done(storage, place(BOOKING, a_reminder(BOOKING)))
    assert await answer(storage, Owe([a_reminder(BOOKING), missing])) == 1
    assert missing in await storage.messages([BOOKING.id])


async def test_the_same_moment_twice_in_one_write_is_owed_once(storage: Storage):
    await done(storage, place(BOOKING))
    assert await answer(storage, Owe([a_reminder(BOOKING), a_reminder(BOOKING)])) == 1


async def test_each_booking_has_its_own(storage: Storage):
    await done(storage, place(BOOKING), place(OTHER))
    reminders = [a_reminder(BOOKING, due=NOW), a_reminder(OTHER, due=NOW)]
    assert await answer(storage, Owe(reminders)) == 2


async def test_another_message_of_that_moment_is_no_reminder(storage: Storage):
    await done(storage, place(BOOKING, a_message(BOOKING, due=NOW)))
    assert await answer(storage, Owe([a_reminder(BOOKING, due=NOW)])) == 1


@pytest.mark.parametrize("state", [MessageState.SENT, MessageState.DEAD])
async def test_a_settled_reminder_is_not_owed_again(storage: Storage, state: MessageState):
    await done(storage, place(BOOKING, a_reminder(BOOKING, due=NOW)))
    [message] = await claim(storage)
    assert await answer(storage, Owe([a_reminder(BOOKING, due=NOW)])) == 0
    await done(storage, settle(message, state))
    assert await answer(storage, Owe([a_reminder(BOOKING, due=NOW)])) == 0
    assert await states(storage) == [state]


async def test_a_missed_reminder_is_not_owed_again(storage: Storage):
    await done(storage, place(BOOKING, a_reminder(BOOKING, due=NOW, expires_at=NOW)))
    await claim(storage)
    assert await answer(storage, Owe([a_reminder(BOOKING, due=NOW)])) == 0
    assert await states(storage) == [MessageState.MISSED]


async def test_a_superseded_reminder_is_owed_again(storage: Storage):
    reminder = a_reminder(BOOKING)
    there = moved(BOOKING, START + HOUR)
    back = moved(there, START)
    await done(storage, place(BOOKING, reminder), change(there), change(back))
    assert await answer(storage, Owe([a_reminder(back)])) == 1


async def test_a_reminder_of_an_older_version_is_left_out(storage: Storage):
    after = moved(BOOKING, START + HOUR)
    await done(storage, place(BOOKING), change(after))
    late, right = a_reminder(BOOKING, due=NOW), a_reminder(after)
    assert await answer(storage, Owe([late, right])) == 1
    assert await storage.messages([BOOKING.id]) == [right]


async def test_a_reminder_of_a_booking_cancelled_meanwhile_is_left_out(storage: Storage):
    await done(storage, place(BOOKING), change(cancelled(BOOKING)))
    assert await answer(storage, Owe([a_reminder(BOOKING)])) == 0
    assert await storage.messages([BOOKING.id]) == []


async def test_owing_for_no_booking_harms_no_other_write(storage: Storage):
    ghost = a_booking()
    outcomes = await storage.commit([place(BOOKING), Owe([a_reminder(ghost)]), place(OTHER)])
    assert [outcomes[0], outcomes[2]] == [None, None]
    assert outcomes[1] == 0 or isinstance(outcomes[1], StorageError)
    assert await storage.messages([ghost.id]) == []


async def test_a_reminder_of_a_version_without_an_event_is_refused(
    storage: Storage, outside: Outside
):
    await done(storage, place(BOOKING))
    await outside.rows("UPDATE bookings SET version = 2")
    lost = a_reminder(replace(BOOKING, version=2))
    refused, owed = await storage.commit([Owe([lost]), place(OTHER, a_reminder(OTHER))])
    assert isinstance(refused, StorageError)
    assert owed is None
    assert await storage.messages([BOOKING.id]) == []
    assert len(await storage.messages([OTHER.id])) == 1


async def test_owing_at_the_same_time_adds_one(storage: Storage):
    await done(storage, place(BOOKING))
    owed = [answer(storage, Owe([a_reminder(BOOKING)])) for _ in range(10)]
    assert sum(await asyncio.gather(*owed)) == 1


async def test_owing_nothing_adds_nothing(storage: Storage):
    assert await answer(storage, Owe([])) == 0


async def test_what_a_change_owes_is_not_owed_twice(storage: Storage):
    after = changed(BOOKING)
    await done(storage, place(BOOKING), change(after, a_reminder(after)))
    again = replace(a_reminder(after), created_at=NOW + HOUR)
    assert await answer(storage, Owe([again])) == 0
