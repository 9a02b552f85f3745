"""Where a resource is free."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from bookingd.changes import Slot
from storage.interface import Storage
from storage.model import Service

AHEAD = timedelta(days=14)
"""How far to look for a free start beside one that is taken."""

OFFERED = 3


async def next_free(
    storage: Storage, resource_id: str, service: Service, slot: Slot
) -> list[datetime]:
    """The next starts after the one asked for at which a slot of this length is free."""
    times = slot.of(service)
    start, end = times["occupied_start"], times["occupied_end"]
    ranges = await storage.occupied(resource_id, start, start + AHEAD)
    return [free + (slot.start - start) for free in gaps(ranges, start, end - start, OFFERED)]


def gaps(
    ranges: Sequence[tuple[datetime, datetime]],
    start: datetime,
    length: timedelta,
    count: int,
) -> list[datetime]:
    """The first `count` starts from `start` on, `length` apart, that meet none of `ranges`.

    `ranges` are half-open, sorted, and do not overlap.
    """
    found: list[datetime] = []
    free_from = start
    for busy_from, busy_until in [*ranges, (datetime.max.replace(tzinfo=start.tzinfo),) * 2]:
        while len(found) < count and free_from + length <= busy_from:
            found.append(free_from)
            free_from += length
        free_from = max(free_from, busy_until) if len(found) < count else free_from
    return found
