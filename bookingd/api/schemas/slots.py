"""What is asked about slots, and what the answers look like."""

from datetime import timedelta
from typing import Any, ClassVar

from marshmallow import Schema, ValidationError, fields, validates_schema

from bookingd.api.schemas.fields import Count, Day, Id, Instant, Zone
from bookingd.api.schemas.responses import Body

MOST_DAYS = 62
"""Days that may be asked for at once."""


class Wish(Schema):
    """What is wanted, and with whom."""

    service_id = Id(
        data_key="serviceId", metadata={"description": "Needed where there are several."}
    )
    resource_id = Id(
        data_key="resourceId", metadata={"description": "Left out, any that offers the service."}
    )
    duration = Count(
        1,
        24 * 60,
        metadata={
            "description": "In minutes; left out, the first of the service's `durations`. Needed "
            "for a service that comes in any length."
        },
    )


class Days(Schema):
    """Of which days slots are wanted, by whose clock."""

    from_ = Day(
        required=True, data_key="from", metadata={"description": "The first day, in `timeZone`."}
    )
    to = Day(
        required=True,
        metadata={"description": f"The last day, too; at most {MOST_DAYS} days in all."},
    )
    time_zone = Zone(
        data_key="timeZone",
        metadata={"description": "Of whoever looks; left out, the house's. It parts the days."},
    )

    @validates_schema
    def _few_days(self, data: dict[str, Any], **_: Any) -> None:
        if "from_" in data and "to" in data:
            lasts = data["to"] - data["from_"]
            if not timedelta(0) <= lasts < timedelta(days=MOST_DAYS):
                raise ValidationError(
                    f"Must be the day of from or later, of {MOST_DAYS} days in all.", "to"
                )


class SlotsQuery(Wish, Days):
    """The query of free slots."""


class ExplainQuery(Wish):
    """The query of why a start is or is not offered."""

    start_time = Instant(in_query=True, required=True, data_key="startTime")


class FreeSlot(Body):
    """A slot that can be booked now."""

    optional = frozenset({"seats"})

    start_time = fields.DateTime(metadata={"description": "With the offset of `timeZone`."})
    duration = fields.Integer(metadata={"description": "In minutes."})
    resource_ids = fields.List(Id(), metadata={"description": "With whom it can be booked."})
    seats = fields.Integer(
        metadata={"description": "That are left, where a session has more than one."}
    )


class DayOfSlots(Body):
    """A day and its slots, in order."""

    date = Day()
    slots = fields.List(fields.Nested(FreeSlot))


class Slots(Body):
    """The free slots of some days."""

    data = fields.List(fields.Nested(DayOfSlots), metadata={"description": "Every day."})
    service_id = Id()
    duration = fields.Integer(metadata={"description": "In minutes."})
    time_zone = fields.String()

    example: ClassVar[dict[str, Any]] = {
        "data": [
            {
                "date": "2030-03-04",
                "slots": [
                    {
                        "startTime": "2030-03-04T09:00:00+01:00",
                        "duration": 30,
                        "resourceIds": ["0195a1ef-8d21-7b10-9c3d-6e5f4a3b2c10"],
                    }
                ],
            }
        ],
        "serviceId": "0195a1ef-8d20-7a44-8f0e-5b7c1d2e3f40",
        "duration": 30,
        "timeZone": "Europe/Berlin",
    }


class Said(Body):
    """What a rule says of a start."""

    rule = fields.String(metadata={"description": "Its name."})
    passed = fields.Boolean()
    error_code = fields.String(
        metadata={"description": "With which a booking is refused that does not keep the rule."},
    )
    message = fields.String(
        allow_none=True, metadata={"description": "Why it does not pass, for people."}
    )


class Explained(Body):
    """What all rules say of a start with one resource, in the order in which they are asked."""

    resource_id = Id()
    offered = fields.Boolean(metadata={"description": "Whether all of them pass."})
    rules = fields.List(fields.Nested(Said))


class Explanation(Body):
    """Why a start is or is not offered, by resource."""

    data = fields.List(fields.Nested(Explained))
    service_id = Id()
    start_time = fields.DateTime()
    duration = fields.Integer(metadata={"description": "In minutes."})

    example: ClassVar[dict[str, Any]] = {
        "data": [
            {
                "resourceId": "0195a1ef-8d21-7b10-9c3d-6e5f4a3b2c10",
                "offered": False,
                "rules": [
                    {
                        "rule": "duration",
                        "passed": True,
                        "errorCode": "VALIDATION_ERROR",
                        "message": None,
                    },
                    {
                        "rule": "hours",
                        "passed": False,
                        "errorCode": "OUTSIDE_HOURS",
                        "message": "Must lie within the opening hours.",
                    },
                ],
            }
        ],
        "serviceId": "0195a1ef-8d20-7a44-8f0e-5b7c1d2e3f40",
        "startTime": "2030-03-04T06:00:00Z",
        "duration": 30,
    }
