"""The invitation in a customer's mail: iCalendar (RFC 5545) by the rules of iTIP (RFC 5546)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache
from typing import TYPE_CHECKING
from urllib.parse import quote
from zoneinfo import ZoneInfo

from storage.model import Audience, Booking, BookingStatus, Due, MessageKind

if TYPE_CHECKING:
    from icalendar import (
        Alarm,
        Event,
        TimezoneDaylight,
        TimezoneStandard,
        vCalAddress,
    )

PRODUCT = "-//bookingd//bookingd//EN"

_LOCAL = "!$'*+-._~"
"""Marks that stand for themselves in the local part of a mailto URI (RFC 6068, section 2)."""

_STATUS = {BookingStatus.PENDING: "TENTATIVE", BookingStatus.CONFIRMED: "CONFIRMED"}

_END = b"END:VCALENDAR\r\n"

HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Invitation:
    """An iCalendar object, and its METHOD, which the mail names too (RFC 6047, section 2.4)."""

    method: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Invitations:
    """Makes invitations of `organizer`, an address of ASCII, who is called `name`.

    `alarms` are how long before the start a calendar is asked to ring.
    """

    organizer: str
    alarms: Sequence[timedelta] = ()
    name: str = ""

    def of(
        self, due: Due, *, attendee: str, zone: str, summary: str, location: str = ""
    ) -> Invitation | None:
        """The same bytes at every attempt; None where the message is no business of a calendar."""
        method = method_of(due)
        if method is None:
            return None
        there = _told_in(due.booking, zone)
        event = self._event(due, attendee, there, summary)
        if location:
            event.add("LOCATION", _printable(location))
        event.add("STATUS", "CANCELLED" if method == "CANCEL" else _STATUS[due.booking.status])
        if method == "REQUEST":
            for ahead in self.alarms:
                event.add_component(_alarm(ahead, summary))
        described = b"" if there is UTC else _time_zone(zone, event.start.year, event.end.year)
        begin, end = _calendar(method)
        return Invitation(method, begin + described + event.to_ical() + end)

    def _event(self, due: Due, attendee: str, zone: tzinfo, summary: str) -> "Event":
        """One UID for ever; of two with one SEQUENCE the later DTSTAMP holds (RFC 5546, 2.1.5)."""
        from icalendar import Event

        booking = due.booking
        event = Event()
        event.add("UID", f"{booking.id}@{self.organizer.rpartition('@')[2]}")
        event.add("SEQUENCE", booking.sequence)
        event.add("DTSTAMP", due.message.created_at)
        event.add("DTSTART", booking.start_time.astimezone(zone))
        event.add("DTEND", booking.end_time.astimezone(zone))
        event.add("SUMMARY", _printable(summary))
        event.add("ORGANIZER", _address(self.organizer, self.name))
        event.add("ATTENDEE", _attendee(attendee, booking.name))
        return event


def method_of(due: Due) -> str | None:
    """What the calendar of the message's reader is told, if anything.

    What is not confirmed yet is nothing for a calendar: nobody has agreed to it, and a PUBLISH,
    which has no attendee (RFC 5546, section 3.2.1), would leave an event behind that the later
    REQUEST does not own. But once it has been moved a calendar may have it at its old time. A
    reminder changes nothing. The CANCEL of what never was confirmed is of a UID that no calendar
    knows, and changes nothing there either.
    """
    message, booking = due.message, due.booking
    if message.audience is not Audience.CUSTOMER or message.kind is MessageKind.REMINDER:
        return None
    if message.kind is MessageKind.CANCELLED:
        return "CANCEL"
    waits_unmoved = booking.status is BookingStatus.PENDING and booking.sequence == 0
    return "REQUEST" if booking.live and not waits_unmoved else None


def _told_in(booking: Booking, zone: str) -> tzinfo:
    """The zone for the times of an event.

    It is UTC where the clock shows one of them for the second time: iCalendar has words only for
    the first (RFC 5545, section 3.3.5).
    """
    there = UTC if zone == "UTC" else ZoneInfo(zone)
    times = (booking.start_time, booking.end_time)
    return UTC if any(time.astimezone(there).fold for time in times) else there


def _address(address: str, name: str) -> "vCalAddress":
    from icalendar import vCalAddress

    local, _, domain = address.rpartition("@")
    found = vCalAddress(f"mailto:{quote(local, safe=_LOCAL)}@{domain}")
    # A parameter cannot hold a quotation mark (RFC 5545, section 3.2).
    if known := " ".join(_printable(name).replace('"', "'").split()):
        found.params["CN"] = known
    return found


def _attendee(address: str, name: str) -> "vCalAddress":
    """The customer, who has asked for the appointment: there is nothing left to answer."""
    attendee = _address(address, name)
    attendee.params["ROLE"] = "REQ-PARTICIPANT"
    attendee.params["PARTSTAT"] = "ACCEPTED"
    attendee.params["RSVP"] = "FALSE"
    return attendee


def _alarm(ahead: timedelta, summary: str) -> "Alarm":
    from icalendar import Alarm

    alarm = Alarm()
    alarm.add("ACTION", "DISPLAY")
    alarm.add("DESCRIPTION", _printable(summary))
    alarm.add("TRIGGER", -ahead)
    return alarm


def _printable(text: str) -> str:
    """Without the control characters that no value may have (RFC 5545, section 3.1)."""
    return "".join(letter for letter in text if letter.isprintable() or letter == "\n")


@lru_cache
def _calendar(method: str) -> tuple[bytes, bytes]:
    """How an iCalendar object begins and ends; the library takes long for every line."""
    from icalendar import Calendar

    calendar = Calendar()
    calendar.add("PRODID", PRODUCT)
    calendar.add("VERSION", "2.0")
    calendar.add("CALSCALE", "GREGORIAN")
    calendar.add("METHOD", method)
    return calendar.to_ical().removesuffix(_END), _END


@lru_cache(maxsize=256)
def _time_zone(name: str, first: int, last: int) -> bytes:
    """What clocks in the zone show from the year `first` to the year `last`.

    Ours, because `Timezone.from_tzinfo` of icalendar 7.3 is an hour late in spring: it tells the
    onset in the new offset, where RFC 5545, section 3.6.5, wants the old one.
    """
    from icalendar import Timezone

    zone = ZoneInfo(name)
    start = datetime(first, 1, 1, tzinfo=zone).astimezone(UTC)
    end = datetime(last + 1, 1, 1, tzinfo=zone).astimezone(UTC)
    described = Timezone()
    described.add("TZID", name)
    for onset in (start, *_changes(zone, start, end)):
        described.add_component(_observance(zone, onset, first=onset == start))
    return bytes(described.to_ical())


def _changes(zone: ZoneInfo, moment: datetime, end: datetime) -> Iterator[datetime]:
    """The instants at which the zone's offset changes; none has two within an hour."""

    def offset(instant: datetime) -> timedelta | None:
        return instant.astimezone(zone).utcoffset()

    while moment < end:
        if offset(moment) != offset(moment + HOUR):
            minutes = (moment + minute * MINUTE for minute in range(1, 61))
            yield next(found for found in minutes if offset(found) == offset(moment + HOUR))
        moment += HOUR


def _observance(
    zone: ZoneInfo, onset: datetime, *, first: bool
) -> "TimezoneDaylight | TimezoneStandard":
    from icalendar import TimezoneDaylight, TimezoneStandard

    after = onset.astimezone(zone)
    before = after if first else (onset - MINUTE).astimezone(zone)
    observance = TimezoneDaylight() if after.dst() else TimezoneStandard()
    observance.add("TZNAME", after.tzname())
    observance.TZOFFSETFROM = before.utcoffset()
    observance.TZOFFSETTO = after.utcoffset()
    observance.DTSTART = onset.astimezone(UTC).replace(tzinfo=None) + (
        before.utcoffset() or timedelta()
    )
    return observance
