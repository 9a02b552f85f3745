"""Webhooks, and the calls that they are owed."""

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from storage.errors import NotFound, StaleVersion
from storage.ids import new_id
from storage.interface import MessageFilter, Storage
from storage.model import Due, Message, MessageKind, MessageState
from storage.postgres.statements import outbox as postgres_statements
from storage.sqlite.statements import outbox as sqlite_statements
from storage.writes import Claim, DeleteWebhook, OweCall, Release, Replay, SaveWebhook
from tests.conformance.outside import Outside, OutsideSqlite
from tests.records import (
    HOUR,
    NOW,
    a_booking,
    a_call,
    a_message,
    a_row_of_bookings,
    a_test_call,
    a_webhook,
    answer,
    cancelled,
    change,
    claim,
    claim_due,
    done,
    place,
    settle,
)

PENDING, LEASED, SENT = MessageState.PENDING, MessageState.LEASED, MessageState.SENT
DEAD, SUPERSEDED = MessageState.DEAD, MessageState.SUPERSEDED
WEBHOOK = a_webhook(description="The ledger", events=("booking.placed", "booking.no_show"))
BOOKING = a_booking()


def of(webhook_id: str, **fields: Any) -> MessageFilter:
    return MessageFilter(webhook_id=webhook_id, **fields)


async def states(storage: Storage, webhook_id: str = WEBHOOK.id) -> list[MessageState]:
    """Oldest first."""
    return [call.state for call in reversed(await storage.outbox_page(of(webhook_id), limit=100))]


async def test_every_field_comes_back(storage: Storage):
    await done(storage, SaveWebhook(WEBHOOK))
    assert await storage.webhooks() == [WEBHOOK]
    other = replace(
        WEBHOOK, url="https://other.example.org", events=(), active=False, why_off="410", version=2
    )
    await done(storage, SaveWebhook(other))
    assert await storage.webhooks() == [other]


async def test_only_the_next_version_of_one_that_is_there_is_taken(storage: Storage):
    await done(storage, SaveWebhook(WEBHOOK))
    for version in (1, 3):
        late = SaveWebhook(replace(WEBHOOK, url="https://late.example.org", version=version))
        assert type(await answer(storage, late)) is StaleVersion
    unknown = SaveWebhook(a_webhook(version=2))
    assert type(await answer(storage, unknown)) is NotFound
    assert await storage.webhooks() == [WEBHOOK]


async def test_mails_and_calls_are_claimed_apart(storage: Storage):
    call, mail = a_call(WEBHOOK, BOOKING), a_message(BOOKING)
    await done(storage, SaveWebhook(WEBHOOK), place(BOOKING, call, mail))
    assert [one.id for one in await claim(storage)] == [mail.id]
    leased = replace(call, state=LEASED, leased_by=storage.owner, attempts=1)
    assert await claim_due(storage, calls=True) == [Due(leased, BOOKING)]
    assert [*await claim(storage), *await claim(storage, calls=True)] == []


async def test_mails_and_calls_are_given_back_apart(storage: Storage):
    await done(storage, place(BOOKING, a_call(WEBHOOK, BOOKING), a_message(BOOKING)))
    await claim(storage)
    await claim(storage, calls=True)
    assert await done(storage, Release(storage.owner)) == [1]
    assert [*await claim(storage, calls=True)] == []
    assert await done(storage, Release(storage.owner, calls=True)) == [1]
    assert len(await claim(storage, calls=True)) == 1


async def test_a_test_call_is_about_no_booking(storage: Storage):
    call = a_test_call(WEBHOOK)
    await done(storage, SaveWebhook(WEBHOOK), OweCall(call))
    [due] = await claim_due(storage, calls=True)
    assert (due.message.id, due.about) == (call.id, None)
    with pytest.raises(ValueError, match="no booking"):
        _ = due.booking
    assert await done(storage, settle(due.message)) == [True]
    assert await states(storage) == [SENT]


