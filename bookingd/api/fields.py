"""Fields that take what is right as it is, and nothing else. Input is never rewritten.

Each says by `json_schema` what it takes, as far as JSON Schema has words for it.
"""

import re
import unicodedata
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from ipaddress import ip_address
from typing import Any
from zoneinfo import ZoneInfo

from marshmallow import ValidationError, fields
from yarl import URL

from bookingd.api.email_address import is_address
from bookingd.policy import EARLIEST_INSTANT, LATEST_INSTANT, LONGEST, SHORTEST
from schedules.channels.private import is_public
from storage.ids import FORM, is_id

_LINE_BREAKS = frozenset("\n\r\t\u2028\u2029")
_INSTANT = re.compile(
    r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d(:\d\d(\.\d{1,6})?)?([Zz]|[+-]\d\d:\d\d)?", re.ASCII
)
_AT_HOME = re.compile(r"[(]?\d([ ()/.-]{0,2}\d){2,19}", re.ASCII)
_NO_TEXT = frozenset({"Cc", "Cs", "Zl", "Zp"})
"""Categories of Unicode: controls, surrogates, separators of lines and paragraphs."""

_WORDS = {"true": True, "false": False}

_BIDI = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Embeddings, overrides and isolates (Unicode, UAX 9, sections 2.1 to 2.5) turn the direction of
what follows, and with them a text can lie about itself (Trojan Source, CVE-2021-42574). The marks
U+200E, U+200F, U+061C (section 2.6) turn nothing, and Hebrew and Arabic are written with them."""

_LINE = r"^(?!\s*$)[^\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]*$"
_LINES = (
    r"^(?!\s*$)"
    r"[^\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]*$"
)
"""The same in the words of ECMA-262; JSON has no lone surrogates (RFC 8259, section 8.2)."""

_LABEL = r"[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
_LEADS = (
    rf"://({_LABEL}(\.{_LABEL})*|\[[0-9A-Fa-f:.]+\])(:[1-9][0-9]{{0,4}})?"  # host and port
    r"([/?]([A-Za-z0-9._~!$&'()*+,;=:@/?-]|%[0-9A-Fa-f]{2})*)?"  # path and query
)
"""A URL behind its scheme: as RFC 3986 has it, but without user and fragment."""

_COLOUR = "#[0-9A-Fa-f]{6}"
_LOCALE = (
    "([A-Za-z]{2,3}(-[A-Za-z]{3}){0,3}|[A-Za-z]{4,8})"  # language
    "(-[A-Za-z]{4})?(-([A-Za-z]{2}|[0-9]{3}))?"  # script, region
    "(-([A-Za-z0-9]{5,8}|[0-9][A-Za-z0-9]{3}))*"  # variants
    "(-[0-9A-WY-Za-wy-z](-[A-Za-z0-9]{2,8})+)*"  # extensions
    "(-[Xx](-[A-Za-z0-9]{1,8})+)?"  # for private use
)

Described = dict[str, Any]
"""Keywords of JSON Schema (draft 2020-12)."""


class Text(fields.String):
    """Text of one line, or of several, without characters that are not text.

    Refused are control characters, lone surrogates and bidirectional overrides (Unicode, UAX 9).
    """

    def __init__(self, longest: int, *, lines: bool = False, **options: Any) -> None:
        super().__init__(**options)
        self._longest = longest
        self._allowed = _LINE_BREAKS if lines else frozenset[str]()

    @property
    def json_schema(self) -> Described:
        pattern = _LINES if self._allowed else _LINE
        return {"type": "string", "minLength": 1, "maxLength": self._longest, "pattern": pattern}

    def _deserialize(self, value: Any, attr: str | None, data: Any, **options: Any) -> str:
        text: str = super()._deserialize(value, attr, data, **options)
        if not text.strip():
            raise ValidationError("Must not be empty.")
        if len(text) > self._longest:
            raise ValidationError(f"Must have at most {self._longest} characters.")
        if not text.isprintable() and any(self._strange(character) for character in text):
            raise ValidationError("Must not have characters that control it or turn its direction.")
        return text

    def _strange(self, character: str) -> bool:
        if character in self._allowed:
            return False
        return character in _BIDI or unicodedata.category(character) in _NO_TEXT


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


class Url(Text):
    """Where a webhook is called: https:// and a public host, or `anywhere`.

    What a name leads to is seen at each call; here an address is refused that can be seen to be
    wrong.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(longest=2000, **options)
        self.anywhere = False

    @property
    def json_schema(self) -> Described:
        return {
            "type": "string",
            "format": "uri",
            "maxLength": 2000,
            "pattern": f"^{self._scheme}{_LEADS}$",
        }

    @property
    def _scheme(self) -> str:
        return "https?" if self.anywhere else "https"

    def _deserialize(self, value: Any, attr: str | None, data: Any, **options: Any) -> str:
        text = super()._deserialize(value, attr, data, **options)
        if not re.fullmatch(self._scheme + _LEADS, text):
            hint = "https://hooks.example.com/bookings"
            raise ValidationError(f"Must be a URL such as {hint}, without user and fragment.")
        host = _host_of(text)
        if not host:
            raise ValidationError("Must lead to an address that there can be.")
        if not self.anywhere and not _may_be_public(host):
            raise ValidationError("Must lead to a public address.")
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


