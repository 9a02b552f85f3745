"""Change: a booking as it is to be, if nobody else changed it first."""

import asyncio

import pytest

from storage.errors import NotFound, SlotTaken, StaleVersion
from storage.interface import BookingFilter, Storage
from storage.model import Audience, Booking, BookingStatus, Message, MessageKind, MessageState
from storage.writes import Change
from tests.conformance.outside import Outside
from tests.records import (
    HOUR,
    NOW,
    OTHER_ROOM,
    OTHER_SERVICE,
    START,
    a_booking,
    a_message,
    a_reminder,
    an_event,
    answer,
    cancelled,
    change,
    changed,
    claim,
    done,
    moved,
    place,
    settle,
)


async def states(storage: Storage, booking: Booking) -> dict[str, MessageState]:
    return {message.id: message.state for message in await storage.messages([booking.id])}


async def sent(storage: Storage, *messages: Message) -> None:
    """Lease and send these, which are due, and whatever else is."""
    claimed = await claim(storage, now=max([NOW, *[one.due_at for one in messages]]))
    assert {one.id for one in claimed} >= {one.id for one in messages}
    await done(storage, *map(settle, claimed))


async def test_a_change_replaces_every_field(storage: Storage):
    before = a_booking()
    after = moved(
        before,
        START + 3 * HOUR,
        service_id=OTHER_SERVICE.id,
        resource_id=OTHER_ROOM.id,
        name="Grace Example",
        email="grace@example.org",
        company=None,
        phone="+44 20 7946 0000",
        inquiry="by the window",
        answers={"colour": "green"},
        time_zone="Europe/London",
        locale="de",
        status=BookingStatus.PENDING,
    )
    await done(storage, place(before), change(after))
    assert await storage.booking(before.id) == after


async def test_a_change_adds_its_event_and_its_messages(storage: Storage, outside: Outside):
    before = a_booking()
    after = changed(before, name="Grace Example")
    message = a_message(after, kind=MessageKind.CHANGED)
    await done(storage, place(before), change(after, message))
    assert await storage.messages([before.id]) == [message]
    kinds = await outside.rows("SELECT kind FROM events ORDER BY kind")
    assert kinds == [("changed",), ("placed",)]


async def test_a_booking_that_is_not_there_cannot_be_changed(storage: Storage):
    nobody = changed(a_booking())
    assert isinstance(await answer(storage, change(nobody, a_message(nobody))), NotFound)
    assert await storage.messages([nobody.id]) == []


@pytest.mark.parametrize("expected", [0, 1, 3])
async def test_a_change_of_another_version_changes_nothing(
    storage: Storage, outside: Outside, expected: int
):
    first = a_booking()
    second = changed(first, name="Second")
    reminder = a_reminder(second)
    await done(storage, place(first), change(second, reminder))
    third = changed(second, name="Third")
    write = Change(third, expected, an_event(third), [a_message(third)])
    assert isinstance(await answer(storage, write), StaleVersion)
    assert await storage.booking(first.id) == second
    assert await storage.messages([first.id]) == [reminder]
    assert await outside.rows("SELECT count(*) FROM events") == [(2,)]


async def test_a_stale_change_onto_a_taken_slot_is_stale(storage: Storage):
    booking, other = a_booking(), a_booking(start=START + HOUR)
    await done(storage, place(booking), place(other))
    after = moved(booking, other.start_time)
    outcome = await answer(storage, Change(after, 7, an_event(after), []))
    assert isinstance(outcome, StaleVersion)
    assert await storage.booking(booking.id) == booking


async def test_of_many_changes_of_one_version_one_is_made(storage: Storage):
    booking = a_booking()
    await done(storage, place(booking))
    changes = [changed(booking, name=f"name {number}") for number in range(20)]
    outcomes = await asyncio.gather(*[answer(storage, change(one)) for one in changes])
    winners = [one for one, outcome in zip(changes, outcomes, strict=True) if outcome is None]
    assert winners == [await storage.booking(booking.id)]
    assert [type(outcome) for outcome in outcomes].count(StaleVersion) == 19


