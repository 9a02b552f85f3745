"""Bookings as a calendar that the business subscribes to (RFC 5545). Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from storage.model import Booking, BookingStatus, Resource, Service

if TYPE_CHECKING:
    from icalendar import Event

REFRESH = timedelta(minutes=15)
"""How often calendar programs are asked to look again."""

_STATUS = {BookingStatus.PENDING: "TENTATIVE", BookingStatus.CANCELLED: "CANCELLED"}
"""Of the others the event has taken place, or will: CONFIRMED."""


@dataclass(frozen=True, slots=True)
class Feed:
    """Makes the calendar. An event's UID is the booking's id at `domain`, as in invitations."""

    domain: str
    services: Mapping[str, Service]
    resources: Mapping[str, Resource]

    def of(self, bookings: Sequence[Booking]) -> bytes:
        """The calendar of these; the same bytes for the same bookings.

        Times are in UTC, so that no description of a zone can be wrong.
        """
        from icalendar import Calendar

        calendar = Calendar()
        calendar.add("PRODID", "-//bookingd//feed//EN")
        calendar.add("VERSION", "2.0")
        calendar.add("CALSCALE", "GREGORIAN")
        calendar.add("NAME", "Bookings")  # RFC 7986, section 5.1
        calendar.add("X-WR-CALNAME", "Bookings")  # what older programs know it by
        calendar.add("REFRESH-INTERVAL", REFRESH, parameters={"VALUE": "DURATION"})
        calendar.add("X-PUBLISHED-TTL", "PT15M")
        for booking in bookings:
            calendar.add_component(self._event(booking))
        content: bytes = calendar.to_ical()
        return content

    def _event(self, booking: Booking) -> "Event":
        from icalendar import Event

        event = Event()
        event.add("UID", f"{booking.id}@{self.domain}")
        event.add("SEQUENCE", booking.sequence)
        event.add("DTSTAMP", booking.updated_at)
        event.add("CREATED", booking.created_at)
        event.add("LAST-MODIFIED", booking.updated_at)
        event.add("DTSTART", booking.start_time)
        event.add("DTEND", booking.end_time)
        event.add("STATUS", _STATUS.get(booking.status, "CONFIRMED"))
        event.add("TRANSP", "OPAQUE" if booking.live else "TRANSPARENT")
        event.add("SUMMARY", f"{booking.name}: {self.services[booking.service_id].name}")
        event.add("LOCATION", self.resources[booking.resource_id].name)
        event.add("DESCRIPTION", _description(booking))
        return event


def _description(booking: Booking) -> str:
    """What one wants to know of a customer before the appointment, line by line."""
    known = [booking.status, booking.company, booking.email, booking.phone, booking.inquiry]
    known += [f"{question} {answer}" for question, answer in booking.answers.items()]
    return "\n".join(line for text in known if text for line in text.splitlines())
