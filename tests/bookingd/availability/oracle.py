"""The same answers by brute force: zoneinfo asked minute by minute, every session looked at."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from functools import cache, cached_property
from zoneinfo import ZoneInfo

from bookingd.availability.wanted import Wanted
from storage.model import WEEKDAYS, Resource
from storage.rows import microseconds
from storage.sessions import Session

MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)
FIVE = 5 * MINUTE
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
US = timedelta(microseconds=1)


@cache
def clock_time(text: str) -> timedelta:
    hour, minute = text.split(":")
    return timedelta(hours=int(hour), minutes=int(minute))


class Oracle:
    """What a resource's hours say of single instants."""

    def __init__(self, resource: Resource, house: str, holidays: frozenset[date] = frozenset()):
        self.resource, self.holidays = resource, holidays
        self.zone = ZoneInfo(resource.time_zone or house)
        self._covering: dict[datetime, list[datetime]] = {}

    def wall(self, instant: datetime) -> datetime:
        return instant.astimezone(self.zone).replace(tzinfo=None)

    def hours(self, day: date) -> tuple[str, ...]:
        for closure in self.resource.closures[::-1]:
            if closure.first <= day <= closure.last:
                return closure.hours
        if day in self.holidays:
            return ()
        if self.resource.hours is None:
            return ("00:00-24:00",)
        return self.resource.hours.get(WEEKDAYS[day.weekday()], ())

    def covering(self, wall: datetime) -> list[datetime]:
        """Where the openings begin that have this wall time."""
        if wall not in self._covering:
            midnight = datetime.combine(wall, datetime.min.time())
            found = []
            for base in (midnight - DAY, midnight):
                for begin, end in (hours.split("-") for hours in self.hours(base.date())):
                    first, last = base + clock_time(begin), base + clock_time(end)
                    last += DAY if last <= first else timedelta(0)
                    found += [first] if first <= wall < last else []
            self._covering[wall] = found
        return self._covering[wall]

    def in_hours(self, start: datetime, length: timedelta, step: int) -> bool:
        """Open in each five minutes of it, and on the steps of the earliest opening it begins in.

        Nothing here opens or shuts, and no clock changes, between multiples of five.
        """
        openings = self.covering(self.wall(start))
        if not openings or (self.wall(start) - min(openings)) % (step * MINUTE):
            return False
        first = start - (start - _EPOCH) % FIVE
        moments = (first + number * FIVE for number in range(1 + (length + start - first) // FIVE))
        return all(
            self.covering(self.wall(one)) for one in moments if start <= one < start + length
        )


class Hand:
    """The rules by hand, on what a `Wanted` says."""

    def __init__(self, wanted: Wanted, house: str) -> None:
        self.service, self.sessions = wanted.service, wanted.sessions
        self.length, self.now = wanted.length * US, instant(wanted.now)
        self.oracle = Oracle(wanted.calendar.resource, house)
        self.resource = wanted.calendar.resource

    @cached_property
    def step(self) -> int:
        return self.service.slot_step or min(self.service.durations or (15,))

    def verdicts(self, start: datetime) -> list[bool]:
        """What each rule says, in order."""
        service, zone = self.service, self.oracle
        day = zone.wall(start).date()
        monday = day - timedelta(days=day.weekday())
        notice, horizon = service.minimum_notice * MINUTE, service.horizon
        return [
            not service.durations or self.length // MINUTE in service.durations,
            start > self.now and start >= self.now + notice,
            horizon is None or start <= self.now + horizon * DAY,
            zone.in_hours(start, self.length, self.step),
            self.room(start),
            self.seats({day}) < (service.daily_cap or 10**9),
            self.seats({monday + n * DAY for n in range(7)}) < (service.weekly_cap or 10**9),
        ]

    def seats(self, days: set[date]) -> int:
        """How many of this service begin on these days."""
        mine = (one for one in self.sessions if one.service_id == self.service.id)
        return sum(s.taken for s in mine if self.oracle.wall(instant(s.start)).date() in days)

    def room(self, start: datetime) -> bool:
        service = self.service
        slot = (microseconds(start), microseconds(start + self.length))
        begin = microseconds(start - service.buffer_before * MINUTE)
        end = microseconds(start + self.length + service.buffer_after * MINUTE)
        met = [
            one for one in self.sessions if one.occupied_start < end and begin < one.occupied_end
        ]
        same = [one for one in met if (one.service_id, one.start, one.end) == (service.id, *slot)]
        return not met or any(one.taken < service.capacity for one in same)


def instant(number: int) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + number * US


def meeting(sessions: Iterable[Session], begin: int, end: int) -> list[Session]:
    """Those whose occupied range meets `[begin, end)`."""
    return [one for one in sessions if one.occupied_start < end and begin < one.occupied_end]