@pytest.mark.parametrize("saved", [[], [SaveWebhook(replace(WEBHOOK, active=False))]])
async def test_a_webhook_that_is_off_or_unknown_gets_no_test_call(
    storage: Storage, saved: list[SaveWebhook]
):
    await done(storage, *saved)
    assert type(await answer(storage, OweCall(a_test_call(WEBHOOK)))) is NotFound
    assert await states(storage) == []


async def a_call_in_each_state(storage: Storage) -> list[Message]:
    """A call that was sent, one that is dead, one under way and one that waits."""
    ids = [new_id(NOW) for _ in range(4)]
    bookings = a_row_of_bookings(4)
    calls = [a_call(WEBHOOK, booking, id=id_) for booking, id_ in zip(bookings, ids, strict=True)]
    await done(storage, SaveWebhook(WEBHOOK), *map(place, bookings, calls))
    sent, dead, leased = await claim(storage, limit=3, calls=True)
    assert [sent.id, dead.id, leased.id] == ids[:3]
    await done(storage, settle(sent), settle(dead, DEAD, error="500"))
    assert await states(storage) == [SENT, DEAD, LEASED, PENDING]
    return [sent, dead, leased, calls[3]]


async def test_switched_off_it_is_owed_nothing_more(storage: Storage):
    *_, leased, _ = await a_call_in_each_state(storage)
    mail = a_booking(start=BOOKING.start_time - 9 * HOUR)
    await done(storage, place(mail, a_message(mail)))
    await done(storage, SaveWebhook(replace(WEBHOOK, active=False, version=2)))
    assert await states(storage) == [SENT, DEAD, SUPERSEDED, SUPERSEDED]
    later = settle(leased, PENDING, next_attempt_at=NOW, error="503")
    await done(storage, later)
    assert await states(storage) == [SENT, DEAD, SUPERSEDED, SUPERSEDED]
    assert len(await claim(storage)) == 1


async def test_what_was_under_way_and_arrived_is_sent(storage: Storage):
    *_, leased, _ = await a_call_in_each_state(storage)
    await done(storage, SaveWebhook(replace(WEBHOOK, active=False, version=2)))
    await done(storage, settle(leased))
    assert await states(storage) == [SENT, DEAD, SENT, SUPERSEDED]


async def test_deleted_it_is_owed_nothing_and_nobody_misses_the_dead(storage: Storage):
    await a_call_in_each_state(storage)
    await done(storage, DeleteWebhook(WEBHOOK.id, 1))
    assert await storage.webhooks() == []
    assert await states(storage) == [SENT, SUPERSEDED, SUPERSEDED, SUPERSEDED]


async def test_only_the_version_that_was_seen_is_deleted(storage: Storage):
    await done(storage, SaveWebhook(WEBHOOK))
    assert type(await answer(storage, DeleteWebhook(WEBHOOK.id, 2))) is StaleVersion
    assert type(await answer(storage, DeleteWebhook(new_id(NOW), 1))) is NotFound
    assert await storage.webhooks() == [WEBHOOK]


async def test_whatever_became_of_a_call_it_is_made_again(storage: Storage):
    calls = await a_call_in_each_state(storage)
    for call in calls:
        await done(storage, Replay(WEBHOOK.id, call.id, NOW + HOUR))
    assert await states(storage) == [PENDING, PENDING, LEASED, PENDING]
    assert [*await claim(storage, calls=True)] == []
    again = await claim(storage, calls=True, now=NOW + HOUR)
    assert {(one.id, one.attempts) for one in again} == {
        (call.id, 1) for call in calls if call.id != calls[2].id
    }


async def test_a_replay_answers_the_message_as_it_is_now(storage: Storage):
    _, dead, *_ = await a_call_in_each_state(storage)
    [found] = await done(storage, Replay(WEBHOOK.id, dead.id, NOW + HOUR))
    assert (found.id, found.state, found.attempts) == (dead.id, PENDING, 0)
    assert found in await storage.outbox_page(of(WEBHOOK.id), limit=9)


