"""What requests about webhooks may say, and what the answers look like."""

from typing import Any, ClassVar

from marshmallow import Schema, fields

from bookingd.api.schemas.fields import Choice, Count, Distinct, Flag, Id, Several, Text, Url, Whole
from bookingd.api.schemas.responses import Body, Pagination
from schedules.webhooks import TEST, EventName
from storage.model import MessageState

GRACE = 24
MOST_GRACE = 8760
"""Hours for which calls are signed with an old secret, too."""

NEW = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"
"""An example of a secret: that of the documentation of Standard Webhooks."""


class NewWebhook(Schema):
    """A webhook to be made."""

    url = Url(required=True, metadata={"description": "Where to call."})
    description = Text(200, allow_none=True, metadata={"description": "For people."})
    events = Distinct(
        Choice(EventName),
        most=len(EventName),
        metadata={"description": "What to be told of; none means everything."},
    )
    active = Flag(metadata={"description": "Whether to call."})

    example: ClassVar[dict[str, Any]] = {
        "url": "https://hooks.example.com/bookings",
        "events": ["booking.placed", "booking.cancelled"],
    }


class EditedWebhook(NewWebhook):
    """What is to change of a webhook."""

    url = Url(metadata={"description": "Where to call."})

    example: ClassVar[dict[str, Any]] = {"active": False}


class Roll(Schema):
    """How a secret is to be rolled."""

    grace = Whole(
        0,
        MOST_GRACE,
        load_default=GRACE,
        metadata={
            "description": "For so many hours calls are signed with the old secret, too; 0 for a "
            "secret that others have got to know."
        },
    )

    example: ClassVar[dict[str, Any]] = {"grace": GRACE}


class DeliveriesQuery(Schema):
    """The query of the log of calls."""

    state = Several(MessageState, metadata={"description": "Any of these, parted by commas."})
    limit = Count(1, 200, load_default=20, metadata={"description": "Calls on a page."})
    cursor = Id(metadata={"description": "`nextCursor` of the page before."})


def reaching(schema: NewWebhook, *, anywhere: bool) -> NewWebhook:
    """The schema, for webhooks that may lead to private addresses or only to public ones."""
    schema.fields["url"].anywhere = anywhere  # type: ignore[attr-defined]
    return schema


class Webhook(Body):
    """Where to call when a booking meets with an event."""

    optional = frozenset({"secret"})

    id = Id()
    url = fields.String()
    description = fields.String(allow_none=True)
    events = fields.List(
        Choice(EventName), metadata={"description": "What it is told of; none means everything."}
    )
    active = fields.Boolean(metadata={"description": "Whether it is called."})
    why_off = fields.String(
        allow_none=True, metadata={"description": "Why it is not, if nobody switched it off."}
    )
    old_secret_until = fields.DateTime(
        allow_none=True,
        metadata={"description": "Until then calls are signed with the secret before, too."},
    )
    secret = fields.String(
        metadata={"description": "What calls are signed with; told once, when it is made."}
    )
    created_at = fields.DateTime()
    updated_at = fields.DateTime()
    version = fields.Integer(metadata={"description": "Counts every change; the `ETag`."})

    example: ClassVar[dict[str, Any]] = {
        "id": "0195a1f4-6b10-7d52-9a1c-3e8f7b6a5d40",
        "url": "https://hooks.example.com/bookings",
        "description": None,
        "events": ["booking.placed", "booking.cancelled"],
        "active": True,
        "whyOff": None,
        "oldSecretUntil": None,
        "createdAt": "2030-02-12T14:03:07.120000Z",
        "updatedAt": "2030-02-12T14:03:07.120000Z",
        "version": 1,
    }


class MadeWebhook(Webhook):
    """A webhook, and this once its secret."""

    optional = frozenset()

    example: ClassVar[dict[str, Any]] = {**Webhook.example, "secret": NEW}


class WebhookList(Body):
    """Webhooks, oldest first."""

    data = fields.List(fields.Nested(Webhook))

    example: ClassVar[dict[str, Any]] = {"data": [Webhook.example]}


class Delivery(Body):
    """A message of the outbox that is a call, and how it went."""

    id = Id(metadata={"description": "As in `webhook-id`."})
    event = fields.String(metadata={"enum": [*EventName, TEST]})
    booking_id = fields.String(allow_none=True, metadata={"format": "uuid"})
    booking_version = fields.Integer(
        allow_none=True, metadata={"description": "The version of the booking that it tells of."}
    )
    state = Choice(MessageState)
    created_at = fields.DateTime()
    attempts = fields.Integer()
    next_attempt_at = fields.DateTime(
        allow_none=True, metadata={"description": "Null unless it is `pending`."}
    )
    sent_at = fields.DateTime(
        allow_none=True, metadata={"description": "When it was answered with 2xx."}
    )
    last_error = fields.String(
        allow_none=True,
        metadata={"description": "Of the last attempt: the status or fault, and what was said."},
    )

    example: ClassVar[dict[str, Any]] = {
        "id": "0195a5fa-1f62-7d08-b0c5-51a7e09c3e44",
        "event": "booking.placed",
        "bookingId": "0195a1f0-3c4e-7c1b-9a53-2f6d8e1b7a90",
        "bookingVersion": 1,
        "state": "pending",
        "createdAt": "2030-02-13T08:15:00.482000Z",
        "attempts": 2,
        "nextAttemptAt": "2030-02-13T08:15:06.901000Z",
        "sentAt": None,
        "lastError": "500: Internal Server Error",
    }


class DeliveryList(Body):
    """Calls, newest first."""

    data = fields.List(fields.Nested(Delivery))
    pagination = fields.Nested(Pagination)

    example: ClassVar[dict[str, Any]] = {
        "data": [Delivery.example],
        "pagination": {"limit": 20, "nextCursor": None},
    }
