"""How to reach a customer."""

import re
from typing import Any

from marshmallow import ValidationError

from bookingd.api.schemas.email_address import is_address
from bookingd.api.schemas.fields.described import Described
from bookingd.api.schemas.fields.texts import Text

_AT_HOME = re.compile(r"[(]?\d([ ()/.-]{0,2}\d){2,19}", re.ASCII)


class Email(Text):
    """An address by its form (RFC 5321, as email-validator reads it); nothing is looked up."""

    def __init__(self, **options: Any) -> None:
        super().__init__(longest=254, **options)

    @property
    def json_schema(self) -> Described:
        return {**super().json_schema, "format": "email"}

    def _deserialize(self, value: Any, attr: str | None, data: Any, **options: Any) -> str:
        text = super()._deserialize(value, attr, data, **options)
        if not is_address(text):
            raise ValidationError("Must be an e-mail address.")
        return text


class Phone(Text):
    """A telephone number: international with a plus sign, or as it is dialled at home."""

    def __init__(self, **options: Any) -> None:
        super().__init__(longest=40, **options)

    @property
    def json_schema(self) -> Described:
        return {**super().json_schema, "format": "phone"}

    def _deserialize(self, value: Any, attr: str | None, data: Any, **options: Any) -> str:
        text = super()._deserialize(value, attr, data, **options)
        if not (_possible_abroad(text) if text.startswith("+") else _AT_HOME.fullmatch(text)):
            raise ValidationError("Must be a telephone number.")
        return text


def _possible_abroad(text: str) -> bool:
    from phonenumbers import NumberParseException, is_possible_number, parse

    try:
        return is_possible_number(parse(text))
    except NumberParseException:
        return False
