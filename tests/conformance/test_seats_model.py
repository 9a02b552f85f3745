"""Whoever takes and leaves seats in whatever order: the database agrees with a list in memory."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from storage.errors import CapReached, HoldExpired, SlotTaken, StorageError, TooManyHolds
from storage.interface import Storage
from storage.model import Booking, BookingStatus, Cap, Hold, Service
from storage.rows import microseconds
from storage.sessions import Session, Sessions
from storage.writes import Change, Extend, Keep, LetGo, SaveResource, SaveService, SweepHolds, Write
from tests.conformance.outside import Outside
from tests.records import (
    NOW,
    START,
    a_booking,
    a_cap,
    a_hold,
    a_resource,
    a_service,
    an_event,
    changed,
    done,
    place,
)

STEP = timedelta(minutes=5)
LONG = timedelta(days=1)


@dataclass(frozen=True)
class Ask:
    """What somebody does with the `which`-th thing of its kind, if there is one, `later`."""

    what: str
    which: int
    later: int
    service: int
    start: int
    steps: int
    limit: int | None


asks = st.builds(
    Ask,
    what=st.sampled_from(
        [
            "place",
            "place",
            "keep",
            "keep",
            "redeem",
            "move",
            "cancel",
            "revive",
            "extend",
            "let go",
            "sweep",
        ]
    ),
    which=st.integers(0, 5),
    later=st.sampled_from([0, 0, 1, 4]),
    service=st.integers(0, 1),
    start=st.integers(0, 6),
    steps=st.integers(1, 2),
    limit=st.none() | st.integers(1, 3),
)


@dataclass
class Memory:
    """What the contract says, in lists."""

    room: str
    services: list[Service]
    now: datetime = NOW
    bookings: list[Booking] = field(default_factory=list)
    holds: list[Hold] = field(default_factory=list)

    def seats(self, without: Booking | Hold | None = None) -> Iterator[Booking | Hold]:
        """Whoever has one: expired is free at once."""
        for one in self.bookings:
            if one.live and one is not without:
                yield one
        for hold in self.holds:
            if hold.expires_at > self.now and hold is not without:
                yield hold

    def refused(
        self, wanted: Booking | Hold, limit: int | None, without: Booking | Hold | None = None
    ) -> type[StorageError] | None:
        others = list(self.seats(without))
        mine = [one for one in others if slot(one) == slot(wanted)]
        [capacity] = [one.capacity for one in self.services if one.id == wanted.service_id]
        meeting = [
            one
            for one in others
            if one.occupied_start < wanted.occupied_end and wanted.occupied_start < one.occupied_end
        ]
        if len(mine) >= capacity or len(mine) < len(meeting):
            return SlotTaken
        same = [one for one in others if one.service_id == wanted.service_id]
        return CapReached if limit is not None and len(same) >= limit else None

    def cap(self, service: Service, limit: int | None) -> list[Cap]:
        if limit is None:
            return []
        return [a_cap(limit, service_id=service.id, resource_id=self.room)]

    def ask(self, ask: Ask) -> tuple[Write[Any], Any]:
        """The write, and its outcome or the type of its error."""
        self.now += ask.later * STEP
        return getattr(self, f"_{ask.what.replace(' ', '_')}")(ask)

    def _slot(self, ask: Ask) -> dict[str, Any]:
        service = self.services[ask.service]
        start = START + ask.start * STEP
        end = start + ask.steps * STEP
        return {
            "service_id": service.id,
            "resource_id": self.room,
            "start_time": start,
            "end_time": end,
            "occupied_start": start - timedelta(minutes=service.buffer_before),
            "occupied_end": end + timedelta(minutes=service.buffer_after),
        }

    def _place(self, ask: Ask) -> tuple[Write[Any], Any]:
        booking = a_booking(**self._slot(ask))
        caps = self.cap(self.services[ask.service], ask.limit)
        refusal = self.refused(booking, ask.limit)
        if refusal is None:
            self.bookings.append(booking)
        return place(booking, at=self.now, caps=caps), refusal

    def _keep(self, ask: Ask) -> tuple[Write[Any], Any]:
        hold = a_hold(**self._slot(ask), created_at=self.now, expires_at=self.now + 3 * STEP)
        caps = self.cap(self.services[ask.service], ask.limit)
        live = sum(one.expires_at > self.now for one in self.holds)
        refusal = TooManyHolds if live >= 3 else self.refused(hold, ask.limit)
        if refusal is None:
            self.holds.append(hold)
        return Keep(hold, 3, caps), refusal

    def _redeem(self, ask: Ask) -> tuple[Write[Any], Any]:
        hold = self._hold(ask) or a_hold(**self._slot(ask))
        names = (
            "service_id",
            "resource_id",
            "start_time",
            "end_time",
            "occupied_start",
            "occupied_end",
        )
        booking = a_booking(**{name: getattr(hold, name) for name in names})
        write = place(booking, at=self.now, hold=hold.token_digest)
        if hold not in self.holds or hold.expires_at <= self.now:
            return write, HoldExpired
        self.holds.remove(hold)
        self.bookings.append(booking)
        return write, None

    def _move(self, ask: Ask) -> tuple[Write[Any], Any]:
        return self._change(ask, lambda old: replace(old, **self._slot(ask)))

    def _cancel(self, ask: Ask) -> tuple[Write[Any], Any]:
        return self._change(ask, lambda old: replace(old, status=BookingStatus.CANCELLED))

    def _revive(self, ask: Ask) -> tuple[Write[Any], Any]:
        return self._change(ask, lambda old: replace(old, status=BookingStatus.PENDING))

    def _change(self, ask: Ask, how: Any) -> tuple[Write[Any], Any]:
        if ask.which >= len(self.bookings):
            return self._sweep(ask)
        old = self.bookings[ask.which]
        after = changed(how(old))
        refusal = self.refused(after, None, without=old) if after.live else None
        if refusal is None:
            self.bookings[ask.which] = after
        return Change(after, old.version, an_event(after, at=self.now), []), refusal

    def _extend(self, ask: Ask) -> tuple[Write[Any], Any]:
        hold = self._hold(ask)
        if hold is None:
            return Extend("unknown", self.now + STEP, self.now), HoldExpired
        write = Extend(hold.token_digest, self.now + 3 * STEP, self.now)
        if hold.expires_at <= self.now:
            return write, HoldExpired
        until = hold.expires_at if hold.extended else write.until
        longer = replace(hold, extended=True, expires_at=until)
        self.holds[self.holds.index(hold)] = longer
        return write, longer

    def _let_go(self, ask: Ask) -> tuple[Write[Any], Any]:
        hold = self._hold(ask)
        if hold is None or hold.expires_at <= self.now:  # who knows whether it was swept
            return LetGo("unknown"), False
        self.holds.remove(hold)
        return LetGo(hold.token_digest), True

    def _sweep(self, ask: Ask) -> tuple[Write[Any], Any]:
        return SweepHolds(self.now), ...

    def _hold(self, ask: Ask) -> Hold | None:
        return self.holds[ask.which] if ask.which < len(self.holds) else None

    def sessions(self) -> list[Session]:
        seats = Counter(map(times, self.seats()))
        found = (
            Session(*map(microseconds, bounds), service_id, taken)
            for (*bounds, service_id), taken in seats.items()
        )
        return sorted(found, key=lambda one: one.occupied_start)


def slot(one: Booking | Hold) -> tuple[Any, ...]:
    return one.service_id, one.start_time, one.end_time


def times(one: Booking | Hold) -> tuple[Any, ...]:
    return one.start_time, one.end_time, one.occupied_start, one.occupied_end, one.service_id


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(asked=st.lists(asks, max_size=25))
async def test_it_agrees_with_lists_in_memory(storage: Storage, outside: Outside, asked: list[Ask]):
    room = a_resource()
    services = [a_service(), a_service(capacity=3, buffer_after=5)]
    await done(storage, SaveResource(room), *map(SaveService, services))
    memory = Memory(room.id, services)
    for ask in asked:
        write, expected = memory.ask(ask)
        [outcome] = await storage.commit([write])
        if isinstance(expected, type):
            assert type(outcome) is expected
        elif expected is not ...:
            assert outcome == expected
        period = [room.id], START - LONG, START + LONG, memory.now
        sessions = Sessions.of(memory.sessions())
        assert await storage.sessions(*period) == {room.id: sessions}
        assert await storage.occupied(*period) == {room.id: sessions.occupied}
    await done(storage, *map(LetGo, [hold.token_digest for hold in memory.holds]))
    assert await outside.rows(_COUNTED) == await outside.rows(_SEATS)


_COUNTED = """
SELECT resource_id, service_id, taken FROM sessions
 ORDER BY resource_id, occupied_start
"""
_SEATS = """
SELECT resource_id, service_id, count(*)
  FROM bookings
 WHERE status IN ('PENDING', 'CONFIRMED')
 GROUP BY resource_id, service_id, start_time, end_time
 ORDER BY resource_id, start_time
"""
