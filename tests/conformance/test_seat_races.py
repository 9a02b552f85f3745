"""Many at once want seats, holds, or what a cap has left: exactly as many get it as there are."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from storage.errors import CapReached, HoldExpired, SlotTaken, TooManyHolds
from storage.interface import Storage
from storage.writes import Keep, LetGo, SaveService, Write
from tests.conformance.outside import Outside
from tests.conftest import Doors
from tests.records import (
    DAY,
    HOUR,
    NOW,
    PREPARED,
    ROOM,
    SERVICE,
    START,
    a_booking,
    a_cap,
    a_hold,
    answer,
    cancelled,
    change,
    changed,
    done,
    moved,
    place,
)

Both = list[Storage]


@pytest.fixture
async def both(storage: Storage, doors: Doors) -> Both:
    return [storage, await doors.beside()]


async def asked(both: Sequence[Storage], writes: Sequence[Write[Any]]) -> Counter[type]:
    """What becomes of each, asked for at once at every door."""
    answers = [answer(both[n % len(both)], write) for n, write in enumerate(writes)]
    return Counter(map(type, await asyncio.gather(*answers)))


async def seats(storage: Storage) -> list[int]:
    found = await storage.sessions([ROOM.id], START - DAY, START + 9 * DAY, NOW)
    return [one.taken for one in found[ROOM.id]]


async def share(storage: Storage, capacity: int) -> None:
    await done(storage, SaveService(replace(SERVICE, capacity=capacity, version=2)))


async def test_of_two_hundred_for_twelve_seats_twelve_get_one(both: Both):
    await share(both[0], 12)
    outcomes = await asked(both, [place(a_booking()) for _ in range(200)])
    assert outcomes == {type(None): 12, SlotTaken: 188}
    assert await seats(both[0]) == [12]


async def test_without_the_guard_more_get_one(both: Both, outside: Outside):
    await share(both[0], 12)
    await outside.unguard()
    outcomes = await asked(both, [place(a_booking()) for _ in range(200)])
    assert outcomes[type(None)] > 12


async def test_bookings_and_holds_share_the_seats(both: Both):
    await share(both[0], 12)
    writes = [Keep(a_hold()) if n % 3 else place(a_booking()) for n in range(60)]
    assert await asked(both, writes) == {type(None): 12, SlotTaken: 48}
    assert await seats(both[0]) == [12]


async def test_of_a_cap_of_five_five_are_placed(both: Both):
    writes = [
        place(a_booking(start=START + timedelta(minutes=5 * n), minutes=5), caps=[a_cap(5)])
        for n in range(60)
    ]
    assert await asked(both, writes) == {type(None): 5, CapReached: 55}


async def test_of_a_cap_of_five_five_come_there_in_whatever_way(both: Both):
    day = {"caps": [a_cap(5)]}
    old = [a_booking(start=START + DAY + n * HOUR) for n in range(9)]
    await done(both[0], *map(place, old))
    slots = [START + timedelta(minutes=10 * n) for n in range(27)]
    writes: list[Write[Any]] = []
    for n, one in enumerate(old):
        writes.append(place(a_booking(start=slots[3 * n], minutes=10), **day))
        writes.append(Keep(a_hold(start=slots[3 * n + 1], minutes=10), **day))
        there = a_booking(start=slots[3 * n + 2], minutes=10)
        times = ("start_time", "end_time", "occupied_start", "occupied_end")
        move = changed(one, **{name: getattr(there, name) for name in times})
        writes.append(replace(change(move), **day))
    assert await asked(both, writes) == {type(None): 5, CapReached: 22}


async def test_a_hold_is_used_by_one(both: Both):
    await share(both[0], 9)
    hold = a_hold()
    await done(both[0], Keep(hold))
    writes = [place(a_booking(), hold=hold.token_digest) for _ in range(30)]
    assert await asked(both, writes) == {type(None): 1, HoldExpired: 29}
    assert await seats(both[0]) == [1]


async def test_what_an_expired_hold_had_one_gets(both: Both):
    hold = a_hold()
    await done(both[0], Keep(hold))
    writes = [place(a_booking(), at=hold.expires_at) for _ in range(50)]
    assert await asked(both, writes) == {type(None): 1, SlotTaken: 49}


async def test_what_expired_holds_had_all_get_whoever_sweeps(both: Both):
    slots = [START + n * HOUR for n in range(30)]
    old = [a_booking(start=START + 9 * DAY + n * HOUR) for n in range(10)]
    holds = [a_hold(start=start) for start in slots]
    await done(both[0], *map(Keep, holds), *map(place, old))
    at = {"at": holds[0].expires_at}
    writes: list[Write[Any]] = []
    for n, one in enumerate(old):
        writes.append(place(a_booking(start=slots[3 * n]), caps=[a_cap(10)], **at))
        writes.append(Keep(a_hold(start=slots[3 * n + 1], created_at=at["at"])))
        move = change(moved(one, slots[3 * n + 2]))
        writes.append(replace(move, event=replace(move.event, **at)))
    assert await asked(both, writes) == {type(None): 30}


async def test_an_address_does_not_hold_more_by_asking_at_once(both: Both):
    writes = [Keep(a_hold(start=START + n * HOUR), at_most=3) for n in range(30)]
    assert await asked(both, writes) == {type(None): 3, TooManyHolds: 27}


async def test_where_there_is_a_seat_for_everybody_nobody_is_refused(both: Both):
    """However the session ends and begins again while they come and go."""
    await share(both[0], 4)

    async def customer(mine: Storage) -> None:
        for _ in range(15):
            booking, hold = a_booking(), a_hold()
            await done(mine, place(booking))
            await done(mine, change(cancelled(booking)))
            await done(mine, Keep(hold))
            await done(mine, LetGo(hold.token_digest))

    await asyncio.gather(*[customer(both[n % 2]) for n in range(4)])
    assert await seats(both[0]) == []


async def test_moves_to_and_fro_between_two_sessions_lose_no_seat(both: Both):
    await move_to_and_fro(both)
    assert sum(await seats(both[0])) == 6
    assert max(await seats(both[0])) <= 3


@pytest.mark.parametrize("database", ["postgres"], indirect=True)
async def test_moves_to_and_fro_wait_for_each_other_and_never_in_a_circle(
    doors: Doors, outside: Outside
):
    """PostgreSQL is told not to look for circles; in one, a move would wait until it is refused."""
    [[name]] = await outside.rows("SELECT current_database()")
    await outside.rows(f"ALTER DATABASE {name} SET deadlock_timeout = '1min'")
    both = [await doors.open(), await doors.beside()]
    await done(both[0], *PREPARED)
    await move_to_and_fro(both)


async def move_to_and_fro(both: Both) -> None:
    """Six bookings at once, between two sessions of three seats each."""
    await share(both[0], 3)
    bookings = [a_booking(start=START + n % 2 * HOUR) for n in range(6)]
    await done(both[0], *map(place, bookings))

    async def customer(mine: Storage, booking: Any) -> None:
        for n in range(8):
            there = moved(booking, START + n % 2 * HOUR)
            outcome = await answer(mine, change(there))
            assert isinstance(outcome, SlotTaken | None)
            booking = booking if outcome else there

    await asyncio.gather(*[customer(both[n % 2], one) for n, one in enumerate(bookings)])
