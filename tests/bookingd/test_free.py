"""Where a resource is free."""

from datetime import UTC, datetime, timedelta
from itertools import islice

from hypothesis import given, settings
from hypothesis import strategies as st

from bookingd.changes import Slot
from bookingd.free import OFFERED, gaps, next_free
from storage.interface import Storage
from storage.model import Booking
from tests.records import DAY, HOUR, ROOM, SERVICE, START, a_booking, a_service, done, place

Ranges = list[tuple[datetime, datetime]]
MINUTE = timedelta(minutes=1)
SHUT = (START + 9 * DAY, START + 9 * DAY)
"""Where the search ends."""


def at(minute: int) -> datetime:
    return START + minute * MINUTE


@st.composite
def busy(draw: st.DrawFn) -> Ranges:
    """Half-open ranges, sorted, that do not overlap; some touch."""
    ranges, moment = [], draw(st.integers(-30, 10))
    for pause, length in draw(
        st.lists(st.tuples(st.integers(0, 20), st.integers(1, 30)), max_size=8)
    ):
        ranges.append((at(moment + pause), at(moment + pause + length)))
        moment += pause + length
    return ranges


def meets(ranges: Ranges, start: datetime, length: timedelta) -> bool:
    return any(start < until and begin < start + length for begin, until in ranges)


def by_brute_force(ranges: Ranges, length: timedelta, count: int) -> list[datetime]:
    """Try minute by minute."""
    found: list[datetime] = []
    moment = START
    while len(found) < count:
        if meets(ranges, moment, length):
            moment += MINUTE
        else:
            found.append(moment)
            moment += length
    return found


@settings(max_examples=300)
@given(ranges=busy(), minutes=st.integers(1, 40), count=st.integers(0, 6))
def test_the_gaps_are_those_that_trying_every_minute_finds(
    ranges: Ranges, minutes: int, count: int
):
    length = minutes * MINUTE
    found = islice(gaps([*ranges, SHUT], START, length), count)
    assert list(found) == by_brute_force(ranges, length, count)


def test_a_day_without_bookings_is_free_from_the_start():
    found = list(gaps([(START + 3 * HOUR, START + DAY)], START, HOUR))
    assert found == [START, START + HOUR, START + 2 * HOUR]


def test_a_gap_that_is_too_short_is_none():
    ends = START + HOUR - MINUTE
    assert list(gaps([(ends, ends)], START, HOUR)) == []


def test_what_touches_does_not_meet():
    ranges = [(START - HOUR, START), (START + HOUR, START + 2 * HOUR)]
    assert list(islice(gaps([*ranges, SHUT], START, HOUR), 2)) == [START, START + 2 * HOUR]


async def placed(storage: Storage, *bookings: Booking) -> None:
    await done(storage, *map(place, bookings))


async def test_the_next_free_starts_are_told(storage: Storage):
    await placed(storage, a_booking(), a_booking(start=START + 2 * HOUR))
    found = await next_free(storage, ROOM.id, SERVICE, Slot(START, HOUR))
    assert found == [START + HOUR, START + 3 * HOUR, START + 4 * HOUR]


async def test_the_buffers_are_kept_free_too(storage: Storage):
    service = a_service(buffer_before=15, buffer_after=30)
    await placed(storage, a_booking())
    [first, *_] = await next_free(storage, ROOM.id, service, Slot(START, HOUR))
    assert first == START + HOUR + timedelta(minutes=15)


async def test_what_is_offered_is_free_however_full_the_next_weeks_are(storage: Storage):
    days = [a_booking(start=START + number * DAY, minutes=1440) for number in range(20)]
    await placed(storage, *days)
    found = await next_free(storage, ROOM.id, SERVICE, Slot(START, HOUR))
    ranges = [(one.occupied_start, one.occupied_end) for one in days]
    assert [start for start in found if meets(ranges, start, HOUR)] == []
    assert len(found) <= OFFERED


def test_instants_far_away_are_no_matter():
    last = datetime(2099, 12, 31, 23, 59, tzinfo=UTC)
    assert list(gaps([(last, last + HOUR), (last + DAY, last + DAY)], last, DAY)) == []
