"""Bookings as a file, made page by page."""

import csv
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

FORMULA = (*"=+-@\t\r\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""What a spreadsheet may take for the beginning of a formula (OWASP, "CSV Injection").

The last four are the wide forms of the first."""


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
            return f"'{value}" if value.startswith(FORMULA) else value
        case dict():
            return orjson.dumps(value).decode() if value else ""
    return str(value)


def _json(page: Sequence[Booking]) -> bytes:
    return present.dumps([present.booking(booking) for booking in page])[1:-1]


_FORMS: Mapping[Format, _Form] = {
    # A spreadsheet knows UTF-8 by its mark; without one it shows other letters.
    Format.CSV: _Form("text/csv", "\ufeff".encode() + _rows([COLUMNS]), b"", b"", _csv),
    Format.JSON: _Form("application/json", b'{"data":[', b",", b"]}\n", _json),
}
