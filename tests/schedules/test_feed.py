"""The calendar of all bookings, read back by a parser that did not write it."""

from datetime import timedelta
from typing import Any

import pytest
import vobject

from schedules.feed import Feed
from storage.model import Booking, BookingStatus
from tests.records import HOUR, NOW, ROOM, SERVICE, START, a_booking, a_row_of_bookings, moved

FEED = Feed("example.org", {SERVICE.id: SERVICE}, {ROOM.id: ROOM})


def events(*bookings: Booking) -> list[Any]:
    """As vobject reads them, checked against RFC 5545 by its own rules."""
    [calendar] = vobject.readComponents(FEED.of(bookings).decode())
    if bookings:
        calendar.validate(raiseException=True)
    return [component for component in calendar.getChildren() if component.name == "VEVENT"]


def test_an_event_says_who_comes_when_where_and_for_what():
    booking = a_booking(
        phone="+49 30 1234", answers={"Allergies?": "nuts"}, inquiry="Hello;\nyou, "
    )
    [event] = events(booking)
    assert event.uid.value == f"{booking.id}@example.org"
    assert (event.dtstart.value, event.dtend.value) == (START, START + HOUR)
    assert event.summary.value == "Ada Example: Consultation"
    assert event.location.value == "Room"
    assert event.description.value.split("\n") == [
        "CONFIRMED",
        "Example Ltd",
        "ada@example.org",
        "+49 30 1234",
        "Hello;",
        "you, ",
        "Allergies? nuts",
    ]
    assert (event.dtstamp.value, event.created.value) == (NOW, NOW)


@pytest.mark.parametrize(
    ("status", "told", "busy"),
    [
        (BookingStatus.PENDING, "TENTATIVE", "OPAQUE"),
        (BookingStatus.CONFIRMED, "CONFIRMED", "OPAQUE"),
        (BookingStatus.CANCELLED, "CANCELLED", "TRANSPARENT"),
        (BookingStatus.COMPLETED, "CONFIRMED", "TRANSPARENT"),
        (BookingStatus.NO_SHOW, "CONFIRMED", "TRANSPARENT"),
    ],
)
def test_every_status_has_one_of_a_calendar(status: BookingStatus, told: str, busy: str):
    [event] = events(a_booking(status=status))
    assert (event.status.value, event.transp.value) == (told, busy)


def test_a_move_keeps_the_uid_and_counts_on():
    booking = a_booking()
    after = moved(booking, START + timedelta(days=1))
    [before], [then] = events(booking), events(after)
    assert before.uid.value == then.uid.value
    assert (int(before.sequence.value), int(then.sequence.value)) == (0, 1)
    assert then.dtstamp.value > before.dtstamp.value


HOSTILE = [
    "BEGIN:VEVENT\nEND:VCALENDAR",
    "a\r\nATTENDEE:mailto:x@example.org",
    "a\rb",
    "x\u2028y\u2029z",
    '\\n; \\, : " ^ \\',
    "\u00fc" * 300 + "\U0001f600" * 100,
    "Zo\u00eb  \t tab",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_whatever_a_customer_writes_stays_in_its_place(text: str):
    booking = a_booking(name=" ".join(text.split()), inquiry=text)
    [event] = events(booking)
    assert event.summary.value == f"{booking.name}: Consultation"
    assert event.description.value.split("\n")[-len(text.splitlines()) :] == text.splitlines()
    assert not hasattr(event, "attendee")
    lines = FEED.of([booking]).split(b"\r\n")
    assert max(map(len, lines)) <= 75  # RFC 5545, section 3.1
    assert not [line for line in lines if b"\n" in line or b"\r" in line]


def test_no_bookings_are_a_calendar_too():
    assert events() == []


def test_the_same_bookings_are_the_same_bytes():
    bookings = a_row_of_bookings(3)
    assert FEED.of(bookings) == FEED.of(bookings)
    assert len(events(*bookings)) == 3
