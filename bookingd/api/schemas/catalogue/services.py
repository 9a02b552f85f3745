"""What is said of services."""

from collections.abc import Mapping
from typing import Any, ClassVar

from marshmallow import Schema, fields
from marshmallow.validate import Length

from bookingd.api.schemas.bookings import ANSWERS
from bookingd.api.schemas.catalogue.common import INTERNAL
from bookingd.api.schemas.catalogue.questions import NewQuestion, Question, Questions
from bookingd.api.schemas.fields import Choice, Colour, Distinct, Flag, Id, Text, Whole
from bookingd.api.schemas.responses import Body
from storage.model import ContactField

DAY = 24 * 60
"""Minutes."""

YEAR = 365
"""Days."""

MOST_BOOKINGS = 10_000
"""That a cap may allow, or a session hold."""

_SAID: Mapping[str, Mapping[str, str]] = {
    "durations": {"description": "In minutes; none means any."},
    "slot_step": {
        "description": "Minutes from one start to the next, counted from each opening; null "
        "means the shortest duration, or 15."
    },
    "minimum_notice": {"description": "Minutes before the start until which it can be booked."},
    "horizon": {"description": "How many days ahead it can be booked; null means any."},
    "daily_cap": {"description": "Bookings with one resource on one of its days; null means any."},
    "weekly_cap": {"description": "The same in one of its weeks, which begin on Monday."},
    "capacity": {"description": "Bookings that share a session: same resource, start and end."},
    "required_fields": {
        "description": "Contact data that who books has to give, besides `email`; null means "
        "as the installation has it."
    },
    "change_notice": {
        "description": "Minutes before the start until which customers move or cancel."
    },
}
"""What is said of a field wherever it stands."""


class NewService(Schema):
    """A service to be created."""

    name = Text(200, required=True)
    description = Text(
        5000, lines=True, allow_none=True, metadata={"description": "Text of several lines."}
    )
    durations = Distinct(Whole(1, DAY), most=50, metadata=_SAID["durations"])
    price = Text(100, allow_none=True, metadata={"description": "As people read it."})
    colour = Colour(allow_none=True)
    buffer_before = Whole(
        0,
        DAY,
        data_key="bufferBefore",
        metadata={"description": "Minutes that are kept free before each booking."},
    )
    buffer_after = Whole(
        0,
        DAY,
        data_key="bufferAfter",
        metadata={"description": "Minutes that are kept free after each booking."},
    )
    slot_step = Whole(1, DAY, allow_none=True, data_key="slotStep", metadata=_SAID["slot_step"])
    minimum_notice = Whole(
        0, YEAR * DAY, data_key="minimumNotice", metadata=_SAID["minimum_notice"]
    )
    horizon = Whole(1, 10 * YEAR, allow_none=True, metadata=_SAID["horizon"])
    daily_cap = Whole(
        1, MOST_BOOKINGS, allow_none=True, data_key="dailyCap", metadata=_SAID["daily_cap"]
    )
    weekly_cap = Whole(
        1,
        MOST_BOOKINGS,
        allow_none=True,
        data_key="weeklyCap",
        metadata=_SAID["weekly_cap"],
    )
    capacity = Whole(1, MOST_BOOKINGS, metadata=_SAID["capacity"])
    required_fields = Distinct(
        Choice(ContactField),
        most=len(ContactField),
        allow_none=True,
        data_key="requiredFields",
        metadata=_SAID["required_fields"],
    )
    questions = Questions(
        fields.Nested(NewQuestion),
        validate=Length(max=ANSWERS),
        metadata={"description": "Without questions, bookings may answer what they like."},
    )
    change_notice = Whole(0, YEAR * DAY, data_key="changeNotice", metadata=_SAID["change_notice"])
    needs_confirmation = Flag(
        data_key="needsConfirmation",
        metadata={"description": "Whether bookings are `PENDING` until somebody says yes."},
    )
    reminders = Distinct(
        Whole(1, YEAR * DAY),
        most=20,
        allow_none=True,
        metadata={
            "description": "Minutes before the start at which customers are reminded; none means "
            "never, null as for every other service."
        },
    )

    example: ClassVar[dict[str, Any]] = {
        "name": "Haircut",
        "durations": [30, 60],
        "price": "from 45 €",
        "bufferAfter": 10,
        "slotStep": 15,
        "minimumNotice": 120,
        "horizon": 60,
        "requiredFields": ["name", "phone"],
        "questions": [
            {"label": "How long is your hair?", "type": "choice", "choices": ["short", "long"]}
        ],
        "reminders": [2880, 120],
    }


