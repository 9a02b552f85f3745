"""All that is kept about a person, as a file, made page by page."""

from collections.abc import AsyncGenerator
from typing import Any

from bookingd.api import history, present
from storage.interface import BookingFilter, Storage
from storage.model import Booking
from storage.pages import pages

PAGE = 100
"""Bookings read at once, with their history."""


async def written(storage: Storage, person: str) -> AsyncGenerator[tuple[bytes, int], None]:
    """The file in pieces, each with how many bookings it holds. Raises `Unavailable`.

    JSON: each booking that has or ever had the address `person`, with its `events` and the
    messages that these caused.
    """
    before = b'{"data":['
    async for page in pages(storage, BookingFilter(person=person), size=PAGE):
        yield before + present.dumps([await _whole(storage, one) for one in page])[1:-1], len(page)
        before = b","
    yield b"]}\n", 0


async def _whole(storage: Storage, booking: Booking) -> dict[str, Any]:
    events = await storage.events(booking.id)
    messages = await storage.messages([booking.id])
    return present.booking(booking) | {"events": history.told(events, messages)}
