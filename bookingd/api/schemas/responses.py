"""What the bodies of responses look like, for the documentation.

`present.py` makes them, faster than a schema would; tests hold every response to these.
"""

from typing import Any, ClassVar

from marshmallow import EXCLUDE, Schema, fields

from bookingd.api.errors import Code
from bookingd.api.present import camel_case
from bookingd.api.schemas.bookings import TimeSlot
from bookingd.api.schemas.fields import Choice, Id
from storage.model import Audience, BookingStatus, EventKind, MessageKind, MessageState


class Body(Schema):
    """All members are there unless `optional`. Clients put up with members that are new to them."""

    optional: ClassVar[frozenset[str]] = frozenset()
    example: ClassVar[dict[str, Any]]

    class Meta:
        """Nothing forbids further members."""

        unknown = EXCLUDE

    def on_bind_field(self, field_name: str, field_obj: fields.Field[Any]) -> None:
        """Names are in camelCase."""
        field_obj.data_key = camel_case(field_name)
        field_obj.required = field_name not in self.optional


class Booking(Body):
    """One appointment of one customer. Instants are in UTC."""

    optional = frozenset({"manage_url"})

    id = Id()
    service_id = Id()
    resource_id = Id()
    name = fields.String()
    email = fields.String()
    company = fields.String(allow_none=True)
    phone = fields.String(allow_none=True)
    inquiry = fields.String(allow_none=True)
    answers = fields.Dict(
        keys=fields.String(),
        values=fields.String(),
        metadata={"description": "By question, the customer's answer."},
    )
    time_zone = fields.String(
        allow_none=True, metadata={"description": "The customer's, of the IANA database."}
    )
    locale = fields.String(allow_none=True, metadata={"description": "The customer's (RFC 5646)."})
    time_slot = fields.Nested(TimeSlot)
    start_time = fields.DateTime()
    end_time = fields.DateTime(metadata={"description": "The first instant that is free again."})
    duration = fields.Integer(metadata={"description": "In minutes."})
    status = Choice(BookingStatus)
    created_at = fields.DateTime()
    updated_at = fields.DateTime()
    confirmation_sent = fields.Boolean(
        metadata={"description": "Whether the customer's confirmation was accepted by the relay."}
    )
    reminder_sent = fields.Boolean(
        metadata={"description": "Whether a reminder was accepted by the relay."}
    )
    version = fields.Integer(metadata={"description": "Counts every change; the `ETag`."})
    manage_url = fields.String(
        allow_none=True,
        metadata={
            "description": "Where the customer can see, move and cancel it: for whoever has placed "
            "it, and for admin keys. Each version has another; null once it is not live.",
            "format": "uri",
        },
    )

    example: ClassVar[dict[str, Any]] = {
        "id": "0195a1f0-3c4e-7c1b-9a53-2f6d8e1b7a90",
        "serviceId": "0195a1ef-8d20-7a44-8f0e-5b7c1d2e3f40",
        "resourceId": "0195a1ef-8d21-7b10-9c3d-6e5f4a3b2c10",
        "name": "Ada Lovelace",
        "email": "ada@example.com",
        "company": "Example Ltd",
        "phone": "+44 20 7946 0018",
        "inquiry": "Is there a step at the door?",
        "answers": {"How did you hear of us?": "From a friend."},
        "timeZone": "Europe/Lisbon",
        "locale": "pt-PT",
        "timeSlot": {"startTime": "2030-03-04T09:00:00Z", "duration": 30},
        "startTime": "2030-03-04T09:00:00Z",
        "endTime": "2030-03-04T09:30:00Z",
        "duration": 30,
        "status": "CONFIRMED",
        "createdAt": "2030-02-12T14:03:07.120000Z",
        "updatedAt": "2030-02-12T14:03:07.120000Z",
        "confirmationSent": False,
        "reminderSent": False,
        "version": 1,
    }


