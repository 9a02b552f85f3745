"""What requests may say. Unknown fields are refused by name, as marshmallow does by default."""

from collections.abc import Collection
from typing import Any, ClassVar

from marshmallow import Schema, ValidationError, fields, validates_schema

from bookingd.api.schemas.fields import (
    Answers,
    Choice,
    Count,
    Email,
    HoldToken,
    Id,
    Instant,
    Locale,
    Minutes,
    Phone,
    Several,
    Text,
    Zone,
)
from bookingd.exporting import Format
from bookingd.intake import MISSING
from storage.interface import Sort
from storage.model import BookingStatus

ANSWERS = 50
"""Questions that one booking may answer."""


class TimeSlot(Schema):
    """When: `startTime` with its offset, `duration` in minutes."""

    start_time = Instant(required=True, data_key="startTime")
    duration = Minutes(required=True, metadata={"description": "In minutes."})


class Contact(Schema):
    """Who books, and what for."""

    name = Text(200)
    email = Email()
    company = Text(200, allow_none=True)
    phone = Phone(
        allow_none=True,
        metadata={"description": "With a plus sign and country, or as it is dialled at home."},
    )
    inquiry = Text(
        5000, lines=True, allow_none=True, metadata={"description": "Text of several lines."}
    )
    answers = Answers(
        ANSWERS, metadata={"description": "Questions of the form and what the customer answered."}
    )
    time_zone = Zone(
        allow_none=True,
        data_key="timeZone",
        metadata={"description": "The customer's, of the IANA database: for times in mails."},
    )
    locale = Locale(
        allow_none=True,
        metadata={"description": "The customer's language (RFC 5646), such as `de-AT`."},
    )


class NewBooking(Contact):
    """A booking to be placed.

    Which contact fields are required besides `email` is told by the service's `requiredFields`, or
    else a setting; `answers` have to be what its `questions` ask for.
    """

    email = Email(required=True)
    time_slot = fields.Nested(TimeSlot, required=True, data_key="timeSlot")
    service_id = Id(
        data_key="serviceId", metadata={"description": "Needed where several services would fit."}
    )
    resource_id = Id(
        data_key="resourceId", metadata={"description": "Needed where several resources would fit."}
    )

    hold_token = HoldToken(
        data_key="holdToken",
        metadata={"description": "Of a hold of this slot, whose place the booking takes."},
    )

    example: ClassVar[dict[str, Any]] = {
        "name": "Ada Lovelace",
        "email": "ada@example.com",
        "company": "Example Ltd",
        "timeSlot": {"startTime": "2030-03-04T10:00:00+01:00", "duration": 30},
    }

    def __init__(self, usual: Collection[str] = (), **options: Any) -> None:
        super().__init__(**options)
        self._usual = usual

    def handle_error(self, error: ValidationError, data: Any, **_: Any) -> None:
        """To what is wrong, add what the house requires; no service is looked for any more."""
        if isinstance(data, dict) and "serviceId" not in data:
            for name in self._usual - data.keys():
                error.messages_dict.setdefault(name, [MISSING])


class EditedBooking(Contact):
    """What is to change; `timeSlot` moves the booking."""

    time_slot = fields.Nested(TimeSlot, data_key="timeSlot")

    example: ClassVar[dict[str, Any]] = {
        "phone": "+44 20 7946 0018",
        "timeSlot": {"startTime": "2030-03-04T11:00:00+01:00", "duration": 45},
    }


class Step(Schema):
    """A change of status."""

    status = Choice(BookingStatus, required=True)
    reason = Text(500, lines=True, metadata={"description": "Kept in the booking's history."})

    example: ClassVar[dict[str, Any]] = {"status": "CONFIRMED"}


class Selection(Schema):
    """The query of many bookings: filters and an order."""

    status = Several(BookingStatus, metadata={"description": "Any of these, parted by commas."})
    date_from = Instant(
        in_query=True, data_key="dateFrom", metadata={"description": "Starts then or later."}
    )
    date_to = Instant(
        in_query=True, data_key="dateTo", metadata={"description": "Starts before that."}
    )
    email = Text(254, metadata={"description": "This address, in whichever case."})
    q = Text(200, metadata={"description": "Part of name, company or e-mail."})
    service_id = Id(data_key="serviceId", metadata={"description": "Of this service."})
    resource_id = Id(data_key="resourceId", metadata={"description": "Of this resource."})
    updated_since = Instant(
        in_query=True, data_key="updatedSince", metadata={"description": "Changed then or later."}
    )
    sort = Choice(
        Sort,
        load_default=Sort.START,
        metadata={"description": "With a minus, the other direction."},
    )

    @validates_schema
    def _in_order(self, data: dict[str, Any], **_: Any) -> None:
        if "date_from" in data and "date_to" in data and data["date_from"] > data["date_to"]:
            raise ValidationError("Must not lie before dateFrom.", "dateTo")


class ListQuery(Selection):
    """The query of the list: besides, either a page or a cursor."""

    page = Count(1, 1_000_000, metadata={"description": "Pages come with totals."})
    limit = Count(1, 200, load_default=20, metadata={"description": "Bookings on a page."})
    cursor = fields.String(
        metadata={
            "description": "Instead of `page`: empty to begin with, then `nextCursor` of the "
            "page before. Any depth costs the same."
        }
    )

    @validates_schema
    def _page_or_cursor(self, data: dict[str, Any], **_: Any) -> None:
        if "page" in data and "cursor" in data:
            raise ValidationError("Use either page or cursor.", "cursor")


class ExportQuery(Selection):
    """The query of the export: besides, what the file is to be."""

    format = Choice(Format, load_default=Format.CSV)
    sort = Choice(
        Sort,
        load_default=Sort.CREATED,
        metadata={"description": "With a minus, the other direction."},
    )