async def test_only_calls_of_that_webhook_are_replayed(storage: Storage):
    mail = a_message(BOOKING, state=DEAD)
    call = a_call(a_webhook(), BOOKING, state=DEAD)
    await done(storage, SaveWebhook(WEBHOOK), place(BOOKING, mail, call))
    for message_id in (mail.id, call.id, new_id(NOW), "x"):
        assert type(await answer(storage, Replay(WEBHOOK.id, message_id, NOW))) is NotFound


async def test_a_call_says_what_held_then_and_outlives_a_cancellation(storage: Storage):
    call = a_call(WEBHOOK, BOOKING)
    after = cancelled(BOOKING)
    later = a_call(WEBHOOK, after, kind=MessageKind.CANCELLED)
    await done(storage, place(BOOKING, call), change(after, later))
    for expected in ((call.id, BOOKING), (later.id, after)):  # one after the other
        [due] = await claim_due(storage, calls=True)
        assert (due.message.id, due.booking) == expected
        await done(storage, settle(due.message))


async def test_one_webhook_does_not_wait_for_another(storage: Storage):
    after, other = cancelled(BOOKING), a_webhook()
    first, second = a_call(WEBHOOK, BOOKING), a_call(other, after, kind=MessageKind.CANCELLED)
    await done(storage, place(BOOKING, first), change(after, second))
    assert {one.id for one in await claim(storage, calls=True)} == {first.id, second.id}


async def test_the_log_is_read_page_by_page_newest_first(storage: Storage):
    bookings = a_row_of_bookings(5)
    calls = [a_call(WEBHOOK, booking) for booking in bookings]
    others = [a_call(a_webhook(), booking) for booking in bookings]
    mails = [a_message(booking, recipient=WEBHOOK.id) for booking in bookings]
    await done(storage, *map(place, bookings, calls, others, mails))
    in_order = [call.id for call in reversed(calls)]
    first = await storage.outbox_page(of(WEBHOOK.id), limit=3)
    rest = await storage.outbox_page(of(WEBHOOK.id), limit=3, after=first[-1].id)
    assert [call.id for call in [*first, *rest]] == in_order
    assert await storage.outbox_page(of(WEBHOOK.id), limit=3, after="x") == []


async def test_the_log_is_read_by_state(storage: Storage):
    sent, dead, *_ = await a_call_in_each_state(storage)

    async def found(*some: MessageState) -> Sequence[str]:
        return [call.id for call in await storage.outbox_page(of(WEBHOOK.id, states=some), limit=9)]

    assert await found(SENT) == [sent.id]
    assert await found(SENT, DEAD) == [dead.id, sent.id]
    assert await found() == []


async def test_webhooks_that_are_passed_over_wait(storage: Storage):
    other = a_webhook()
    bookings = a_row_of_bookings(2)
    calls = [a_call(webhook, one) for one in bookings for webhook in (WEBHOOK, other)]
    await done(storage, place(bookings[0], *calls[:2]), place(bookings[1], *calls[2:]))
    ask = Claim(storage.owner, 9, NOW, calls=True)
    [nothing, passed] = await done(
        storage, replace(ask, without=[WEBHOOK.id, other.id]), replace(ask, without=[WEBHOOK.id])
    )
    assert nothing == []
    assert [due.message.recipient for due in passed] == [other.id] * 2
    [rest] = await done(storage, ask)
    assert [due.message.recipient for due in rest] == [WEBHOOK.id] * 2


async def test_calls_are_claimed_by_an_index_of_their_own(storage: Storage, outside: Outside):
    sqlite = isinstance(outside, OutsideSqlite)
    assert storage
    sql = (sqlite_statements if sqlite else postgres_statements).CLAIM_CALLS
    marks = {":limit": "9", ":owner": "1", "$1": "now()", "$2": "9", "$3": "1", "$4": "now()"}
    marks |= {":without": "'[]'", "$5": "'{}'"}
    explained = re.sub(r":\w+|\$\d", lambda found: marks.get(found[0], "'2026'"), sql)
    plan = await outside.rows(
        *[] if sqlite else ["SET enable_seqscan = off"],
        ("EXPLAIN QUERY PLAN " if sqlite else "EXPLAIN ") + explained,
    )
    assert "message_call" in str(plan)
