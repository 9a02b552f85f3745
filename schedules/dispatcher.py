"""The dispatcher: claim, render, send, settle."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from email.message import EmailMessage
from typing import Any, Protocol

from schedules.actor import Actor, MailboxFull
from schedules.channels import Channel, Deferred, DeliveryError, Rejected, Uncertain, Unreachable
from schedules.retry import UNCERTAIN, Backoff, pause_after
from storage.errors import StorageError, Unavailable
from storage.interface import Storage
from storage.model import Message, MessageState
from storage.writes import Claim, Release, Settle, Write

log = logging.getLogger(__name__)

AT_ONCE = 8
"""How many mails are under way at the same time."""

FAREWELL = 25.0
"""Seconds that mails under way get to finish when the daemon stops."""


class Renderer(Protocol):
    """Makes the mail of a message."""

    def mail(self, message: Message) -> EmailMessage:
        """Raises any exception when it cannot."""


class Dispatcher(Actor[None]):
    """Sends what is due. Its only letter means: look what is due.

    No transaction is open while a mail is under way, and no mail is under way without a lease.
    """

    def __init__(
        self,
        storage: Storage,
        channel: Channel,
        renderer: Renderer,
        clock: Callable[[], datetime],
        busy: Callable[[], bool] = lambda: False,
    ) -> None:
        super().__init__(capacity=1, batch=1)
        self._storage = storage
        self._channel = channel
        self._renderer = renderer
        self._clock = clock
        self._busy = busy
        self._relay = Circuit()
        self._under_way: set[asyncio.Task[None]] = set()
        self._unsettled: list[Settle] = []

    def poke(self) -> None:
        """Look soon what is due, unless that is about to happen anyway."""
        with suppress(MailboxFull):
            self.tell(None)

    async def run(self) -> None:
        """Work until stopped; then give back what was not begun."""
        await super().run()
        await self._settle_and(Release(self._storage.owner))
        await self._channel.close()

    async def stop(self) -> None:
        """Begin nothing more, let what is under way finish, and end `run`."""
        self._relay.shut()
        if self._under_way:
            await asyncio.wait(self._under_way, timeout=FAREWELL)
        self.poke()
        self.close()

    async def handle(self, letters: Sequence[None]) -> None:
        """Settle what ended, and begin what is due."""
        limit = min(self._places(), self._relay.allows())
        if limit <= 0 and not self._unsettled:
            return
        claim = Claim(self._storage.owner, max(limit, 0), self._clock())
        for message in await self._settle_and(claim) or ():
            self._begin(message)

    def _places(self) -> int:
        """How many mails may begin; one at a time while somebody waits for more than mail."""
        return (1 if self._busy() else AT_ONCE) - len(self._under_way)

    async def _settle_and(self, last: Write[Any]) -> Any:
        """Settle what ended and carry out `last`; answer its result, None if it failed.

        What cannot be settled because storage is out of reach is kept for the next time.
        """
        settles = tuple(self._unsettled)
        *outcomes, result = await self._storage.commit([*settles, last])
        for settle, outcome in zip(settles, outcomes, strict=True):
            if not isinstance(outcome, Unavailable):
                self._unsettled.remove(settle)
        if isinstance(result, StorageError):
            log.warning("outbox out of reach", extra={"reason": str(result)})
            return None
        return result

    def _begin(self, message: Message) -> None:
        task = asyncio.create_task(self._carry(message), name=f"mail {message.id}")
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    async def _carry(self, message: Message) -> None:
        settle = await self._attempt(message)
        log.log(
            logging.INFO if settle.error is None else logging.WARNING,
            "mail %s",
            settle.state,
            extra={
                "messageId": message.id,
                "bookingId": message.booking_id,
                "kind": message.kind,
                "audience": message.audience,
                "attempt": message.attempts,
            },
        )
        self._unsettled.append(settle)
        self.poke()

    async def _attempt(self, message: Message) -> Settle:
        try:
            await self._channel.send(self._render(message))
        except Unreachable as error:
            self._relay.fault(error)
            return self._ended(message, MessageState.PENDING, error=str(error), refund=True)
        except Uncertain as error:
            return self._failed(message, error, least=UNCERTAIN)
        except Deferred as error:
            return self._failed(message, error)
        except Rejected as error:
            return self._ended(message, MessageState.DEAD, error=str(error))
        self._relay.works()
        return self._ended(message, MessageState.SENT)

    def _render(self, message: Message) -> EmailMessage:
        try:
            return self._renderer.mail(message)
        except Exception as error:
            raise Rejected(f"cannot be rendered: {error}") from error

    def _failed(
        self, message: Message, error: DeliveryError, least: timedelta = timedelta()
    ) -> Settle:
        self._relay.works()
        pause = pause_after(message.attempts)
        if pause is None:
            return self._ended(message, MessageState.DEAD, error=str(error))
        again = self._clock() + max(pause, least)
        return self._ended(message, MessageState.PENDING, error=str(error), again=again)

    def _ended(
        self,
        message: Message,
        state: MessageState,
        *,
        error: str | None = None,
        again: datetime | None = None,
        refund: bool = False,
    ) -> Settle:
        return Settle(
            message=message,
            state=state,
            at=self._clock(),
            next_attempt_at=again,
            error=error,
            refund=refund,
        )


class Circuit:
    """Keeps mails back while the relay cannot be used; one may try when the pause is over."""

    def __init__(self) -> None:
        self._backoff = Backoff(first=1.0, longest=30.0)
        self._open_until = 0.0
        self._faulty = False
        self._shut = False

    def allows(self) -> int:
        """How many mails may begin now."""
        if self._shut or asyncio.get_running_loop().time() < self._open_until:
            return 0
        return 1 if self._faulty else AT_ONCE

    def fault(self, error: Exception) -> None:
        """The relay could not be used; faults of mails that began together count as one."""
        now = asyncio.get_running_loop().time()
        if now < self._open_until:
            return
        self._faulty = True
        self._open_until = now + self._backoff.fault()
        log.error("mail relay unreachable; mails wait", extra={"reason": str(error)})

    def works(self) -> None:
        """The relay answered."""
        if self._faulty:
            log.info("mail relay reachable again")
        self._faulty = False
        self._backoff.reset()

    def shut(self) -> None:
        """Nothing more may begin."""
        self._shut = True
