"""Which messages an event of a booking owes. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from schedules.quiet import QuietHours
from storage.ids import new_id
from storage.model import (
    Audience,
    Booking,
    BookingStatus,
    EventKind,
    Message,
    MessageKind,
    MessageState,
    Service,
)

_TOLD = {
    EventKind.CHANGED: MessageKind.CHANGED,
    EventKind.CONFIRMED: MessageKind.CONFIRMED,
    EventKind.CANCELLED: MessageKind.CANCELLED,
}


@dataclass(frozen=True, slots=True)
class Promises:
    """What this installation promises: whom it tells, and how long before the start it reminds.

    In `quiet` hours nobody is reminded.
    """

    admin_email: str | None
    reminders: Sequence[timedelta]
    quiet: QuietHours | None = None

    def of(self, service: Service) -> "Promises":
        """What is promised for bookings of `service`, which may remind otherwise."""
        if service.reminders is None:
            return self
        return replace(self, reminders=[timedelta(minutes=ahead) for ahead in service.reminders])


def owed(promises: Promises, kind: EventKind, booking: Booking, now: datetime) -> list[Message]:
    """The messages that `kind` having happened to `booking` owes, reminders included."""
    messages = []
    if told := _told(kind, booking):
        messages.append(_message(told, Audience.CUSTOMER, booking.email, booking, now))
        if promises.admin_email:
            messages.append(_message(told, Audience.ADMIN, promises.admin_email, booking, now))
    return messages + reminders_owed(promises, booking, now)


def reminders_owed(promises: Promises, booking: Booking, now: datetime) -> list[Message]:
    """The reminders of a confirmed booking whose moment is still to come.

    Booked inside the window there is none: the confirmation has just gone out. Of several that
    quiet hours bring to one moment there is one.
    """
    if booking.status is not BookingStatus.CONFIRMED:
        return []
    start, quiet = booking.start_time, promises.quiet
    moments = {start - ahead for ahead in promises.reminders}
    if quiet:
        moments = {quiet.around(moment, start, booking.time_zone) for moment in moments}
    return [
        _message(
            MessageKind.REMINDER,
            Audience.CUSTOMER,
            booking.email,
            booking,
            now,
            due_at=moment,
            expires_at=booking.start_time,
        )
        for moment in sorted(moments)
        if moment > now
    ]


def _told(kind: EventKind, booking: Booking) -> MessageKind | None:
    """What customer and administrator are told; of completion and no-show, nothing."""
    if kind is EventKind.PLACED:
        confirmed = booking.status is BookingStatus.CONFIRMED
        return MessageKind.CONFIRMED if confirmed else MessageKind.RECEIVED
    return _TOLD.get(kind) if booking.live or kind is EventKind.CANCELLED else None


def _message(
    kind: MessageKind,
    audience: Audience,
    recipient: str,
    booking: Booking,
    now: datetime,
    *,
    due_at: datetime | None = None,
    expires_at: datetime | None = None,
) -> Message:
    return Message(
        id=new_id(now),
        booking_id=booking.id,
        version=booking.version,
        kind=kind,
        audience=audience,
        recipient=recipient,
        state=MessageState.PENDING,
        created_at=now,
        due_at=due_at or now,
        next_attempt_at=due_at or now,
        expires_at=expires_at,
    )
