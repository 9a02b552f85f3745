"""Records with sensible values, so that a test says only what it is about."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from typing import Any

from storage.errors import StorageError
from storage.ids import new_id
from storage.interface import Storage
from storage.model import (
    ApiKey,
    Audience,
    Booking,
    BookingStatus,
    Cap,
    Due,
    Event,
    EventKind,
    Hold,
    Message,
    MessageKind,
    MessageState,
    Resource,
    Scope,
    Service,
    Webhook,
)
from storage.writes import Change, Claim, Place, SaveResource, SaveService, Settle, Write

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
START = datetime(2026, 3, 9, 10, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
INSTANT = timedelta(microseconds=1)


def a_service(**fields: Any) -> Service:
    values: dict[str, Any] = {
        "id": new_id(NOW),
        "name": "Consultation",
        "buffer_before": 0,
        "buffer_after": 0,
        "needs_confirmation": False,
        "created_at": NOW,
        "updated_at": NOW,
    }
    return Service(**values | fields)


def a_resource(**fields: Any) -> Resource:
    values: dict[str, Any] = {
        "id": new_id(NOW),
        "name": "Room",
        "time_zone": None,
        "created_at": NOW,
        "updated_at": NOW,
    }
    return Resource(**values | fields)


APPOINTMENT = "00000000-0000-7000-8000-000000000001"
OFFICE = "00000000-0000-7000-8000-000000000002"
"""The ids of the service and the resource that a fresh database has."""

SERVICE = a_service(id="00000000-0000-7000-8000-0000000000a1")
OTHER_SERVICE = a_service(id="00000000-0000-7000-8000-0000000000a2", name="Haircut")
ROOM = a_resource(id="00000000-0000-7000-8000-0000000000b1")
OTHER_ROOM = a_resource(id="00000000-0000-7000-8000-0000000000b2", name="Studio")
PREPARED: list[Write[Any]] = [
    SaveService(SERVICE),
    SaveService(OTHER_SERVICE),
    SaveResource(ROOM),
    SaveResource(OTHER_ROOM),
]


def a_webhook(**fields: Any) -> Webhook:
    values: dict[str, Any] = {
        "id": new_id(NOW),
        "url": "https://hooks.example.org/bookings",
        "secret": "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=",
        "created_at": NOW,
        "updated_at": NOW,
    }
    return Webhook(**values | fields)


def a_key(**fields: Any) -> ApiKey:
    key = fields.get("id") or new_id(NOW)
    values: dict[str, Any] = {
        "id": key,
        "name": "front desk",
        "scope": Scope.ADMIN,
        "prefix": f"bk_admin_{key[-8:]}",
        "digest": key.replace("-", "") * 2,
        "created_at": NOW,
    }
    return ApiKey(**values | fields)


def a_booking(
    *, start: datetime = START, minutes: int = 60, before: int = 0, after: int = 0, **fields: Any
) -> Booking:
    end = start + timedelta(minutes=minutes)
    values: dict[str, Any] = {
        "id": new_id(NOW),
        "service_id": SERVICE.id,
        "resource_id": ROOM.id,
        "name": "Ada Example",
        "email": "ada@example.org",
        "company": "Example Ltd",
        "phone": None,
        "inquiry": None,
        "answers": {},
        "time_zone": None,
        "locale": None,
        "start_time": start,
        "end_time": end,
        "occupied_start": start - timedelta(minutes=before),
        "occupied_end": end + timedelta(minutes=after),
        "status": BookingStatus.CONFIRMED,
        "sequence": 0,
        "version": 1,
        "created_at": NOW,
        "updated_at": NOW,
    }
    return Booking(**values | fields)


def a_row_of_bookings(count: int, **fields: Any) -> list[Booking]:
    """Bookings that follow one another without touching, from START on."""
    return [a_booking(start=START + index * 2 * HOUR, **fields) for index in range(count)]


def a_hold(
    *, start: datetime = START, minutes: int = 60, before: int = 0, after: int = 0, **fields: Any
) -> Hold:
    end = start + timedelta(minutes=minutes)
    values: dict[str, Any] = {
        "token_digest": new_id(NOW),
        "service_id": SERVICE.id,
        "resource_id": ROOM.id,
        "start_time": start,
        "end_time": end,
        "occupied_start": start - timedelta(minutes=before),
        "occupied_end": end + timedelta(minutes=after),
        "address_digest": "somebody",
        "created_at": NOW,
        "expires_at": NOW + timedelta(minutes=5),
    }
    return Hold(**values | fields)


def a_cap(limit: int, **fields: Any) -> Cap:
    """Of the day on which START lies."""
    start = datetime.combine(START.date(), time(), UTC)
    values = {"service_id": SERVICE.id, "resource_id": ROOM.id, "start": start, "end": start + DAY}
    return Cap(**values | {"limit": limit} | fields)


def an_event(booking: Booking, kind: EventKind = EventKind.PLACED, **fields: Any) -> Event:
    values: dict[str, Any] = {
        "booking_id": booking.id,
        "version": booking.version,
        "at": NOW,
        "kind": kind,
        "actor": "front desk",
        "booking": booking,
    }
    return Event(**values | fields)


def a_message(booking: Booking, *, due: datetime = NOW, **fields: Any) -> Message:
    values: dict[str, Any] = {
        "id": new_id(fields.get("created_at", NOW)),
        "booking_id": booking.id,
        "version": booking.version,
        "kind": MessageKind.CONFIRMED,
        "audience": Audience.CUSTOMER,
        "recipient": booking.email,
        "state": MessageState.PENDING,
        "created_at": NOW,
        "due_at": due,
        "next_attempt_at": due,
    }
    return Message(**values | fields)


def a_due(booking: Booking, **fields: Any) -> Due:
    """A message to be sent, with the booking that it tells of."""
    return Due(a_message(booking, **fields), booking)


def a_reminder(booking: Booking, *, due: datetime | None = None, **fields: Any) -> Message:
    due = booking.start_time - DAY if due is None else due
    fields = {"expires_at": booking.start_time} | fields
    return a_message(booking, due=due, kind=MessageKind.REMINDER, **fields)


def a_call(webhook: Webhook, booking: Booking, **fields: Any) -> Message:
    values = {"kind": MessageKind.PLACED, "audience": Audience.WEBHOOK, "recipient": webhook.id}
    return a_message(booking, **values | fields)


def a_test_call(webhook: Webhook, **fields: Any) -> Message:
    values = {"kind": MessageKind.TEST, "booking_id": None, "version": None}
    return a_call(webhook, a_booking(), **values | fields)


def place(booking: Booking, *messages: Message, **fields: Any) -> Place:
    at = fields.pop("at", NOW)
    return Place(booking, an_event(booking, at=at), messages, **fields)


def changed(booking: Booking, **fields: Any) -> Booking:
    """The booking one version later."""
    return replace(booking, version=booking.version + 1, updated_at=NOW + HOUR, **fields)


def moved(booking: Booking, start: datetime, **fields: Any) -> Booking:
    """The booking at another time, as long and with the same buffers as before."""
    by = start - booking.start_time
    times = ("start_time", "end_time", "occupied_start", "occupied_end")
    shifted = {name: getattr(booking, name) + by for name in times}
    return changed(booking, sequence=booking.sequence + 1, **shifted | fields)


def cancelled(booking: Booking) -> Booking:
    return changed(booking, status=BookingStatus.CANCELLED, sequence=booking.sequence + 1)


def change(after: Booking, *messages: Message) -> Change:
    """What makes of the version before `after` this one."""
    return Change(after, after.version - 1, an_event(after, EventKind.CHANGED), messages)


def settle(message: Message, state: MessageState = MessageState.SENT, **fields: Any) -> Settle:
    return Settle(**{"message": message, "state": state, "at": NOW} | fields)


async def done(storage: Storage, *writes: Write[Any]) -> list[Any]:
    """Commit, and meet no error."""
    outcomes = await storage.commit(writes)
    for outcome in outcomes:
        if isinstance(outcome, StorageError):
            raise outcome
    return outcomes


async def answer(storage: Storage, write: Write[Any]) -> Any:
    """The outcome of one write; an error is an outcome too."""
    [outcome] = await storage.commit([write])
    return outcome


async def claim_due(
    storage: Storage, *, now: datetime = NOW, limit: int = 100, calls: bool = False
) -> Sequence[Due]:
    """Lease what is due; each message with the booking that it tells of."""
    [claimed] = await done(storage, Claim(storage.owner, limit, now, calls))
    return claimed


async def claim(
    storage: Storage, *, now: datetime = NOW, limit: int = 100, calls: bool = False
) -> list[Message]:
    """Lease what is due; the messages alone."""
    return [due.message for due in await claim_due(storage, now=now, limit=limit, calls=calls)]


async def occupied(
    storage: Storage, resource_id: str, start: datetime, end: datetime
) -> list[tuple[datetime, datetime]]:
    """The occupied ranges of what a resource has in `[start, end)`."""
    found = await storage.sessions([resource_id], start, end, NOW)
    return [
        tuple(_EPOCH + bound * INSTANT for bound in (one.occupied_start, one.occupied_end))
        for one in found[resource_id]
    ]


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
