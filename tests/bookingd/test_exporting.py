"""What a file of bookings looks like."""

import csv
import json
import time
from dataclasses import replace
from io import StringIO
from typing import Any

import pytest

from bookingd.api import present
from bookingd.exporting import COLUMNS, Format, _cell, written
from storage.interface import BookingFilter, Sort, Storage
from storage.model import Booking
from tests.bookingd.conftest import on_both
from tests.deadlines import PATIENCE
from tests.records import a_booking, a_row_of_bookings, done, place

ALL = BookingFilter()


async def a_file(storage: Storage, format_: Format, which: BookingFilter = ALL) -> bytes:
    pieces = [piece async for piece in written(storage, which, Sort.CREATED, format_)]
    assert sum(count for _, count in pieces) == await storage.count_bookings(which)
    return b"".join(piece for piece, _ in pieces)


def cells(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(StringIO(content.decode("utf-8-sig"), newline="")))


async def the_row(storage: Storage, booking: Booking) -> dict[str, str]:
    await done(storage, place(booking))
    [row] = cells(await a_file(storage, Format.CSV))
    return row


def test_every_member_of_a_booking_is_a_column():
    assert set(COLUMNS) == present.booking(a_booking()).keys() - {"timeSlot"}
    assert len(set(COLUMNS)) == len(COLUMNS)


@on_both
@pytest.mark.parametrize("count", [0, 1, 199, 200, 201, 400])
async def test_all_are_in_it_whatever_the_page(storage: Storage, count: int):
    bookings = a_row_of_bookings(count)
    await done(storage, *map(place, bookings))
    found = json.loads(await a_file(storage, Format.JSON))
    assert found == json.loads(present.dumps({"data": list(map(present.booking, bookings))}))
    rows = cells(await a_file(storage, Format.CSV))
    assert [row["id"] for row in rows] == [booking.id for booking in bookings]


async def test_a_file_of_csv_to_the_letter(storage: Storage):
    booking = a_booking(
        name='Zoë "Z" Müller', company=None, inquiry="one,\r\ntwo", answers={"Ü?": "ja"}
    )
    await done(storage, place(booking))
    header = ",".join(f'"{name}"' for name in COLUMNS)
    row = (
        f'"{booking.id}","CONFIRMED","2026-03-09T10:00:00Z","2026-03-09T11:00:00Z","60",'
        '"Zoë ""Z"" Müller","ada@example.org","","","one,\r\ntwo","{""Ü?"":""ja""}","","",'
        f'"{booking.service_id}","{booking.resource_id}",'
        '"2026-03-02T09:00:00Z","2026-03-02T09:00:00Z","false","false","1"'
    )
    expected = f"\ufeff{header}\r\n{row}\r\n"
    assert (await a_file(storage, Format.CSV)).decode() == expected


@pytest.mark.parametrize("first", [*"=+-@\t\r\n", "\uff1d", "\uff0b", "\uff0d", "\uff20"])
async def test_no_cell_is_a_formula(storage: Storage, first: str):
    text = f"{first}cmd|' /C calc'!A0"
    row = await the_row(storage, a_booking(inquiry=text, name=text))
    assert row["inquiry"] == row["name"] == f"'{text}"


@pytest.mark.parametrize("formula", [*"=+-@", "\uff1d", "\uff0b", "\uff0d", "\uff20"])
@pytest.mark.parametrize("unseen", ["", "  ", "\ufeff", "\u200b\u00a0", '"', '" '])
async def test_nor_is_any_part_of_a_cell(storage: Storage, formula: str, unseen: str):
    begun = f"{unseen}{formula}cmd|' /C calc'!A0"
    parts = [f"a{separator}{begun}" for separator in [*",;\t\r\n", "\r\n", "; ,"]]
    row = await the_row(
        storage,
        a_booking(name=begun, inquiry="".join(parts), answers={begun: begun, "b": parts[1]}),
    )
    guarded = [part.removesuffix(begun) + f"'{begun}" for part in parts]
    assert row["name"] == f"'{begun}"
    assert row["inquiry"] == "".join(guarded)
    assert json.loads(row["answers"]) == {f"'{begun}": f"'{begun}", "b": guarded[1]}


async def test_a_spreadsheet_that_parts_cells_by_semicolons_finds_no_formula(storage: Storage):
    booking = a_booking(inquiry='a;=1+1;"=1+1";\n;+1', phone="+49 30 901820")
    await done(storage, place(booking))
    text = (await a_file(storage, Format.CSV)).decode("utf-8-sig")
    parts = [cell for row in csv.reader(StringIO(text, newline=""), delimiter=";") for cell in row]
    assert len(parts) > 5
    assert [cell for cell in parts if cell.strip(' "').startswith(tuple("=+-@"))] == []


def test_a_long_text_of_separators_is_no_work():
    """It takes milliseconds; going back from each of them to the first would take minutes."""
    begun = time.perf_counter()
    _cell("\n" * 200_000 + " " * 200_000)
    assert time.perf_counter() - begun < PATIENCE


@pytest.mark.parametrize("text", ["'=1", "a=1", "1-1", "a, b; c", "1;2-3", "O'Brien <b>&"])
async def test_other_text_is_as_it_was_typed(storage: Storage, text: str):
    assert (await the_row(storage, a_booking(inquiry=text)))["inquiry"] == text


async def test_a_filter_and_an_order(storage: Storage):
    bookings = a_row_of_bookings(5)
    bookings[2] = replace(bookings[2], email="other@example.org")
    await done(storage, *map(place, bookings))
    which = BookingFilter(email="ada@example.org")
    pieces = [piece async for piece, _ in written(storage, which, Sort.START_DOWN, Format.JSON)]
    data: list[dict[str, Any]] = json.loads(b"".join(pieces))["data"]
    assert [one["id"] for one in data] == [bookings[n].id for n in (4, 3, 1, 0)]
