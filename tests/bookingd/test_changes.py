"""What a request makes of a booking, as a write."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bookingd import changes
from bookingd.catalogue import Offer
from bookingd.changes import Moment, Slot
from bookingd.policy import InPast, InvalidTransition
from schedules.messages import Promises
from storage.ids import is_id
from storage.model import Audience, Booking, BookingStatus, EventKind, Message, MessageKind
from storage.writes import Change
from tests.records import (
    DAY,
    HOUR,
    INSTANT,
    NOW,
    OTHER_ROOM,
    ROOM,
    SERVICE,
    START,
    a_booking,
    a_service,
)

OFFICE = "office@example.org"
MOMENT = Moment("front desk", NOW, Promises(OFFICE, (DAY, HOUR)))
SLOT = Slot(START, HOUR)
ELSEWHEN = Slot(START + DAY, HOUR)
DETAILS: dict[str, Any] = {
    "name": "Ada Example",
    "email": "ada@example.org",
    "company": "Example Ltd",
    "phone": None,
    "inquiry": None,
    "answers": {},
    "time_zone": None,
    "locale": None,
}
BUFFERED = a_service(buffer_before=15, buffer_after=30)
UNSURE = a_service(needs_confirmation=True)
OVER = [BookingStatus.CANCELLED, BookingStatus.COMPLETED, BookingStatus.NO_SHOW]

C, A = Audience.CUSTOMER, Audience.ADMIN


def told(messages: Sequence[Message]) -> list[tuple[MessageKind, Audience]]:
    return [(one.kind, one.audience) for one in messages if not one.reminds]


def reminders(messages: Sequence[Message]) -> list[Any]:
    return [one.due_at for one in messages if one.reminds]


def both(kind: MessageKind) -> list[tuple[MessageKind, Audience]]:
    return [(kind, C), (kind, A)]


def edited(
    booking: Booking, slot: Slot | None = None, *, moment: Moment = MOMENT, **details: Any
) -> Change:
    change = changes.edit(booking, details, slot, SERVICE, moment, resource=ROOM)
    assert change is not None
    assert change.expected == booking.version
    assert change.booking.version == booking.version + 1
    assert change.booking.updated_at == moment.now
    assert change.booking.created_at == booking.created_at
    assert (change.event.actor, change.event.at) == (moment.actor, moment.now)
    assert change.event.booking == change.booking
    return change


def stepped(booking: Booking, status: BookingStatus, reason: str | None = None) -> Change:
    change = changes.step(booking, status, reason, SERVICE, MOMENT)
    assert change is not None
    assert change.expected == booking.version
    assert change.booking == replace(
        booking,
        status=status,
        version=booking.version + 1,
        sequence=booking.sequence + (status is BookingStatus.CANCELLED),
        updated_at=NOW,
    )
    assert change.event.booking == change.booking
    return change


def test_a_new_booking_begins_with_these_values():
    place = changes.place(DETAILS, SLOT, SERVICE, OTHER_ROOM, MOMENT)
    booking = place.booking
    assert is_id(booking.id)
    wall_time = "2026-03-09T10:00:00+00:00[UTC]"
    assert booking == a_booking(id=booking.id, resource_id=OTHER_ROOM.id, wall_time=wall_time)
    assert (place.event.kind, place.event.actor) == (EventKind.PLACED, "front desk")
    assert place.event.detail == {}
    assert (place.event.booking, place.event.version) == (booking, 1)


def test_an_event_knows_what_service_and_resource_are_called():
    offer = Offer({SERVICE.id: SERVICE}, {room.id: room for room in (ROOM, OTHER_ROOM)})
    moment = replace(MOMENT, offer=offer)
    event = changes.place(DETAILS, SLOT, SERVICE, OTHER_ROOM, moment).event
    assert (event.service, event.resource) == (SERVICE.name, OTHER_ROOM.name)
    event = edited(a_booking(), moment=moment, name="Grace Example").event
    assert (event.service, event.resource) == (SERVICE.name, ROOM.name)


def test_the_buffers_of_the_service_are_occupied_too():
    booking = changes.place(DETAILS, SLOT, BUFFERED, ROOM, MOMENT).booking
    assert (booking.start_time, booking.end_time) == (START, START + HOUR)
    assert booking.occupied_start == START - timedelta(minutes=15)
    assert booking.occupied_end == START + HOUR + timedelta(minutes=30)


def test_a_new_booking_owes_its_confirmation_and_reminders():
    messages = changes.place(DETAILS, SLOT, SERVICE, ROOM, MOMENT).messages
    assert told(messages) == both(MessageKind.CONFIRMED)
    assert reminders(messages) == [START - DAY, START - HOUR]


def test_one_that_has_to_be_confirmed_is_pending_and_only_received():
    place = changes.place(DETAILS, SLOT, UNSURE, ROOM, MOMENT)
    assert place.booking.status is BookingStatus.PENDING
    assert told(place.messages) == both(MessageKind.RECEIVED)
    assert reminders(place.messages) == []


def test_each_booking_has_an_id_of_its_own():
    ids = {changes.place(DETAILS, SLOT, SERVICE, ROOM, MOMENT).booking.id for _ in range(100)}
    assert len(ids) == 100


@pytest.mark.parametrize("start", [NOW, NOW - INSTANT])
def test_nobody_books_what_has_begun(start: Any):
    with pytest.raises(InPast):
        changes.place(DETAILS, Slot(start, HOUR), SERVICE, ROOM, MOMENT)


def test_an_edit_tells_what_was_and_what_became():
    change = edited(a_booking(), name="Grace Example", phone="+49 30 901820")
    assert change.event.kind is EventKind.CHANGED
    assert change.event.detail == {
        "name": ["Ada Example", "Grace Example"],
        "phone": [None, "+49 30 901820"],
    }
    assert change.booking.sequence == 0
    assert change.booking.start_time == START


def test_an_edit_is_told_and_the_reminders_are_owed_anew():
    change = edited(a_booking(), name="Grace Example")
    assert told(change.messages) == both(MessageKind.CHANGED)
    assert reminders(change.messages) == [START - DAY, START - HOUR]
    assert {one.version for one in change.messages} == {change.booking.version}
    assert change.event.booking.name == "Grace Example"


def test_who_changes_the_address_is_told_at_the_new_one():
    change = edited(a_booking(), email="grace@example.org")
    assert {one.recipient for one in change.messages} == {"grace@example.org", OFFICE}


def test_a_move_counts_its_sequence_on_and_keeps_the_buffers():
    booking = a_booking(before=15, after=30, sequence=3, version=7)
    change = changes.edit(booking, {}, ELSEWHEN, BUFFERED, MOMENT, resource=ROOM)
    assert change is not None
    after = change.booking
    assert (after.sequence, after.version, change.expected) == (4, 8, 7)
    assert (after.start_time, after.end_time) == (START + DAY, START + DAY + HOUR)
    assert after.occupied_start == START + DAY - timedelta(minutes=15)
    assert after.occupied_end == START + DAY + HOUR + timedelta(minutes=30)


def test_a_move_is_told_with_both_times_and_reminded_of_at_the_new_one():
    change = edited(a_booking(), ELSEWHEN)
    assert set(change.event.detail) == {"start_time", "end_time"}
    assert change.event.detail["start_time"] == [START, START + DAY]
    assert told(change.messages) == both(MessageKind.CHANGED)
    assert reminders(change.messages) == [START, START + DAY - HOUR]


def test_a_booking_made_longer_is_a_move_too():
    change = edited(a_booking(), Slot(START, 2 * HOUR))
    assert change.booking.sequence == 1
    assert set(change.event.detail) == {"end_time"}


def test_after_a_move_the_reminder_is_to_be_sent_again():
    booking = a_booking(reminder_sent=True, confirmation_sent=True)
    moved = edited(booking, ELSEWHEN).booking
    assert (moved.reminder_sent, moved.confirmation_sent) == (False, True)
    assert edited(booking, name="Grace Example").booking.reminder_sent


def test_a_pending_booking_that_moves_stays_pending_and_has_no_reminders():
    change = edited(a_booking(status=BookingStatus.PENDING), ELSEWHEN)
    assert change.booking.status is BookingStatus.PENDING
    assert reminders(change.messages) == []


@pytest.mark.parametrize(
    ("zone", "wall_time"),
    [("Europe/Berlin", "2026-03-09T11:00:00+01:00[Europe/Berlin]"),
     (None, "2026-03-09T15:45:00+05:45[Asia/Kathmandu]")],
)  # fmt: skip
def test_the_time_by_the_clock_of_the_resource_or_else_of_the_house(
    zone: str | None, wall_time: str
):
    room, moment = replace(ROOM, time_zone=zone), replace(MOMENT, zone="Asia/Kathmandu")
    booking = changes.place(DETAILS, SLOT, SERVICE, room, moment).booking
    assert booking.wall_time == wall_time
    earlier = replace(booking, wall_time="2026-03-09T09:00:00+00:00[UTC]")
    change = changes.edit(earlier, {"name": "Grace"}, SLOT, SERVICE, moment, resource=room)
    assert change is not None
    assert change.booking.wall_time == earlier.wall_time
    change = changes.edit(earlier, {}, Slot(START - DAY, HOUR), SERVICE, moment, resource=room)
    assert change is not None
    assert change.booking.wall_time == wall_time.replace("03-09", "03-08")


@pytest.mark.parametrize("status", list(BookingStatus))
def test_an_edit_that_changes_nothing_is_none(status: BookingStatus):
    booking = a_booking(status=status)
    late = replace(MOMENT, now=START + DAY)
    for moment in (MOMENT, late):
        assert changes.edit(booking, {}, None, SERVICE, moment, resource=ROOM) is None
        assert (
            changes.edit(booking, {"name": booking.name}, None, SERVICE, moment, resource=ROOM)
            is None
        )
        assert changes.edit(booking, DETAILS, SLOT, SERVICE, moment, resource=ROOM) is None


@pytest.mark.parametrize("status", [BookingStatus.CONFIRMED, BookingStatus.COMPLETED])
def test_the_same_slot_is_no_move_though_the_buffers_of_the_service_are_others_by_now(
    status: BookingStatus,
):
    late = replace(MOMENT, now=START + DAY)
    change = changes.edit(
        a_booking(status=status), {"name": "Grace"}, SLOT, BUFFERED, late, resource=ROOM
    )
    assert change is not None
    assert (change.booking.name, change.booking.sequence) == ("Grace", 0)


def test_a_booking_cannot_be_moved_into_the_past():
    with pytest.raises(InPast):
        changes.edit(a_booking(), {}, Slot(NOW, HOUR), SERVICE, MOMENT, resource=ROOM)


@pytest.mark.parametrize("status", OVER)
def test_what_is_over_cannot_be_moved(status: BookingStatus):
    with pytest.raises(InvalidTransition, match=status):
        changes.edit(a_booking(status=status), {}, ELSEWHEN, SERVICE, MOMENT, resource=ROOM)


@pytest.mark.parametrize("status", OVER)
def test_what_is_over_can_be_corrected_and_nobody_is_told(status: BookingStatus):
    change = edited(a_booking(status=status), SLOT, name="Grace Example")
    assert change.booking.status is status
    assert change.booking.sequence == 0
    assert change.messages == []


@pytest.mark.parametrize(
    ("before", "after", "kind", "messages"),
    [
        (BookingStatus.PENDING, BookingStatus.CONFIRMED, EventKind.CONFIRMED,
         both(MessageKind.CONFIRMED)),
        (BookingStatus.PENDING, BookingStatus.CANCELLED, EventKind.CANCELLED,
         both(MessageKind.CANCELLED)),
        (BookingStatus.CONFIRMED, BookingStatus.CANCELLED, EventKind.CANCELLED,
         both(MessageKind.CANCELLED)),
        (BookingStatus.CONFIRMED, BookingStatus.COMPLETED, EventKind.COMPLETED, []),
        (BookingStatus.CONFIRMED, BookingStatus.NO_SHOW, EventKind.NO_SHOW, []),
        (BookingStatus.COMPLETED, BookingStatus.NO_SHOW, EventKind.NO_SHOW, []),
        (BookingStatus.NO_SHOW, BookingStatus.COMPLETED, EventKind.COMPLETED, []),
    ],
)  # fmt: skip
def test_a_step_has_its_event_and_tells_whom_it_concerns(
    before: BookingStatus,
    after: BookingStatus,
    kind: EventKind,
    messages: list[tuple[MessageKind, Audience]],
):
    change = stepped(a_booking(status=before), after)
    assert change.event.kind is kind
    assert change.event.detail == {"status": [before, after]}
    assert told(change.messages) == messages
    due = [START - DAY, START - HOUR] if after is BookingStatus.CONFIRMED else []
    assert reminders(change.messages) == due


def test_the_reason_of_a_step_stands_in_its_event():
    change = stepped(a_booking(), BookingStatus.CANCELLED, "closed for repairs")
    assert change.event.detail["reason"] == "closed for repairs"


@pytest.mark.parametrize("status", list(BookingStatus))
def test_a_step_to_where_it_stands_is_none(status: BookingStatus):
    assert changes.step(a_booking(status=status), status, "again", SERVICE, MOMENT) is None


def test_a_step_that_the_machine_has_not_is_refused():
    with pytest.raises(InvalidTransition):
        changes.step(a_booking(status=BookingStatus.CANCELLED), BookingStatus.CONFIRMED, None,
                     SERVICE, MOMENT)  # fmt: skip


def test_a_service_may_remind_otherwise_than_the_house():
    service, silent = a_service(reminders=(90,)), a_service(reminders=())
    due = START - timedelta(minutes=90)
    assert reminders(changes.place(DETAILS, SLOT, service, ROOM, MOMENT).messages) == [due]
    assert reminders(changes.place(DETAILS, SLOT, silent, ROOM, MOMENT).messages) == []
    moved = changes.edit(a_booking(), {}, ELSEWHEN, service, MOMENT, resource=ROOM)
    assert moved is not None
    assert reminders(moved.messages) == [due + DAY]
    asked = a_booking(status=BookingStatus.PENDING)
    confirmed = changes.step(asked, BookingStatus.CONFIRMED, None, service, MOMENT)
    assert confirmed is not None
    assert reminders(confirmed.messages) == [due]


def test_without_an_administrator_only_the_customer_is_told():
    moment = replace(MOMENT, promises=Promises(None, ()))
    messages = changes.place(DETAILS, SLOT, SERVICE, ROOM, moment).messages
    assert told(messages) == [(MessageKind.CONFIRMED, C)]
    assert len(messages) == 1
