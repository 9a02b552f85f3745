"""A request that comes again with its key places nothing new, whoever takes it and when."""

import asyncio
from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from storage.errors import KeyReused, NotFound, SlotTaken, StorageError
from storage.interface import BookingFilter, Storage
from storage.model import Booking, IdempotencyKey
from storage.writes import ForgetKeys, Place
from tests.conformance.outside import Outside
from tests.conftest import Doors
from tests.records import (
    DAY,
    HOUR,
    INSTANT,
    NOW,
    ROOM,
    START,
    a_booking,
    a_message,
    an_event,
    answer,
    cancelled,
    change,
    done,
    moved,
    place,
)

ALL = BookingFilter()


def once(booking: Booking, *, at: datetime = NOW, **fields: Any) -> Place:
    """The booking placed with a key, and a mail."""
    values: dict[str, Any] = {
        "caller": "web site",
        "key": "form 1",
        "fingerprint": "as sent",
    }
    key = IdempotencyKey(**values | fields)
    return Place(booking, an_event(booking, at=at), [a_message(booking)], key)


async def keys(outside: Outside) -> list[tuple[Any, ...]]:
    return await outside.rows("SELECT caller, key FROM idempotency_keys ORDER BY caller, key")


async def test_the_first_is_placed_and_its_key_kept(storage: Storage, outside: Outside):
    booking = a_booking()
    assert await answer(storage, once(booking)) is None
    assert await storage.booking(booking.id) == booking
    assert await keys(outside) == [("web site", "form 1")]


async def test_the_same_again_is_answered_by_the_first(storage: Storage):
    booking = a_booking(answers={"Ü": 'a "quote"', "B": "\\"}, inquiry="line\nline")
    await done(storage, once(booking))
    assert await answer(storage, once(a_booking())) == booking
    assert await storage.bookings(ALL, limit=9) == [booking]
    assert len(await storage.messages([booking.id])) == 1


@pytest.mark.parametrize("later", [cancelled, lambda one: moved(one, START + 5 * HOUR)])
async def test_the_answer_is_the_first_whatever_became_of_the_booking(storage: Storage, later: Any):
    booking = a_booking()
    await done(storage, once(booking), change(later(booking)))
    assert await answer(storage, once(a_booking())) == booking
    assert await storage.placed_with(once(a_booking()).key) == booking
    assert await storage.count_bookings(ALL) == 1


async def test_another_request_with_the_key_is_refused_and_places_nothing(storage: Storage):
    booking = a_booking()
    await done(storage, once(booking))
    other = once(a_booking(start=START + 5 * HOUR), fingerprint="otherwise")
    assert isinstance(await answer(storage, other), KeyReused)
    assert await storage.bookings(ALL, limit=9) == [booking]


async def test_callers_have_keys_of_their_own(storage: Storage):
    first, second = a_booking(), a_booking(start=START + 5 * HOUR)
    await done(storage, once(first))
    assert await answer(storage, once(second, caller="other site")) is None
    assert await storage.bookings(ALL, limit=9) == [first, second]


async def test_keys_are_told_apart_to_the_letter(storage: Storage):
    names = ["a", "A", "a ", "ä", "a\u0308"]
    bookings = [a_booking(start=START + n * HOUR) for n in range(len(names))]
    writes = [once(one, key=name) for one, name in zip(bookings, names, strict=True)]
    assert await done(storage, *writes) == [None] * len(names)


async def test_a_key_whose_slot_was_taken_may_try_again(storage: Storage, outside: Outside):
    other = a_booking()
    await done(storage, place(other))
    assert isinstance(await answer(storage, once(a_booking())), SlotTaken)
    assert await keys(outside) == []
    await done(storage, change(cancelled(other)))
    assert await answer(storage, once(a_booking())) is None


async def test_what_a_key_has_placed_is_read_without_placing(storage: Storage):
    booking = a_booking()
    asked = once(booking).key
    assert asked is not None
    assert await storage.placed_with(asked) is None
    await done(storage, once(booking))
    assert await storage.placed_with(asked) == booking
    with pytest.raises(KeyReused):
        await storage.placed_with(replace(asked, fingerprint="otherwise"))
    assert await storage.placed_with(replace(asked, caller="other site")) is None


async def test_of_one_batch_the_first_is_placed_and_answers_the_rest(storage: Storage):
    writes = [once(a_booking()) for _ in range(64)]
    outcomes = await done(storage, *writes)
    [placed] = await storage.bookings(ALL, limit=9)
    assert Counter(map(type, outcomes)) == {type(None): 1, Booking: 63}
    assert {one.id for one in outcomes if one} == {placed.id}
    assert len(await storage.messages([placed.id])) == 1


async def test_of_one_batch_with_one_key_for_several_requests_one_is_placed(storage: Storage):
    writes = [once(a_booking(start=START + n * HOUR), fingerprint=f"sent {n}") for n in range(5)]
    outcomes = await storage.commit(writes)
    assert Counter(map(type, outcomes)) == {type(None): 1, KeyReused: 4}
    assert await storage.count_bookings(ALL) == 1


