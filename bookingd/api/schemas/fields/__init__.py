"""Fields that take what is right as it is, and nothing else. Input is never rewritten.

Each says by `json_schema` what it takes, as far as JSON Schema has words for it.
"""

from marshmallow.fields import Field

from bookingd.api.schemas.fields.choices import Choice, Distinct, Flag, Several
from bookingd.api.schemas.fields.contacts import Email, Phone
from bookingd.api.schemas.fields.ids import HoldToken, Id
from bookingd.api.schemas.fields.numbers import Count, Whole
from bookingd.api.schemas.fields.openings import Day, Hours, Openings, Region
from bookingd.api.schemas.fields.texts import Answers, Colour, Locale, Text
from bookingd.api.schemas.fields.times import Instant, Minutes, Zone
from bookingd.api.schemas.fields.urls import Url
from bookingd.intake import MISSING

__all__ = [
    "Answers",
    "Choice",
    "Colour",
    "Count",
    "Day",
    "Distinct",
    "Email",
    "Flag",
    "HoldToken",
    "Hours",
    "Id",
    "Instant",
    "Locale",
    "Minutes",
    "Openings",
    "Phone",
    "Region",
    "Several",
    "Text",
    "Url",
    "Whole",
    "Zone",
]

# Customers read it beside the fields of forms.
Field.default_error_messages |= {"required": MISSING, "null": "Must not be null."}
