"""The rules of bookings. Pure."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from storage.model import Booking, BookingStatus, EventKind, Service

SHORTEST = timedelta(minutes=1)
LONGEST = timedelta(days=1)

EARLIEST_INSTANT = datetime(2000, 1, 1, tzinfo=UTC)
LATEST_INSTANT = datetime(2100, 1, 1, tzinfo=UTC)
"""No appointment is made outside; it keeps arithmetic on instants away from its limits."""

TRANSITIONS: Mapping[BookingStatus, frozenset[BookingStatus]] = {
    BookingStatus.PENDING: frozenset({BookingStatus.CONFIRMED, BookingStatus.CANCELLED}),
    BookingStatus.CONFIRMED: frozenset(
        {BookingStatus.COMPLETED, BookingStatus.NO_SHOW, BookingStatus.CANCELLED}
    ),
    BookingStatus.COMPLETED: frozenset({BookingStatus.NO_SHOW}),
    BookingStatus.NO_SHOW: frozenset({BookingStatus.COMPLETED}),
    BookingStatus.CANCELLED: frozenset(),
}
"""The status machine: from each status, those that may follow. A mistake about who came can be
mended; a cancelled booking stays cancelled, because its slot may be another's by now."""

EVENT_OF: Mapping[BookingStatus, EventKind] = {
    BookingStatus.CONFIRMED: EventKind.CONFIRMED,
    BookingStatus.CANCELLED: EventKind.CANCELLED,
    BookingStatus.COMPLETED: EventKind.COMPLETED,
    BookingStatus.NO_SHOW: EventKind.NO_SHOW,
}
"""What has happened to a booking that comes to a status."""


class InvalidTransition(Exception):
    """The status machine has no such step."""


class InPast(Exception):
    """The slot has already begun."""

    field = "timeSlot.startTime"


class TooLate(Exception):
    """So shortly before the start customers change nothing any more."""


class WrongLength(Exception):
    """The service does not come in this length."""

    field = "timeSlot.duration"


def check_transition(before: BookingStatus, after: BookingStatus) -> None:
    """Raises `InvalidTransition`."""
    if after not in TRANSITIONS[before]:
        raise InvalidTransition(f"A booking that is {before} cannot become {after}.")


def changeable_until(booking: Booking, service: Service) -> datetime:
    """When its customer can no longer move or cancel it."""
    return booking.start_time - timedelta(minutes=service.change_notice)


def changeable(booking: Booking, service: Service, now: datetime) -> bool:
    """Whether its customer may move or cancel it."""
    return booking.live and now < changeable_until(booking, service)


def check_changeable(booking: Booking, service: Service, now: datetime) -> None:
    """Raises `InvalidTransition` for a booking that is over, `TooLate`."""
    if not booking.live:
        raise InvalidTransition(f"A booking that is {booking.status} cannot be changed.")
    if now >= (until := changeable_until(booking, service)):
        raise TooLate(f"It could be changed until {until:%Y-%m-%dT%H:%M:%SZ}.")


def check_start(start: datetime, now: datetime) -> None:
    """Raises `InPast`."""
    if start <= now:
        raise InPast("Must be in the future.")


def check_length(length: timedelta, service: Service) -> None:
    """Raises `WrongLength`."""
    minutes = length // timedelta(minutes=1)
    if service.durations and minutes not in service.durations:
        known = ", ".join(map(str, service.durations))
        raise WrongLength(f"Must be a duration of the service, in minutes: {known}.")
