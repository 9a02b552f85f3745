"""What requests about services and resources may say, and what the answers look like."""

from typing import Any, ClassVar

from marshmallow import Schema, ValidationError, fields, post_load, validates_schema
from marshmallow.validate import Length

from bookingd.api.fields import (
    Choice,
    Colour,
    Day,
    Distinct,
    Email,
    Flag,
    Hours,
    Id,
    Openings,
    Region,
    Text,
    Whole,
    Zone,
)
from bookingd.api.responses import Body
from bookingd.api.schemas import ANSWERS
from storage import model
from storage.model import ContactField, QuestionType

DAY = 24 * 60
"""Minutes."""

YEAR = 365
"""Days."""

MOST_BOOKINGS = 10_000
"""That a cap may allow, or a session hold."""


class NewQuestion(Schema):
    """What a service asks of who books it; the answer is found in `answers` under `label`."""

    label = Text(200, required=True)
    type = Choice(QuestionType, metadata={"description": "What an answer may be."})
    required = Flag()
    choices = Distinct(
        Text(200), most=100, metadata={"description": "The answers of a `choice`, and of no other."}
    )

    @validates_schema
    def _choices(self, data: dict[str, Any], **_: Any) -> None:
        if (data.get("type") is QuestionType.CHOICE) != bool(data.get("choices")):
            raise ValidationError("Is needed for a choice, and for nothing else.", "choices")

    @post_load
    def _made(self, data: dict[str, Any], **_: Any) -> model.Question:
        return model.Question(**data)


class Questions(fields.List[Any]):
    """Questions with different labels."""

    def _deserialize(self, value: Any, *arguments: Any, **options: Any) -> Any:
        found: tuple[Any, ...] = tuple(super()._deserialize(value, *arguments, **options))
        if len({question.label for question in found}) < len(found):
            raise ValidationError("Must not have the same label twice.")
        return found


