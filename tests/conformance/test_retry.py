"""Retry and RetryDead: what could not be sent is sent again, if it is still owed."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from storage.errors import NotFound, NotRetryable
from storage.ids import new_id
from storage.interface import Storage
from storage.model import Audience, BookingStatus, Message, MessageKind, MessageState
from storage.writes import Retry, RetryDead
from tests.conftest import Doors
from tests.deadlines import PATIENCE
from tests.records import (
    DAY,
    HOUR,
    NOW,
    START,
    a_booking,
    a_message,
    a_reminder,
    a_row_of_bookings,
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
LATER = NOW + HOUR
PENDING, DEAD, SENT = MessageState.PENDING, MessageState.DEAD, MessageState.SENT
SUPERSEDED = MessageState.SUPERSEDED


def retry(message: Message, **fields: Any) -> Retry:
    return Retry(**{"message_id": message.id, "now": LATER, "admin_email": None} | fields)


async def dead(storage: Storage, message: Message) -> Message:
    """A booking placed, its message tried and given up."""
    await done(storage, place(BOOKING, message))
    [claimed] = await claim(storage, now=message.due_at)
    await done(storage, settle(claimed, DEAD, error="550 no"))
    return await storage.message(message.id)


async def test_what_is_dead_is_owed_anew_with_all_its_attempts(storage: Storage):
    message = await dead(storage, a_message(BOOKING))
    assert await answer(storage, retry(message)) is None
    waiting = replace(message, state=PENDING, next_attempt_at=LATER, attempts=0)
    assert await storage.message(message.id) == waiting
    assert [one.id for one in await claim(storage, now=LATER)] == [message.id]


async def test_what_waits_for_its_next_attempt_need_not(storage: Storage):
    await done(storage, place(BOOKING, a_message(BOOKING)))
    [message] = await claim(storage)
    await done(storage, settle(message, PENDING, next_attempt_at=NOW + DAY, error="450"))
    await done(storage, retry(message))
    assert (await storage.message(message.id)).next_attempt_at == LATER


async def test_what_is_not_due_is_not_sent_early(storage: Storage):
    message = a_reminder(BOOKING)
    await done(storage, place(BOOKING, message))
    assert isinstance(await answer(storage, retry(message)), NotRetryable)
    assert await storage.message(message.id) == message


@pytest.mark.parametrize("state", [SENT, SUPERSEDED, MessageState.MISSED])
async def test_what_has_ended_otherwise_is_not_sent_again(storage: Storage, state: MessageState):
    message = a_message(BOOKING, state=state)
    await done(storage, place(BOOKING, message))
    assert isinstance(await answer(storage, retry(message)), NotRetryable)
    assert await answer(storage, RetryDead(LATER, None)) == 0
    assert await storage.message(message.id) == message


async def test_what_is_under_way_is_left_to_whoever_sends_it(storage: Storage):
    await done(storage, place(BOOKING, a_message(BOOKING)))
    [message] = await claim(storage)
    assert isinstance(await answer(storage, retry(message)), NotRetryable)
    assert await storage.message(message.id) == message


@pytest.mark.parametrize("message_id", [new_id(NOW), "no id", ""], ids=["unknown", "bad", "none"])
async def test_what_is_not_there_is_not_found(storage: Storage, message_id: str):
    assert isinstance(await answer(storage, Retry(message_id, NOW, None)), NotFound)
    with pytest.raises(NotFound):
        await storage.message(message_id)


async def test_a_customer_gets_it_at_the_address_of_by_now(storage: Storage):
    message = await dead(storage, a_message(BOOKING))
    await done(storage, change(changed(BOOKING, email="right@example.org")))
    await done(storage, retry(message, admin_email="office@example.org"))
    assert (await storage.message(message.id)).recipient == "right@example.org"


@pytest.mark.parametrize(("configured", "goes_to"), [("new@example.org", "new@example.org"),
                                                     (None, "old@example.org")])  # fmt: skip
async def test_an_administrator_gets_it_at_the_address_that_is_configured(
    storage: Storage, configured: str | None, goes_to: str
):
    message = a_message(BOOKING, audience=Audience.ADMIN, recipient="old@example.org")
    await dead(storage, message)
    await done(storage, retry(message, admin_email=configured))
    assert (await storage.message(message.id)).recipient == goes_to


@pytest.mark.parametrize("message", [a_message(BOOKING), a_reminder(BOOKING)])
@pytest.mark.parametrize("after", [moved(BOOKING, START + HOUR), cancelled(BOOKING)])
async def test_a_move_or_a_cancellation_supersedes_what_is_dead(storage: Storage, message, after):
    await dead(storage, message)
    await done(storage, change(after))
    assert (await storage.message(message.id)).state is SUPERSEDED
    assert isinstance(await answer(storage, retry(message)), NotRetryable)


async def test_what_dies_after_the_move_cannot_be_sent_again(storage: Storage):
    await done(storage, place(BOOKING, a_message(BOOKING)))
    [message] = await claim(storage)
    await done(storage, change(moved(BOOKING, START + HOUR)), settle(message, DEAD))
    assert isinstance(await answer(storage, retry(message)), NotRetryable)
    assert await answer(storage, RetryDead(LATER, None)) == 0


async def test_other_changes_leave_what_is_dead(storage: Storage):
    message = await dead(storage, a_reminder(BOOKING))
    after = changed(BOOKING, name="Grace Example")
    await done(storage, change(after), change(changed(after, status=BookingStatus.CONFIRMED)))
    assert (await storage.message(message.id)).state is DEAD


async def test_a_reminder_of_what_has_begun_is_not_sent_again(storage: Storage):
    message = await dead(storage, a_reminder(BOOKING))
    assert isinstance(await answer(storage, retry(message, now=START)), NotRetryable)
    assert await answer(storage, retry(message, now=START - HOUR)) is None


@pytest.mark.parametrize("state", [PENDING, SENT, DEAD])
async def test_a_reminder_whose_like_is_owed_anew_is_not_doubled(
    storage: Storage, state: MessageState
):
    old = await dead(storage, a_reminder(BOOKING))
    after = changed(BOOKING, name="Grace Example")
    new = a_reminder(after, state=state)
    await done(storage, change(after, new))
    assert isinstance(await answer(storage, retry(old)), NotRetryable)
    assert await answer(storage, RetryDead(LATER, None)) == (state is DEAD)
    assert (await storage.message(old.id)).state is DEAD


async def test_all_dead_ones_go_again_and_no_other(storage: Storage):
    row = a_row_of_bookings(6)
    kinds = [DEAD, DEAD, DEAD, SENT, MessageState.MISSED, SUPERSEDED]
    messages = [a_message(one, state=state) for one, state in zip(row, kinds, strict=True)]
    await done(storage, *map(place, row, messages))
    await done(storage, change(changed(row[1], email="right@example.org")))
    assert await answer(storage, RetryDead(LATER, None)) == 3
    found = [await storage.message(one.id) for one in messages]
    assert [one.state for one in found] == [PENDING] * 3 + kinds[3:]
    assert [one.recipient for one in found[:3]] == ["ada@example.org", "right@example.org",
                                                    "ada@example.org"]  # fmt: skip
    assert await answer(storage, RetryDead(LATER, None)) == 0


async def test_the_attempt_before_cannot_settle_it(storage: Storage):
    await done(storage, place(BOOKING, a_message(BOOKING)))
    [first] = await claim(storage)
    await done(storage, settle(first, DEAD), retry(first))
    assert await answer(storage, settle(first)) is False
    [again] = await claim(storage, now=LATER)
    assert await answer(storage, settle(again)) is True


async def test_of_many_who_retry_while_others_claim_each_is_sent_once(
    storage: Storage, doors: Doors
):
    beside = await doors.beside()
    row = a_row_of_bookings(30)
    messages = [a_message(one, state=DEAD) for one in row]
    await done(storage, *map(place, row, messages))

    async def retry_all(who: Storage) -> int:
        outcomes = await who.commit([retry(one) for one in messages])
        assert all(isinstance(one, NotRetryable | None) for one in outcomes)
        return len(outcomes)

    async def send_all() -> list[str]:
        sent: list[str] = []
        while len(sent) < len(row):
            claimed = await claim(storage, now=LATER, limit=5)
            assert all(await done(storage, *map(settle, claimed)))
            sent += [one.id for one in claimed]
        return sent

    async with asyncio.timeout(PATIENCE):
        sent, *_ = await asyncio.gather(send_all(), retry_all(storage), retry_all(beside))
    assert sorted(sent) == sorted(one.id for one in messages)
    assert list(await claim(storage, now=LATER)) == []


async def test_the_kind_makes_no_difference(storage: Storage):
    message = await dead(storage, a_message(BOOKING, kind=MessageKind.CANCELLED))
    assert await answer(storage, retry(message)) is None
