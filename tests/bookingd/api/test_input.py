"""Input: what is accepted comes back byte for byte; addresses are judged as the library does."""

import string
from datetime import timedelta
from itertools import count
from typing import Any

import pytest
from email_validator import SPECIAL_USE_DOMAIN_NAMES, EmailNotValidError, validate_email
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from marshmallow import ValidationError

from bookingd.api.schemas.email_address import PLAIN
from bookingd.api.schemas.fields import Email, Text
from storage.model import BookingStatus
from tests.bookingd.api.conftest import House, a_body
from tests.bookingd.conftest import PUBLIC, on_both
from tests.records import START

NOT_TEXT = ["Cc", "Cs", "Zl", "Zp"]
BIDI = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"

bounded = settings(max_examples=40)


def texts(longest: int, *, lines: bool = False) -> st.SearchStrategy[str]:
    """Whatever a text field accepts, by the letter of its promise."""
    allowed = "\n\r\t\u2028\u2029" if lines else ""
    characters = st.characters(
        exclude_categories=NOT_TEXT, exclude_characters=BIDI, include_characters=allowed
    )
    return st.text(characters, min_size=1, max_size=longest).filter(str.strip)


def answers() -> st.SearchStrategy[dict[str, str]]:
    return st.dictionaries(texts(200), texts(2000, lines=True), max_size=4)


hours = count()


@on_both
@bounded
@given(name=texts(200), company=texts(200), inquiry=texts(5000, lines=True), answers=answers())
@example(
    name="O'Brien <b>&",
    company="e\u0301 is not \u00e9",
    inquiry="\ufb01\r\n\ttwo \\u0000 %s {0}",
    answers={"\\": "\ufeff?"},
)
@example(
    name="\u05d0\u200f\u0628",
    company="\U0001f469\U0001f3fd\u200d\U0001f4bb",
    inquiry="\uffff",
    answers={"\ue000": "\U0010ffff"},
)
async def test_whatever_is_accepted_comes_back_byte_for_byte(house: House, **given_: Any):
    body = a_body(start=(START + next(hours) * timedelta(hours=1)).isoformat(), **given_)
    placed = await house.call("POST", "/api/bookings", key=PUBLIC, json=body)
    assert placed.status == 201, placed.text
    read = await house.call("GET", placed.headers["Location"])
    for answer in (placed, read):
        assert {name: answer.body[name] for name in given_} == given_
        assert list(answer.body["answers"]) == list(given_["answers"])
    assert (await house.storage.booking(placed.body["id"])).status is BookingStatus.CONFIRMED


@on_both
@bounded
@given(name=texts(200), description=texts(5000, lines=True), price=texts(100))
@example(name="O'Brien <b>&", description="\ufb01\r\n\ttwo", price="\u20ac\u00a045")
async def test_so_does_what_describes_a_service(house: House, **given_: Any):
    created = await house.call("POST", "/api/services", json=given_)
    assert created.status == 201, created.text
    read = await house.call("GET", created.headers["Location"], key=None)
    for answer in (created, read):
        assert {name: answer.body[name] for name in given_} == given_


@given(
    text=st.text(max_size=20),
    strange=st.characters(categories=NOT_TEXT) | st.sampled_from(BIDI),  # type: ignore[arg-type]
    at=st.integers(0, 20),
)
def test_no_character_that_is_not_text_gets_in(text: str, strange: str, at: int):
    with pytest.raises(ValidationError):
        Text(100).deserialize(text[:at] + "a" + strange + text[at:])


@pytest.mark.parametrize("mark", "\u200e\u200f\u061c\u200c\u200d")
def test_marks_that_scripts_are_written_with_are_text(mark: str):
    assert Text(9).deserialize(f"\u0628{mark}\u0628") == f"\u0628{mark}\u0628"


def judged(text: str) -> bool:
    """What email-validator says."""
    try:
        validate_email(
            text,
            check_deliverability=False,
            allow_smtputf8=False,
            strict=True,
            test_environment=True,
        )
    except EmailNotValidError:
        return False
    return True


def taken(text: str) -> bool:
    try:
        assert Email().deserialize(text) == text
    except ValidationError:
        return False
    return True


ATOM = string.ascii_letters + string.digits + "!#$%&'*+/=?^_`{|}~-"
ATOMS = st.text(ATOM, min_size=1, max_size=70)
LOCALS = st.lists(ATOMS, min_size=1, max_size=4).map(".".join)
LABELS = st.from_regex(r"[A-Za-z0-9-]{1,20}", fullmatch=True) | st.sampled_from(
    ["", "-a", "a-", "ab--c", "xn--a", "xn--exmple-cua", "XN--EXMPLE-CUA", "a" * 63, "a" * 64, "1"]
)
TAILS = st.sampled_from([*SPECIAL_USE_DOMAIN_NAMES, "org", "Co.UK", "museum", "1", "test", "TEST"])
DOMAINS = st.lists(LABELS, max_size=4).flatmap(
    lambda labels: TAILS.map(lambda tail: ".".join([*labels, tail]))
)
MARKS = st.sampled_from([*'@."<>()[],;:\\ -_\u00e4\u3002\uff20', "xn--", "\u0131", "\u212a"])


@settings(max_examples=200)
@given(local=LOCALS, domain=DOMAINS)
@example("a" * 64, "example.org")
@example("a" * 65, "example.org")
@example("a", "b" * 249 + ".org")
@example("a" * 64, ".".join(["b" * 61] * 3) + ".org")
@example("a" * 63, ".".join(["b" * 61] * 3) + ".org")
@example("POSTMASTER", "Example.ORG")
def test_a_plain_address_is_judged_as_the_library_does(local: str, domain: str):
    text = f"{local}@{domain}"
    assume(len(text) <= 254)
    assert taken(text) == judged(text)


@settings(max_examples=200)
@given(local=LOCALS, domain=DOMAINS, mark=MARKS, at=st.floats(0, 1))
def test_so_is_one_that_is_nearly_plain(local: str, domain: str, mark: str, at: float):
    plain = f"{local}@{domain}"
    place = round(at * len(plain))
    text = plain[:place] + mark + plain[place:]
    assume(len(text) <= 254)
    assert taken(text) == judged(text)


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("ada@example.org", True),
        ("Ada.L+tag@Mail.Example.org", True),
        ("o'brien@example.org", True),
        ("ada@localhost", True),
        ("ada@xn--exmple-cua.org", False),
        ("ada@ex\u00e4mple.org", False),
        ('"ada"@example.org', False),
        ("Ada <ada@example.org>", False),
        ("a..b@example.org", False),
        (".a@example.org", False),
        (f"{'a' * 65}@example.org", False),
        ("\u212aa@example.org", False),
        ("ada@\u212aa.org", False),
        ("ada@example.org\n", False),
    ],
)
def test_only_what_is_plain_takes_the_short_way(text: str, plain: bool):
    assert (PLAIN.fullmatch(text) is not None) == plain
