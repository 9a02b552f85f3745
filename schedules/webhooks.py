"""Webhooks: which calls an event of a booking owes, and what a call says and is signed with."""

import base64
import hmac
import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from storage.ids import new_id
from storage.model import (
    Audience,
    Booking,
    Due,
    EventKind,
    Message,
    MessageKind,
    MessageState,
    Webhook,
)

TEST = "webhook.test"
"""What a test call is told to be."""

_MARK = "whsec_"
_BYTES = 32


class EventName(StrEnum):
    """What a webhook may be told of: the kinds of events, as the world sees them."""

    PLACED = "booking.placed"
    CHANGED = "booking.changed"
    CONFIRMED = "booking.confirmed"
    CANCELLED = "booking.cancelled"
    COMPLETED = "booking.completed"
    NO_SHOW = "booking.no_show"


@dataclass(frozen=True, slots=True)
class Call:
    """What is posted to a webhook: the same at every attempt."""

    webhook_id: str
    message_id: str
    body: bytes


class CallRenderer:
    """Makes the call of a message; `encode` writes its type, its moment and its booking as JSON."""

    def __init__(self, encode: Callable[[str, datetime, Booking | None], bytes]) -> None:
        self._encode = encode

    def mail(self, due: Due) -> Call:
        """The same bytes at every attempt."""
        message = due.message
        body = self._encode(event_of(message), message.created_at, due.about)
        return Call(message.recipient, message.id, body)


def calls_owed(
    webhooks: Iterable[Webhook], kind: EventKind, booking: Booking, now: datetime
) -> list[Message]:
    """A call for each webhook that is active and wants to know of `kind`."""
    event = f"booking.{kind}"
    return [
        _call(webhook, MessageKind(kind), now, booking)
        for webhook in webhooks
        if webhook.active and (not webhook.events or event in webhook.events)
    ]


def call_to_test(webhook: Webhook, now: datetime) -> Message:
    """A call that only shows whether it arrives."""
    return _call(webhook, MessageKind.TEST, now)


def event_of(message: Message) -> str:
    """The name of the event that a call tells of."""
    return TEST if message.kind is MessageKind.TEST else f"booking.{message.kind}"


def new_secret() -> str:
    """A secret to sign with: 256 random bits, as Standard Webhooks write it."""
    return _MARK + base64.b64encode(secrets.token_bytes(_BYTES)).decode()


def signed(secrets_: Iterable[str], call: Call, now: datetime) -> dict[str, str]:
    """The headers of a call made at `now` (Standard Webhooks 1.0, "Webhook metadata").

    A signature by each secret, parted by blanks: so a receiver has time to learn a new one.
    """
    timestamp = int(now.timestamp())
    content = f"{call.message_id}.{timestamp}.".encode() + call.body
    return {
        "webhook-id": call.message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(_signature(secret, content) for secret in secrets_),
    }


def _signature(secret: str, content: bytes) -> str:
    key = base64.b64decode(secret.removeprefix(_MARK))
    return "v1," + base64.b64encode(hmac.digest(key, content, "sha256")).decode()


def _call(
    webhook: Webhook, kind: MessageKind, now: datetime, booking: Booking | None = None
) -> Message:
    return Message(
        id=new_id(now),
        booking_id=booking.id if booking else None,
        version=booking.version if booking else None,
        kind=kind,
        audience=Audience.WEBHOOK,
        recipient=webhook.id,
        state=MessageState.PENDING,
        created_at=now,
        due_at=now,
        next_attempt_at=now,
    )