async def test_a_batch_of_all_kinds(storage: Storage, outside: Outside):
    known, taken = a_booking(), a_booking(start=START + HOUR)
    await done(storage, once(known), place(taken))
    fresh, plain = a_booking(start=START + 2 * HOUR), a_booking(start=START + 3 * HOUR)
    outcomes = await storage.commit(
        [
            once(fresh, key="form 2"),
            once(a_booking()),
            place(plain),
            once(a_booking(start=taken.start_time), key="form 3"),
            once(a_booking(start=START + 4 * HOUR), fingerprint="otherwise"),
            place(a_booking()),
        ]
    )
    assert [type(one) for one in outcomes] == [
        type(None),
        Booking,
        type(None),
        SlotTaken,
        KeyReused,
        SlotTaken,
    ]
    assert await storage.bookings(ALL, limit=9) == [known, taken, fresh, plain]
    assert await keys(outside) == [("web site", "form 1"), ("web site", "form 2")]


async def test_what_the_database_refuses_leaves_no_key(storage: Storage, outside: Outside):
    good = a_booking(start=START + 5 * HOUR)
    outcomes = await storage.commit(
        [once(a_booking(resource_id=a_booking().id)), once(good, key="form 2")]
    )
    assert isinstance(outcomes[0], StorageError)
    assert outcomes[1] is None
    assert await keys(outside) == [("web site", "form 2")]


async def test_at_two_doors_all_that_is_the_same_is_placed_once(storage: Storage, doors: Doors):
    both = [storage, await doors.beside()]
    asked = [answer(both[n % 2], once(a_booking())) for n in range(60)]
    outcomes = await asyncio.gather(*asked)
    [placed] = await storage.bookings(ALL, limit=9)
    assert Counter(map(type, outcomes)) == {type(None): 1, Booking: 59}
    assert {one.id for one in outcomes if one} == {placed.id}


async def test_at_two_doors_a_key_places_one_of_many_requests(storage: Storage, doors: Doors):
    both = [storage, await doors.beside()]
    writes = [once(a_booking(start=START + n * HOUR), fingerprint=f"sent {n}") for n in range(60)]
    outcomes = await asyncio.gather(*[answer(both[n % 2], one) for n, one in enumerate(writes)])
    assert Counter(map(type, outcomes)) == {type(None): 1, KeyReused: 59}
    assert await storage.count_bookings(ALL) == 1


async def test_at_two_doors_batches_with_the_same_keys_do_not_block_each_other(
    storage: Storage, doors: Doors
):
    both = [storage, await doors.beside()]
    batches = [
        [once(a_booking(start=START + hour * HOUR), key=f"form {hour}") for hour in range(8)][
            :: -1 if n % 2 else 1
        ]
        for n in range(10)
    ]
    answers = await asyncio.gather(*[both[n // 2 % 2].commit(one) for n, one in enumerate(batches)])
    kinds = Counter(type(outcome) for outcomes in answers for outcome in outcomes)
    assert kinds == {type(None): 8, Booking: 72}
    assert await storage.count_bookings(ALL) == 8


async def test_a_daemon_that_dies_leaves_key_and_booking_or_neither(
    storage: Storage, outside: Outside
):
    await outside.sever("messages", "NEW.recipient = 'nobody@example.org'")
    booking = a_booking()
    message = a_message(booking, recipient="nobody@example.org")
    doomed = replace(once(booking), messages=[message])
    assert isinstance(await answer(storage, doomed), StorageError)
    assert await keys(outside) == []
    assert await storage.count_bookings(ALL) == 0


async def test_keys_are_forgotten_by_age(storage: Storage, outside: Outside):
    ages = [DAY, DAY + INSTANT, timedelta(0), 2 * DAY]
    for number, age in enumerate(ages):
        booking = a_booking(start=START + number * HOUR)
        await done(storage, once(booking, key=str(number), at=NOW - age))
    assert await done(storage, ForgetKeys(NOW - DAY)) == [2]
    assert await keys(outside) == [("web site", "0"), ("web site", "2")]
    assert await done(storage, ForgetKeys(NOW - DAY)) == [0]
    again = a_booking(start=START + 9 * HOUR)
    assert await answer(storage, once(again, key="1")) is None
    assert await storage.count_bookings(ALL) == 5


async def test_a_booking_without_a_key_costs_no_more(storage: Storage, outside: Outside):
    await outside.rows("DROP TABLE idempotency_keys")
    await done(storage, place(a_booking()), place(a_booking(start=START + HOUR)))


async def test_the_history_of_a_booking(storage: Storage):
    booking = a_booking()
    after = moved(booking, START + 5 * HOUR)
    first, second = place(booking, a_message(booking)), change(after, a_message(after))
    second = replace(second, event=replace(second.event, detail={"name": ["Ada", "Grace"]}))
    await done(storage, first, place(a_booking(start=START + HOUR)), second)
    assert await storage.events(booking.id) == [first.event, second.event]


@pytest.mark.parametrize("unknown", [ROOM.id, "", "x", "\0", "' OR 1=1"])
async def test_nothing_that_is_unknown_has_a_history(storage: Storage, unknown: str):
    await done(storage, place(a_booking()))
    with pytest.raises(NotFound):
        await storage.events(unknown)
