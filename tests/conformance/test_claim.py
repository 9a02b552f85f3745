"""Claim: messages that are due, leased to one daemon."""

from dataclasses import replace

import pytest

from storage.interface import Storage
from storage.model import Audience, Due, EventKind, Message, MessageState
from storage.writes import IN_ORDER, Change, Claim, Place, Supersede
from tests.records import (
    HOUR,
    INSTANT,
    NOW,
    START,
    a_booking,
    a_message,
    a_reminder,
    a_row_of_bookings,
    an_event,
    cancelled,
    change,
    changed,
    claim,
    claim_due,
    done,
    moved,
    place,
    settle,
)

BOOKING = a_booking()


def ids(messages: object) -> list[str]:
    return [message.id for message in messages]  # type: ignore[attr-defined]


async def stored(storage: Storage, message: Message) -> Message:
    found = {one.id: one for one in await storage.messages([message.booking_id])}
    return found[message.id]


async def test_nothing_owed_is_nothing_claimed(storage: Storage):
    assert list(await claim(storage)) == []


async def test_what_is_due_now_is_claimed_and_not_a_microsecond_sooner(storage: Storage):
    message = a_message(BOOKING, due=NOW)
    await done(storage, place(BOOKING, message))
    assert ids(await claim(storage, now=NOW - INSTANT)) == []
    assert ids(await claim(storage, now=NOW)) == [message.id]


async def test_a_claim_leases_and_counts_the_attempt(storage: Storage):
    message = a_reminder(BOOKING, due=NOW)
    await done(storage, place(BOOKING, message))
    leased = replace(message, state=MessageState.LEASED, leased_by=storage.owner, attempts=1)
    assert list(await claim(storage)) == [leased]
    assert await stored(storage, message) == leased


async def test_the_longest_due_comes_first_and_the_limit_holds(storage: Storage):
    dues = [NOW - n * HOUR for n in (3, 1, 5, 0, 4, 2)]
    messages = [a_message(BOOKING, due=due) for due in dues]
    await done(storage, place(BOOKING, *messages))
    in_order = ids(sorted(messages, key=lambda message: message.due_at))
    assert ids(await claim(storage, limit=4)) == in_order[:4]
    assert ids(await claim(storage, limit=4)) == in_order[4:]
    assert ids(await claim(storage, limit=4)) == []


async def test_a_message_says_what_held_when_it_came_to_be_owed(storage: Storage):
    message = a_message(BOOKING)
    await done(storage, place(BOOKING, message), change(changed(BOOKING, name="Grace Example")))
    [due] = await claim_due(storage)
    assert due.booking == BOOKING


async def test_every_attempt_says_the_same_whatever_became_of_the_booking(storage: Storage):
    second = moved(BOOKING, START + HOUR)
    await done(storage, place(BOOKING, a_message(BOOKING)))
    [first] = await claim_due(storage)
    retry = settle(first.message, MessageState.PENDING, next_attempt_at=NOW + HOUR)
    await done(storage, change(second), retry, change(cancelled(second)))
    [again] = await claim_due(storage, now=NOW + HOUR)
    assert (again.message.id, again.message.attempts) == (first.message.id, 2)
    assert again.booking == first.booking == BOOKING


async def test_a_message_calls_service_and_resource_as_its_own_event_does(storage: Storage):
    second = changed(BOOKING, name="Grace Example")
    named = an_event(BOOKING, service="Haircut", resource="Anna")
    await done(storage, Place(BOOKING, named, [a_message(BOOKING)]))
    await done(storage, change(second, a_message(second)))
    [first] = await claim_due(storage)
    await done(storage, settle(first.message))
    [then] = await claim_due(storage)
    assert (first.service, first.resource) == ("Haircut", "Anna")
    assert (then.service, then.resource) == (None, None)


