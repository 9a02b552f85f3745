"""Settle and Release: how a lease ends."""

from dataclasses import replace

import pytest

from storage.errors import StorageError
from storage.interface import Storage
from storage.model import Message, MessageState
from storage.writes import Release, Supersede
from tests.records import (
    HOUR,
    NOW,
    START,
    a_booking,
    a_message,
    a_reminder,
    answer,
    change,
    changed,
    claim,
    done,
    moved,
    place,
    settle,
)

BOOKING = a_booking()
LATER = NOW + HOUR

each_end = pytest.mark.parametrize("state", [MessageState.SENT, MessageState.DEAD])
each_failure = pytest.mark.parametrize("state", [MessageState.PENDING, MessageState.DEAD])


async def leased(storage: Storage, message: Message) -> Message:
    """A booking placed, its message claimed."""
    await done(storage, place(BOOKING, message))
    [claimed] = await claim(storage)
    return claimed


async def stored(storage: Storage) -> list[Message]:
    return await storage.messages([BOOKING.id])


async def test_sent_keeps_when_it_left(storage: Storage):
    message = await leased(storage, a_message(BOOKING))
    assert await answer(storage, settle(message, MessageState.SENT, at=LATER)) is True
    left = replace(message, state=MessageState.SENT, leased_by=None, sent_at=LATER)
    assert await stored(storage) == [left]


async def test_dead_keeps_why(storage: Storage):
    message = await leased(storage, a_message(BOOKING))
    assert await answer(storage, settle(message, MessageState.DEAD, error="550 no")) is True
    dead = replace(message, state=MessageState.DEAD, leased_by=None, last_error="550 no")
    assert await stored(storage) == [dead]


async def test_pending_waits_for_its_next_attempt(storage: Storage):
    message = await leased(storage, a_message(BOOKING))
    retry = settle(message, MessageState.PENDING, next_attempt_at=LATER, error="451 busy")
    assert await answer(storage, retry) is True
    waiting = replace(
        message,
        state=MessageState.PENDING,
        leased_by=None,
        next_attempt_at=LATER,
        last_error="451 busy",
    )
    assert await stored(storage) == [waiting]


async def test_missed_is_an_end_too(storage: Storage):
    message = await leased(storage, a_message(BOOKING))
    assert await answer(storage, settle(message, MessageState.MISSED)) is True
    assert [one.state for one in await stored(storage)] == [MessageState.MISSED]


async def test_a_refund_takes_the_attempt_back(storage: Storage):
    message = await leased(storage, a_message(BOOKING))
    retry = settle(message, MessageState.PENDING, next_attempt_at=LATER, refund=True)
    assert await answer(storage, retry) is True
    assert [one.attempts for one in await stored(storage)] == [0]
    [again] = await claim(storage, now=LATER)
    assert again.attempts == 1


async def test_only_the_settled_message_is_settled(storage: Storage):
    other = a_message(BOOKING)
    await done(storage, place(BOOKING, a_message(BOOKING), other))
    claimed = {message.id: message for message in await claim(storage)}
    [untouched] = [claimed.pop(other.id)]
    await done(storage, *map(settle, claimed.values()))
    assert untouched in await stored(storage)


@each_end
async def test_another_daemon_cannot_settle(storage: Storage, state: MessageState):
    message = await leased(storage, a_message(BOOKING))
    stranger = replace(message, leased_by=storage.owner + 1)
    assert await answer(storage, settle(stranger, state)) is False
    assert await stored(storage) == [message]


@each_end
async def test_an_earlier_attempt_cannot_settle(storage: Storage, state: MessageState):
    first = await leased(storage, a_message(BOOKING))
    await done(storage, settle(first, MessageState.PENDING, next_attempt_at=LATER))
    [second] = await claim(storage, now=LATER)
    assert await answer(storage, settle(first, state)) is False
    assert await stored(storage) == [second]


@each_end
async def test_an_attempt_settles_once(storage: Storage, state: MessageState):
    message = await leased(storage, a_message(BOOKING))
    first, second = await done(storage, settle(message, state), settle(message, at=LATER))
    assert (first, second) == (True, False)
    [settled] = await stored(storage)
    assert settled.state is state
    assert settled.sent_at != LATER


async def test_what_nobody_leased_cannot_be_settled(storage: Storage):
    message = a_message(BOOKING)
    await done(storage, place(BOOKING, message))
    assert await answer(storage, settle(replace(message, leased_by=storage.owner))) is False
    assert await answer(storage, settle(message)) is False
    assert await stored(storage) == [message]


async def test_a_message_that_is_not_there_cannot_be_settled(storage: Storage):
    ghost = a_message(BOOKING, attempts=1, leased_by=storage.owner)
    assert await answer(storage, settle(ghost)) is False


async def test_a_lost_lease_marks_nothing_at_the_booking(storage: Storage):
    message = await leased(storage, a_message(BOOKING))
    await done(storage, settle(replace(message, leased_by=storage.owner + 1)))
    assert not (await storage.booking(BOOKING.id)).confirmation_sent


async def test_what_was_superseded_under_way_is_sent_if_it_left(storage: Storage):
    message = await leased(storage, a_reminder(BOOKING, due=NOW))
    await done(storage, change(moved(BOOKING, START + HOUR)))
    assert await answer(storage, settle(message, at=LATER)) is True
    [settled] = await stored(storage)
    assert (settled.state, settled.sent_at) == (MessageState.SENT, LATER)


