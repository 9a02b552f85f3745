"""Seats: several share a session, holds have one too, and caps count them."""

from dataclasses import replace
from datetime import timedelta

import pytest

from storage.errors import (
    CapReached,
    HoldExpired,
    KeyReused,
    NotFound,
    SlotTaken,
    StaleVersion,
    StorageError,
    TooManyHolds,
)
from storage.interface import BookingFilter, Storage
from storage.model import Hold, IdempotencyKey
from storage.writes import Extend, Keep, LetGo, SaveService, SweepHolds
from tests.conformance.outside import Outside
from tests.records import (
    DAY,
    HOUR,
    INSTANT,
    NOW,
    OTHER_ROOM,
    OTHER_SERVICE,
    ROOM,
    SERVICE,
    START,
    a_booking,
    a_cap,
    a_hold,
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
CLASS = replace(SERVICE, capacity=3, version=2)
HOLD = a_hold()
LATER = HOLD.expires_at


@pytest.fixture
async def shared(storage: Storage) -> Storage:
    """The service has three seats."""
    await done(storage, SaveService(CLASS))
    return storage


async def taken(storage: Storage, now=NOW) -> list[int]:
    found = await storage.sessions([ROOM.id], START - DAY, START + 9 * DAY, now)
    return [one.taken for one in found[ROOM.id]]


async def held(outside: Outside) -> int:
    [[number]] = await outside.rows("SELECT count(*) FROM holds")
    return int(number)


async def test_a_session_takes_as_many_as_it_has_seats(shared: Storage):
    await done(shared, *[place(a_booking()) for _ in range(2)], place(a_booking()))
    assert isinstance(await answer(shared, place(a_booking())), SlotTaken)
    assert await taken(shared) == [3]


async def test_of_one_batch_as_many_are_placed_as_there_are_seats(shared: Storage):
    outcomes = await shared.commit([place(a_booking()) for _ in range(5)])
    assert sum(outcome is None for outcome in outcomes) == 3
    assert await shared.count_bookings(BookingFilter()) == 3


@pytest.mark.parametrize(
    "other",
    [
        a_booking(service_id=OTHER_SERVICE.id),
        a_booking(minutes=30),
        a_booking(start=START + 30 * MINUTE, minutes=30),
        a_booking(start=START - 30 * MINUTE),
    ],
)
async def test_only_the_same_service_start_and_end_share(shared: Storage, other):
    await done(shared, place(a_booking()))
    assert isinstance(await answer(shared, place(other)), SlotTaken)


async def test_who_leaves_gives_the_seat_back(shared: Storage):
    bookings = [a_booking() for _ in range(3)]
    await done(shared, *map(place, bookings), change(cancelled(bookings[0])), place(a_booking()))
    assert await taken(shared) == [3]


async def test_the_last_to_leave_frees_the_resource(shared: Storage):
    bookings = [a_booking() for _ in range(2)]
    await done(shared, *map(place, bookings), *[change(cancelled(one)) for one in bookings])
    await done(shared, place(a_booking(start=START + 30 * MINUTE)))
    assert await taken(shared) == [1]


async def test_a_move_takes_the_seat_along(shared: Storage):
    bookings = [a_booking() for _ in range(3)]
    await done(shared, *map(place, bookings), change(moved(bookings[0], START + 2 * HOUR)))
    assert await taken(shared) == [2, 1]
    back = changed(moved(bookings[0], START + 2 * HOUR), **_times(bookings[1]))
    await done(shared, change(back))
    assert await taken(shared) == [3]


async def test_a_move_into_a_full_session_changes_nothing(shared: Storage):
    late = a_booking(start=START + 2 * HOUR)
    await done(shared, *[place(a_booking()) for _ in range(3)], place(late))
    assert isinstance(await answer(shared, change(moved(late, START))), SlotTaken)
    assert await taken(shared) == [3, 1]
    assert await shared.booking(late.id) == late


async def test_a_move_within_its_own_time(storage: Storage):
    booking = a_booking()
    await done(storage, place(booking), change(moved(booking, START + 30 * MINUTE)))
    assert await taken(storage) == [1]


async def test_fewer_seats_break_nothing_that_is_booked(shared: Storage):
    bookings = [a_booking() for _ in range(3)]
    await done(shared, *map(place, bookings), SaveService(replace(CLASS, capacity=1, version=3)))
    assert await taken(shared) == [3]
    await done(shared, change(changed(bookings[0], name="Somebody Else")))
    for one in bookings[1:]:
        await done(shared, change(cancelled(one)))
        assert isinstance(await answer(shared, place(a_booking())), SlotTaken)


async def test_other_buffers_share_the_session_as_it_was_opened(shared: Storage):
    await done(shared, place(a_booking(before=10)), place(a_booking(after=30)))
    assert await taken(shared) == [2]
    await done(shared, place(a_booking(start=START + HOUR)))
    assert isinstance(await answer(shared, place(a_booking(start=START - HOUR))), SlotTaken)


async def test_a_booking_that_is_deleted_leaves_its_seat(storage: Storage, outside: Outside):
    await done(storage, place(a_booking()))
    await outside.rows("DELETE FROM events", "DELETE FROM bookings")
    assert await taken(storage) == []


async def test_a_hold_keeps_others_away(storage: Storage):
    await done(storage, Keep(HOLD))
    assert await taken(storage) == [1]
    assert isinstance(await answer(storage, place(a_booking(start=START + MINUTE))), SlotTaken)
    assert isinstance(await answer(storage, Keep(a_hold())), SlotTaken)


async def test_a_hold_has_a_seat_beside_bookings(shared: Storage):
    await done(shared, place(a_booking()), Keep(a_hold()), Keep(a_hold()))
    assert isinstance(await answer(shared, place(a_booking())), SlotTaken)


async def test_where_somebody_is_nothing_can_be_held(storage: Storage, outside: Outside):
    await done(storage, place(a_booking()))
    assert isinstance(await answer(storage, Keep(HOLD)), SlotTaken)
    assert await held(outside) == 0


async def test_a_hold_becomes_a_booking(storage: Storage, outside: Outside):
    booking = a_booking()
    message = a_message(booking)
    await done(storage, Keep(HOLD), place(booking, message, hold=HOLD.token_digest))
    assert await storage.booking(booking.id) == booking
    assert await storage.messages([booking.id]) == [message]
    assert await held(outside) == 0
    assert await taken(storage) == [1]


@pytest.mark.parametrize(
    "wrong",
    [
        place(a_booking(), hold="unknown"),
        place(a_booking(), hold=HOLD.token_digest, at=LATER),
        place(a_booking(start=START + INSTANT), hold=HOLD.token_digest),
        place(a_booking(minutes=30), hold=HOLD.token_digest),
        place(a_booking(resource_id=OTHER_ROOM.id), hold=HOLD.token_digest),
        place(a_booking(service_id=OTHER_SERVICE.id), hold=HOLD.token_digest),
    ],
    ids=["unknown", "expired", "start", "end", "resource", "service"],
)
async def test_a_hold_that_is_not_of_this_books_nothing(storage: Storage, outside: Outside, wrong):
    await done(storage, Keep(HOLD))
    assert isinstance(await answer(storage, wrong), HoldExpired)
    assert await storage.count_bookings(BookingFilter()) == 0
    assert await held(outside) == 1


async def test_a_hold_is_used_once(shared: Storage):
    await done(shared, Keep(HOLD), place(a_booking(), hold=HOLD.token_digest))
    again = await answer(shared, place(a_booking(), hold=HOLD.token_digest))
    assert isinstance(again, HoldExpired)


async def test_the_same_request_again_is_answered_with_its_booking(storage: Storage):
    key = IdempotencyKey(caller="page", key="one", fingerprint="a")
    booking = a_booking()
    first = place(booking, hold=HOLD.token_digest, key=key, caps=[a_cap(1)])
    again = place(a_booking(), hold=HOLD.token_digest, key=key, caps=[a_cap(1)])
    assert await done(storage, Keep(HOLD), first, again) == [None, None, booking]
    assert await done(storage, place(a_booking(), key=key, caps=[a_cap(1)])) == [booking]


async def test_another_request_with_its_key_does_not_use_the_hold_up(
    storage: Storage, outside: Outside
):
    key = IdempotencyKey(caller="page", key="one", fingerprint="a")
    await done(storage, Keep(HOLD), place(a_booking(start=START + DAY), key=key))
    other = place(a_booking(), hold=HOLD.token_digest, key=replace(key, fingerprint="b"))
    assert isinstance(await answer(storage, other), KeyReused)
    assert await held(outside) == 1
    assert await taken(storage) == [1, 1]


async def test_a_hold_is_free_for_a_booking_from_the_moment_on_that_it_expires(storage: Storage):
    await done(storage, Keep(HOLD))
    early = await answer(storage, place(a_booking(), at=LATER - INSTANT))
    assert isinstance(early, SlotTaken)
    await done(storage, place(a_booking(), at=LATER))


async def test_and_for_a_move(storage: Storage):
    booking = a_booking(start=START + DAY)
    late = replace(change(moved(booking, START)).event, at=LATER)
    await done(storage, place(booking), Keep(HOLD))
    await done(storage, replace(change(moved(booking, START)), event=late))


async def test_and_for_another_hold(storage: Storage):
    await done(storage, Keep(HOLD), Keep(a_hold(created_at=LATER), at_most=1))


async def test_and_for_slots(storage: Storage):
    await done(storage, Keep(HOLD))
    assert await taken(storage, LATER - INSTANT) == [1]
    assert await taken(storage, LATER) == []


async def test_of_a_shared_session_only_the_seat_of_the_hold_is_free_again(shared: Storage):
    await done(shared, place(a_booking()), Keep(HOLD))
    assert await taken(shared, LATER) == [1]


async def test_in_one_batch_as_well(storage: Storage):
    await done(storage, Keep(HOLD))
    late = [place(a_booking(start=START + n * HOUR), at=LATER) for n in range(3)]
    await done(storage, *late)
    assert await taken(storage) == [1, 1, 1]


async def test_a_hold_is_extended_once(storage: Storage):
    longer = replace(HOLD, expires_at=LATER + HOUR, extended=True)
    extend = Extend(HOLD.token_digest, LATER + HOUR, NOW)
    assert await done(storage, Keep(HOLD), extend) == [None, longer]
    assert await answer(storage, replace(extend, until=LATER + 2 * HOUR)) == longer
    assert isinstance(await answer(storage, place(a_booking(), at=LATER)), SlotTaken)


@pytest.mark.parametrize(
    "extend",
    [Extend("unknown", LATER + HOUR, NOW), Extend(HOLD.token_digest, LATER + HOUR, LATER)],
)
async def test_what_is_over_is_not_extended(storage: Storage, extend: Extend):
    await done(storage, Keep(HOLD))
    assert isinstance(await answer(storage, extend), HoldExpired)


async def test_what_is_let_go_is_free(storage: Storage):
    let_go = LetGo(HOLD.token_digest)
    assert await done(storage, Keep(HOLD), let_go, let_go) == [None, True, False]
    assert await taken(storage) == []


async def test_sweeping_forgets_what_has_expired(storage: Storage, outside: Outside):
    longer = a_hold(start=START + DAY, expires_at=LATER + INSTANT)
    await done(storage, Keep(HOLD), Keep(longer))
    assert await done(storage, SweepHolds(LATER), SweepHolds(LATER)) == [1, 0]
    assert await taken(storage) == [1]
    assert await held(outside) == 1


async def test_an_address_holds_only_so_many(storage: Storage):
    holds = [a_hold(start=START + n * DAY) for n in range(3)]
    await done(storage, *[Keep(hold, at_most=2) for hold in holds[:2]])
    assert isinstance(await answer(storage, Keep(holds[2], at_most=2)), TooManyHolds)
    await done(storage, Keep(replace(holds[2], address_digest="another"), at_most=2))
    await done(storage, LetGo(holds[0].token_digest), Keep(a_hold(), at_most=2))


async def test_a_cap_bounds_what_begins_in_its_period(storage: Storage):
    caps = [a_cap(2)]
    await done(storage, place(a_booking(), caps=caps), Keep(_after(1), caps=caps))
    third = a_booking(start=START + 2 * HOUR)
    assert isinstance(await answer(storage, place(third, caps=caps)), CapReached)
    assert isinstance(await answer(storage, Keep(_after(2), caps=caps)), CapReached)
    with pytest.raises(NotFound):
        await storage.booking(third.id)
    assert await taken(storage) == [1, 1]
    await done(storage, place(third))


@pytest.mark.parametrize(
    "other",
    [
        a_booking(start=a_cap(1).start - INSTANT),
        a_booking(start=a_cap(1).end),
        a_booking(start=START + HOUR, service_id=OTHER_SERVICE.id),
        a_booking(resource_id=OTHER_ROOM.id),
        cancelled(a_booking()),
    ],
    ids=["before", "after", "service", "resource", "cancelled"],
)
async def test_what_a_cap_does_not_count(storage: Storage, other):
    await done(storage, place(other), place(a_booking(), caps=[a_cap(1)]))


async def test_the_first_instant_of_a_period_counts_and_every_seat(shared: Storage):
    first = a_booking(start=a_cap(1).start, before=30)
    await done(shared, place(first), place(replace(first, id=a_booking().id)))
    assert isinstance(await answer(shared, place(a_booking(), caps=[a_cap(2)])), CapReached)
    await done(shared, place(a_booking(), caps=[a_cap(3)]))


async def test_every_cap_holds(storage: Storage):
    week = a_cap(1, start=START - 3 * DAY, end=START + 4 * DAY)
    await done(storage, place(a_booking(start=START - DAY)))
    refused = await answer(storage, place(a_booking(), caps=[a_cap(1), week]))
    assert isinstance(refused, CapReached)


async def test_a_hold_that_expired_does_not_count_for_a_cap(storage: Storage):
    await done(storage, Keep(HOLD))
    await done(storage, place(a_booking(start=START + HOUR), at=LATER, caps=[a_cap(1)]))


async def test_the_hold_that_is_used_does_not_count_beside_its_booking(storage: Storage):
    hold = replace(place(a_booking()), hold=HOLD.token_digest, caps=[a_cap(1)])
    await done(storage, Keep(HOLD), hold)


async def test_a_move_keeps_to_caps(storage: Storage):
    there, away = a_booking(), a_booking(start=START + DAY)
    await done(storage, place(there), place(away))
    capped = replace(change(moved(away, START + HOUR)), caps=[a_cap(1)])
    assert isinstance(await answer(storage, capped), CapReached)
    assert await storage.booking(away.id) == away
    assert len(await storage.events(away.id)) == 1
    within = replace(change(moved(there, START + HOUR)), caps=[a_cap(1)])
    await done(storage, within)


@pytest.mark.parametrize("capped", [False, True])
async def test_one_refusal_leaves_the_others_of_its_batch_alone(storage: Storage, capped: bool):
    fields = {"caps": [a_cap(2)]} if capped else {}
    first = a_booking()
    stale = change(changed(changed(first)))
    writes = [
        place(first, **fields),
        Keep(a_hold()),
        Keep(_after(1)),
        stale,
        place(a_booking(start=START + DAY), **fields),
    ]
    kinds = [type(outcome) for outcome in await storage.commit(writes)]
    assert kinds == [type(None), SlotTaken, type(None), StaleVersion, type(None)]
    assert await taken(storage) == [1, 1, 1]


async def test_a_hold_of_nothing_that_there_is(storage: Storage):
    outcome = await answer(storage, Keep(a_hold(resource_id=a_booking().id)))
    assert type(outcome) is StorageError
    assert await taken(storage) == []


def _after(hours: int) -> Hold:
    return a_hold(start=START + hours * HOUR)


def _times(booking):
    return {
        name: getattr(booking, name)
        for name in ("start_time", "end_time", "occupied_start", "occupied_end")
    }
