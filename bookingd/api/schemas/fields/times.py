"""Instants, lengths, and the zones of customers and resources."""

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from marshmallow import ValidationError, fields

from bookingd.api.schemas.fields.described import Described
from bookingd.api.schemas.fields.numbers import is_whole
from bookingd.policy import EARLIEST_INSTANT, LATEST_INSTANT, LONGEST, SHORTEST

_INSTANT = re.compile(
    r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d(:\d\d(\.\d{1,6})?)?([Zz]|[+-]\d\d:\d\d)?", re.ASCII
)


class Instant(fields.Field[datetime]):
    """An instant with its offset (RFC 3339, section 5.6), given in UTC.

    In a query a plus sign arrives as a blank, unless the client encodes it.
    """

    def __init__(self, *, in_query: bool = False, **options: Any) -> None:
        super().__init__(**options)
        self._in_query = in_query

    @property
    def json_schema(self) -> Described:
        return {"type": "string", "format": "date-time", "pattern": "^20[0-9]{2}-"}

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> datetime:
        if not isinstance(value, str):
            raise ValidationError("Must be text such as 2027-03-01T09:00:00Z.")
        value = value.replace(" ", "+") if self._in_query else value
        form = _INSTANT.fullmatch(value)
        if not form:
            raise ValidationError("Must be an instant such as 2027-03-01T09:00:00+01:00.")
        if form[3] is None:
            raise ValidationError("Must have an offset: append Z for UTC, or one like +01:00.")
        try:
            instant = datetime.fromisoformat(value.upper()).astimezone(UTC)
        except (ValueError, OverflowError) as error:
            raise ValidationError("Is not in the calendar.") from error
        if not EARLIEST_INSTANT <= instant < LATEST_INSTANT:
            raise ValidationError("Must be between the years 2000 and 2099.")
        return instant


class Minutes(fields.Field[timedelta]):
    """A length in whole minutes."""

    @property
    def json_schema(self) -> Described:
        return {"type": "integer", "minimum": _minutes(SHORTEST), "maximum": _minutes(LONGEST)}

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> timedelta:
        shortest, longest = _minutes(SHORTEST), _minutes(LONGEST)
        if not is_whole(value) or not shortest <= value <= longest:
            raise ValidationError(f"Must be a whole number of minutes, {shortest} to {longest}.")
        return timedelta(minutes=value)


class Zone(fields.Field[str]):
    """A zone of the IANA database."""

    @property
    def json_schema(self) -> Described:
        return {"type": "string", "format": "time-zone", "pattern": "^[A-Z][A-Za-z0-9_+/-]*$"}

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> str:
        if not isinstance(value, str) or not _known_zone(value):
            raise ValidationError("Must be a zone of the IANA database such as Europe/Berlin.")
        return value


def _minutes(length: timedelta) -> int:
    return length // timedelta(minutes=1)


@lru_cache(maxsize=1024)
def _known_zone(key: str) -> bool:
    if not key[:1].isupper():  # localtime, posix/... and right/... are the machine's own
        return False
    try:
        ZoneInfo(key)
    except (ValueError, KeyError, OSError):
        return False
    return True
