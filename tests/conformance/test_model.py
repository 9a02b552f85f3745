"""Whatever is asked in whatever order: the database agrees with a list in memory."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from storage.errors import NotFound, SlotTaken, StaleVersion
from storage.interface import BookingFilter, Storage
from storage.model import Booking, BookingStatus
from storage.writes import Change, Place, SaveResource
from tests.records import START, a_booking, a_resource, an_event, changed, done, occupied, place

ROOMS = 2
STEP = timedelta(minutes=5)


@dataclass(frozen=True)
class Ask:
    """A new booking, or the `which`-th made to be like this, `behind` versions too late."""

    which: int | None
    behind: bool
    room: int
    start: int
    steps: int
    before: int
    after: int
    status: BookingStatus

    def times(self) -> dict[str, Any]:
        start = START + self.start * STEP
        end = start + self.steps * STEP
        return {
            "start_time": start,
            "end_time": end,
            "occupied_start": start - self.before * STEP,
            "occupied_end": end + self.after * STEP,
            "status": self.status,
        }


asks = st.builds(
    Ask,
    which=st.none() | st.integers(0, 5),
    behind=st.sampled_from([False, False, False, True]),
    room=st.integers(0, ROOMS - 1),
    start=st.integers(0, 12),
    steps=st.integers(1, 4),
    before=st.integers(0, 2),
    after=st.integers(0, 2),
    status=st.sampled_from(BookingStatus) | st.just(BookingStatus.CONFIRMED),
)
batches = st.lists(st.lists(asks, min_size=1, max_size=6), max_size=6)


@dataclass
class Memory:
    """What the contract says, in a list."""

    rooms: Sequence[str]
    bookings: list[Booking] = field(default_factory=list)
    numbers: Iterator[int] = field(default_factory=count)

    def taken(self, wanted: Booking) -> bool:
        return wanted.live and any(
            other.live
            and other.id != wanted.id
            and other.resource_id == wanted.resource_id
            and other.occupied_start < wanted.occupied_end
            and wanted.occupied_start < other.occupied_end
            for other in self.bookings
        )

    def ask(self, ask: Ask) -> tuple[Any, type]:
        """The write, and the type of its outcome."""
        room = self.rooms[ask.room]
        if ask.which is None:
            booking = a_booking(resource_id=room, **ask.times())
            return place(booking), self._place(booking)
        if ask.which >= len(self.bookings):
            nobody = changed(a_booking(resource_id=room, **ask.times()))
            return Change(nobody, 1, an_event(nobody), []), NotFound
        old = self.bookings[ask.which]
        expected = old.version - ask.behind
        name = f"change {next(self.numbers)}"
        booking = changed(old, resource_id=room, name=name, **ask.times())
        write = Change(booking, expected, an_event(booking), [])
        return write, StaleVersion if ask.behind else self._change(ask.which, booking)

    def _place(self, booking: Booking) -> type:
        if self.taken(booking):
            return SlotTaken
        self.bookings.append(booking)
        return type(None)

    def _change(self, which: int, booking: Booking) -> type:
        if self.taken(booking):
            return SlotTaken
        self.bookings[which] = booking
        return type(None)


def parts(batches: Iterable[list[tuple[Any, type]]]) -> Iterator[list[tuple[Any, type]]]:
    """The batches, parted between neighbouring places, which would count as simultaneous."""
    for batch in batches:
        part: list[tuple[Any, type]] = []
        for write, expected in batch:
            if part and isinstance(write, Place) and isinstance(part[-1][0], Place):
                yield part
                part = []
            part.append((write, expected))
        yield part


@settings(max_examples=40)
@given(batches=batches)
async def test_it_agrees_with_a_list_in_memory(storage: Storage, batches: list[list[Ask]]):
    rooms = [a_resource() for _ in range(ROOMS)]
    await done(storage, *map(SaveResource, rooms))
    memory = Memory([room.id for room in rooms])
    for asked in parts([memory.ask(ask) for ask in batch] for batch in batches):
        outcomes = await storage.commit([write for write, _ in asked])
        assert [type(outcome) for outcome in outcomes] == [expected for _, expected in asked]
    stored = [
        booking
        for room in memory.rooms
        for booking in await storage.bookings(BookingFilter(resource_id=room), limit=99)
    ]
    assert {booking.id: booking for booking in stored} == {one.id: one for one in memory.bookings}
    for room in memory.rooms:
        live = [one for one in memory.bookings if one.live and one.resource_id == room]
        spans = sorted((one.occupied_start, one.occupied_end) for one in live)
        assert await occupied(storage, room, START - 99 * STEP, START + 99 * STEP) == spans
