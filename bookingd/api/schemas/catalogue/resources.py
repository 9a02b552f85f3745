"""What is said of resources."""

from typing import Any, ClassVar

from marshmallow import Schema, fields

from bookingd.api.schemas.catalogue.common import INTERNAL
from bookingd.api.schemas.catalogue.services import Service
from bookingd.api.schemas.fields import Distinct, Email, Flag, Hours, Id, Region, Text, Zone
from bookingd.api.schemas.responses import Body

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
