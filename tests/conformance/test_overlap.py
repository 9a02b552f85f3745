"""Two live bookings of one resource never share an instant of their occupied ranges."""

from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

import pytest

from storage.errors import NotFound, SlotTaken
from storage.interface import BookingFilter, Storage
from storage.model import LIVE, Booking, BookingStatus
from tests.conformance.outside import Outside
from tests.records import (
    HOUR,
    INSTANT,
    OTHER_ROOM,
    OTHER_SERVICE,
    START,
    a_booking,
    a_message,
    answer,
    cancelled,
    change,
    changed,
    done,
    moved,
    place,
)

MINUTE = timedelta(minutes=1)
TAKEN = a_booking(start=START, minutes=60)

MEETING = {
    "equal": a_booking(start=START, minutes=60),
    "reaching_into_its_start": a_booking(start=START - 30 * MINUTE, minutes=60),
    "reaching_into_its_end": a_booking(start=START + 30 * MINUTE, minutes=60),
    "containing_it": a_booking(start=START - 30 * MINUTE, minutes=120),
    "contained_in_it": a_booking(start=START + 15 * MINUTE, minutes=30),
    "same_start_but_shorter": a_booking(start=START, minutes=15),
    "same_start_but_longer": a_booking(start=START, minutes=90),
    "same_end_but_later_start": a_booking(start=START + 45 * MINUTE, minutes=15),
    "its_last_microsecond": a_booking(start=START + HOUR - INSTANT),
    "its_first_microsecond": a_booking(start=START - HOUR + INSTANT),
    "another_service": a_booking(start=START, service_id=OTHER_SERVICE.id),
    "a_buffer_before_it": a_booking(start=START + 70 * MINUTE, before=15),
    "a_buffer_after_it": a_booking(start=START - 70 * MINUTE, after=15),
}
APART = {
    "touching_its_end": a_booking(start=START + HOUR),
    "touching_its_start": a_booking(start=START - HOUR),
    "later": a_booking(start=START + 5 * HOUR),
    "earlier": a_booking(start=START - 5 * HOUR),
    "another_resource": a_booking(start=START, resource_id=OTHER_ROOM.id),
    "a_buffer_before_that_touches_it": a_booking(start=START + 75 * MINUTE, before=15),
    "a_buffer_after_that_touches_it": a_booking(start=START - 75 * MINUTE, after=15),
}

meeting = pytest.mark.parametrize("booking", MEETING.values(), ids=MEETING.keys())
apart = pytest.mark.parametrize("booking", APART.values(), ids=APART.keys())
each_live_status = pytest.mark.parametrize("status", sorted(LIVE))
each_dead_status = pytest.mark.parametrize("status", sorted(set(BookingStatus) - LIVE))


@meeting
async def test_a_booking_that_meets_a_live_one_is_refused(storage: Storage, booking: Booking):
    await done(storage, place(TAKEN))
    assert isinstance(await answer(storage, place(booking)), SlotTaken)
    with pytest.raises(NotFound):
        await storage.booking(booking.id)


@apart
async def test_a_booking_apart_from_a_live_one_is_placed(storage: Storage, booking: Booking):
    await done(storage, place(TAKEN), place(booking))
    assert await storage.booking(booking.id) == booking


@meeting
async def test_a_move_onto_a_live_booking_is_refused(storage: Storage, booking: Booking):
    before = replace(booking, resource_id=OTHER_ROOM.id)
    await done(storage, place(TAKEN), place(before))
    after = changed(before, resource_id=booking.resource_id)
    assert isinstance(await answer(storage, change(after)), SlotTaken)
    assert await storage.booking(before.id) == before


@apart
async def test_a_move_next_to_a_live_booking_is_made(storage: Storage, booking: Booking):
    before = a_booking(start=START + 100 * HOUR)
    await done(storage, place(TAKEN), place(before))
    after = changed(
        before,
        resource_id=booking.resource_id,
        start_time=booking.start_time,
        end_time=booking.end_time,
        occupied_start=booking.occupied_start,
        occupied_end=booking.occupied_end,
    )
    await done(storage, change(after))
    assert await storage.booking(before.id) == after


@meeting
async def test_a_booking_moves_freely_over_its_own_old_range(storage: Storage, booking: Booking):
    await done(storage, place(TAKEN))
    after = changed(
        TAKEN,
        start_time=booking.start_time,
        end_time=booking.end_time,
        occupied_start=booking.occupied_start,
        occupied_end=booking.occupied_end,
    )
    await done(storage, change(after))
    assert await storage.booking(TAKEN.id) == after


@each_live_status
async def test_a_live_booking_blocks_whatever_its_status(storage: Storage, status: BookingStatus):
    await done(storage, place(a_booking(status=status)))
    for other in sorted(LIVE):
        assert isinstance(await answer(storage, place(a_booking(status=other))), SlotTaken)


@each_dead_status
async def test_a_booking_that_is_over_does_not_block(storage: Storage, status: BookingStatus):
    await done(storage, place(a_booking(status=status)), place(a_booking()))


@each_dead_status
async def test_a_booking_that_is_over_is_not_blocked(storage: Storage, status: BookingStatus):
    await done(storage, place(a_booking()), place(a_booking(status=status)))


