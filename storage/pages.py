"""All the bookings that match, a page at a time, so that no more than a page is in memory."""

from collections.abc import AsyncGenerator

from storage.interface import BookingFilter, Position, Sort, Storage
from storage.model import Booking


async def pages(
    storage: Storage, which: BookingFilter, *, sort: Sort = Sort.START, size: int
) -> AsyncGenerator[list[Booking], None]:
    """Pages of `size`; only the first may be empty. Each costs the same. Raises `Unavailable`.

    What moves behind the page that was read is read again, and what moves before it is not. In
    the order of `createdAt` nothing moves.
    """
    after: Position | None = None
    while True:
        page = await storage.bookings(which, sort=sort, limit=size, after=after)
        if page or after is None:
            yield page
        if len(page) < size:
            return
        after = Position(getattr(page[-1], sort.column), page[-1].id)