async def test_a_refused_move_changes_nothing(storage: Storage, outside: Outside):
    booking, other = a_booking(), a_booking(start=START + HOUR)
    reminder = a_reminder(booking)
    await done(storage, place(booking, reminder), place(other))
    after = moved(booking, other.start_time)
    assert isinstance(await answer(storage, change(after, a_reminder(after))), SlotTaken)
    assert await storage.bookings(BookingFilter(), limit=9) == [booking, other]
    assert await storage.messages([booking.id]) == [reminder]
    assert await outside.rows("SELECT count(*) FROM events") == [(2,)]


async def test_unsent_reminders_are_superseded(storage: Storage):
    booking = a_booking()
    leased, pending = a_reminder(booking, due=NOW), a_reminder(booking, due=NOW + HOUR)
    await done(storage, place(booking, leased, pending))
    await claim(storage)
    after = moved(booking, START + HOUR)
    fresh = a_reminder(after, due=NOW + 2 * HOUR)
    await done(storage, change(after, fresh))
    assert await states(storage, booking) == {
        leased.id: MessageState.SUPERSEDED,
        pending.id: MessageState.SUPERSEDED,
        fresh.id: MessageState.PENDING,
    }


@pytest.mark.parametrize("kind", sorted(set(MessageKind) - {MessageKind.REMINDER}))
async def test_what_is_no_reminder_stays_owed(storage: Storage, kind: MessageKind):
    booking = a_booking()
    leased = a_message(booking, kind=kind)
    pending = a_message(booking, kind=kind, due=NOW + HOUR)
    await done(storage, place(booking, leased, pending))
    await claim(storage)
    await done(storage, change(cancelled(booking)))
    assert await states(storage, booking) == {
        leased.id: MessageState.LEASED,
        pending.id: MessageState.PENDING,
    }


async def test_reminders_that_are_settled_stay_so(storage: Storage):
    booking = a_booking()
    ends = [MessageState.SENT, MessageState.DEAD]
    reminders = [a_reminder(booking, due=NOW - n * HOUR) for n in range(len(ends))]
    late = a_reminder(booking, due=NOW - 5 * HOUR, expires_at=NOW)
    await done(storage, place(booking, *reminders, late))
    claimed = {message.id: message for message in await claim(storage)}
    pairs = list(zip(reminders, ends, strict=True))
    await done(storage, *[settle(claimed[one.id], state) for one, state in pairs])
    await done(storage, change(changed(booking, name="Grace Example")))
    expected = {one.id: state for one, state in pairs} | {late.id: MessageState.MISSED}
    assert await states(storage, booking) == expected


async def test_reminders_of_other_bookings_stay_owed(storage: Storage):
    booking, other = a_booking(), a_booking(start=START + HOUR)
    reminder = a_reminder(other)
    await done(storage, place(booking), place(other, reminder), change(cancelled(booking)))
    assert await storage.messages([other.id]) == [reminder]


async def test_a_booking_may_owe_a_reminder_for_the_same_moment_again(storage: Storage):
    booking = a_booking()
    old = a_reminder(booking)
    after = changed(booking, name="Grace Example")
    new = a_reminder(after, due=old.due_at)
    await done(storage, place(booking, old), change(after, new))
    assert await states(storage, booking) == {
        old.id: MessageState.SUPERSEDED,
        new.id: MessageState.PENDING,
    }


async def test_a_sent_confirmation_is_known_at_the_booking(storage: Storage):
    booking = a_booking()
    message = a_message(booking, kind=MessageKind.CONFIRMED)
    await done(storage, place(booking, message))
    assert not (await storage.booking(booking.id)).confirmation_sent
    await sent(storage, message)
    stored = await storage.booking(booking.id)
    assert (stored.confirmation_sent, stored.reminder_sent) == (True, False)


async def test_a_sent_receipt_counts_as_confirmation(storage: Storage):
    booking = a_booking()
    message = a_message(booking, kind=MessageKind.RECEIVED)
    await done(storage, place(booking, message))
    await sent(storage, message)
    assert (await storage.booking(booking.id)).confirmation_sent


