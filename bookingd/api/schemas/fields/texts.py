"""Text, and what is written as text: languages, colours, answers."""

import re
import unicodedata
from typing import Any

from marshmallow import ValidationError, fields

from bookingd.api.schemas.fields.described import Described

_LINE_BREAKS = frozenset("\n\r\t\u2028\u2029")
_NO_TEXT = frozenset({"Cc", "Cs", "Zl", "Zp"})
"""Categories of Unicode: controls, surrogates, separators of lines and paragraphs."""

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

_LOCALE = (
    "([A-Za-z]{2,3}(-[A-Za-z]{3}){0,3}|[A-Za-z]{4,8})"  # language
    "(-[A-Za-z]{4})?(-([A-Za-z]{2}|[0-9]{3}))?"  # script, region
    "(-([A-Za-z0-9]{5,8}|[0-9][A-Za-z0-9]{3}))*"  # variants
    "(-[0-9A-WY-Za-wy-z](-[A-Za-z0-9]{2,8})+)*"  # extensions
    "(-[Xx](-[A-Za-z0-9]{1,8})+)?"  # for private use
)
_COLOUR = "#[0-9A-Fa-f]{6}"


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


def _by_question(messages: dict[str, Any]) -> dict[str, Any]:
    """What is wrong with each question or its answer; marshmallow says which of the two."""
    return {
        question: [text for texts in wrong.values() for text in texts]
        for question, wrong in messages.items()
    }
