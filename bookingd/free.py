"""Where a resource is free."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from itertools import islice

from bookingd.changes import Slot
from storage.interface import Storage
from storage.model import Booking, Service

AHEAD = timedelta(days=14)
"""How far to look for a free start beside one that is taken."""

OFFERED = 3


async def next_free(
    storage: Storage,
    resource_id: str,
    service: Service,
    slot: Slot,
    leaving: Booking | None = None,
) -> list[datetime]:
    """The next starts after the one asked for at which a slot of this length is free.

    A booking that is to move there will be `leaving` the range that it occupies now.
    """
    times = slot.of(service)
    start, end = times["occupied_start"], times["occupied_end"]
    until = start + AHEAD
    ranges = await storage.occupied(resource_id, start, until)
    if leaving is not None:
        ranges = [one for one in ranges if one != (leaving.occupied_start, leaving.occupied_end)]
    found = gaps([*ranges, (until, until)], start, end - start)
    return [free + (slot.start - start) for free in islice(found, OFFERED)]


def gaps(
    ranges: Iterable[tuple[datetime, datetime]], start: datetime, length: timedelta
) -> Iterator[datetime]:
    """Starts from `start` on, `length` apart, that meet none of `ranges` and end with the last.

    `ranges` are half-open, sorted, and do not overlap.
    """
    free_from = start
    for busy_from, busy_until in ranges:
        while free_from + length <= busy_from:
            yield free_from
            free_from += length
        free_from = max(free_from, busy_until)
