"""What customers say and are told of the booking that they have a link to."""

from typing import Any, ClassVar

from marshmallow import Schema, fields

from bookingd.api.present import camel_case
from bookingd.api.schemas import catalogue, responses
from bookingd.api.schemas.bookings import TimeSlot
from bookingd.api.schemas.fields import Text
from bookingd.api.schemas.responses import Body


class Move(Schema):
    """Another time."""

    time_slot = fields.Nested(TimeSlot, required=True, data_key="timeSlot")

    example: ClassVar[dict[str, Any]] = {
        "timeSlot": {"startTime": "2030-03-05T10:00:00+01:00", "duration": 30}
    }


class Cancellation(Schema):
    """A cancellation by the customer."""

    reason = Text(500, lines=True, metadata={"description": "Kept in the booking's history."})

    example: ClassVar[dict[str, Any]] = {"reason": "I have caught a cold."}


def _seen(body: type[Body]) -> dict[str, Any]:
    """Of its example what customers see."""
    hidden = set(map(camel_case, body.optional))
    return {name: value for name, value in body.example.items() if name not in hidden}


class ManagedBooking(Body):
    """A booking as its customer sees it, and what the customer may do with it now."""

    booking = fields.Nested(responses.Booking)
    service = fields.Nested(catalogue.Service)
    resource = fields.Nested(catalogue.Resource)
    time_zone = fields.String(
        metadata={"description": "In which mails tell the times: the customer's or the house's."}
    )
    changeable_until = fields.DateTime(
        metadata={"description": "From then on the customer can change nothing any more."}
    )
    may_move = fields.Boolean(metadata={"description": "Whether it can be moved now."})
    may_cancel = fields.Boolean(metadata={"description": "Whether it can be cancelled now."})
    manage_url = fields.String(
        metadata={"description": "The link to the booking as it is now.", "format": "uri"}
    )

    example: ClassVar[dict[str, Any]] = {
        "booking": responses.Booking.example,
        "service": _seen(catalogue.Service),
        "resource": _seen(catalogue.Resource),
        "timeZone": "Europe/Lisbon",
        "changeableUntil": "2030-03-03T09:00:00Z",
        "mayMove": True,
        "mayCancel": True,
        "manageUrl": "https://booking.example.com/manage#"
        "kXvXo2Zc1Zk0s8m4Wq5zYQGVofA8Tnwbmlegfo4be5AAAAAB",
    }
