"""What requests about services and resources may say, and what the answers look like."""

from typing import Any, ClassVar

from marshmallow import Schema, fields

from bookingd.api.fields import Colour, Distinct, Email, Flag, Id, Text, Whole, Zone
from bookingd.api.responses import Body

DAY = 24 * 60
"""Minutes."""


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
        "reminders": [2880, 120],
    }


class EditedService(NewService):
    """What is to change of a service."""

    name = Text(200)
    archived = Flag(metadata={"description": "Into the archive, or out of it."})

    example: ClassVar[dict[str, Any]] = {"price": "from 48 €"}


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

    example: ClassVar[dict[str, Any]] = {"name": "Grace", "timeZone": "Europe/Berlin"}


class EditedResource(NewResource):
    """What is to change of a resource."""

    name = Text(200)
    archived = Flag(metadata={"description": "Into the archive, or out of it."})

    example: ClassVar[dict[str, Any]] = {"email": "grace@example.com"}


class CatalogueQuery(Schema):
    """The query of the lists of services and resources."""

    archived = Flag(
        in_query=True,
        load_default=False,
        metadata={"description": "Also the archived ones; needs a key that reads everything."},
    )


INTERNAL = frozenset({"version", "created_at", "updated_at", "archived", "archived_at"})
"""What customers do not see, of a service and of a resource."""


class Service(Body):
    """What can be booked. Without a key that reads everything, only what concerns customers."""

    optional = INTERNAL | {"buffer_before", "buffer_after", "reminders"}

    id = Id()
    name = fields.String()
    description = fields.String(allow_none=True)
    durations = fields.List(
        fields.Integer(), metadata={"description": "In minutes; none means any."}
    )
    price = fields.String(allow_none=True)
    colour = fields.String(allow_none=True, metadata={"description": "As `#rrggbb`."})
    needs_confirmation = fields.Boolean()
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
        "needsConfirmation": False,
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
