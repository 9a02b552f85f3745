"""What a request makes of a booking, as a write. Pure but for new ids."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from bookingd.catalogue import NOTHING, Offer
from bookingd.policy import (
    EVENT_OF,
    InvalidTransition,
    check_length,
    check_start,
    check_transition,
)
from schedules.messages import Promises, owed
from schedules.webhooks import calls_owed
from storage.ids import new_id
from storage.model import (
    Booking,
    BookingStatus,
    Cap,
    Event,
    EventKind,
    IdempotencyKey,
    Message,
    Resource,
    Service,
    Webhook,
)
from storage.writes import Change, Place

_SILENT = frozenset(
    {"version", "sequence", "updated_at", "occupied_start", "occupied_end", "wall_time"}
)
"""Fields that follow from the others, and are no news to anybody."""


def wall_time(instant: datetime, zone: str) -> str:
    """An instant by the clock of a zone, which is named in it (RFC 9557, section 4)."""
    return f"{instant.astimezone(ZoneInfo(zone)).isoformat()}[{zone}]"


@dataclass(frozen=True, slots=True)
class Slot:
    """When: a start and a length."""

    start: datetime
    length: timedelta

    @classmethod
    def taken_by(cls, booking: Booking) -> "Slot":
        """The slot that a booking has."""
        return cls(booking.start_time, booking.end_time - booking.start_time)

    def of(self, service: Service, zone: str) -> dict[str, Any]:
        """The times of a booking of `service` in this slot, by the clock of `zone`."""
        end = self.start + self.length
        return {
            "start_time": self.start,
            "end_time": end,
            "occupied_start": self.start - timedelta(minutes=service.buffer_before),
            "occupied_end": end + timedelta(minutes=service.buffer_after),
            "wall_time": wall_time(self.start, zone),
        }


@dataclass(frozen=True, slots=True)
class Moment:
    """Who changes something, when, what is promised and offered then, and who is called.

    `zone` is the house's, for resources without one of their own.
    """

    actor: str
    now: datetime
    promises: Promises
    webhooks: Collection[Webhook] = ()
    offer: Offer = NOTHING
    zone: str = "UTC"

    def of(self, service: Service) -> "Moment":
        """The same where a booking of `service` is concerned."""
        promises = self.promises.of(service)
        return self if promises is self.promises else replace(self, promises=promises)


def place(
    details: Mapping[str, Any],
    slot: Slot,
    service: Service,
    resource: Resource,
    moment: Moment,
    *,
    key: IdempotencyKey | None = None,
    caps: Sequence[Cap] = (),
) -> Place:
    """A new booking; `details` are the fields that the customer gave, `caps` are to hold after it.

    Raises `InPast`, `WrongLength`.
    """
    moment = moment.of(service)
    check_start(slot.start, moment.now)
    check_length(slot.length, service)
    booking = Booking(
        id=new_id(moment.now),
        service_id=service.id,
        resource_id=resource.id,
        **details,
        **slot.of(service, resource.time_zone or moment.zone),
        status=BookingStatus.PENDING if service.needs_confirmation else BookingStatus.CONFIRMED,
        sequence=0,
        version=1,
        created_at=moment.now,
        updated_at=moment.now,
    )
    event = _event(EventKind.PLACED, booking, moment, {})
    owes = _owed(EventKind.PLACED, booking, moment)
    return Place(booking, event, owes, key=key, caps=caps)


def edit(
    booking: Booking,
    details: Mapping[str, Any],
    slot: Slot | None,
    service: Service,
    moment: Moment,
    *,
    resource: Resource,
) -> Change | None:
    """The booking with other details, or moved to another slot; None if nothing changes.

    Raises `InPast`; `InvalidTransition` for a move of a booking that is over; `WrongLength`,
    unless it keeps the length that it has.
    """
    moved = slot is not None and slot != Slot.taken_by(booking)
    if slot is not None and moved:
        details = {**details, **_times(booking, slot, service, moment, resource)}
    if all(getattr(booking, name) == value for name, value in details.items()):
        return None
    return _change(EventKind.CHANGED, booking, dict(details), moment.of(service), moved=moved)


def move(
    booking: Booking,
    slot: Slot,
    service: Service,
    moment: Moment,
    *,
    resource: Resource,
    caps: Sequence[Cap],
) -> Change:
    """The booking in another slot, as its customer wishes.

    A service that needs confirmation needs it again, and the mails say so. `caps` are to hold
    after it. Raises as `edit` does.
    """
    details = _times(booking, slot, service, moment, resource)
    told = EventKind.CHANGED
    if service.needs_confirmation:
        details["status"], told = BookingStatus.PENDING, EventKind.PLACED
    moment = moment.of(service)
    change = _change(EventKind.CHANGED, booking, details, moment, moved=True, told=told)
    return replace(change, caps=caps)


def _times(
    booking: Booking, slot: Slot, service: Service, moment: Moment, resource: Resource
) -> dict[str, Any]:
    """The times of a booking that is moved to a slot. Raises as `edit` does."""
    if not booking.live:
        raise InvalidTransition(f"A booking that is {booking.status} cannot be moved.")
    check_start(slot.start, moment.now)
    if slot.length != Slot.taken_by(booking).length:
        check_length(slot.length, service)
    return slot.of(service, resource.time_zone or moment.zone)


def step(
    booking: Booking,
    status: BookingStatus,
    reason: str | None,
    service: Service,
    moment: Moment,
) -> Change | None:
    """The booking in another status; None if it has it already. Raises `InvalidTransition`."""
    if status is booking.status:
        return None
    check_transition(booking.status, status)
    return _step(booking, status, reason, service, moment)


def cancel(booking: Booking, reason: str | None, service: Service, moment: Moment) -> Change:
    """A live booking, cancelled."""
    return _step(booking, BookingStatus.CANCELLED, reason, service, moment)


def _step(
    booking: Booking, status: BookingStatus, reason: str | None, service: Service, moment: Moment
) -> Change:
    return _change(
        EVENT_OF[status],
        booking,
        {"status": status},
        moment.of(service),
        moved=status is BookingStatus.CANCELLED,
        reason=reason,
    )


def _change(
    kind: EventKind,
    before: Booking,
    fields_: dict[str, Any],
    moment: Moment,
    *,
    moved: bool,
    reason: str | None = None,
    told: EventKind | None = None,
) -> Change:
    """What has happened, of which mails tell as if it were what is `told`."""
    start = fields_.get("start_time", before.start_time)
    after = replace(
        before,
        **fields_,
        sequence=before.sequence + moved,
        version=before.version + 1,
        updated_at=moment.now,
        reminder_sent=before.reminder_sent and start == before.start_time,
    )
    detail: dict[str, object] = dict(_difference(before, after))
    if reason:
        detail["reason"] = reason
    return Change(
        after,
        before.version,
        _event(kind, after, moment, detail),
        _owed(kind, after, moment, told),
    )


def _owed(
    kind: EventKind, booking: Booking, moment: Moment, told: EventKind | None = None
) -> list[Message]:
    """The mails and calls that `kind` having happened to `booking` owes."""
    mails = owed(moment.promises, told or kind, booking, moment.now)
    if not moment.webhooks:
        return mails
    return mails + calls_owed(moment.webhooks, kind, booking, moment.now)


def _difference(before: Booking, after: Booking) -> dict[str, list[object]]:
    """For each field that is news: what it was, and what it became."""
    return {
        name: [getattr(before, name), getattr(after, name)]
        for name in (field.name for field in fields(Booking))
        if name not in _SILENT and getattr(before, name) != getattr(after, name)
    }


def _event(kind: EventKind, booking: Booking, moment: Moment, detail: dict[str, object]) -> Event:
    service, resource = moment.offer.names(booking.service_id, booking.resource_id)
    return Event(
        booking_id=booking.id,
        version=booking.version,
        at=moment.now,
        kind=kind,
        actor=moment.actor,
        booking=booking,
        detail=detail,
        service=service,
        resource=resource,
    )
