"""Ids."""

from typing import Any

from marshmallow import ValidationError, fields

from bookingd.api.fields.described import Described
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
