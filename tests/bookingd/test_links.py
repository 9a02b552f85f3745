"""Links: whose they are, what they are worth, and for how long."""

import re
from base64 import urlsafe_b64decode
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bookingd.links import PATTERN, BadLink, Forged, Links, check_link
from tests.records import HOUR, INSTANT, NOW, START, a_booking

LINKS = Links("https://booking.example.org", "a secret of this installation alone")


def token(booking: Any, links: Links = LINKS) -> str:
    return links.to(booking).partition("#")[2]


@given(st.uuids(), st.integers(1, 2**32 - 1))
def test_a_token_names_what_it_was_made_for(booking_id: Any, version: int):
    made = token(a_booking(id=str(booking_id), version=version))
    assert LINKS.named(made) == (str(booking_id), version)
    assert re.fullmatch(PATTERN, made)


@pytest.mark.parametrize("base", ["https://example.org/booking", "https://example.org/booking/"])
def test_the_link_is_of_the_page_and_the_token_stays_in_the_browser(base: str):
    booking = a_booking()
    made = Links(base, LINKS.secret).to(booking)
    assert made == f"https://example.org/booking/manage#{token(booking)}"
    assert made[-1].isalnum()


def test_each_booking_and_each_version_has_a_link_of_its_own_and_always_the_same():
    one, other = a_booking(), a_booking()
    later = a_booking(id=one.id, version=2)
    assert len({token(one), token(other), token(later)}) == 3
    assert token(one) == token(one, Links("http://127.0.0.1", LINKS.secret))


def test_whoever_changes_a_bit_of_it_opens_nothing():
    made = token(a_booking())
    letters = sorted(set(token(a_booking(version=2**32 - 1)) + made))
    for at, letter in enumerate(made):
        other = next(one for one in letters if one != letter)
        with pytest.raises(Forged):
            LINKS.named(made[:at] + other + made[at + 1 :])


def test_the_code_of_one_booking_is_worth_nothing_for_another():
    one, other = (token(a_booking()) for _ in range(2))
    length = 16 * 4 // 3
    with pytest.raises(Forged):
        LINKS.named(one[:length] + other[length:])


@pytest.mark.parametrize("links", [Links("x", LINKS.secret + "x"), Links("x", LINKS.secret[1:])])
def test_with_another_secret_nothing_opens(links: Links):
    with pytest.raises(Forged):
        links.named(token(a_booking()))


@pytest.mark.parametrize(
    "broken",
    [
        "",
        "x",
        "=" * 48,
        "\u00e9" * 48,
        "A" * 48,
        "A" * 47,
        "A" * 49,
        "A" * 47 + "\n",
        "\ud800" * 48,
    ],
)
def test_what_is_no_token_opens_nothing(broken: str):
    with pytest.raises(Forged):
        LINKS.named(broken)


@given(st.text(max_size=60) | st.from_regex(PATTERN, fullmatch=True))
def test_whatever_is_typed_opens_nothing(typed: str):
    with pytest.raises(Forged):
        LINKS.named(typed)


def test_a_token_is_not_kept_secret_by_its_form_alone():
    """The id and the version stand in it, and nothing about the customer does."""
    booking = a_booking()
    content = urlsafe_b64decode(token(booking))
    assert content[16:32].hex() == booking.id.replace("-", "")
    assert len(content) == 36


def test_it_lives_as_long_as_the_version_and_the_appointment():
    booking = a_booking(minutes=60, version=3)
    check_link(booking, 3, NOW)
    check_link(booking, 3, START + HOUR - INSTANT)
    for version in (2, 4):
        with pytest.raises(BadLink, match="changed or cancelled"):
            check_link(booking, version, NOW)
    for late in (timedelta(), HOUR):
        with pytest.raises(BadLink, match="over"):
            check_link(booking, 3, START + HOUR + late)