class NewService(Schema):
    """A service to be created."""

    name = Text(200, required=True)
    description = Text(
        5000, lines=True, allow_none=True, metadata={"description": "Text of several lines."}
    )
    durations = Distinct(
        Whole(1, DAY), most=50, metadata={"description": "In minutes; none means any."}
    )
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
    slot_step = Whole(
        1,
        DAY,
        allow_none=True,
        data_key="slotStep",
        metadata={
            "description": "Minutes from one start to the next, counted from each opening; null "
            "means the shortest duration, or 15."
        },
    )
    minimum_notice = Whole(
        0,
        YEAR * DAY,
        data_key="minimumNotice",
        metadata={"description": "Minutes before the start until which it can be booked."},
    )
    horizon = Whole(
        1,
        10 * YEAR,
        allow_none=True,
        metadata={"description": "How many days ahead it can be booked; null means any."},
    )
    daily_cap = Whole(
        1,
        MOST_BOOKINGS,
        allow_none=True,
        data_key="dailyCap",
        metadata={"description": "Bookings with one resource on one of its days; null means any."},
    )
    weekly_cap = Whole(
        1,
        MOST_BOOKINGS,
        allow_none=True,
        data_key="weeklyCap",
        metadata={"description": "The same in one of its weeks, which begin on Monday."},
    )
    capacity = Whole(
        1,
        MOST_BOOKINGS,
        metadata={"description": "Bookings that share a session: same resource, start and end."},
    )
    required_fields = Distinct(
        Choice(ContactField),
        most=len(ContactField),
        allow_none=True,
        data_key="requiredFields",
        metadata={
            "description": "Contact data that who books has to give, besides `email`; null means "
            "as the installation has it."
        },
    )
    questions = Questions(
        fields.Nested(NewQuestion),
        validate=Length(max=ANSWERS),
        metadata={"description": "Without questions, bookings may answer what they like."},
    )
    change_notice = Whole(
        0,
        YEAR * DAY,
        data_key="changeNotice",
        metadata={"description": "Minutes before the start until which customers move or cancel."},
    )
    needs_confirmation = Flag(
        data_key="needsConfirmation",
        metadata={"description": "Whether bookings are `PENDING` until somebody says yes."},
    )
    reminders = Distinct(
        Whole(1, 365 * DAY),
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


HOURS = (
    "When it is open, by its clock: an interval that ends before it begins ends on the next day; "
    "a day that is not named is closed; null means open at all hours."
)
HOLIDAYS = (
    "The country, or the part of it (ISO 3166-1 and 3166-2), on whose public holidays it is closed."
)


class NewResource(Schema):
    """A resource to be created."""

    name = Text(200, required=True)
    description = Text(
        5000, lines=True, allow_none=True, metadata={"description": "Text of several lines."}
    )
    email = Email(allow_none=True, metadata={"description": "Seen by keys that read everything."})
    time_zone = Zone(
        allow_none=True,
        data_key="timeZone",
        metadata={"description": "Of the IANA database; null means the house's."},
    )
    service_ids = Distinct(
        Id(),
        most=200,
        data_key="serviceIds",
        metadata={"description": "The services that it offers; none means all."},
    )
    hours = Hours(allow_none=True, metadata={"description": HOURS})
    holidays = Region(allow_none=True, metadata={"description": HOLIDAYS})

    example: ClassVar[dict[str, Any]] = {
        "name": "Grace",
        "timeZone": "Europe/Berlin",
        "hours": {"monday": ["09:00-12:30", "14:00-18:00"], "friday": ["18:00-02:00"]},
        "holidays": "DE-BE",
    }


class EditedResource(NewResource):
    """What is to change of a resource."""

    name = Text(200)
    archived = Flag(metadata={"description": "Into the archive, or out of it."})

    example: ClassVar[dict[str, Any]] = {"email": "grace@example.com"}


class NewClosure(Schema):
    """Days on which a resource does not keep its weekly hours."""

    first = Day(required=True)
    last = Day(metadata={"description": "Included; left out, it is the first."})
    hours = Openings(metadata={"description": "When it is open instead; none means closed."})
    reason = Text(200, allow_none=True, metadata={"description": "For yourselves."})

    @validates_schema
    def _in_order(self, data: dict[str, Any], **_: Any) -> None:
        if "first" in data and "last" in data and data["first"] > data["last"]:
            raise ValidationError("Must not lie before first.", "last")

    @post_load
    def _to_the_last(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        return {"last": data["first"], **data}

    example: ClassVar[dict[str, Any]] = {
        "first": "2027-12-24",
        "last": "2027-12-31",
        "reason": "Between the years",
    }


class EditedHours(Schema):
    """The opening hours of a week."""

    hours = Hours(allow_none=True, required=True, metadata={"description": HOURS})

    example: ClassVar[dict[str, Any]] = {"hours": NewResource.example["hours"]}


class CatalogueQuery(Schema):
    """The query of the lists of services and resources."""

    archived = Flag(
        in_query=True,
        load_default=False,
        metadata={"description": "Also the archived ones; needs a key that reads everything."},
    )


INTERNAL = frozenset({"version", "created_at", "updated_at", "archived", "archived_at"})
"""What customers do not see, of a service and of a resource."""


class Question(Body):
    """What a service asks of who books it; the answer is found in `answers` under `label`."""

    label = fields.String()
    type = Choice(QuestionType)
    required = fields.Boolean()
    choices = fields.List(fields.String())


class Service(Body):
    """What can be booked. Without a key that reads everything, only what concerns customers."""

    optional = INTERNAL | {"buffer_before", "buffer_after", "daily_cap", "weekly_cap", "reminders"}

    id = Id()
    name = fields.String()
    description = fields.String(allow_none=True)
    durations = fields.List(
        fields.Integer(), metadata={"description": "In minutes; none means any."}
    )
    price = fields.String(allow_none=True)
    colour = fields.String(allow_none=True, metadata={"description": "As `#rrggbb`."})
    slot_step = fields.Integer(
        allow_none=True,
        metadata={
            "description": "Minutes from one start to the next; null means the shortest duration, "
            "or 15."
        },
    )
    minimum_notice = fields.Integer(
        metadata={"description": "Minutes before the start until which it can be booked."}
    )
    horizon = fields.Integer(
        allow_none=True,
        metadata={"description": "How many days ahead it can be booked; null means any."},
    )
    capacity = fields.Integer(
        metadata={"description": "Bookings that share a session: same resource, start and end."}
    )
    required_fields = fields.List(
        Choice(ContactField),
        allow_none=True,
        metadata={"description": "Besides `email`; null means as the installation has it."},
    )
    questions = fields.List(fields.Nested(Question))
    change_notice = fields.Integer(
        metadata={"description": "Minutes before the start until which customers move or cancel."}
    )
    needs_confirmation = fields.Boolean()
    daily_cap = fields.Integer(
        allow_none=True,
        metadata={"description": "Bookings with one resource on one of its days; null means any."},
    )
    weekly_cap = fields.Integer(
        allow_none=True,
        metadata={"description": "The same in one of its weeks, which begin on Monday."},
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


class Resource(Body):
    """Who or what is booked. Without a key that reads everything, only what concerns customers."""

    optional = INTERNAL | {"email"}

    id = Id()
    name = fields.String()
    description = fields.String(allow_none=True)
    email = fields.String(allow_none=True)
    time_zone = fields.String(
        allow_none=True,
        metadata={"description": "Of the IANA database; null means the house's."},
    )
    service_ids = fields.List(
        Id(), metadata={"description": "The services that it offers; none means all."}
    )
    hours = Hours(allow_none=True, metadata={"description": HOURS})
    holidays = Region(allow_none=True, metadata={"description": HOLIDAYS})
    archived = fields.Boolean(metadata={"description": "Whether it takes no new bookings."})
    archived_at = fields.DateTime(allow_none=True)
    created_at = fields.DateTime()
    updated_at = fields.DateTime()
    version = fields.Integer(metadata={"description": "Counts every change; the `ETag`."})

    example: ClassVar[dict[str, Any]] = {
        "id": "0195a1ef-8d21-7b10-9c3d-6e5f4a3b2c10",
        "name": "Grace",
        "description": "On the first floor",
        "email": "grace@example.com",
        "timeZone": "Europe/Berlin",
        "serviceIds": [Service.example["id"]],
        "hours": NewResource.example["hours"],
        "holidays": "DE-BE",
        "archived": False,
        "archivedAt": None,
        "createdAt": "2027-02-12T14:03:07.120000Z",
        "updatedAt": "2027-02-12T14:03:07.120000Z",
        "version": 1,
    }


class ResourceList(Body):
    """Resources, oldest first."""

    data = fields.List(fields.Nested(Resource))

    example: ClassVar[dict[str, Any]] = {"data": [Resource.example]}


class Week(Body):
    """The opening hours of a week."""

    hours = Hours(allow_none=True, metadata={"description": HOURS})

    example: ClassVar[dict[str, Any]] = EditedHours.example


class Closure(Body):
    """Days on which a resource does not keep its weekly hours."""

    optional = frozenset({"reason"})

    id = Id()
    first = fields.Date()
    last = fields.Date(metadata={"description": "Included."})
    hours = Openings(metadata={"description": "When it is open instead; none means closed."})
    reason = fields.String(
        allow_none=True, metadata={"description": "Seen by keys that read everything."}
    )

    example: ClassVar[dict[str, Any]] = {
        "id": "0195a1ef-8d22-7c31-8a4e-7f60514c3d20",
        "hours": [],
        **NewClosure.example,
    }


class ClosureList(Body):
    """The closures of a resource, by their days."""

    data = fields.List(fields.Nested(Closure))

    example: ClassVar[dict[str, Any]] = {"data": [Closure.example]}
