"""What is said of holds."""

from typing import Any, ClassVar

from marshmallow import Schema, fields

from bookingd.api.schemas.bookings import TimeSlot
from bookingd.api.schemas.fields import Id
from bookingd.api.schemas.responses import Body


class NewHold(Schema):
    """A slot to be kept."""

    time_slot = fields.Nested(TimeSlot, required=True, data_key="timeSlot")
    service_id = Id(
        data_key="serviceId", metadata={"description": "Needed where several services would fit."}
    )
    resource_id = Id(
        data_key="resourceId",
        metadata={"description": "Left out, it is any that is free: the idlest of the day."},
    )

    example: ClassVar[dict[str, Any]] = {
        "timeSlot": {"startTime": "2030-03-04T10:00:00+01:00", "duration": 30},
    }


class Hold(Body):
    """A slot that is kept until `expiresAt`, for whoever has the token."""

    optional = frozenset({"hold_token"})

    hold_token = fields.String(
        metadata={"description": "What a booking of this slot needs; told once, when it is made."}
    )
    service_id = Id()
    resource_id = Id()
    start_time = fields.DateTime()
    end_time = fields.DateTime(metadata={"description": "The first instant that is free again."})
    duration = fields.Integer(metadata={"description": "In minutes."})
    expires_at = fields.DateTime(
        metadata={"description": "From then on it is free for others, and the token is worthless."}
    )
    extended = fields.Boolean(metadata={"description": "Whether it was; it can be once."})

    example: ClassVar[dict[str, Any]] = {
        "holdToken": "3hN0cZb5s9hX2m7yqv8Jr1kT4wL6uPzD-aEfGiHoQKM",
        "serviceId": "0195a1ef-8d20-7a44-8f0e-5b7c1d2e3f40",
        "resourceId": "0195a1ef-8d21-7b10-9c3d-6e5f4a3b2c10",
        "startTime": "2030-03-04T09:00:00Z",
        "endTime": "2030-03-04T09:30:00Z",
        "duration": 30,
        "expiresAt": "2030-02-01T12:05:00Z",
        "extended": False,
    }
