"""What occupies a resource, as slots are made of it."""

from datetime import timedelta

from storage.interface import Storage
from storage.model import Session
from storage.rows import microseconds
from tests.records import (
    HOUR,
    NOW,
    OTHER_ROOM,
    ROOM,
    SERVICE,
    START,
    a_booking,
    a_row_of_bookings,
    cancelled,
    change,
    done,
    place,
)


def session(start, *, minutes=60, before=0, after=0, taken=1, service_id=SERVICE.id):
    end = start + timedelta(minutes=minutes)
    occupied = (start - timedelta(minutes=before), end + timedelta(minutes=after))
    return Session(*map(microseconds, (start, end, *occupied)), service_id, taken)


async def test_what_is_booked_is_read_by_resource_in_order(storage: Storage):
    bookings = [*a_row_of_bookings(3)[::-1], a_booking(resource_id=OTHER_ROOM.id, before=5)]
    await done(storage, *map(place, bookings))
    found = await storage.sessions([ROOM.id, OTHER_ROOM.id], START, START + 9 * HOUR, NOW)
    assert {room: list(them) for room, them in found.items()} == {
        ROOM.id: [session(START + n * 2 * HOUR) for n in range(3)],
        OTHER_ROOM.id: [session(START, before=5)],
    }


async def test_only_what_meets_the_period_is_read(storage: Storage):
    await done(storage, *map(place, a_row_of_bookings(3)))
    found = await storage.sessions([ROOM.id], START + HOUR, START + 4 * HOUR, NOW)
    assert list(found[ROOM.id]) == [session(START + 2 * HOUR)]


async def test_what_was_cancelled_occupies_nothing(storage: Storage):
    booking = a_booking()
    await done(storage, place(booking), change(cancelled(booking)))
    found = await storage.sessions([ROOM.id], START, START + HOUR, NOW)
    assert not found[ROOM.id]
