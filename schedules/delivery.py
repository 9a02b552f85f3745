"""One attempt to deliver one message, and what becomes of the message."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Protocol

from schedules.channels import (
    Channel,
    DeliveryError,
    NotOwed,
    Rejected,
    Uncertain,
    Unreachable,
)
from schedules.circuit import Circuit
from schedules.retry import UNCERTAIN, pause_after
from storage.model import Due, Message, MessageState
from storage.writes import Settle

log = logging.getLogger(__name__)

LONGEST_ERROR = 1000
"""Characters of an error that are kept."""


class Renderer(Protocol):
    """Makes of a message what its channel sends: a mail, or a call."""

    def mail(self, due: Due) -> Any:
        """Raises any exception when it cannot."""


class Delivery:
    """Renders, sends, and says in a `Settle` how it ended; it never raises."""

    def __init__(
        self,
        channel: Channel,
        renderer: Renderer,
        relay: Circuit,
        clock: Callable[[], datetime],
        pauses: Sequence[timedelta],
    ) -> None:
        self._channel = channel
        self._renderer = renderer
        self._relay = relay
        self._clock = clock
        self._pauses = pauses

    async def attempt(self, due: Due) -> Settle:
        """Try once."""
        message = due.message
        try:
            mail = self._renderer.mail(due)
        except Exception as error:  # noqa: BLE001 - templates can raise anything
            return self._dead(message, f"cannot be rendered: {error}")
        try:
            await self._channel.send(mail)
        except DeliveryError as error:
            return self._not_delivered(message, error)
        except Exception as error:
            log.exception("unforeseen fault of a channel", extra={"messageId": message.id})
            return self._later(message, str(error))
        self._relay.works()
        return Settle(message=message, state=MessageState.SENT, at=self._clock())

    def _not_delivered(self, message: Message, error: DeliveryError) -> Settle:
        if isinstance(error, Unreachable):
            return self._kept_back(message, error)
        self._relay.works()
        if isinstance(error, Rejected):
            return self._dead(message, str(error))
        if isinstance(error, NotOwed):
            return self._ended(message, MessageState.SUPERSEDED, str(error))
        at_least = UNCERTAIN if isinstance(error, Uncertain) else error.at_least
        return self._later(message, str(error), at_least)

    def _kept_back(self, message: Message, error: Unreachable) -> Settle:
        """As if nothing had been tried: it stays in line, unless it may be what breaks the relay.

        Then all others go first, or it would hold up everybody for ever.
        """
        pause = timedelta(seconds=self._relay.fault(error))
        settle = self._pending(message, str(error), pause, refund=True)
        return settle if error.at_mail else replace(settle, next_attempt_at=None)

    def _later(self, message: Message, error: str, at_least: timedelta = timedelta()) -> Settle:
        pause = pause_after(message.attempts, self._pauses)
        if pause is None:
            return self._dead(message, error)
        return self._pending(message, error, max(pause, at_least))

    def _pending(
        self, message: Message, error: str, pause: timedelta, *, refund: bool = False
    ) -> Settle:
        now = self._clock()
        return Settle(
            message=message,
            state=MessageState.PENDING,
            at=now,
            next_attempt_at=now + pause,
            error=_kept(error),
            refund=refund,
        )

    def _dead(self, message: Message, error: str) -> Settle:
        return self._ended(message, MessageState.DEAD, error)

    def _ended(self, message: Message, state: MessageState, error: str) -> Settle:
        return Settle(message=message, state=state, at=self._clock(), error=_kept(error))


def _kept(error: str) -> str:
    """Text that any database takes; a relay may say what is not UTF-8."""
    return error.encode("utf-8", "replace").decode().replace("\0", "?")[:LONGEST_ERROR]
