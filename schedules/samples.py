"""One message of each kind, for whoever wants to see what mails look like."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from storage.model import (
    Audience,
    Booking,
    BookingStatus,
    Due,
    Message,
    MessageKind,
    MessageState,
)

WRITTEN = datetime(2027, 3, 22, 9, 30, tzinfo=UTC)
START = datetime(2027, 3, 29, 13, 0, tzinfo=UTC)

TOLD = (
    MessageKind.RECEIVED,
    MessageKind.CONFIRMED,
    MessageKind.CHANGED,
    MessageKind.CANCELLED,
    MessageKind.REMINDER,
)

KINDS = tuple(
    (kind, audience)
    for kind in TOLD
    for audience in (Audience.CUSTOMER, Audience.ADMIN)
    if (kind, audience) != (MessageKind.REMINDER, Audience.ADMIN)
)
"""What people are told; only customers are reminded."""

_BOOKING = Booking(
    id="01900000-0000-7000-8000-000000000001",
    service_id="00000000-0000-7000-8000-000000000001",
    resource_id="00000000-0000-7000-8000-000000000002",
    name="Zoë Example",
    email="zoe@example.org",
    company="Example & Sons Ltd",
    phone="+49 30 901820",
    inquiry="It is my first visit.\nIs there a place for a bicycle?",
    answers={"How did you hear of us?": "A friend"},
    time_zone=None,
    locale=None,
    start_time=START,
    end_time=START + timedelta(minutes=45),
    occupied_start=START,
    occupied_end=START + timedelta(minutes=45),
    status=BookingStatus.CONFIRMED,
    sequence=0,
    version=1,
    created_at=WRITTEN,
    updated_at=WRITTEN,
)

_STANDS = {
    MessageKind.RECEIVED: {"status": BookingStatus.PENDING},
    MessageKind.CHANGED: {"sequence": 1, "version": 2},
    MessageKind.CANCELLED: {"status": BookingStatus.CANCELLED, "sequence": 2, "version": 3},
}

_NEWS: dict[MessageKind, dict[str, Any]] = {
    MessageKind.CHANGED: {
        "start_time": [(START - timedelta(days=3)).isoformat(), START.isoformat()],
        "end_time": [
            (_BOOKING.end_time - timedelta(days=3)).isoformat(),
            _BOOKING.end_time.isoformat(),
        ],
    },
    MessageKind.CANCELLED: {"reason": "I have caught a cold."},
}
"""What their events tell besides."""


def samples(locale: str | None = None) -> Iterator[Due]:
    """A message of each kind to customer and administrator, of a customer of `locale`."""
    for number, (kind, audience) in enumerate(KINDS):
        booking = replace(_BOOKING, locale=locale, **_STANDS.get(kind, {}))  # type: ignore[arg-type]
        message = _message(number, kind, audience, booking)
        yield Due(message, booking, service="Yoga", resource="Anna", detail=_NEWS.get(kind, {}))


def _message(number: int, kind: MessageKind, audience: Audience, booking: Booking) -> Message:
    customers = audience is Audience.CUSTOMER
    return Message(
        id=f"01900000-0000-7000-8000-{number:012}",
        booking_id=booking.id,
        version=booking.version,
        kind=kind,
        audience=audience,
        recipient=booking.email if customers else "office@example.org",
        state=MessageState.PENDING,
        created_at=WRITTEN,
        due_at=WRITTEN,
        next_attempt_at=WRITTEN,
    )
