"""Cursors, fields and the parser by themselves."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from marshmallow import ValidationError, fields

from bookingd.api import cursor
from bookingd.api.errors import ApiError, Code
from bookingd.api.parser import parse_json, paths
from bookingd.api.schemas.fields import (
    Choice,
    Colour,
    Count,
    Distinct,
    Email,
    Flag,
    Id,
    Instant,
    Minutes,
    Phone,
    Several,
    Text,
    Whole,
    Zone,
)
from storage.interface import Position, Sort
from storage.model import BookingStatus
from tests.records import HOUR, INSTANT, NOW, ROOM, START, a_booking

BOOKING = a_booking(start=START + INSTANT, created_at=NOW, updated_at=NOW + HOUR)
AT = {"startTime": START + INSTANT, "createdAt": NOW, "updatedAt": NOW + HOUR}


@pytest.mark.parametrize("sort", list(Sort))
def test_a_cursor_says_where_the_page_ended(sort: Sort):
    found = cursor.position(cursor.after(BOOKING, sort), sort)
    assert found == Position(AT[sort.removeprefix("-")], BOOKING.id)


@pytest.mark.parametrize("sort", list(Sort))
def test_a_cursor_is_good_for_its_own_order_alone(sort: Sort):
    for other in Sort:
        if other is not sort:
            with pytest.raises(ApiError):
                cursor.position(cursor.after(BOOKING, other), sort)


def test_an_empty_cursor_is_the_beginning():
    assert cursor.position("", Sort.START) is None


def test_a_cursor_fits_into_an_address_as_it_is():
    assert set(cursor.after(BOOKING, Sort.START_DOWN)) <= set(
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_="
    )


@given(text=st.text(min_size=1, max_size=100))
def test_no_text_of_a_cursor_is_a_fault_of_ours(text: str):
    with pytest.raises(ApiError):
        cursor.position(text, Sort.START)


TAKEN: list[tuple[fields.Field[Any], Any, Any]] = [
    (Text(10), " Zo\u00eb \U0001f389 ", " Zo\u00eb \U0001f389 "),
    (Text(10), "x" * 10, "x" * 10),
    (Text(10), "\u05d0\u0628\u0e01\u1112\u1161\u11ab", "\u05d0\u0628\u0e01\u1112\u1161\u11ab"),
    (Text(10), "a\u200db\u00a0c", "a\u200db\u00a0c"),
    (Text(99, lines=True), "one\r\ntwo\n\tthree", "one\r\ntwo\n\tthree"),
    (Email(), "Ada.L+tag@Example.org", "Ada.L+tag@Example.org"),
    (Email(), "o'brien@xn--exmple-cua.org", "o'brien@xn--exmple-cua.org"),
    (Phone(), "+49 30 901820", "+49 30 901820"),
    (Phone(), "(030) 90 18-20", "(030) 90 18-20"),
    (Phone(), "112", "112"),
    (Instant(), "2026-03-09T11:00:00+01:00", START),
    (Instant(), "2026-03-09T10:00Z", START),
    (Instant(), "2026-03-09t10:00:00.000001z", START + INSTANT),
    (Instant(), "2000-01-01T00:00:00Z", datetime(2000, 1, 1, tzinfo=UTC)),
    (Instant(), "2100-01-01T00:59:59+01:00", datetime(2099, 12, 31, 23, 59, 59, tzinfo=UTC)),
    (Instant(), "2028-02-29T10:00:00-00:00", datetime(2028, 2, 29, 10, tzinfo=UTC)),
    (Instant(in_query=True), "2026-03-09T11:00:00 01:00", START),
    (Minutes(), 1, timedelta(minutes=1)),
    (Minutes(), 1440, timedelta(days=1)),
    (Zone(), "America/Argentina/Buenos_Aires", "America/Argentina/Buenos_Aires"),
    (Zone(), "UTC", "UTC"),
    (Id(), ROOM.id, ROOM.id),
    (Count(1, 200), "1", 1),
    (Count(1, 200), "200", 200),
    (Several(BookingStatus), "PENDING,NO_SHOW",
     frozenset({BookingStatus.PENDING, BookingStatus.NO_SHOW})),
    (Choice(Sort), "-startTime", Sort.START_DOWN),
    (Whole(0, 9), 0, 0),
    (Whole(0, 9), 9, 9),
    (Flag(), True, True),
    (Flag(), False, False),
    (Flag(in_query=True), "true", True),
    (Flag(in_query=True), "false", False),
    (Distinct(Whole(0, 9), 3), [3, 1, 2], (3, 1, 2)),
    (Distinct(Whole(0, 9), 3), [], ()),
    (Colour(), "#3366fF", "#3366fF"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("field", "given_", "found"),
    TAKEN,
    ids=[f"{type(field).__name__} {value!a}" for field, value, _ in TAKEN],
)
def test_a_field_takes_what_is_right_as_it_is(field: fields.Field[Any], given_: Any, found: Any):
    assert field.deserialize(given_) == found


MOMENTS = st.datetimes(
    datetime(2000, 1, 3),  # noqa: DTZ001 - hypothesis adds the zone
    datetime(2099, 12, 29),  # noqa: DTZ001
)
OFFSETS = st.integers(-23 * 60, 23 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))


@given(moment=MOMENTS, zone=OFFSETS)
def test_every_instant_of_the_century_is_taken_with_any_offset(moment: datetime, zone: timezone):
    aware = moment.replace(tzinfo=zone)
    found = Instant().deserialize(aware.isoformat())
    assert found == aware
    assert found.utcoffset() == timedelta(0)


@pytest.mark.parametrize("field", [Text(9), Email(), Phone(), Instant(), Minutes(), Zone(), Id(),
                                   Count(1, 9), Several(Sort), Choice(Sort), Whole(0, 9), Flag(),
                                   Flag(in_query=True), Distinct(Text(9), 3),
                                   Colour()])  # fmt: skip
@given(value=st.one_of(st.none(), st.booleans(), st.floats(), st.lists(st.text()), st.text()))
def test_whatever_a_field_is_given_it_takes_or_refuses(field: fields.Field[Any], value: Any):
    with suppress(ValidationError):
        field.deserialize(value)


@pytest.mark.parametrize(
    ("body", "found"),
    [
        (b'{"a": [1, 2.5, null, true, "\\u00eb"]}', {"a": [1, 2.5, None, True, "\u00eb"]}),
        ('{"\u00eb": "\U0001f389"}'.encode(), {"\u00eb": "\U0001f389"}),
        (b' [{"a": 1}, {"a": 2}]\n', [{"a": 1}, {"a": 2}]),
        (b'{"a": {"a": 1}}', {"a": {"a": 1}}),
    ],
)
def test_json_is_read_as_it_stands(body: bytes, found: Any):
    assert parse_json(body) == found


@pytest.mark.parametrize(
    ("body", "word"),
    [(b'{"a": }', "character 6"), (b"\xff", "UTF-8"), (b"[" * 30_000, "deep"), (b"[NaN]", "NaN")],
)
def test_what_is_not_json_is_told_why(body: bytes, word: str):
    with pytest.raises(ApiError) as error:
        parse_json(body)
    assert error.value.code is Code.MALFORMED_JSON
    assert word in error.value.message


def test_a_key_given_twice_is_named():
    with pytest.raises(ApiError) as error:
        parse_json(b'{"a": 1, "b": {"c": 1, "c": 1}}')
    assert error.value.code is Code.VALIDATION_ERROR
    assert list(error.value.errors) == ["c"]


@pytest.mark.parametrize(
    ("tree", "found"),
    [
        ({"json": {"name": ["Bad."]}}, {"name": "Bad."}),
        ({"json": {"timeSlot": {"duration": ["Bad."]}}}, {"timeSlot.duration": "Bad."}),
        ({"json": {"name": ["One.", "Two."]}}, {"name": "One."}),
        ({"json": {"_schema": ["Bad."]}}, {"body": "Bad."}),
        ({"json": {"timeSlot": {"_schema": ["Bad."]}}}, {"timeSlot": "Bad."}),
        ({"querystring": {"page": ["Bad."], "q": ["Too."]}}, {"page": "Bad.", "q": "Too."}),
    ],
)
def test_every_message_has_the_path_of_its_field(tree: Any, found: dict[str, str]):
    assert paths(tree) == found