async def test_a_sent_reminder_is_known_at_the_booking(storage: Storage):
    booking = a_booking()
    reminder = a_reminder(booking)
    await done(storage, place(booking, reminder))
    await sent(storage, reminder)
    stored = await storage.booking(booking.id)
    assert (stored.confirmation_sent, stored.reminder_sent) == (False, True)


async def test_a_copy_to_the_administrator_confirms_nothing(storage: Storage):
    booking = a_booking()
    message = a_message(booking, audience=Audience.ADMIN)
    await done(storage, place(booking, message))
    await sent(storage, message)
    assert not (await storage.booking(booking.id)).confirmation_sent


@pytest.mark.parametrize("state", [MessageState.DEAD, MessageState.PENDING])
async def test_what_was_not_sent_is_not_said_to_be(storage: Storage, state: MessageState):
    booking = a_booking()
    await done(storage, place(booking, a_message(booking), a_reminder(booking, due=NOW)))
    claimed = await claim(storage)
    await done(storage, *[settle(one, state, next_attempt_at=NOW + HOUR) for one in claimed])
    stored = await storage.booking(booking.id)
    assert (stored.confirmation_sent, stored.reminder_sent) == (False, False)


async def test_a_sent_message_is_no_change_of_the_version(storage: Storage):
    booking = a_booking()
    message = a_message(booking)
    await done(storage, place(booking, message))
    await sent(storage, message)
    assert (await storage.booking(booking.id)).version == booking.version


async def test_a_change_takes_neither_flag_from_the_booking(storage: Storage):
    booking = a_booking()
    after = changed(booking, confirmation_sent=True, reminder_sent=True)
    await done(storage, place(booking), change(after))
    stored = await storage.booking(booking.id)
    assert (stored.confirmation_sent, stored.reminder_sent) == (False, False)


async def test_flags_outlive_a_change_that_does_not_know_them(storage: Storage):
    booking = a_booking()
    messages = a_message(booking), a_reminder(booking)
    await done(storage, place(booking, *messages))
    await sent(storage, *messages)
    await done(storage, change(changed(booking, name="Grace Example")))
    stored = await storage.booking(booking.id)
    assert (stored.confirmation_sent, stored.reminder_sent) == (True, True)


async def test_a_move_wants_a_new_reminder_but_no_new_confirmation(storage: Storage):
    booking = a_booking()
    messages = a_message(booking), a_reminder(booking)
    await done(storage, place(booking, *messages))
    await sent(storage, *messages)
    await done(storage, change(moved(booking, START + HOUR)))
    stored = await storage.booking(booking.id)
    assert (stored.confirmation_sent, stored.reminder_sent) == (True, False)


async def test_a_reminder_of_an_older_version_counts_if_the_start_is_the_same(storage: Storage):
    booking = a_booking()
    await done(storage, place(booking, a_reminder(booking, due=NOW)))
    [under_way] = await claim(storage)
    await done(storage, change(changed(booking, name="Grace Example")), settle(under_way))
    assert (await storage.booking(booking.id)).reminder_sent


async def test_a_reminder_that_ends_at_no_start_is_not_said_to_be_sent(storage: Storage):
    booking = a_booking()
    ends = {NOW: None, NOW + HOUR: START - HOUR, NOW + 2 * HOUR: START + HOUR}
    reminders = [a_reminder(booking, due=due, expires_at=end) for due, end in ends.items()]
    await done(storage, place(booking, *reminders))
    await sent(storage, *reminders)
    assert not (await storage.booking(booking.id)).reminder_sent


async def test_a_reminder_of_the_old_time_does_not_count_for_the_new(storage: Storage):
    booking = a_booking()
    await done(storage, place(booking, a_reminder(booking, due=NOW)))
    [under_way] = await claim(storage)
    await done(storage, change(moved(booking, START + HOUR)), settle(under_way))
    assert not (await storage.booking(booking.id)).reminder_sent
