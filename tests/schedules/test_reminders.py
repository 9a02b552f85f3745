"""The reconcile job."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import time, timedelta

import pytest

from schedules import reminders
from schedules.messages import Promises, owed
from schedules.quiet import QuietHours
from schedules.reminders import reconcile
from storage.errors import Unavailable
from storage.interface import Storage
from storage.model import Booking, BookingStatus, EventKind, MessageState
from storage.writes import SaveService, Supersede
from tests.conftest import Doors
from tests.records import (
    DAY,
    HOUR,
    NOW,
    OTHER_SERVICE,
    START,
    a_booking,
    a_row_of_bookings,
    answer,
    claim,
    done,
    place,
    settle,
)
from tests.schedules.office import Clock

on_both = pytest.mark.parametrize("database", ["sqlite", "postgres"], indirect=True)

DAILY = Promises(None, (DAY,))
HOURLY = Promises(None, (HOUR,))


def dues(*ahead: timedelta) -> set[tuple[timedelta, MessageState]]:
    return {(before, MessageState.PENDING) for before in ahead}


async def found(storage: Storage, booking: Booking) -> set[tuple[timedelta, MessageState]]:
    return {
        (booking.start_time - message.due_at, message.state)
        for message in await storage.messages([booking.id])
        if message.reminds
    }


async def placed(storage: Storage, *bookings: Booking, promises: Promises = DAILY) -> None:
    await done(
        storage,
        *[place(one, *owed(promises, EventKind.PLACED, one, NOW)) for one in bookings],
    )


@on_both
async def test_what_is_as_promised_is_left_alone(storage: Storage, clock: Clock):
    booking = a_booking()
    await placed(storage, booking)
    before = await storage.messages([booking.id])
    assert await reconcile(storage, DAILY, clock) == 0
    assert await storage.messages([booking.id]) == before


@on_both
async def test_missing_reminders_are_added_once(storage: Storage, clock: Clock):
    booking = a_booking()
    await done(storage, place(booking))
    assert await reconcile(storage, DAILY, clock) == 1
    assert await found(storage, booking) == dues(DAY)
    assert await reconcile(storage, DAILY, clock) == 0


@on_both
async def test_another_promise_takes_the_old_ones_place(storage: Storage, clock: Clock):
    booking = a_booking()
    await placed(storage, booking)
    assert await reconcile(storage, HOURLY, clock) == 2
    assert await found(storage, booking) == dues(HOUR) | {(DAY, MessageState.SUPERSEDED)}
    assert await reconcile(storage, HOURLY, clock) == 0


@on_both
async def test_each_service_is_reminded_of_as_it_says(storage: Storage, clock: Clock):
    usual, own = a_booking(), a_booking(start=START + HOUR, service_id=OTHER_SERVICE.id)
    await placed(storage, usual, own)
    often = replace(OTHER_SERVICE, reminders=(120, 60), version=2)
    await done(storage, SaveService(often))
    assert await reconcile(storage, DAILY, clock) == 3
    assert await found(storage, usual) == dues(DAY)
    assert await found(storage, own) == dues(HOUR, 2 * HOUR) | {(DAY, MessageState.SUPERSEDED)}
    assert await reconcile(storage, DAILY, clock) == 0
    await done(storage, SaveService(replace(often, reminders=(), version=3)))
    assert await reconcile(storage, DAILY, clock) == 2
    assert not [one for one in await found(storage, own) if one[1] is MessageState.PENDING]
    await done(storage, SaveService(replace(often, reminders=None, version=4)))
    assert await reconcile(storage, DAILY, clock) == 1
    assert dues(DAY) <= await found(storage, own)


@on_both
async def test_new_quiet_hours_move_what_is_owed(storage: Storage, clock: Clock):
    booking = a_booking()
    await placed(storage, booking)
    quiet = replace(DAILY, quiet=QuietHours(time(9, 30), time(11), "UTC"))
    assert await reconcile(storage, quiet, clock) == 2
    assert dues(DAY - HOUR) <= await found(storage, booking)
    assert await reconcile(storage, quiet, clock) == 0


@on_both
async def test_the_old_promise_can_be_made_again(storage: Storage, clock: Clock):
    booking = a_booking()
    await placed(storage, booking)
    await reconcile(storage, HOURLY, clock)
    await reconcile(storage, DAILY, clock)
    assert dues(DAY) <= await found(storage, booking)
    assert not dues(HOUR) <= await found(storage, booking)


@on_both
async def test_a_reminder_that_was_sent_is_not_sent_again(storage: Storage, clock: Clock):
    booking = a_booking()
    await placed(storage, booking)
    for message in await claim(storage, now=START - DAY):
        await done(storage, settle(message))
    clock.now = START - 2 * HOUR
    assert await reconcile(storage, DAILY, clock) == 0
    clock.now = NOW
    assert await reconcile(storage, DAILY, clock) == 0


@on_both
async def test_a_reminder_under_way_is_not_owed_twice(storage: Storage, clock: Clock):
    booking = a_booking()
    await placed(storage, booking)
    await claim(storage, now=START - DAY)
    assert await reconcile(storage, DAILY, clock) == 0
    assert await reconcile(storage, HOURLY, clock) == 1
    assert (DAY, MessageState.LEASED) in await found(storage, booking)


@on_both
async def test_a_reminder_whose_moment_has_come_stays_whatever_is_promised_now(
    storage: Storage, clock: Clock
):
    booking = a_booking()
    await placed(storage, booking)
    clock.now = START - DAY + timedelta(minutes=1)
    assert await reconcile(storage, HOURLY, clock) == 1
    assert await found(storage, booking) == dues(DAY, HOUR)


@pytest.mark.parametrize("status", sorted(set(BookingStatus) - {BookingStatus.CONFIRMED}))
async def test_only_confirmed_bookings_are_reminded_of(
    storage: Storage, clock: Clock, status: BookingStatus
):
    booking = a_booking(status=status)
    await done(storage, place(booking))
    assert await reconcile(storage, DAILY, clock) == 0


async def test_what_has_begun_is_left_alone(storage: Storage, clock: Clock):
    booking = a_booking()
    await done(storage, place(booking))
    clock.now = START + timedelta(minutes=1)
    assert await reconcile(storage, DAILY, clock) == 0


@on_both
@pytest.mark.parametrize("count", [1, 2, 3, 4, 5])
async def test_no_booking_is_left_out_however_the_pages_fall(
    storage: Storage, clock: Clock, monkeypatch: pytest.MonkeyPatch, count: int
):
    monkeypatch.setattr(reminders, "PAGE", 2)
    bookings = a_row_of_bookings(count)
    await done(storage, *map(place, bookings))
    assert await reconcile(storage, DAILY, clock) == count
    for booking in bookings:
        assert await found(storage, booking) == dues(DAY)


async def test_the_same_instant_on_the_edge_of_a_page_loses_nobody(
    storage: Storage, clock: Clock, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(reminders, "PAGE", 1)
    [*_, resource] = await storage.resources()
    bookings = [a_booking(), a_booking(resource_id=resource.id)]
    await done(storage, *map(place, bookings))
    assert await reconcile(storage, DAILY, clock) == 2


async def test_what_storage_cannot_do_is_not_passed_over(doors: Doors, clock: Clock):
    storage = await doors.open()
    [service], [resource] = await storage.services(), await storage.resources()
    await done(storage, place(a_booking(service_id=service.id, resource_id=resource.id)))

    async def unavailable(writes: Sequence[object]) -> list[Unavailable]:
        return [Unavailable() for _ in writes]

    storage.commit = unavailable  # type: ignore[method-assign,assignment]
    with pytest.raises(Unavailable):
        await reconcile(storage, DAILY, clock)


async def test_a_superseded_reminder_does_not_stand(storage: Storage, clock: Clock):
    booking = a_booking()
    await placed(storage, booking)
    reminder = next(one for one in await storage.messages([booking.id]) if one.reminds)
    assert await answer(storage, Supersede([reminder.id])) == 1
    assert await reconcile(storage, DAILY, clock) == 1
    assert dues(DAY) <= await found(storage, booking)
