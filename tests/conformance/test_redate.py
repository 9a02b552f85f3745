"""Redate: what a clock that ran ahead has done to messages is put right."""

import pytest

from storage.interface import Storage
from storage.model import Message, MessageState
from storage.writes import Redate, SaveWebhook
from tests.records import (
    DAY,
    HOUR,
    NOW,
    START,
    a_booking,
    a_call,
    a_message,
    a_reminder,
    a_webhook,
    answer,
    cancelled,
    change,
    claim,
    done,
    moved,
    place,
    settle,
)

BOOKING = a_booking()
BACK = NOW - HOUR
"""To where the clock is set back, from NOW."""


async def stored(storage: Storage, message: Message) -> Message:
    found = await storage.messages([message.booking_id])
    return next(one for one in found if one.id == message.id)


async def missed(storage: Storage, reminder: Message) -> None:
    """Have the clock pass the start of its appointment."""
    await claim(storage, now=START + HOUR)
    assert (await stored(storage, reminder)).state is MessageState.MISSED


async def test_what_is_owed_at_once_does_not_wait_until_the_clock_was_right(storage: Storage):
    message = a_message(BOOKING, due=NOW)
    await done(storage, place(BOOKING, message))
    assert await claim(storage, now=BACK) == []
    assert await answer(storage, Redate(BACK)) == 1
    [claimed] = await claim(storage, now=BACK)
    assert (claimed.id, claimed.due_at, claimed.next_attempt_at) == (message.id, BACK, BACK)


async def test_a_second_time_there_is_nothing_left_to_do(storage: Storage):
    await done(storage, place(BOOKING, a_message(BOOKING, due=NOW)))
    assert await answer(storage, Redate(BACK)) == 1
    assert await answer(storage, Redate(BACK)) == 0


async def test_pauses_stay_as_long_as_they_were(storage: Storage):
    message = a_message(BOOKING, due=NOW)
    await done(storage, place(BOOKING, message))
    [claimed] = await claim(storage)
    await done(storage, settle(claimed, MessageState.PENDING, next_attempt_at=NOW + HOUR / 6))
    assert await answer(storage, Redate(BACK)) == 1
    assert (await stored(storage, message)).next_attempt_at == BACK + HOUR / 6


async def test_calls_of_webhooks_likewise(storage: Storage):
    webhook = a_webhook()
    call = a_call(webhook, BOOKING, due=NOW)
    await done(storage, SaveWebhook(webhook), place(BOOKING, call))
    assert await answer(storage, Redate(BACK)) == 1
    assert (await stored(storage, call)).next_attempt_at == BACK


async def test_what_was_owed_before_and_what_is_under_way_stay_as_they_are(storage: Storage):
    before, other = a_message(BOOKING, due=BACK - HOUR), a_booking(start=START + HOUR)
    await done(storage, place(BOOKING, before), place(other, a_message(other, due=NOW)))
    for leased in await claim(storage):
        if leased.id == before.id:
            later = settle(leased, MessageState.PENDING, next_attempt_at=NOW + HOUR)
            await done(storage, later)
    there = await storage.messages([BOOKING.id, other.id])
    assert await answer(storage, Redate(BACK)) == 0
    assert await storage.messages([BOOKING.id, other.id]) == there


async def test_a_reminder_waits_for_its_moment(storage: Storage):
    reminder = a_reminder(BOOKING, due=NOW)
    await done(storage, place(BOOKING, reminder))
    assert await answer(storage, Redate(BACK)) == 0
    assert await stored(storage, reminder) == reminder


async def test_a_reminder_that_was_missed_by_mistake_is_owed_again(storage: Storage):
    reminder = a_reminder(BOOKING, due=START - DAY)
    await done(storage, place(BOOKING, reminder))
    await missed(storage, reminder)
    assert await answer(storage, Redate(START)) == 0
    assert await answer(storage, Redate(NOW)) == 1
    assert await stored(storage, reminder) == reminder


async def test_one_that_was_tried_is_missed_for_good(storage: Storage):
    reminder = a_reminder(BOOKING, due=NOW)
    await done(storage, place(BOOKING, reminder))
    [claimed] = await claim(storage)
    await done(storage, settle(claimed, MessageState.PENDING, next_attempt_at=START))
    assert await answer(storage, Redate(BACK)) == 0
    assert (await stored(storage, reminder)).state is MessageState.MISSED


@pytest.mark.parametrize("after", [moved(BOOKING, START + DAY), cancelled(BOOKING)])
async def test_and_one_of_an_appointment_that_is_no_more(storage: Storage, after):
    reminder = a_reminder(BOOKING, due=START - DAY)
    await done(storage, place(BOOKING, reminder))
    await missed(storage, reminder)
    await done(storage, change(after))
    assert await answer(storage, Redate(NOW)) == 0
    assert (await stored(storage, reminder)).state is MessageState.MISSED