async def test_a_message_tells_what_changed_and_why_as_its_own_event_does(storage: Storage):
    second = cancelled(BOOKING)
    detail = {"status": ["CONFIRMED", "CANCELLED"], "reason": "I have caught a “cold”."}
    event = an_event(second, EventKind.CANCELLED, detail=detail)
    await done(storage, place(BOOKING, a_message(BOOKING)))
    [first] = await claim_due(storage)
    await done(storage, settle(first.message), Change(second, 1, event, [a_message(second)]))
    [then] = await claim_due(storage)
    assert (first.detail, then.detail) == ({}, detail)


async def test_each_message_says_what_held_at_its_own_version(storage: Storage):
    second = changed(BOOKING, name="Grace Example")
    third = cancelled(second)
    versions = [BOOKING, second, third]
    messages = [a_message(version) for version in versions]
    placed, *changes = messages
    await done(storage, place(BOOKING, placed), *map(change, versions[1:], changes))
    for message, version in zip(messages, versions, strict=True):
        [due] = await claim_due(storage)
        assert (due.message.id, due.booking) == (message.id, version)
        await done(storage, settle(due.message))


async def changed_once(storage: Storage) -> tuple[Message, Message]:
    """A booking and a change of it, each with what it owes; the first is under way."""
    second = changed(BOOKING)
    later = a_message(second)
    await done(storage, place(BOOKING, a_message(BOOKING)), change(second, later))
    [first] = await claim(storage)
    return first, later


async def test_a_message_waits_for_an_earlier_one_that_is_under_way(storage: Storage):
    first, later = await changed_once(storage)
    assert ids(await claim(storage)) == []
    await done(storage, settle(first))
    assert ids(await claim(storage)) == [later.id]


async def test_a_message_waits_for_an_earlier_one_that_is_soon_tried_again(storage: Storage):
    first, _ = await changed_once(storage)
    await done(storage, settle(first, MessageState.PENDING, next_attempt_at=NOW + IN_ORDER))
    assert ids(await claim(storage)) == []
    assert ids(await claim(storage, now=NOW + IN_ORDER)) == [first.id]


async def test_a_message_does_not_wait_for_long(storage: Storage):
    first, later = await changed_once(storage)
    after = NOW + IN_ORDER + INSTANT
    await done(storage, settle(first, MessageState.PENDING, next_attempt_at=after))
    assert ids(await claim(storage)) == [later.id]


async def test_a_message_waits_for_none_that_is_dead(storage: Storage):
    first, later = await changed_once(storage)
    await done(storage, settle(first, MessageState.DEAD))
    assert ids(await claim(storage)) == [later.id]


async def test_a_message_waits_for_none_to_somebody_else(storage: Storage):
    second = changed(BOOKING)
    [to_admin, to_customer] = [a_message(BOOKING, audience=Audience.ADMIN), a_message(second)]
    await done(storage, place(BOOKING, to_admin), change(second, to_customer))
    assert ids(await claim(storage)) == [to_admin.id, to_customer.id]


async def test_a_message_does_not_learn_what_was_sent_since(storage: Storage):
    reminder = a_reminder(BOOKING)
    await done(storage, place(BOOKING, a_message(BOOKING), reminder))
    [confirmation] = await claim(storage)
    await done(storage, settle(confirmation))
    [due] = await claim_due(storage, now=reminder.due_at)
    assert due == Due(await stored(storage, reminder), BOOKING)


async def test_two_claims_in_one_batch_share_nothing(storage: Storage):
    messages = [a_message(BOOKING) for _ in range(4)]
    await done(storage, place(BOOKING, *messages))
    ask = Claim(storage.owner, 3, NOW)
    first, second = await done(storage, ask, ask)
    assert (len(first), len(second)) == (3, 1)
    assert {due.message.id for due in [*first, *second]} == {*ids(messages)}


@pytest.mark.parametrize("state", [MessageState.SENT, MessageState.DEAD])
async def test_what_is_settled_is_not_claimed_again(storage: Storage, state: MessageState):
    await done(storage, place(BOOKING, a_message(BOOKING)))
    [message] = await claim(storage)
    await done(storage, settle(message, state))
    assert ids(await claim(storage, now=NOW + 9 * HOUR)) == []


