"""Many at once: one winner for each slot, and no other error than the contract knows."""

import asyncio
import random
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from itertools import pairwise
from typing import Any

from storage.errors import SlotTaken, StaleVersion
from storage.interface import BookingFilter, Storage
from storage.model import Booking, BookingStatus
from tests.conformance.outside import Outside
from tests.conftest import Doors
from tests.records import (
    DAY,
    HOUR,
    OTHER_ROOM,
    ROOM,
    START,
    a_booking,
    a_message,
    a_row_of_bookings,
    answer,
    cancelled,
    change,
    changed,
    done,
    moved,
    place,
)

ALL = BookingFilter()


async def winners(storages: Sequence[Storage], bookings: Sequence[Booking]) -> list[Booking]:
    """Those that were placed, of many that ask at once; the others met `SlotTaken`."""
    asked = [
        answer(storages[index % len(storages)], place(booking, a_message(booking)))
        for index, booking in enumerate(bookings)
    ]
    outcomes = await asyncio.gather(*asked)
    assert {type(outcome) for outcome in outcomes} <= {type(None), SlotTaken}
    return [one for one, outcome in zip(bookings, outcomes, strict=True) if outcome is None]


def overlaps(bookings: Sequence[Booking]) -> int:
    """How many of these, in the order of their starts, begin before the one before has ended."""
    return sum(one.occupied_end > two.occupied_start for one, two in pairwise(bookings))


async def test_a_hundred_want_one_slot_and_one_gets_it(storage: Storage):
    won = await winners([storage], [a_booking() for _ in range(100)])
    assert len(won) == 1
    assert await storage.bookings(ALL, limit=9) == won
    assert len(await storage.messages([won[0].id])) == 1


async def test_without_the_guard_several_get_it(storage: Storage, outside: Outside):
    await outside.unguard()
    assert len(await winners([storage], [a_booking() for _ in range(100)])) > 1


async def test_a_hundred_at_two_doors_want_one_slot_and_one_gets_it(storage: Storage, doors: Doors):
    both = [storage, await doors.beside()]
    won = await winners(both, [a_booking() for _ in range(100)])
    assert len(won) == 1
    assert await storage.bookings(ALL, limit=9) == won


async def test_many_at_two_doors_want_overlapping_slots_and_none_overlap(
    storage: Storage, doors: Doors
):
    both = [storage, await doors.beside()]
    starts = [START + timedelta(minutes=5 * n) for n in range(60)] * 3
    random.Random(7).shuffle(starts)
    won = await winners(both, [a_booking(start=start, minutes=20) for start in starts])
    stored = await storage.bookings(ALL, limit=999)
    assert {one.id for one in stored} == {one.id for one in won}
    assert overlaps(stored) == 0
    assert len(stored) >= 60 * 5 // 40


async def test_everybody_who_wants_another_slot_gets_it(storage: Storage, doors: Doors):
    both = [storage, await doors.beside()]
    bookings = a_row_of_bookings(100)
    assert await winners(both, bookings) == bookings


async def test_two_that_move_to_one_slot_at_two_doors_do_not_both_get_there(
    storage: Storage, doors: Doors
):
    both = [storage, await doors.beside()]
    bookings = a_row_of_bookings(10)
    await done(storage, *map(place, bookings))
    there = START + 100 * HOUR
    moves = [answer(both[n % 2], change(moved(one, there))) for n, one in enumerate(bookings)]
    outcomes = Counter(map(type, await asyncio.gather(*moves)))
    assert outcomes == {type(None): 1, SlotTaken: 9}


async def test_a_move_and_a_new_booking_do_not_both_get_the_slot(storage: Storage, doors: Doors):
    other = await doors.beside()
    for hour in range(0, 40, 2):
        old = a_booking(start=START + hour * HOUR)
        await done(storage, place(old))
        there = START + (hour + 1) * HOUR
        outcomes = await asyncio.gather(
            answer(storage, change(moved(old, there))),
            answer(other, place(a_booking(start=there))),
        )
        assert Counter(map(type, outcomes)) == {type(None): 1, SlotTaken: 1}


async def test_batches_in_opposite_order_do_not_block_each_other(storage: Storage, doors: Doors):
    both = [storage, await doors.beside()]
    bookings = a_row_of_bookings(20)
    await done(storage, *map(place, bookings))
    batches: list[list[Any]] = [
        [change(changed(one, name=f"by {n}")) for one in bookings[:: -1 if n % 2 else 1]]
        for n in range(8)
    ]
    asked = [both[n % 2].commit(batch) for n, batch in enumerate(batches)]
    outcomes = [outcome for answers in await asyncio.gather(*asked) for outcome in answers]
    assert Counter(map(type, outcomes)) == {type(None): 20, StaleVersion: 140}
    assert {one.version for one in await storage.bookings(ALL, limit=99)} == {2}


async def test_batches_across_rooms_in_opposite_order_do_not_block_each_other(
    storage: Storage, doors: Doors
):
    both = [storage, await doors.beside()]
    rooms = [ROOM.id, OTHER_ROOM.id]
    for day in range(30):  # unsorted, about one round in ten meets a deadlock
        start = START + day * DAY
        batches = [
            [place(a_booking(resource_id=room, start=start)) for room in order]
            for order in [rooms, rooms[::-1]] * 10
        ]
        asked = [both[n // 2 % 2].commit(batch) for n, batch in enumerate(batches)]
        outcomes = [outcome for answers in await asyncio.gather(*asked) for outcome in answers]
        assert Counter(map(type, outcomes)) == {type(None): 2, SlotTaken: 38}


async def test_slots_that_are_freed_and_taken_at_once_never_overlap(storage: Storage, doors: Doors):
    both = [storage, await doors.beside()]
    chance = random.Random(11)

    async def customer(mine: Storage) -> None:
        for _ in range(15):
            booking = a_booking(start=START + timedelta(minutes=chance.randrange(0, 120, 10)))
            outcome = await answer(mine, place(booking))
            assert isinstance(outcome, SlotTaken | None)
            if outcome is None:
                await done(mine, change(cancelled(booking)))
                back = changed(cancelled(booking), status=BookingStatus.PENDING)
                outcome = await answer(mine, change(back))
                assert isinstance(outcome, SlotTaken | None)

    await asyncio.gather(*[customer(both[n % 2]) for n in range(8)])
    live = [booking for booking in await storage.bookings(ALL, limit=999) if booking.live]
    assert live
    assert overlaps(live) == 0
