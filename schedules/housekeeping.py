"""What is kept for a time, and then no longer."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from storage.errors import StorageError
from storage.interface import BookingFilter, Storage
from storage.pages import pages
from storage.writes import Erase, ForgetKeys, ForgetMessages, SweepHolds, Write

KEPT = timedelta(hours=24)
"""How long the same request with the same Idempotency-Key is answered as the first was."""

BATCH = 200
"""How many messages or bookings at once: some milliseconds in which nothing else is written."""

ACTOR = "housekeeping"
"""Who has erased a booking, as its history says."""


@dataclass(frozen=True, slots=True)
class Retention:
    """How long messages are kept that are done with, and who the customers were; None: for ever.

    A message from the moment at which it was due, a booking from its start.
    """

    messages: timedelta | None = None
    bookings: timedelta | None = None


async def forget_keys(storage: Storage, now: datetime) -> int:
    """Forget the idempotency keys whose time is over; answer how many. Raises `StorageError`."""
    return await _done(storage, ForgetKeys(now - KEPT))


async def sweep_holds(storage: Storage, now: datetime) -> int:
    """Forget the holds that have expired; answer how many. Raises `StorageError`."""
    return await _done(storage, SweepHolds(now))


async def forget_messages(storage: Storage, retention: Retention, now: datetime) -> int:
    """Forget the messages whose time is over; answer how many. Raises `StorageError`."""
    forgotten = 0
    while retention.messages is not None:
        count = await _done(storage, ForgetMessages(now - retention.messages, BATCH))
        forgotten += count
        if count < BATCH:
            break
    return forgotten


async def erase_bookings(storage: Storage, retention: Retention, now: datetime) -> int:
    """Erase who the customers were of bookings whose time is over; answer of how many.

    Raises `StorageError`.
    """
    if retention.bookings is None:
        return 0
    erased, over = 0, BookingFilter(date_to=now - retention.bookings, erased=False)
    async for page in pages(storage, over, size=BATCH):
        erased += await _done(storage, Erase([booking.id for booking in page], now, ACTOR))
    return erased


async def _done(storage: Storage, write: Write[int]) -> int:
    [outcome] = await storage.commit([write])
    if isinstance(outcome, StorageError):
        raise outcome
    count: int = outcome
    return count