class Pagination(Body):
    """Where a page lies in the list. With `cursor` nothing is counted."""

    optional = frozenset({"page", "total", "total_pages"})

    limit = fields.Integer()
    page = fields.Integer()
    total = fields.Integer()
    total_pages = fields.Integer()
    next_cursor = fields.String(
        allow_none=True,
        metadata={"description": "The `cursor` of the next page; null on the last one."},
    )


class BookingList(Body):
    """A page of bookings."""

    data = fields.List(fields.Nested(Booking))
    pagination = fields.Nested(Pagination)

    example: ClassVar[dict[str, Any]] = {
        "data": [Booking.example],
        "pagination": {"page": 1, "limit": 20, "total": 1, "totalPages": 1, "nextCursor": None},
    }


class BookingExport(Body):
    """All bookings that fit."""

    data = fields.List(fields.Nested(Booking))

    example: ClassVar[dict[str, Any]] = {"data": [Booking.example]}


class FieldChange(Body):
    """What a field was, and what it became."""

    before = fields.Raw(allow_none=True)
    after = fields.Raw(allow_none=True)


class Message(Body):
    """A mail that an event caused, and how it went."""

    id = Id()
    kind = Choice(MessageKind)
    audience = Choice(Audience)
    recipient = fields.String()
    state = Choice(MessageState)
    due_at = fields.DateTime()
    attempts = fields.Integer()
    sent_at = fields.DateTime(allow_none=True)
    last_error = fields.String(allow_none=True)


class Event(Body):
    """Something that happened to a booking."""

    version = fields.Integer(metadata={"description": "The booking's, which this made."})
    kind = Choice(EventKind)
    at = fields.DateTime()
    actor = fields.String(metadata={"description": "The name of the key that did it."})
    reason = fields.String(allow_none=True)
    changes = fields.Dict(
        keys=fields.String(),
        values=fields.Nested(FieldChange),
        metadata={"description": "By field of the booking."},
    )
    messages = fields.List(fields.Nested(Message))


class History(Body):
    """The events of a booking, oldest first."""

    data = fields.List(fields.Nested(Event))

    example: ClassVar[dict[str, Any]] = {
        "data": [
            {
                "version": 2,
                "kind": "changed",
                "at": "2030-02-13T08:15:00.482000Z",
                "actor": "front desk",
                "reason": None,
                "changes": {
                    "startTime": {"before": "2030-03-04T09:00:00Z", "after": "2030-03-04T11:00:00Z"}
                },
                "messages": [
                    {
                        "id": "0195a5fa-1f62-7d08-b0c5-51a7e09c3e44",
                        "kind": "changed",
                        "audience": "customer",
                        "recipient": "ada@example.com",
                        "state": "sent",
                        "dueAt": "2030-02-13T08:15:00.482000Z",
                        "attempts": 1,
                        "sentAt": "2030-02-13T08:15:01.027000Z",
                        "lastError": None,
                    }
                ],
            }
        ]
    }


class FieldError(Body):
    """What is wrong with one field or parameter."""

    field = fields.String(metadata={"description": "Its path, such as `timeSlot.duration`."})
    message = fields.String()


class Error(Body):
    """The one body of every error, with the members of RFC 9457, section 3.1."""

    optional = frozenset({"next_available"})

    status_code = fields.Integer()
    message = fields.String(metadata={"description": "For people; it may change."})
    error_code = fields.String(
        metadata={
            "enum": list(dict.fromkeys(code.text for code in Code)),
            "description": "For programs; it never changes.\n\n"
            + "\n".join(f"- `{code.text}` ({code.status}): {code.meaning}" for code in Code),
        }
    )
    timestamp = fields.DateTime()
    request_id = fields.String(metadata={"description": "As in `X-Request-Id` and in the log."})
    errors = fields.List(fields.Nested(FieldError))
    type = fields.String(metadata={"format": "uri", "description": "The code as a URN."})
    title = fields.String(metadata={"description": "What the code means."})
    status = fields.Integer()
    detail = fields.String()
    next_available = fields.List(
        fields.Nested(TimeSlot),
        metadata={"description": "With `SLOT_TAKEN`: up to three slots that are free."},
    )
