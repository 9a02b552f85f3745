"""Whole numbers."""

import re
from typing import Any

from marshmallow import ValidationError, fields

from bookingd.api.schemas.fields.described import Described


class Whole(fields.Field[int]):
    """A whole number."""

    def __init__(self, lowest: int, highest: int, **options: Any) -> None:
        super().__init__(**options)
        self._lowest, self._highest = lowest, highest

    @property
    def json_schema(self) -> Described:
        return {"type": "integer", "minimum": self._lowest, "maximum": self._highest}

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> int:
        if not is_whole(value) or not self._lowest <= value <= self._highest:
            raise ValidationError(f"Must be a whole number from {self._lowest} to {self._highest}.")
        return int(value)


class Count(Whole):
    """A whole number in a query, in plain digits."""

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> int:
        plain = isinstance(value, str) and re.fullmatch(r"[0-9]{1,9}", value)
        return super()._deserialize(int(value) if plain else None)


def is_whole(value: Any) -> bool:
    """Whether it is an integer as JSON Schema means it (draft 2020-12, section 4.2.3): 60.0 is."""
    return type(value) is int or (type(value) is float and value.is_integer())
