"""Days, opening hours, public holidays."""

import re
from collections.abc import Mapping
from datetime import date
from typing import Any

from marshmallow import ValidationError, fields

from bookingd.api.schemas.fields.described import Described
from bookingd.openings import FORM, overlap_of_day, overlap_of_week
from storage.model import WEEKDAYS

_DAY = "20[0-9]{2}-[0-9]{2}-[0-9]{2}"
_REGION = "[A-Z]{2}(-[A-Z0-9]{1,3})?"

MOST_OPENINGS = 24
"""Intervals of one day."""


class Day(fields.Field[date]):
    """A day of the calendar (RFC 3339, section 5.6, full-date)."""

    @property
    def json_schema(self) -> Described:
        return {"type": "string", "format": "date", "pattern": f"^{_DAY}$"}

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> date:
        if not isinstance(value, str) or not re.fullmatch(_DAY, value):
            raise ValidationError("Must be a day such as 2027-12-24, of the years 2000 to 2099.")
        try:
            return date.fromisoformat(value)
        except ValueError as error:
            raise ValidationError("Is not in the calendar.") from error


class Openings(fields.Field[tuple[str, ...]]):
    """Intervals of one day, such as `09:00-12:30`, none of which meets another."""

    @property
    def json_schema(self) -> Described:
        interval = {"type": "string", "pattern": f"^{FORM}$"}
        return {"type": "array", "items": interval, "maxItems": MOST_OPENINGS, "uniqueItems": True}

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> tuple[str, ...]:
        return _openings(value)


class Hours(fields.Field[Mapping[str, tuple[str, ...]]]):
    """For each day of the week, its openings."""

    @property
    def json_schema(self) -> Described:
        days = {weekday: Openings().json_schema for weekday in WEEKDAYS}
        return {"type": "object", "properties": days, "additionalProperties": False}

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> Mapping[str, tuple[str, ...]]:
        if not isinstance(value, dict):
            raise ValidationError("Must be an object of weekdays and their hours.")
        found, wrong = {}, {}
        for weekday, given in value.items():
            try:
                found[_weekday(weekday)] = _openings(given)
            except ValidationError as error:
                wrong[weekday] = error.messages
        if wrong:
            raise ValidationError(wrong)
        if overlap_of_week(found):
            raise ValidationError("Must not have hours that run into those of the next day.")
        return found


class Region(fields.Field[str]):
    """A country or a part of it, by the form of its code (ISO 3166-1 and 3166-2).

    Whether its public holidays are known takes long to find out, and is for `Offer.check`.
    """

    @property
    def json_schema(self) -> Described:
        return {"type": "string", "format": "region", "pattern": f"^{_REGION}$"}

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> str:
        if not isinstance(value, str) or not re.fullmatch(_REGION, value):
            raise ValidationError("Must be a country such as DE, or a part of it such as DE-BY.")
        return value


def _weekday(name: str) -> str:
    if name not in WEEKDAYS:
        raise ValidationError(f"Must be one of: {', '.join(WEEKDAYS)}.")
    return name


def _openings(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or len(value) > MOST_OPENINGS:
        raise ValidationError(f"Must be a list of at most {MOST_OPENINGS} intervals.")
    wrong = {
        index: ["Must be an interval such as 09:00-12:30; the day ends at 24:00."]
        for index, interval in enumerate(value)
        if not isinstance(interval, str) or not re.fullmatch(FORM, interval)
    }
    if wrong:
        raise ValidationError(wrong)
    if overlap_of_day(value):
        raise ValidationError("Must not have intervals that overlap.")
    return tuple(value)
