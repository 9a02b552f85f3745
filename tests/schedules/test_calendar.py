"""Invitations, as other programs' parsers read them: vobject, and the time zones of dateutil."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import vobject
from dateutil.tz import tzical
from hypothesis import given, settings
from hypothesis import strategies as st

from schedules.calendar import Invitation, Invitations
from storage.model import Audience, Booking, BookingStatus, Due, MessageKind
from tests.records import DAY, HOUR, NOW, START, a_booking, a_due, cancelled, changed, moved

BERLIN = "Europe/Berlin"
INVITATIONS = Invitations("bookings@example.org")


def invitation(due: Due, zone: str = BERLIN, **fields: Any) -> Invitation | None:
    values = {"attendee": due.message.recipient, "summary": "Appointment"} | fields
    return INVITATIONS.of(due, zone=zone, **values)


def ical(due: Due, zone: str = BERLIN, **fields: Any) -> str:
    """As other programs get it."""
    found = invitation(due, zone, **fields)
    assert found is not None
    return found.content.decode()


def event(due: Due, zone: str = BERLIN, **fields: Any) -> Any:
    return vobject.readOne(ical(due, zone, **fields)).vevent


def life() -> tuple[Due, Due, Due]:
    """Confirmed, moved, cancelled."""
    booking = a_booking()
    after = moved(booking, booking.start_time + DAY)
    gone = cancelled(after)
    return (
        a_due(booking),
        a_due(after, kind=MessageKind.CHANGED, created_at=NOW + HOUR),
        a_due(gone, kind=MessageKind.CANCELLED, created_at=NOW + DAY),
    )


def test_a_booking_is_requested_moved_and_cancelled_under_one_uid():
    dues = life()
    assert [invitation(due).method for due in dues] == ["REQUEST", "REQUEST", "CANCEL"]  # type: ignore[union-attr]
    found = [vobject.readOne(ical(due)) for due in dues]
    assert [each.method.value for each in found] == ["REQUEST", "REQUEST", "CANCEL"]
    events = [each.vevent for each in found]
    assert {each.uid.value for each in events} == {f"{dues[0].booking.id}@example.org"}
    assert [each.sequence.value for each in events] == ["0", "1", "2"]
    assert [each.status.value for each in events] == ["CONFIRMED", "CONFIRMED", "CANCELLED"]
    assert [each.dtstamp.value for each in events] == [NOW, NOW + HOUR, NOW + DAY]
    assert [each.dtstart.value for each in events] == [due.booking.start_time for due in dues]


def test_an_edit_that_moves_nothing_keeps_the_sequence_and_is_later():
    before = a_due(a_booking())
    after = a_due(
        changed(before.booking, name="Grace"), kind=MessageKind.CHANGED, created_at=NOW + HOUR
    )
    assert event(before).sequence.value == event(after).sequence.value == "0"
    assert event(before).dtstamp.value < event(after).dtstamp.value
    assert event(after).attendee.params["CN"] == ["Grace"]


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        (MessageKind.RECEIVED, BookingStatus.PENDING),
        (MessageKind.CHANGED, BookingStatus.PENDING),
        (MessageKind.REMINDER, BookingStatus.CONFIRMED),
    ],
)
def test_what_is_not_agreed_or_not_new_is_no_business_of_a_calendar(
    kind: MessageKind, status: BookingStatus
):
    assert invitation(a_due(a_booking(status=status), kind=kind)) is None


@pytest.mark.parametrize("kind", [MessageKind.RECEIVED, MessageKind.CHANGED])
def test_what_was_moved_and_waits_for_a_yes_is_tentative_at_its_new_time(kind: MessageKind):
    after = moved(a_booking(), START + DAY, status=BookingStatus.PENDING)
    found = event(a_due(after, kind=kind))
    assert (found.status.value, found.sequence.value) == ("TENTATIVE", "1")
    assert found.dtstart.value == START + DAY


@pytest.mark.parametrize("kind", MessageKind)
def test_the_administrator_is_invited_to_nothing(kind: MessageKind):
    assert invitation(a_due(a_booking(), kind=kind, audience=Audience.ADMIN)) is None


def test_every_attempt_makes_the_same_bytes():
    due = a_due(a_booking())
    again = Due(replace(due.message, attempts=4, next_attempt_at=NOW + DAY), due.booking)
    assert ical(due) == ical(again)


def test_who_invites_whom():
    found = event(
        a_due(a_booking(name='Ada "the Countess"; Lovelace, A: x', email="ada@x.example"))
    )
    assert found.organizer.value == "mailto:bookings@example.org"
    assert found.attendee.value == "mailto:ada@x.example"
    assert found.attendee.params == {
        "CN": ["Ada 'the Countess'; Lovelace, A: x"],
        "ROLE": ["REQ-PARTICIPANT"],
        "PARTSTAT": ["ACCEPTED"],
        "RSVP": ["FALSE"],
    }


def test_an_address_with_blanks_is_a_uri():
    due = a_due(a_booking(), recipient='"ada smith"@example.org')
    assert event(due).attendee.value == "mailto:%22ada%20smith%22@example.org"


def test_without_a_name_there_is_none():
    assert "CN" not in event(a_due(a_booking(name=""))).attendee.params


def test_without_a_zone_times_are_in_utc():
    text = ical(a_due(a_booking(start=datetime(2026, 7, 1, 8, tzinfo=UTC))), "UTC")
    assert "DTSTART:20260701T080000Z\r\n" in text
    assert "VTIMEZONE" not in text


def test_alarms_ring_as_long_before_as_is_wished_but_not_for_what_is_cancelled():
    ringing = Invitations("bookings@example.org", (HOUR, timedelta(minutes=15)))
    request, _, cancel = life()
    found = ringing.of(request, attendee="ada@example.org", zone=BERLIN, summary="x")
    assert found is not None
    alarms = vobject.readOne(found.content.decode()).vevent.valarm_list
    assert [alarm.trigger.value for alarm in alarms] == [-HOUR, -timedelta(minutes=15)]
    gone = ringing.of(cancel, attendee="ada@example.org", zone=BERLIN, summary="x")
    assert gone is not None
    assert b"VALARM" not in gone.content


@pytest.mark.parametrize(
    ("start", "wall"),
    [
        (datetime(2026, 3, 29, 0, 30, tzinfo=UTC), "20260329T013000"),
        (datetime(2026, 3, 29, 1, 0, tzinfo=UTC), "20260329T030000"),
        (datetime(2026, 10, 24, 23, 59, tzinfo=UTC), "20261025T015900"),
        (datetime(2026, 10, 24, 23, 30, tzinfo=UTC), "20261025T013000"),
        (datetime(2026, 10, 25, 2, 0, tzinfo=UTC), "20261025T030000"),
        (datetime(2026, 12, 31, 23, 30, tzinfo=UTC), "20270101T003000"),
    ],
)
def test_times_are_those_of_the_clock_on_the_wall(start: datetime, wall: str):
    assert f"DTSTART;TZID=Europe/Berlin:{wall}\r\n" in ical(a_due(a_booking(start=start)))


@pytest.mark.parametrize("minutes", [15, 60])
def test_a_time_that_the_wall_shows_for_the_second_time_is_told_in_utc(minutes: int):
    start = datetime(2026, 10, 25, 1, 45, tzinfo=UTC) - timedelta(minutes=minutes)
    text = ical(a_due(a_booking(start=start, minutes=minutes)))
    assert f"DTSTART:{start:%Y%m%dT%H%M%SZ}\r\n" in text
    assert "DTEND:20261025T014500Z\r\n" in text


@pytest.mark.parametrize(
    "zone",
    [BERLIN, "America/New_York", "Australia/Lord_Howe", "Europe/Dublin", "Africa/Casablanca",
     "Asia/Kathmandu", "America/Santiago", "Pacific/Apia"],
)  # fmt: skip
@pytest.mark.parametrize("year", [2026, 2011])
def test_the_zone_that_comes_along_is_the_one_of_the_iana_database(zone: str, year: int):
    # From its description alone, as a calendar does that does not know its name.
    due = a_due(a_booking(start=datetime(year, 6, 1, 8, tzinfo=UTC)))
    described = tzical(StringIO(ical(due, zone))).get(zone)
    known = ZoneInfo(zone)
    for half_hours in range(1, 17_519):
        # Of what the wall shows twice, a description alone tells the first.
        instant = datetime(year, 1, 2, tzinfo=UTC) + half_hours * timedelta(minutes=30)
        wall = instant.astimezone(known)
        if wall.year == year and not wall.fold:
            assert wall.replace(tzinfo=described).utcoffset() == wall.utcoffset(), wall


def test_a_change_of_the_clock_is_told_in_the_offset_before_it():
    text = ical(a_due(a_booking()))  # RFC 5545, section 3.6.5
    assert re.findall(r"BEGIN:(DAYLIGHT|STANDARD)\r\nDTSTART:(\S+)", text) == [
        ("STANDARD", "20260101T000000"),
        ("DAYLIGHT", "20260329T020000"),
        ("STANDARD", "20261025T030000"),
    ]


def test_an_appointment_over_the_turn_of_the_year_has_both_years():
    start = datetime(2026, 12, 31, 22, 30, tzinfo=UTC)
    text = ical(a_due(a_booking(start=start, minutes=60 * 24 * 120)))
    described = tzical(StringIO(text)).get(BERLIN)
    assert datetime(2027, 4, 30, 12, tzinfo=described).utcoffset() == timedelta(hours=2)


@settings(max_examples=100)
@given(st.text(max_size=120), st.text(max_size=120))
def test_whatever_somebody_is_called_the_object_stays_whole(name: str, summary: str):
    text = ical(a_due(a_booking(name=name)), summary=summary)
    lines = text.encode().split(b"\r\n")
    assert all(len(line) <= 75 for line in lines)
    assert not any(letter < " " for letter in text.replace("\r\n", ""))
    plain = ical(a_due(a_booking()))
    names = [line.partition(":")[0].partition(";")[0] for line in _unfolded(text)]
    assert names == [line.partition(":")[0].partition(";")[0] for line in _unfolded(plain)]
    found = vobject.readOne(text).vevent
    assert found.summary.value == "".join(c for c in summary if c.isprintable() or c == "\n")


def _unfolded(text: str) -> list[str]:
    return text.replace("\r\n ", "").split("\r\n")


def test_where_it_is_is_told_if_anybody_said_so():
    place = "Example; Main Street 1, 12345 Town"
    assert event(a_due(a_booking()), location=place).location.value == place
    assert "LOCATION" not in ical(a_due(a_booking()))


@pytest.mark.parametrize("summary", ["a;b,c\\d\nDTSTART:19700101", "é" * 200, "🎈" * 60])
def test_what_is_long_is_folded_and_what_means_something_is_escaped(summary: str):
    assert event(a_due(a_booking()), summary=summary).summary.value == summary


def test_a_booking_keeps_its_uid_whatever_changes():
    booking: Booking = a_booking()
    other = changed(booking, name="Grace", email="g@example.org", time_zone="Asia/Tokyo")
    assert event(a_due(booking)).uid.value == event(a_due(other), "Asia/Tokyo").uid.value