@each_failure
async def test_what_was_superseded_under_way_and_failed_stays_so(
    storage: Storage, state: MessageState
):
    message = await leased(storage, a_reminder(BOOKING, due=NOW))
    await done(storage, change(moved(BOOKING, START + HOUR)))
    await done(storage, settle(message, state, next_attempt_at=NOW))
    assert [one.state for one in await stored(storage)] == [MessageState.SUPERSEDED]
    assert list(await claim(storage, now=LATER)) == []


async def test_what_left_after_its_like_was_owed_again_is_sent(storage: Storage):
    message = await leased(storage, a_reminder(BOOKING, due=NOW))
    after = changed(BOOKING, name="Grace Example")
    again = a_reminder(after, due=message.due_at)
    await done(storage, change(after, again))
    assert await answer(storage, settle(message)) is True
    states = {one.id: one.state for one in await stored(storage)}
    assert states[message.id] is MessageState.SENT


async def test_many_settle_at_once_each_in_its_own_way(storage: Storage):
    other = a_booking(start=START + 2 * HOUR)
    owed = [a_message(BOOKING), a_reminder(BOOKING, due=NOW), a_message(BOOKING), a_message(other)]
    await done(storage, place(BOOKING, *owed[:3]), place(other, owed[3]))
    claimed = {message.id: message for message in await claim(storage)}
    confirmation, reminder, refused, deferred = (claimed[message.id] for message in owed)
    assert (
        await done(
            storage,
            settle(deferred, MessageState.PENDING, next_attempt_at=LATER, error="451 busy"),
            settle(refused, MessageState.DEAD, error="550 no"),
            settle(reminder),
            settle(confirmation),
        )
        == [True] * 4
    )
    found = await storage.messages([BOOKING.id, other.id])
    assert {message.id: (message.state, message.last_error) for message in found} == {
        confirmation.id: (MessageState.SENT, None),
        reminder.id: (MessageState.SENT, None),
        refused.id: (MessageState.DEAD, "550 no"),
        deferred.id: (MessageState.PENDING, "451 busy"),
    }
    booking = await storage.booking(BOOKING.id)
    assert (booking.confirmation_sent, booking.reminder_sent) == (True, True)
    assert not (await storage.booking(other.id)).confirmation_sent


async def test_an_end_that_cannot_be_kept_harms_none_of_its_neighbours(storage: Storage):
    other = a_booking(start=START + 2 * HOUR)
    await done(storage, place(BOOKING, a_message(BOOKING)), place(other, a_message(other)))
    one, another = await claim(storage)
    refused, settled = await storage.commit(
        [settle(one, MessageState.DEAD, error="\ud800"), settle(another)]
    )
    assert (type(refused), settled) == (StorageError, True)


async def test_release_gives_back_what_the_daemon_holds(storage: Storage):
    messages = [a_message(BOOKING) for _ in range(3)]
    await done(storage, place(BOOKING, *messages))
    await claim(storage, limit=2)
    assert await answer(storage, Release(storage.owner)) == 2
    assert {one.state for one in await stored(storage)} == {MessageState.PENDING}
    assert {one.leased_by for one in await stored(storage)} == {None}
    assert len(await claim(storage)) == 3


async def test_release_leaves_the_leases_of_others(storage: Storage):
    message = await leased(storage, a_message(BOOKING))
    assert await answer(storage, Release(storage.owner + 1)) == 0
    assert await stored(storage) == [message]


async def test_release_with_nothing_leased_gives_nothing_back(storage: Storage):
    assert await answer(storage, Release(storage.owner)) == 0


async def test_what_was_released_cannot_be_settled(storage: Storage):
    message = await leased(storage, a_message(BOOKING))
    await done(storage, Release(storage.owner))
    assert await answer(storage, settle(message)) is False


async def test_release_leaves_what_is_settled_or_superseded(storage: Storage):
    one = await leased(storage, a_message(BOOKING))
    after = changed(BOOKING)
    reminder = a_reminder(after, due=NOW)
    await done(storage, settle(one), change(after, reminder))
    await claim(storage)
    await done(storage, change(changed(after)))
    assert await answer(storage, Release(storage.owner)) == 0
    states = {message.state for message in await stored(storage)}
    assert states == {MessageState.SENT, MessageState.SUPERSEDED}


async def test_supersede_takes_back_what_is_pending(storage: Storage):
    gone, kept = a_message(BOOKING), a_message(BOOKING)
    await done(storage, place(BOOKING, gone, kept))
    assert await answer(storage, Supersede([gone.id])) == 1
    states = {one.id: one.state for one in await stored(storage)}
    assert states == {gone.id: MessageState.SUPERSEDED, kept.id: MessageState.PENDING}


async def test_supersede_leaves_what_is_no_longer_pending(storage: Storage):
    pending, stranger = a_message(BOOKING, due=LATER), a_message(BOOKING)
    await done(storage, place(BOOKING, a_message(BOOKING), a_message(BOOKING), pending))
    under_way, sent = await claim(storage)
    await done(storage, settle(sent))
    ids = [under_way.id, sent.id, pending.id, stranger.id]
    assert await answer(storage, Supersede(ids)) == 1
    states = {one.id: one.state for one in await stored(storage)}
    assert states == {
        under_way.id: MessageState.LEASED,
        sent.id: MessageState.SENT,
        pending.id: MessageState.SUPERSEDED,
    }


async def test_supersede_of_nothing_is_nothing(storage: Storage):
    assert await answer(storage, Supersede([])) == 0
