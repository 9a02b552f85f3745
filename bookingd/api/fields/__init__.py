"""Fields that take what is right as it is, and nothing else. Input is never rewritten.

Each says by `json_schema` what it takes, as far as JSON Schema has words for it.
"""

from bookingd.api.fields.choices import Choice, Distinct, Flag, Several
from bookingd.api.fields.contacts import Email, Phone
from bookingd.api.fields.ids import HoldToken, Id
from bookingd.api.fields.numbers import Count, Whole
from bookingd.api.fields.openings import Day, Hours, Openings, Region
from bookingd.api.fields.texts import Answers, Colour, Locale, Text
from bookingd.api.fields.times import Instant, Minutes, Zone
from bookingd.api.fields.urls import Url

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