@each_dead_status
async def test_a_booking_that_ends_frees_its_slot(storage: Storage, status: BookingStatus):
    old, new = a_booking(), a_booking()
    await done(storage, place(old), change(changed(old, status=status)), place(new))
    assert await storage.booking(new.id) == new


@each_live_status
async def test_a_cancelled_booking_cannot_come_back_onto_a_taken_slot(
    storage: Storage, status: BookingStatus
):
    old = a_booking()
    gone = cancelled(old)
    await done(storage, place(old), change(gone), place(a_booking()))
    assert isinstance(await answer(storage, change(changed(gone, status=status))), SlotTaken)
    assert await storage.booking(old.id) == gone


async def test_a_cancelled_booking_can_come_back_onto_a_free_slot(storage: Storage):
    old = a_booking()
    gone = cancelled(old)
    back = changed(gone, status=BookingStatus.CONFIRMED)
    await done(storage, place(old), change(gone), change(back))
    assert isinstance(await answer(storage, place(a_booking())), SlotTaken)


async def test_a_wider_buffer_cannot_grow_into_a_neighbour(storage: Storage):
    neighbour = a_booking(start=START + HOUR)
    await done(storage, place(TAKEN), place(neighbour))
    wider = changed(TAKEN, occupied_end=TAKEN.end_time + INSTANT)
    assert isinstance(await answer(storage, change(wider)), SlotTaken)


async def test_a_long_booking_is_refused_for_any_one_it_meets(storage: Storage):
    await done(storage, *[place(a_booking(start=START + n * HOUR, minutes=30)) for n in range(3)])
    day = a_booking(start=START - 5 * HOUR, minutes=600)
    assert isinstance(await answer(storage, place(day)), SlotTaken)


async def test_a_long_booking_blocks_to_its_end_though_others_inside_it_are_over(storage: Storage):
    day = a_booking(start=START, minutes=600)
    inside = [
        a_booking(start=START + n * HOUR, status=BookingStatus.CANCELLED) for n in range(1, 9)
    ]
    await done(storage, place(day), *map(place, inside))
    late = a_booking(start=START + 9 * HOUR, minutes=30)
    assert isinstance(await answer(storage, place(late)), SlotTaken)


async def test_of_two_that_meet_in_one_batch_the_first_wins(storage: Storage):
    first, second, third = a_booking(), a_booking(), a_booking(start=START + HOUR)
    outcomes = await storage.commit([place(first), place(second), place(third)])
    assert [type(outcome) for outcome in outcomes] == [type(None), SlotTaken, type(None)]
    assert await storage.bookings(BookingFilter(), limit=9) == [first, third]


async def test_of_two_that_meet_in_one_batch_one_wins(
    storage: Storage,
):
    first, second = a_booking(start=START + 30 * MINUTE), a_booking(start=START)
    outcomes = await storage.commit([place(first), place(second)])
    assert {type(outcome) for outcome in outcomes} == {type(None), SlotTaken}
    assert len(await storage.bookings(BookingFilter(), limit=9)) == 1


async def test_two_bookings_in_one_batch_cannot_swap_their_slots(storage: Storage):
    one, two = a_booking(), a_booking(start=START + HOUR)
    await done(storage, place(one), place(two))
    swap = [change(moved(one, two.start_time)), change(moved(two, one.start_time))]
    outcomes = await storage.commit(swap)
    assert [type(outcome) for outcome in outcomes] == [SlotTaken, SlotTaken]
    assert await storage.bookings(BookingFilter(), limit=9) == [one, two]


async def test_a_refused_booking_leaves_no_event_and_no_message(storage: Storage, outside: Outside):
    await done(storage, place(TAKEN))
    refused = a_booking()
    await answer(storage, place(refused, a_message(refused)))
    assert await storage.messages([refused.id]) == []
    assert await outside.rows("SELECT count(*) FROM events") == [(1,)]


async def test_the_database_itself_lets_no_overlap_in(storage: Storage, outside: Outside):
    """PostgreSQL leaves the row out without an error, for the sake of the others in a statement."""
    await done(storage, place(TAKEN), place(cancelled(a_booking())))
    copy = f"CREATE TEMPORARY TABLE copy AS SELECT * FROM bookings WHERE id = '{TAKEN.id}'"
    rename = f"UPDATE copy SET id = '{a_booking().id}'"
    with suppress(outside.refusal):
        await outside.rows(copy, rename, "INSERT INTO bookings SELECT * FROM copy")
    assert await outside.rows("SELECT count(*) FROM bookings") == [(2,)]


async def test_the_database_itself_refuses_an_overlap_by_revival(
    storage: Storage, outside: Outside
):
    gone = cancelled(a_booking())
    await done(storage, place(TAKEN), place(gone))
    with pytest.raises(outside.refusal, match="booking_no_overlap"):
        await outside.rows(f"UPDATE bookings SET status = 'PENDING' WHERE id = '{gone.id}'")


async def test_the_database_itself_refuses_an_overlap_by_move(storage: Storage, outside: Outside):
    late = a_booking(start=START + HOUR)
    await done(storage, place(TAKEN), place(late))
    early = f"(SELECT occupied_start FROM bookings WHERE id = '{TAKEN.id}')"
    with pytest.raises(outside.refusal, match="booking_no_overlap"):
        await outside.rows(f"UPDATE bookings SET occupied_start = {early} WHERE id = '{late.id}'")