async def test_what_is_leased_is_not_claimed_again_however_late(storage: Storage):
    await done(storage, place(BOOKING, a_message(BOOKING)))
    await claim(storage)
    assert ids(await claim(storage, now=NOW + 1000 * HOUR)) == []


async def test_what_is_superseded_is_not_claimed(storage: Storage):
    reminder = a_reminder(BOOKING, due=NOW)
    message = a_message(BOOKING)
    await done(storage, place(BOOKING, reminder, message), change(cancelled(BOOKING)))
    await done(storage, Supersede([message.id]))
    assert ids(await claim(storage)) == []


async def test_a_retry_is_claimed_when_it_is_due_and_counted(storage: Storage):
    message = a_message(BOOKING)
    await done(storage, place(BOOKING, message))
    [first] = await claim(storage)
    await done(storage, settle(first, MessageState.PENDING, next_attempt_at=NOW + HOUR))
    assert ids(await claim(storage, now=NOW + HOUR - INSTANT)) == []
    [second] = await claim(storage, now=NOW + HOUR)
    assert (second.attempts, second.due_at) == (2, message.due_at)


async def test_what_expired_is_missed_and_never_claimed(storage: Storage):
    message = a_reminder(BOOKING, due=NOW - HOUR, expires_at=NOW)
    await done(storage, place(BOOKING, message))
    assert ids(await claim(storage, now=NOW)) == []
    assert await stored(storage, message) == replace(message, state=MessageState.MISSED)
    assert ids(await claim(storage, now=NOW - INSTANT)) == []


async def test_what_expires_in_a_microsecond_is_still_claimed(storage: Storage):
    message = a_reminder(BOOKING, due=NOW - HOUR, expires_at=NOW + INSTANT)
    await done(storage, place(BOOKING, message))
    assert ids(await claim(storage, now=NOW)) == [message.id]


async def test_the_expired_take_no_room_from_others(storage: Storage):
    expired = [a_message(BOOKING, due=NOW - HOUR, expires_at=NOW) for _ in range(3)]
    message = a_message(BOOKING)
    await done(storage, place(BOOKING, *expired, message))
    assert ids(await claim(storage, limit=1)) == [message.id]
    for one in expired:
        assert (await stored(storage, one)).state is MessageState.MISSED


async def test_a_retry_that_would_come_too_late_is_missed(storage: Storage):
    message = a_reminder(BOOKING, due=NOW, expires_at=NOW + HOUR)
    await done(storage, place(BOOKING, message))
    [claimed] = await claim(storage)
    retry = settle(claimed, MessageState.PENDING, next_attempt_at=NOW + 2 * HOUR)
    await done(storage, retry)
    await claim(storage, now=NOW + HOUR)
    assert (await stored(storage, message)).state is MessageState.MISSED


async def test_what_expires_under_way_stays_under_way(storage: Storage):
    message = a_reminder(BOOKING, due=NOW, expires_at=NOW + HOUR)
    await done(storage, place(BOOKING, message))
    [claimed] = await claim(storage)
    await claim(storage, now=NOW + 2 * HOUR)
    assert await stored(storage, message) == claimed
    assert await done(storage, settle(claimed)) == [True]


async def test_what_is_over_is_not_missed(storage: Storage):
    message = a_reminder(BOOKING, due=NOW, expires_at=NOW + HOUR)
    await done(storage, place(BOOKING, message))
    [claimed] = await claim(storage)
    await done(storage, settle(claimed))
    await claim(storage, now=NOW + 2 * HOUR)
    assert (await stored(storage, message)).state is MessageState.SENT


async def test_a_claim_reaches_the_messages_of_every_booking(storage: Storage):
    bookings = a_row_of_bookings(5)
    messages = [a_message(booking) for booking in bookings]
    await done(storage, *map(place, bookings, messages))
    assert {*ids(await claim(storage))} == {*ids(messages)}


async def test_a_message_without_an_end_is_claimed_however_late(storage: Storage):
    message = a_message(BOOKING)
    await done(storage, place(BOOKING, message))
    assert ids(await claim(storage, now=START + 90000 * HOUR)) == [message.id]
