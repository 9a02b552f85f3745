"""What somebody wants to book, of which the rules judge whether and when it can be had."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bookingd.availability.hours import Calendar
from bookingd.availability.wallclock import MICROSECOND, MINUTE
from storage.model import Resource, Service
from storage.rows import microseconds
from storage.sessions import Occupied, Sessions

NO_SESSIONS = Sessions.of(())

QUARTER = 15
"""Minutes from one slot to the next, where a service has neither a step nor durations."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A service with a resource, for `length` microseconds, as it stands at `now`.

    `occupied` is when the resource is, in order, as far as `reach` of a window goes; `sessions`
    are known where seats are counted.
    """

    service: Service
    calendar: Calendar
    length: int
    now: int
    occupied: Occupied = NO_SESSIONS.occupied
    sessions: Sessions = NO_SESSIONS

    def among(self, sessions: Sessions) -> "Wanted":
        """The same where these are booked."""
        return replace(self, occupied=sessions.occupied, sessions=sessions)

    @property
    def counts_seats(self) -> bool:
        """Whether it matters how many book a session, or the service."""
        service = self.service
        return service.capacity > 1 or {service.daily_cap, service.weekly_cap} != {None}

    @property
    def earliest(self) -> int:
        """The first instant at which it may begin: in the future, and after the notice."""
        return self.now + (self.service.minimum_notice * MINUTE or 1)

    @property
    def step(self) -> int:
        """Minutes from one slot to the next."""
        service = self.service
        return service.slot_step or min(service.durations, default=QUARTER)

    def reach(self, window: range) -> tuple[int, int]:
        """Of which time sessions have to be known to judge the starts of a window."""
        service = self.service
        start = window.start - service.buffer_before * MINUTE
        end = window.stop + self.length + service.buffer_after * MINUTE
        for cap, days in ((service.daily_cap, 1), (service.weekly_cap, 7)):
            if cap is not None:
                periods = list(self.calendar.clock.periods(window, days))
                start, end = min(start, periods[0][0]), max(end, periods[-1][1])
        return start, end


class Calendars:
    """The calendars of all resources, each made once for as long as its resource stays the same.

    `house` is the zone of those that have none of their own.
    """

    def __init__(self, house: str) -> None:
        self._house = house
        self._kept: dict[str, Calendar] = {}

    def of(self, resource: Resource) -> Calendar:
        """The calendar of a resource."""
        kept = self._kept.get(resource.id)
        if kept is None or not kept.holds_for(resource):
            kept = self._kept[resource.id] = Calendar(resource, self._house)
        kept.resource = resource
        return kept

    def wanted(
        self,
        service: Service,
        resource: Resource,
        length: timedelta,
        now: datetime,
    ) -> Wanted:
        """What is wanted, in the engine's terms."""
        return Wanted(service, self.of(resource), length // MICROSECOND, microseconds(now))
