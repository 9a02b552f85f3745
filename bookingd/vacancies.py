"""What is free: the rules of availability asked with what storage knows to be booked."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import chain

from bookingd.availability.engine import TAKEN, check, first, kept, seats_of_day, without
from bookingd.availability.rules import RULES
from bookingd.availability.starts import every
from bookingd.availability.wallclock import DAY, instant
from bookingd.availability.wanted import Calendars, Wanted
from storage.interface import Storage
from storage.model import Booking, Resource, Service
from storage.rows import microseconds

WEEK = 7 * DAY
AHEAD = 9 * WEEK
"""How far from a start that cannot be had to look for others."""

OFFERED = 3


class Vacancies:
    """What can be booked with which resources."""

    def __init__(self, storage: Storage, house: str) -> None:
        self._storage = storage
        self._calendars = Calendars(house)

    def wanted(
        self, service: Service, resources: Sequence[Resource], length: timedelta, now: datetime
    ) -> list[Wanted]:
        """A service with each of the resources, as far as no booking matters."""
        return [self._calendars.wanted(service, one, length, now) for one in resources]

    async def known(
        self, wants: Sequence[Wanted], window: range, leaving: Booking | None = None
    ) -> list[Wanted]:
        """The same, with all that is booked that matters to a window.

        A booking that is to move there is `leaving` its seat.
        """
        if leaving is None and not wants[0].counts_seats:
            found = await self._storage.occupied(*_asked(wants, window))
            return [replace(one, occupied=found[one.calendar.resource.id]) for one in wants]
        return await self._with_seats(wants, window, leaving)

    async def _with_seats(
        self, wants: Sequence[Wanted], window: range, leaving: Booking | None = None
    ) -> list[Wanted]:
        found = dict(await self._storage.sessions(*_asked(wants, window)))
        if leaving is not None and leaving.resource_id in found:
            found[leaving.resource_id] = without(found[leaving.resource_id], leaving)
        return [one.among(found[one.calendar.resource.id]) for one in wants]

    async def takers(
        self, wants: Sequence[Wanted], start: datetime, *, public: bool
    ) -> Sequence[Wanted]:
        """With whom a start can be had: the only one there is, or any, the idlest of the day first.

        Of several it may be lost to another booking in the meantime, of one it may not be free.
        Raises what `check` raises, of the one that came nearest to having it.
        """
        at = microseconds(start)
        if len(wants) == 1:
            if public:
                check(wants[0], at)
            return wants
        rules = RULES if public else TAKEN
        known = await self._with_seats(wants, every(at - 2 * DAY, at + 2 * DAY))
        able = [one for one in known if kept(one, at, rules) == len(rules)]
        if not able:
            check(max(known, key=lambda one: kept(one, at, rules)), at, rules)
        return sorted(able, key=lambda one: (seats_of_day(one, at), one.calendar.resource.id))

    async def next(
        self, wants: Sequence[Wanted], start: datetime, leaving: Booking | None = None
    ) -> list[datetime]:
        """The next starts from this one on that can be had; if there are none, the first of all."""
        earliest = wants[0].earliest
        at = max(microseconds(start), earliest)
        ahead = every(at, at + WEEK), every(at + WEEK, at + AHEAD)  # near, there is little to read
        before = (every(earliest, min(at, earliest + AHEAD)),)
        found = await self._firsts(wants, ahead, leaving)
        return found or await self._firsts(wants, before, leaving)

    async def _firsts(
        self, wants: Sequence[Wanted], windows: Sequence[range], leaving: Booking | None
    ) -> list[datetime]:
        found: list[int] = []
        for window in windows:
            if window and len(found) < OFFERED:
                known = await self.known(wants, window, leaving)
                found += await asyncio.to_thread(_first, known, window)
        return [instant(one) for one in found[:OFFERED]]


def _asked(
    wants: Sequence[Wanted], window: range
) -> tuple[list[str], datetime, datetime, datetime]:
    """What storage is asked for, to judge the starts of a window."""
    periods = [one.reach(window) for one in wants]
    start, end = min(one[0] for one in periods), max(one[1] for one in periods)
    ids = [one.calendar.resource.id for one in wants]
    return ids, instant(start), instant(end), instant(wants[0].now)


def _first(wants: Sequence[Wanted], window: range) -> list[int]:
    """The first starts of a window; lengths that the service does not come in were refused."""
    firsts = (first(one, window, OFFERED, RULES[1:]) for one in wants)
    return sorted(set(chain.from_iterable(firsts)))[:OFFERED]
