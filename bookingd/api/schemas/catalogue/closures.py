"""What is said of when a resource is open."""

from typing import Any, ClassVar

from marshmallow import Schema, ValidationError, fields, post_load, validates_schema

from bookingd.api.schemas.catalogue.resources import HOURS, NewResource
from bookingd.api.schemas.fields import Day, Hours, Id, Openings, Text
from bookingd.api.schemas.responses import Body


class EditedHours(Schema):
    """The opening hours of a week."""

    hours = Hours(allow_none=True, required=True, metadata={"description": HOURS})

    example: ClassVar[dict[str, Any]] = {"hours": NewResource.example["hours"]}


class Week(Body):
    """The opening hours of a week."""

    hours = Hours(allow_none=True, metadata={"description": HOURS})

    example: ClassVar[dict[str, Any]] = EditedHours.example


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