class EditedService(NewService):
    """What is to change of a service."""

    name = Text(200)
    archived = Flag(metadata={"description": "Into the archive, or out of it."})

    example: ClassVar[dict[str, Any]] = {"price": "from 48 €"}


class Service(Body):
    """What can be booked. Without a key that reads everything, only what concerns customers."""

    optional = INTERNAL | {"buffer_before", "buffer_after", "daily_cap", "weekly_cap", "reminders"}

    id = Id()
    name = fields.String()
    description = fields.String(allow_none=True)
    durations = fields.List(fields.Integer(), metadata=_SAID["durations"])
    price = fields.String(allow_none=True)
    colour = fields.String(allow_none=True, metadata={"description": "As `#rrggbb`."})
    slot_step = fields.Integer(
        allow_none=True,
        metadata=_SAID["slot_step"],
    )
    minimum_notice = fields.Integer(metadata=_SAID["minimum_notice"])
    horizon = fields.Integer(
        allow_none=True,
        metadata=_SAID["horizon"],
    )
    capacity = fields.Integer(metadata=_SAID["capacity"])
    required_fields = fields.List(
        Choice(ContactField),
        allow_none=True,
        metadata=_SAID["required_fields"],
    )
    questions = fields.List(fields.Nested(Question))
    change_notice = fields.Integer(metadata=_SAID["change_notice"])
    needs_confirmation = fields.Boolean()
    daily_cap = fields.Integer(
        allow_none=True,
        metadata=_SAID["daily_cap"],
    )
    weekly_cap = fields.Integer(
        allow_none=True,
        metadata=_SAID["weekly_cap"],
    )
    buffer_before = fields.Integer(metadata={"description": "In minutes."})
    buffer_after = fields.Integer(metadata={"description": "In minutes."})
    reminders = fields.List(
        fields.Integer(),
        allow_none=True,
        metadata={"description": "Minutes before the start; null means as for every service."},
    )
    archived = fields.Boolean(metadata={"description": "Whether it takes no new bookings."})
    archived_at = fields.DateTime(allow_none=True)
    created_at = fields.DateTime()
    updated_at = fields.DateTime()
    version = fields.Integer(metadata={"description": "Counts every change; the `ETag`."})

    example: ClassVar[dict[str, Any]] = {
        "id": "0195a1ef-8d20-7a44-8f0e-5b7c1d2e3f40",
        "name": "Haircut",
        "description": None,
        "durations": [30, 60],
        "price": "from 45 €",
        "colour": "#3366ff",
        "slotStep": 15,
        "minimumNotice": 120,
        "horizon": 60,
        "capacity": 1,
        "requiredFields": ["name", "phone"],
        "questions": [
            {
                "label": "How long is your hair?",
                "type": "choice",
                "required": False,
                "choices": ["short", "long"],
            }
        ],
        "changeNotice": 0,
        "needsConfirmation": False,
        "dailyCap": None,
        "weeklyCap": None,
        "bufferBefore": 0,
        "bufferAfter": 10,
        "reminders": [2880, 120],
        "archived": False,
        "archivedAt": None,
        "createdAt": "2027-02-12T14:03:07.120000Z",
        "updatedAt": "2027-02-12T14:03:07.120000Z",
        "version": 1,
    }


class ServiceList(Body):
    """Services, oldest first."""

    data = fields.List(fields.Nested(Service))

    example: ClassVar[dict[str, Any]] = {"data": [Service.example]}
