"""Calls of webhooks beside mails, each with a dispatcher of its own, on a real database."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from typing import Any

from schedules.channels import Deferred, NotOwed, Unreachable
from schedules.dispatcher import AT_ONCE, SHARE, Dispatcher
from schedules.render import Renderer
from schedules.webhooks import Call, CallRenderer
from storage.interface import Storage
from storage.model import Message, MessageState
from storage.writes import SaveWebhook
from tests.deadlines import until, until_true
from tests.records import (
    HOUR,
    NOW,
    a_booking,
    a_call,
    a_message,
    a_row_of_bookings,
    a_webhook,
    done,
    place,
)
from tests.schedules.conftest import Clock
from tests.schedules.test_dispatcher import Scripted, on_both

WEBHOOK = a_webhook()


@asynccontextmanager
async def at_work(storage: Storage, clock: Clock, *, mails: Any, calls: Any) -> AsyncIterator[Any]:
    """A dispatcher of mails and one of calls."""
    encoder = CallRenderer(lambda event, _, about: f"{event} {about and about.id}".encode())
    renderer: Any = Renderer(sender="bookings@example.org", time_zone="UTC")
    both = [
        Dispatcher(storage, mails, renderer, clock),
        Dispatcher(storage, calls, encoder, clock, calls=True),
    ]
    async with AsyncExitStack() as stack:
        for one in both:
            running = asyncio.create_task(one.run())
            stack.push_async_callback(asyncio.wait_for, running, 5)
            stack.push_async_callback(one.stop)
        yield both


async def stored(storage: Storage, message: Message) -> Message:
    found = await storage.messages([message.booking_id or ""])
    return next(one for one in found if one.id == message.id)


async def settled(storage: Storage, message: Message, *states: MessageState) -> Message:
    async def look() -> Message | None:
        found = await stored(storage, message)
        return found if found.state in states else None

    return await until(look)


async def test_calls_that_hang_hold_up_no_mail(storage: Storage, clock: Clock, monkeypatch: Any):
    monkeypatch.setattr("schedules.dispatcher.FAREWELL", 0.1)
    bookings = a_row_of_bookings(3 * AT_ONCE)
    never = asyncio.Event()
    calls, mails = Scripted(*[never] * len(bookings)), Scripted()
    owed = [a_call(WEBHOOK, booking, due=NOW - HOUR) for booking in bookings]
    await done(storage, SaveWebhook(WEBHOOK), *map(place, bookings, owed))
    async with at_work(storage, clock, mails=mails, calls=calls) as (mailing, calling):
        calling.poke()
        await until_true(lambda: calls.under_way == SHARE)
        late = [a_booking(start=booking.start_time + 100 * HOUR) for booking in bookings]
        await done(storage, *map(place, late, map(a_message, late)))
        mailing.poke()
        await until_true(lambda: len(mails.sent) == len(bookings))
        assert calls.most_under_way == SHARE
        never.set()


class Hanging(Scripted):
    """A channel that hangs at the calls of one webhook."""

    def __init__(self, webhook_id: str) -> None:
        super().__init__()
        self.webhook_id = webhook_id
        self.goes_on = asyncio.Event()
        self.hanging = self.most_hanging = 0

    async def send(self, mail: Any) -> None:
        if mail.webhook_id == self.webhook_id:
            self.hanging += 1
            self.most_hanging = max(self.hanging, self.most_hanging)
            await self.goes_on.wait()
            self.hanging -= 1
        await super().send(mail)


@on_both
async def test_a_webhook_that_hangs_holds_up_no_other(storage: Storage, clock: Clock):
    slow, quick = a_webhook(), a_webhook()
    bookings = a_row_of_bookings(2 * AT_ONCE)
    stuck = [a_call(slow, booking, due=NOW - HOUR) for booking in bookings]
    others = [a_call(quick, booking) for booking in bookings]
    await done(storage, SaveWebhook(slow), SaveWebhook(quick), *map(place, bookings, stuck, others))
    calls = Hanging(slow.id)
    async with at_work(storage, clock, mails=Scripted(), calls=calls) as (_, calling):
        calling.poke()  # just once: no job has to wake it
        await until_true(lambda: len(calls.sent) == len(others))
        assert {call.webhook_id for call in calls.sent} == {quick.id}
        assert calls.hanging == SHARE
        calls.goes_on.set()
        await until_true(lambda: len(calls.sent) == len(others) + len(stuck))
        assert calls.most_hanging < 2 * SHARE


async def test_mails_that_wait_for_their_relay_hold_up_no_call(storage: Storage, clock: Clock):
    booking = a_booking()
    call, mail = a_call(WEBHOOK, booking), a_message(booking)
    await done(storage, SaveWebhook(WEBHOOK), place(booking, call, mail))
    mails = Scripted(*[Unreachable("no relay")] * 9)
    async with at_work(storage, clock, mails=mails, calls=Scripted()) as (mailing, calling):
        mailing.poke()
        await until_true(lambda: mails.tries == 1)
        calling.poke()
        assert (await settled(storage, call, MessageState.SENT)).attempts == 1


@on_both
async def test_every_attempt_says_the_same_and_waits_as_long_as_was_asked(
    storage: Storage, clock: Clock
):
    booking = a_booking()
    call = a_call(WEBHOOK, booking)
    busy = Deferred("503")
    busy.at_least = timedelta(minutes=7)
    calls = Scripted(busy)
    await done(storage, SaveWebhook(WEBHOOK), place(booking, call))
    async with at_work(storage, clock, mails=Scripted(), calls=calls) as (_, calling):
        calling.poke()
        await until_true(lambda: calls.tries == 1)
        found = await settled(storage, call, MessageState.PENDING)
        assert (found.next_attempt_at, found.last_error) == (NOW + timedelta(minutes=7), "503")
        clock.pass_by(timedelta(minutes=7))
        calling.poke()
        assert (await settled(storage, call, MessageState.SENT)).attempts == 2
    said: list[Any] = calls.sent
    assert said == [Call(WEBHOOK.id, call.id, f"booking.placed {booking.id}".encode())]


async def test_what_nobody_wants_any_more_is_superseded(storage: Storage, clock: Clock):
    booking = a_booking()
    unwanted = a_call(WEBHOOK, booking)
    await done(storage, place(booking, unwanted))
    calls = Scripted(NotOwed("off"))
    async with at_work(storage, clock, mails=Scripted(), calls=calls) as (_, calling):
        calling.poke()
        found = await settled(storage, unwanted, MessageState.SUPERSEDED)
        assert found.last_error == "off"
