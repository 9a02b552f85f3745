"""Slots as JSON has them, by the days of whoever looks at them."""

from array import array
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

from bookingd.availability.engine import offered
from bookingd.availability.rules import shared
from bookingd.availability.wallclock import DAY, MINUTE, WallClock, calendar_day
from bookingd.availability.wanted import Wanted

KEPT = 250
"""Days of which it is remembered how they were told: eight months."""

MOST = 288
"""Slots of a day that is remembered: every five minutes."""

_SIZE = array("q").itemsize

_CLOCK = [f"T{minute // 60:02}:{minute % 60:02}:00" for minute in range(DAY // MINUTE)]
"""Of each minute of a day, how it is written."""

Offers = tuple[tuple[str, bytes], ...]
"""The ids of resources, each with the starts that can be had, as an array has them in memory."""

Slot = dict[str, Any]


def by_day(wants: Sequence[Wanted], clock: WallClock, days: range) -> list[dict[str, Any]]:
    """The slots of each day, in order, by a clock."""
    window = range(clock.begin(days.start), clock.begin(days.stop))
    starts = {one.calendar.resource.id: offered(one, window) for one in wants}
    minutes, capacity, taken = wants[0].length // MINUTE, wants[0].service.capacity, _taken(wants)
    found = []
    for day in days:
        slots: list[Slot] = []
        for begin, end, offset in clock.instants(day * DAY, (day + 1) * DAY):
            offers = _between(starts, begin, end)
            few = all(len(one) <= MOST * _SIZE for _, one in offers)
            told = (_told if few else _told.__wrapped__)(day, offset, minutes, offers)
            slots += told.values() if capacity == 1 else _with_seats(told, capacity, taken)
        found.append({"date": calendar_day(day), "slots": slots})
    return found


def _between(starts: Mapping[str, "array[int]"], begin: int, end: int) -> Offers:
    return tuple(
        (resource_id, found[bisect_left(found, begin) : bisect_left(found, end)].tobytes())
        for resource_id, found in starts.items()
    )


@lru_cache(KEPT)
def _told(day: int, offset: int, minutes: int, offers: Offers) -> Mapping[int, Slot]:
    """By its start, each slot of a day, or of a part of it, in which a clock has this offset."""
    takers = defaultdict[int, list[str]](list)
    for resource_id, starts in offers:
        for start in memoryview(starts).cast("q"):
            takers[start].append(resource_id)
    midnight, date, ahead = day * DAY - offset, calendar_day(day).isoformat(), _ahead(offset)
    return {
        start: {
            "startTime": date + _CLOCK[(start - midnight) // MINUTE] + ahead,
            "duration": minutes,
            "resourceIds": takers[start],
        }
        for start in sorted(takers)
    }


def _ahead(offset: int) -> str:
    """How far ahead of UTC, as RFC 3339, section 4.2, writes it."""
    minutes = abs(offset) // MINUTE
    return f"{'-' if offset < 0 else '+'}{minutes // 60:02}:{minutes % 60:02}"


def _with_seats(
    told: Mapping[int, Slot], capacity: int, taken: Mapping[tuple[str, int], int]
) -> Iterator[Slot]:
    """With the seats that are left with all resources that have the slot."""
    for start, slot in told.items():
        left = (capacity - taken[resource_id, start] for resource_id in slot["resourceIds"])
        yield slot | {"seats": sum(left)}


def _taken(wants: Sequence[Wanted]) -> Counter[tuple[str, int]]:
    """By resource and start, the seats that are taken of sessions that have others."""
    return Counter({
        (wanted.calendar.resource.id, one.start): one.taken
        for wanted in wants
        for one in shared(wanted)
    })  # fmt: skip
