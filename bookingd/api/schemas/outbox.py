"""What is asked of the outbox over HTTP, and what it answers."""

from typing import Any, ClassVar

from marshmallow import Schema, ValidationError, fields, validates_schema

from bookingd.api.schemas.fields import Choice, Count, Id, Instant, Several
from bookingd.api.schemas.responses import Body
from storage.model import Audience, MessageKind, MessageState


class OutboxQuery(Schema):
    """The query of the list of messages: filters, and how far the client has come."""

    limit = Count(1, 200, load_default=20, metadata={"description": "Messages on a page."})
    cursor = Id(metadata={"description": "`nextCursor` of the page before."})
    state = Several(MessageState, metadata={"description": "Any of these, parted by commas."})
    kind = Several(MessageKind, metadata={"description": "Any of these, parted by commas."})
    booking_id = Id(data_key="bookingId", metadata={"description": "Of this booking."})
    due_from = Instant(
        in_query=True, data_key="dueFrom", metadata={"description": "Due then or later."}
    )
    due_to = Instant(in_query=True, data_key="dueTo", metadata={"description": "Due before that."})

    @validates_schema
    def _sensible(self, data: dict[str, Any], **_: Any) -> None:
        if "due_from" in data and "due_to" in data and data["due_from"] > data["due_to"]:
            raise ValidationError("Must not lie before dueFrom.", "dueTo")


class OutboxMessage(Body):
    """One mail owed to somebody. Instants are in UTC."""

    optional = frozenset({"recipient"})

    id = Id(metadata={"description": "Also the first part of the mail's `Message-ID`."})
    booking_id = Id(allow_none=True, metadata={"description": "Null for a test call."})
    version = fields.Integer(
        allow_none=True, metadata={"description": "Of the booking that it tells of."}
    )
    kind = Choice(MessageKind)
    audience = Choice(Audience)
    recipient = fields.String(metadata={"description": "Not shown to operator keys."})
    state = Choice(
        MessageState,
        metadata={
            "description": "`pending`: to be sent, now or later; `leased`: being sent; `sent`: "
            "the relay has it; `dead`: given up; `superseded`: a change of the booking made it "
            "void; `missed`: its appointment had begun."
        },
    )
    created_at = fields.DateTime()
    due_at = fields.DateTime(metadata={"description": "When it was or will be owed."})
    next_attempt_at = fields.DateTime(
        allow_none=True, metadata={"description": "When it is tried next, while it is pending."}
    )
    expires_at = fields.DateTime(
        allow_none=True, metadata={"description": "From then on it would be of no use."}
    )
    attempts = fields.Integer()
    last_error = fields.String(
        allow_none=True,
        metadata={
            "description": "Why the last attempt failed. What the relay said may name the "
            "customer: operator keys see the code and the phase alone."
        },
    )
    sent_at = fields.DateTime(allow_none=True)

    example: ClassVar[dict[str, Any]] = {
        "id": "0195a5fa-1f62-7d08-b0c5-51a7e09c3e44",
        "bookingId": "0195a1f0-3c4e-7c1b-9a53-2f6d8e1b7a90",
        "version": 1,
        "kind": "confirmed",
        "audience": "customer",
        "recipient": "ada@example.com",
        "state": "dead",
        "createdAt": "2030-02-12T14:03:07.120000Z",
        "dueAt": "2030-02-12T14:03:07.120000Z",
        "nextAttemptAt": None,
        "expiresAt": None,
        "attempts": 1,
        "lastError": "550 at RCPT: 5.1.1 there is no such mailbox",
        "sentAt": None,
    }


class OutboxPagination(Body):
    """How to go on."""

    limit = fields.Integer()
    next_cursor = fields.String(
        allow_none=True,
        metadata={"description": "The `cursor` of the next page; null on the last one."},
    )


class OutboxList(Body):
    """A page of messages."""

    data = fields.List(fields.Nested(OutboxMessage))
    pagination = fields.Nested(OutboxPagination)

    example: ClassVar[dict[str, Any]] = {
        "data": [OutboxMessage.example],
        "pagination": {"limit": 20, "nextCursor": None},
    }


class Retried(Body):
    """What is sent again."""

    retried = fields.Integer(metadata={"description": "Messages."})

    example: ClassVar[dict[str, Any]] = {"retried": 3}
