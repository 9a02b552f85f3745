"""Bookings as a file, made page by page."""

import csv
import re
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from io import StringIO
from typing import Any

import orjson

from bookingd.api import present
from storage.interface import BookingFilter, Sort, Storage
from storage.model import Booking
from storage.pages import pages

PAGE = 200
"""Bookings read and written at once: some milliseconds in which nobody else is served."""

COLUMNS = (
    "id",
    "status",
    "startTime",
    "endTime",
    "duration",
    "name",
    "email",
    "company",
    "phone",
    "inquiry",
    "answers",
    "timeZone",
    "locale",
    "serviceId",
    "resourceId",
    "createdAt",
    "updatedAt",
    "confirmationSent",
    "reminderSent",
    "version",
)

_FORMULA = "-=+@\uff1d\uff0b\uff0d\uff20"
"""What a spreadsheet may take for the beginning of a formula; the last four are wide forms."""

_UNSEEN = '[ "\u00a0\u00ad\u2000-\u200f\u202f\u205f-\u2064\u3000\ufeff]*'
"""What it may leave out before that: spaces, characters without width, quotes."""

_BEGINS = re.compile(
    rf"\A(?=[\t\r\n]|{_UNSEEN}[{_FORMULA}])"
    rf"|(?<=[,;\t\r\n\v\f\x85\u2028\u2029])(?={_UNSEEN}[{_FORMULA}])"
)
"""Where a formula could begin (OWASP, "CSV Injection"): a cell, and inside of it what follows a
separator, for a spreadsheet that is set to another one takes that for a cell of its own."""


class Format(StrEnum):
    """What a file of bookings may be: for spreadsheets, or for programs."""

    CSV = "csv"
    JSON = "json"


@dataclass(frozen=True, slots=True)
class _Form:
    """What stands before the first booking, between two pages, and behind the last booking."""

    media_type: str
    begin: bytes
    between: bytes
    end: bytes
    page: Callable[[Sequence[Booking]], bytes]


async def written(
    storage: Storage, which: BookingFilter, sort: Sort, format_: Format
) -> AsyncGenerator[tuple[bytes, int], None]:
    """The file in pieces, each with how many bookings it holds.

    Nothing is given before the first page was read; without its last piece a file of JSON is not
    well-formed. Raises `Unavailable`.
    """
    form = _FORMS[format_]
    before = form.begin
    async for page in pages(storage, which, sort=sort, size=PAGE):
        yield before + form.page(page), len(page)
        before = form.between
    yield form.end, 0


def media_type(format_: Format) -> str:
    """As in Content-Type."""
    return _FORMS[format_].media_type


def _rows(cells: Sequence[Sequence[str]]) -> bytes:
    """As RFC 4180, section 2, has it; every cell is quoted."""
    text = StringIO(newline="")
    csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\r\n").writerows(cells)
    return text.getvalue().encode()


def _csv(page: Sequence[Booking]) -> bytes:
    members = map(present.booking, page)
    return _rows([[_cell(booking[column]) for column in COLUMNS] for booking in members])


def _cell(value: Any) -> str:
    match value:
        case None:
            return ""
        case bool():
            return str(value).lower()
        case datetime():
            return value.isoformat().replace("+00:00", "Z")
        case str():
            return _text(value)
        case dict():
            answers = {_text(question): _text(answer) for question, answer in value.items()}
            return orjson.dumps(answers).decode() if answers else ""
    return str(value)


def _text(value: str) -> str:
    """With a quote sign wherever a formula could begin, which is shown as text then."""
    return _BEGINS.sub("'", value)


def _json(page: Sequence[Booking]) -> bytes:
    return present.dumps([present.booking(booking) for booking in page])[1:-1]


_FORMS: Mapping[Format, _Form] = {
    # A spreadsheet knows UTF-8 by its mark; without one it shows other letters.
    Format.CSV: _Form("text/csv", "\ufeff".encode() + _rows([COLUMNS]), b"", b"", _csv),
    Format.JSON: _Form("application/json", b'{"data":[', b",", b"]}\n", _json),
}
