"""What requests may say. Unknown fields are refused by name, as marshmallow does by default."""

from collections.abc import Collection
from typing import Any

from marshmallow import Schema, ValidationError, fields, validates_schema

from bookingd.api.fields import (
    LOCALE,
    Answers,
    Choice,
    Count,
    Email,
    Id,
    Instant,
    Minutes,
    Phone,
    Several,
    Text,
    Zone,
)
from storage.interface import Sort
from storage.model import BookingStatus

ANSWERS = 50
"""Questions that one booking may answer."""


class TimeSlot(Schema):
    """When: `startTime` with its offset, `duration` in minutes."""

    start_time = Instant(required=True, data_key="startTime")
    duration = Minutes(required=True)


class Contact(Schema):
    """Who books, and what for."""

    name = Text(200)
    email = Email()
    company = Text(200, allow_none=True)
    phone = Phone(allow_none=True)
    inquiry = Text(5000, lines=True, allow_none=True)
    answers = Answers(ANSWERS)
    time_zone = Zone(allow_none=True, data_key="timeZone")
    locale = Text(35, allow_none=True, validate=LOCALE)


class NewBooking(Contact):
    """The body of a booking to be placed."""

    time_slot = fields.Nested(TimeSlot, required=True, data_key="timeSlot")
    service_id = Id(data_key="serviceId")
    resource_id = Id(data_key="resourceId")


class EditedBooking(Contact):
    """The body of an edit: whatever is to change."""

    time_slot = fields.Nested(TimeSlot, data_key="timeSlot")


class Step(Schema):
    """The body of a change of status."""

    status = Choice(BookingStatus, required=True)
    reason = Text(500, lines=True)


class ListQuery(Schema):
    """The query of the list: filters, an order, and either a page or a cursor."""

    page = Count(1, 1_000_000)
    limit = Count(1, 200, load_default=20)
    cursor = fields.String()
    status = Several(BookingStatus)
    date_from = Instant(in_query=True, data_key="dateFrom")
    date_to = Instant(in_query=True, data_key="dateTo")
    email = Text(254)
    q = Text(200)
    service_id = Id(data_key="serviceId")
    resource_id = Id(data_key="resourceId")
    updated_since = Instant(in_query=True, data_key="updatedSince")
    sort = Choice(Sort, load_default=Sort.START)

    @validates_schema
    def _sensible(self, data: dict[str, Any], **_: Any) -> None:
        if "page" in data and "cursor" in data:
            raise ValidationError("Use either page or cursor.", "cursor")
        if "date_from" in data and "date_to" in data and data["date_from"] > data["date_to"]:
            raise ValidationError("Must not lie before dateFrom.", "dateTo")


def new_booking(required: Collection[str]) -> NewBooking:
    """The schema of a booking to be placed, with the contact fields that are asked for here."""
    schema = NewBooking()
    for name in required:
        schema.fields[name].required = True
        schema.fields[name].allow_none = False
    return schema
