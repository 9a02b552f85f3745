"""What requests may say. Unknown fields are refused by name, as marshmallow does by default."""

from collections.abc import Collection
from typing import Any

from marshmallow import Schema, ValidationError, fields, validates_schema

from bookingd.api.fields import (
    COLOUR,
    LOCALE,
    Answers,
    Choice,
    Count,
    Distinct,
    Email,
    Flag,
    Id,
    Instant,
    Minutes,
    Phone,
    Several,
    Text,
    Whole,
    Zone,
)
from storage.interface import Sort
from storage.model import BookingStatus

DAY = 24 * 60
"""Minutes."""

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


class NewService(Schema):
    """The body of a service to be created; durations and buffers in minutes."""

    name = Text(200, required=True)
    description = Text(5000, lines=True, allow_none=True)
    durations = Distinct(Whole(1, DAY), most=50)
    price = Text(100, allow_none=True)
    colour = fields.String(allow_none=True, validate=COLOUR)
    buffer_before = Whole(0, DAY, data_key="bufferBefore")
    buffer_after = Whole(0, DAY, data_key="bufferAfter")
    needs_confirmation = Flag(data_key="needsConfirmation")


class EditedService(NewService):
    """The body of a change of a service: whatever is to change."""

    name = Text(200)
    archived = Flag()


class NewResource(Schema):
    """The body of a resource to be created."""

    name = Text(200, required=True)
    description = Text(5000, lines=True, allow_none=True)
    email = Email(allow_none=True)
    time_zone = Zone(allow_none=True, data_key="timeZone")
    service_ids = Distinct(Id(), most=200, data_key="serviceIds")


class EditedResource(NewResource):
    """The body of a change of a resource: whatever is to change."""

    name = Text(200)
    archived = Flag()


class CatalogueQuery(Schema):
    """The query of the lists of services and resources."""

    archived = Flag(in_query=True, load_default=False)


def new_booking(required: Collection[str]) -> NewBooking:
    """The schema of a booking to be placed, with the contact fields that are asked for here."""
    schema = NewBooking()
    for name in required:
        schema.fields[name].required = True
        schema.fields[name].allow_none = False
    return schema