class Locale(Text):
    """A language tag that is well-formed (RFC 5646, section 2.1), of a language."""

    def __init__(self, **options: Any) -> None:
        super().__init__(longest=100, **options)

    @property
    def json_schema(self) -> Described:
        return {**super().json_schema, "pattern": f"^{_LOCALE}$"}

    def _deserialize(self, value: Any, attr: str | None, data: Any, **options: Any) -> str:
        text = super()._deserialize(value, attr, data, **options)
        if not re.fullmatch(_LOCALE, text):
            raise ValidationError("Must be a language tag such as en or de-AT.")
        return text


class Colour(fields.Field[str]):
    """A colour as `#rrggbb`."""

    @property
    def json_schema(self) -> Described:
        return {"type": "string", "pattern": f"^{_COLOUR}$"}

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> str:
        if not isinstance(value, str) or not re.fullmatch(_COLOUR, value):
            raise ValidationError("Must be a colour such as #3366ff.")
        return value


class Answers(fields.Dict):
    """Questions and answers, at most `most` of them."""

    def __init__(self, most: int, **options: Any) -> None:
        self._question = Text(200)
        super().__init__(keys=self._question, values=Text(2000, lines=True), **options)
        self._most = most

    @property
    def json_schema(self) -> Described:
        names = self._question.json_schema
        return {"type": "object", "propertyNames": names, "maxProperties": self._most}

    def _deserialize(self, value: Any, *arguments: Any, **options: Any) -> Any:
        if isinstance(value, dict) and len(value) > self._most:
            raise ValidationError(f"Must have at most {self._most} answers.")
        try:
            return super()._deserialize(value, *arguments, **options)  # type: ignore[no-untyped-call]
        except ValidationError as error:
            if isinstance(error.messages, dict):
                raise ValidationError(_by_question(error.messages)) from error
            raise


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
        if not _is_whole(value) or not shortest <= value <= longest:
            raise ValidationError(f"Must be a whole number of minutes, {shortest} to {longest}.")
        return timedelta(minutes=value)


class Whole(fields.Field[int]):
    """A whole number."""

    def __init__(self, lowest: int, highest: int, **options: Any) -> None:
        super().__init__(**options)
        self._lowest, self._highest = lowest, highest

    @property
    def json_schema(self) -> Described:
        return {"type": "integer", "minimum": self._lowest, "maximum": self._highest}

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> int:
        if not _is_whole(value) or not self._lowest <= value <= self._highest:
            raise ValidationError(f"Must be a whole number from {self._lowest} to {self._highest}.")
        return int(value)


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


class Zone(fields.Field[str]):
    """A zone of the IANA database."""

    @property
    def json_schema(self) -> Described:
        return {"type": "string", "format": "time-zone", "pattern": "^[A-Z][A-Za-z0-9_+/-]*$"}

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> str:
        if not isinstance(value, str) or not _known_zone(value):
            raise ValidationError("Must be a zone of the IANA database such as Europe/Berlin.")
        return value


class Id(fields.Field[str]):
    """An id."""

    @property
    def json_schema(self) -> Described:
        return {"type": "string", "format": "uuid", "pattern": f"^{FORM.pattern}$"}

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> str:
        if not isinstance(value, str) or not is_id(value):
            raise ValidationError("Must be an id.")
        return value


class Count(Whole):
    """A whole number in a query, in plain digits."""

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> int:
        plain = isinstance(value, str) and re.fullmatch(r"[0-9]{1,9}", value)
        return super()._deserialize(int(value) if plain else None)


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


def _is_whole(value: Any) -> bool:
    """Whether it is an integer as JSON Schema means it (draft 2020-12, section 4.2.3): 60.0 is."""
    return type(value) is int or (type(value) is float and value.is_integer())


def _host_of(text: str) -> str | None:
    """The host that a URL leads to, if there can be such a host and port."""
    try:
        host = URL(text).host
        return ip_address(host).compressed if host and ":" in host else host
    except ValueError:
        return None


def _may_be_public(host: str) -> bool:
    try:
        return is_public(host)
    except ValueError:
        return host != "localhost" and not host.endswith(".localhost")


def _values(choices: type[StrEnum]) -> list[str]:
    return [choice.value for choice in choices]


def _possible_abroad(text: str) -> bool:
    from phonenumbers import NumberParseException, is_possible_number, parse

    try:
        return is_possible_number(parse(text))
    except NumberParseException:
        return False


@lru_cache(maxsize=1024)
def _known_zone(key: str) -> bool:
    if not key[:1].isupper():  # localtime, posix/... and right/... are the machine's own
        return False
    try:
        ZoneInfo(key)
    except (ValueError, KeyError, OSError):
        return False
    return True


def _by_question(messages: dict[str, Any]) -> dict[str, Any]:
    """What is wrong with each question or its answer; marshmallow says which of the two."""
    return {
        question: [text for texts in wrong.values() for text in texts]
        for question, wrong in messages.items()
    }


def _minutes(length: timedelta) -> int:
    return length // timedelta(minutes=1)
