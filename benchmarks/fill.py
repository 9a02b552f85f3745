"""A long history: as many bookings as wanted, put into a database without the daemon."""

import random
from datetime import UTC, datetime, timedelta

from storage import open_storage
from storage.ids import new_id
from storage.model import Booking, BookingStatus, Event, EventKind, Resource, Service
from storage.writes import Place

BATCH = 1000
LENGTH = timedelta(minutes=5)


async def fill(url: str, count: int) -> None:
    """Add `count` completed bookings, in no order, edge to edge up to now.

    What is completed owes no mail, so the daemon has nothing else to do with them than to list.
    """
    storage = await open_storage(url)
    try:
        service, resource = (await storage.services())[0], (await storage.resources())[0]
        numbers = random.Random(1).sample(range(count), count)
        for first in range(0, count, BATCH):
            batch = [
                a_place(service, resource, _past(number), LENGTH, BookingStatus.COMPLETED)
                for number in numbers[first:][:BATCH]
            ]
            for outcome in await storage.commit(batch):
                if outcome is not None:
                    raise outcome
    finally:
        await storage.close()


def _past(number: int) -> datetime:
    return datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - number * LENGTH


def a_place(
    service: Service,
    resource: Resource,
    start: datetime,
    length: timedelta,
    status: BookingStatus,
) -> Place:
    """A booking that owes nothing."""
    now, end = datetime.now(UTC), start + length
    number = int(start.timestamp()) // 60 % 10_000_000
    booking = Booking(
        id=new_id(now),
        service_id=service.id,
        resource_id=resource.id,
        name=f"Customer {number:07d}",
        email=f"customer-{number:07d}@example.com",
        company="Example Ltd",
        phone=None,
        inquiry=None,
        answers={},
        time_zone=None,
        locale=None,
        start_time=start,
        end_time=end,
        occupied_start=start,
        occupied_end=end,
        status=status,
        sequence=0,
        version=1,
        created_at=now,
        updated_at=now,
        confirmation_sent=True,
        reminder_sent=True,
    )
    event = Event(
        booking_id=booking.id,
        version=booking.version,
        at=now,
        kind=EventKind.PLACED,
        actor="fill",
        booking=booking,
    )
    return Place(booking, event, ())
