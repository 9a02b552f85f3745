"""A dispatcher at work, for tests."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from schedules.actor import supervise
from schedules.dispatcher import Dispatcher
from schedules.render import Renderer
from storage.interface import Storage
from storage.model import Booking, Message, MessageState
from tests.deadlines import PATIENCE, until, until_true
from tests.records import NOW, a_message, done, place

RENDERER = Renderer(sender="bookings@example.org", time_zone="UTC")


@dataclass
class Clock:
    """The time, as the test has it."""

    now: datetime = NOW

    def __call__(self) -> datetime:
        return self.now

    def pass_by(self, time: timedelta) -> None:
        self.now += time


class Office:
    """A dispatcher at work."""

    def __init__(self, storage: Storage, clock: Clock) -> None:
        self.storage = storage
        self.clock = clock
        self.channel: Any = None
        self.dispatcher: Dispatcher | None = None
        self.running: asyncio.Task[None] | None = None
        self.looks = 0

    async def looked(self) -> None:
        """Return when the dispatcher has looked what is due, from now on."""
        assert self.dispatcher is not None
        for _ in range(2):  # one may have begun before
            before = self.looks
            self.dispatcher.poke()
            await until_true(lambda before=before: self.looks > before)

    async def idle(self) -> None:
        """Return when no mail is under way and all are settled."""
        dispatcher = self.dispatcher
        assert dispatcher is not None
        async with asyncio.timeout(PATIENCE):
            await self.looked()
            while dispatcher._under_way or dispatcher._unsettled:
                await until_true(lambda: not dispatcher._under_way)
                await self.looked()

    def open(self, channel: Any, renderer: Any = RENDERER) -> Dispatcher:
        self.channel = channel
        self.dispatcher = Dispatcher(self.storage, channel, renderer, self.clock)
        handle = self.dispatcher.handle

        async def counted(letters: Sequence[None]) -> None:
            await handle(letters)
            self.looks += 1

        self.dispatcher.handle = counted  # type: ignore[method-assign]
        self.running = asyncio.create_task(supervise("dispatcher", self.dispatcher.run))
        return self.dispatcher

    async def close(self) -> None:
        if self.dispatcher and self.running:
            await self.dispatcher.stop()
            await self.running
            self.dispatcher = None

    async def owe(
        self, *bookings: Booking, make: Callable[..., Message] = a_message, **fields: Any
    ) -> list[Message]:
        """Commit each booking with a message, and answer the messages."""
        messages = [make(booking, **fields) for booking in bookings]
        await done(self.storage, *map(place, bookings, messages))
        return messages

    async def stored(self, message: Message) -> Message:
        found = await self.storage.messages([message.booking_id])
        return next(one for one in found if one.id == message.id)

    async def settled(self, message: Message) -> Message:
        """The message, once an attempt of it has ended."""
        assert self.dispatcher is not None
        before = await self.stored(message)
        self.dispatcher.poke()

        async def look() -> Message | None:
            now = await self.stored(message)
            return now if now != before and now.state is not MessageState.LEASED else None

        return await until(look)

    async def all_in(self, state: MessageState, *messages: Message) -> bool:
        return all([(await self.stored(one)).state is state for one in messages])
