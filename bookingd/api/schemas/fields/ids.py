"""Ids, and what else is opaque."""

import re
from typing import Any

from marshmallow import ValidationError, fields

from bookingd.api.schemas.fields.described import Described
from bookingd.holds import PATTERN
from storage.ids import FORM, is_id


class Id(fields.Field[str]):
    """An id."""

    @property
    def json_schema(self) -> Described:
        return {"type": "string", "format": "uuid", "pattern": f"^{FORM.pattern}$"}

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> str:
        if not isinstance(value, str) or not is_id(value):
            raise ValidationError("Must be an id.")
        return value


class HoldToken(fields.Field[str]):
    """The token of a hold."""

    @property
    def json_schema(self) -> Described:
        return {"type": "string", "pattern": f"^{PATTERN}$"}

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> str:
        if not isinstance(value, str) or not re.fullmatch(PATTERN, value):
            raise ValidationError("Must be the token of a hold.")
        return value
