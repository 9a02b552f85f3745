"""What a field says it takes is what it takes, on both sides of the border."""

import string
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema_rs import Draft202012Validator
from marshmallow import ValidationError, fields

from bookingd.api.schemas.fields import (
    Answers,
    Choice,
    Colour,
    Day,
    Distinct,
    Flag,
    Hours,
    Id,
    Instant,
    Locale,
    Minutes,
    Openings,
    Region,
    Text,
    Url,
    Whole,
    Zone,
)
from storage.model import BookingStatus

BREAKS = "\n\r\t \u00a0\u2028\u2029"
STRANGE = "\x00\x07\x1f\x7f\x85\u202a\u202e\u2066\u2069\u00ad\u200d\U0001f389\u00e9"
TEXT = (
    st.text(st.sampled_from("ab" + BREAKS), max_size=7)
    | st.text(st.sampled_from("ab" + STRANGE), max_size=4)
    | st.text(max_size=8)
)
TAG = st.from_regex(r"[a-z]{1,4}(-[A-Za-z0-9]{1,9}){0,3}.?\n?", fullmatch=True)
IDS = st.uuids().map(str) | st.uuids().map(lambda one: f"{one}\n".upper()) | st.text(max_size=40)
ANY = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=3)
NUMBERS = st.integers(-3, 1500) | st.integers(-3, 1500).map(float) | st.floats()

CLOCKS = st.from_regex(r"[0-2][0-9]:[0-6][0-9]-[0-2][0-9]:[0-6]0\n?", fullmatch=True)
DAYS = ("monday", "sunday", "Monday", "", "day")

CASES: list[tuple[fields.Field[Any], st.SearchStrategy[Any]]] = [
    (Text(5), TEXT | ANY),
    (Text(5, lines=True), TEXT | ANY),
    (Locale(), TAG | ANY),
    (Id(), IDS | ANY),
    (Minutes(), NUMBERS | st.booleans() | st.none() | st.text(string.digits, max_size=3)),
    (Choice(BookingStatus), st.sampled_from(BookingStatus).map(str) | ANY),
    (Whole(0, 1440), NUMBERS | st.booleans() | st.none() | st.text(string.digits, max_size=3)),
    (Flag(), ANY),
    (Colour(), st.from_regex(r"#[0-9A-Ga-g]{5,7}\n?", fullmatch=True) | ANY),
    (Distinct(Whole(0, 3), most=3), st.lists(st.integers(-1, 4), max_size=4) | ANY),
    (Day(), st.dates(min_value=date(1995, 1, 1)).map(str) | ANY),
    (Openings(), st.lists(CLOCKS, max_size=1) | st.lists(ANY, max_size=2) | ANY),
    (Hours(), st.dictionaries(st.sampled_from(DAYS), st.lists(CLOCKS, max_size=1), max_size=1)),
    (Answers(2), st.dictionaries(TEXT, TEXT | ANY, max_size=3) | ANY),
]


@pytest.mark.parametrize(("field", "given_"), CASES, ids=lambda one: type(one).__name__)
def test_a_field_takes_what_it_says_and_nothing_else(field: fields.Field[Any], given_: Any):
    validator = Draft202012Validator(said(field), validate_formats=True)

    @settings(max_examples=150)
    @given(given_)
    def agree(value: Any) -> None:
        assert validator.is_valid(value) == takes(field, value), repr(value)

    agree()


URL = st.from_regex(
    r"https?://([a-zA-Z0-9_.:-]{1,9}|\[[0-9a-f:.]{2,6}\]|127.0.0.1|localhost)"
    r"(:\d{0,6})?[/?]?[ -~\n\u00e9]{0,6}",
    fullmatch=True,
)


@pytest.mark.parametrize("anywhere", [False, True])
def test_a_url_is_taken_if_it_is_as_described_and_leads_somewhere(anywhere: bool):
    field = Url()
    field.anywhere = anywhere
    validator = Draft202012Validator(said(field), validate_formats=True)

    @settings(max_examples=300)
    @given(URL)
    def agree(text: str) -> None:
        wrong = refusal(field, text)
        if validator.is_valid(text):
            assert wrong is None or "Must lead to" in wrong, text
        else:
            assert wrong is not None, text

    agree()


@given(st.datetimes(timezones=st.timezones()).map(lambda one: one.isoformat()))
def test_an_instant_that_is_taken_is_one_that_is_described(text: str):
    """At the borders of 2000 and 2099 an offset may put it on either side."""
    validator = Draft202012Validator(said(Instant()), validate_formats=True)
    near = text.startswith(("1999-12-31", "2000-01-01", "2099-12-31", "2100-01-01"))
    seconds = text[-3] != ":" or len(text) > len("2027-03-01T09:00:00.000000+01:00")
    assert near or seconds or validator.is_valid(text) == takes(Instant(), text)


@pytest.mark.parametrize("zone", ["Europe/Berlin", "UTC", "Etc/GMT+1", "America/Port-au-Prince"])
def test_a_zone_that_is_taken_is_one_that_is_described(zone: str):
    assert takes(Zone(), zone)
    assert Draft202012Validator(Zone().json_schema).is_valid(zone)


@pytest.mark.parametrize("zone", ["", "localtime", "../etc/passwd", "posix/UTC", "A B", 5, None])
def test_neither_takes_what_is_no_zone(zone: Any):
    assert not takes(Zone(), zone)
    assert not Draft202012Validator(Zone().json_schema).is_valid(zone)


@pytest.mark.parametrize("region", ["DE", "DE-BY", "US-CA", "GB-ENG", "PT-11", "JP"])
def test_a_region_that_is_taken_is_one_that_is_described(region: str):
    assert takes(Region(), region)
    assert Draft202012Validator(Region().json_schema).is_valid(region)


def said(field: fields.Field[Any]) -> dict[str, Any]:
    """With what apispec adds for values of a dictionary."""
    described = dict(field.json_schema)  # type: ignore[attr-defined]
    if isinstance(field, Answers):
        described["additionalProperties"] = field.value_field.json_schema  # type: ignore[union-attr]
    return described


def takes(field: fields.Field[Any], value: Any) -> bool:
    return refusal(field, value) is None


def refusal(field: fields.Field[Any], value: Any) -> str | None:
    try:
        field.deserialize(value)
    except ValidationError as error:
        return str(error.messages)
    return None
