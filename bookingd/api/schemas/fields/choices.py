"""One of a few, or several of them."""

from enum import StrEnum
from typing import Any

from marshmallow import ValidationError, fields

from bookingd.api.schemas.fields.described import Described

_WORDS = {"true": True, "false": False}


class Flag(fields.Field[bool]):
    """True or false; in a query by these words."""

    def __init__(self, *, in_query: bool = False, **options: Any) -> None:
        super().__init__(**options)
        self._in_query = in_query

    @property
    def json_schema(self) -> Described:
        return {"type": "boolean"}

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> bool:
        flag = _WORDS.get(str(value)) if self._in_query else value
        if type(flag) is not bool:
            raise ValidationError("Must be true or false.")
        return flag


class Choice(fields.Field[Any]):
    """A member of an enumeration."""

    def __init__(self, choices: type[StrEnum], **options: Any) -> None:
        super().__init__(**options)
        self._choices = choices

    @property
    def json_schema(self) -> Described:
        return {"type": "string", "enum": _values(self._choices)}

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> Any:
        try:
            return self._choices(value)
        except ValueError as error:
            raise ValidationError(f"Must be one of: {', '.join(self._choices)}.") from error


class Several(fields.Field[frozenset[Any]]):
    """A list in a query, parted by commas, of members of an enumeration."""

    def __init__(self, choices: type[StrEnum], **options: Any) -> None:
        super().__init__(**options)
        self._choices = choices

    @property
    def json_schema(self) -> Described:
        return {
            "type": "array",
            "minItems": 1,
            "items": {"type": "string", "enum": _values(self._choices)},
        }

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> frozenset[Any]:
        try:
            return frozenset(self._choices(part) for part in str(value).split(","))
        except ValueError as error:
            known = ", ".join(self._choices)
            raise ValidationError(f"Must be one or more of: {known}.") from error


class Distinct(fields.List[Any]):
    """A list in which nothing comes twice, at most `most` long."""

    def __init__(self, member: fields.Field[Any], most: int, **options: Any) -> None:
        super().__init__(member, **options)
        self._most = most

    @property
    def json_schema(self) -> Described:
        member: Described = self.inner.json_schema  # type: ignore[attr-defined]
        return {"type": "array", "items": member, "maxItems": self._most, "uniqueItems": True}

    def _deserialize(self, value: Any, *arguments: Any, **options: Any) -> Any:
        if isinstance(value, list) and len(value) > self._most:
            raise ValidationError(f"Must have at most {self._most} members.")
        found = tuple(super()._deserialize(value, *arguments, **options))
        if len(set(found)) < len(found):
            raise ValidationError("Must not have the same member twice.")
        return found


def _values(choices: type[StrEnum]) -> list[str]:
    return [choice.value for choice in choices]
