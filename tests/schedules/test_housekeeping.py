"""What is kept for a time, and then no longer."""

from collections.abc import Sequence

import pytest

from schedules import housekeeping
from schedules.housekeeping import Retention, erase_bookings, forget_keys, forget_messages
from storage.errors import Unavailable
from storage.interface import BookingFilter, Storage
from storage.model import BookingStatus, IdempotencyKey
from storage.writes import Place
from tests.records import (
    DAY,
    HOUR,
    INSTANT,
    NOW,
    START,
    a_booking,
    a_message,
    a_row_of_bookings,
    an_event,
    claim,
    done,
    place,
    settle,
)

on_both = pytest.mark.parametrize("database", ["sqlite", "postgres"], indirect=True)

WEEK = Retention(messages=7 * DAY, bookings=7 * DAY)
FOR_EVER = Retention()
NAMED = BookingFilter(erased=False)


async def test_keys_are_kept_for_a_day(storage: Storage):
    for number in range(3):
        booking = a_booking(start=START + number * HOUR)
        key = IdempotencyKey(caller="site", key=str(number), fingerprint="f")
        await done(storage, Place(booking, an_event(booking, at=NOW + number * HOUR), [], key))
    assert await forget_keys(storage, NOW + DAY) == 0
    assert await forget_keys(storage, NOW + DAY + INSTANT) == 1
    assert await forget_keys(storage, NOW + DAY + INSTANT) == 0
    assert await forget_keys(storage, NOW + 2 * DAY) == 2


@on_both
async def test_messages_are_forgotten_batch_by_batch(
    storage: Storage, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(housekeeping, "BATCH", 2)
    bookings = a_row_of_bookings(5)
    await done(storage, *[place(one, a_message(one)) for one in bookings])
    for message in await claim(storage):
        await done(storage, settle(message))
    late = NOW + 7 * DAY + HOUR
    assert await forget_messages(storage, FOR_EVER, late) == 0
    assert await forget_messages(storage, WEEK, NOW + 7 * DAY) == 0
    assert await forget_messages(storage, WEEK, late) == 5
    assert await forget_messages(storage, WEEK, late) == 0


@on_both
async def test_customers_are_erased_batch_by_batch(
    storage: Storage, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(housekeeping, "BATCH", 2)
    bookings = a_row_of_bookings(5, status=BookingStatus.COMPLETED)
    await done(storage, *map(place, bookings))
    after_three = bookings[3].start_time + 7 * DAY
    assert await erase_bookings(storage, FOR_EVER, after_three + 365 * DAY) == 0
    assert await erase_bookings(storage, WEEK, after_three) == 3
    assert await erase_bookings(storage, WEEK, after_three) == 0
    assert await storage.bookings(NAMED, limit=9) == bookings[3:]
    assert await erase_bookings(storage, WEEK, after_three + DAY) == 2


async def test_what_cannot_be_erased_yet_does_not_keep_the_rest_waiting(storage: Storage):
    endless = a_booking(minutes=9 * 24 * 60)  # live, and not over a week after its start
    over = a_booking(start=endless.end_time)
    await done(storage, place(endless), place(over))
    soon = Retention(bookings=HOUR)
    assert await erase_bookings(storage, soon, START + 2 * HOUR) == 0
    assert await erase_bookings(storage, soon, over.end_time + HOUR) == 2


@pytest.mark.parametrize("job", [forget_messages, erase_bookings])
async def test_what_storage_cannot_do_is_not_passed_over(storage: Storage, job):
    await done(storage, place(a_booking()))

    async def unavailable(writes: Sequence[object]) -> list[Unavailable]:
        return [Unavailable() for _ in writes]

    storage.commit = unavailable  # type: ignore[method-assign,assignment]
    with pytest.raises(Unavailable):
        await job(storage, WEEK, START + 365 * DAY)
