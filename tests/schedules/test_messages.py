"""Which event owes which messages."""

from datetime import datetime, time, timedelta

import pytest

from schedules.messages import Promises, owed, reminders_owed
from schedules.quiet import QuietHours
from storage.model import Audience, Booking, BookingStatus, EventKind, MessageKind, MessageState
from tests.records import DAY, HOUR, INSTANT, NOW, START, a_booking

PROMISES = Promises("office@example.org", (DAY, HOUR))
SILENT = Promises(None, ())
BOOKING = a_booking(version=7)
PENDING = a_booking(status=BookingStatus.PENDING)
CUSTOMER, ADMIN = Audience.CUSTOMER, Audience.ADMIN

Told = list[tuple[MessageKind, Audience, str]]


def told(kind: EventKind, booking: Booking, promises: Promises = PROMISES) -> Told:
    messages = owed(promises, kind, booking, NOW)
    return [
        (message.kind, message.audience, message.recipient)
        for message in messages
        if not message.reminds
    ]


def reminded(booking: Booking, now: datetime = NOW) -> list[datetime]:
    return [message.due_at for message in reminders_owed(PROMISES, booking, now)]


def both(kind: MessageKind) -> Told:
    return [(kind, CUSTOMER, BOOKING.email), (kind, ADMIN, "office@example.org")]


@pytest.mark.parametrize(
    ("event", "booking", "kind"),
    [
        (EventKind.PLACED, BOOKING, MessageKind.CONFIRMED),
        (EventKind.PLACED, PENDING, MessageKind.RECEIVED),
        (EventKind.CHANGED, BOOKING, MessageKind.CHANGED),
        (EventKind.CHANGED, PENDING, MessageKind.CHANGED),
        (EventKind.CONFIRMED, BOOKING, MessageKind.CONFIRMED),
        (
            EventKind.CANCELLED,
            a_booking(status=BookingStatus.CANCELLED),
            MessageKind.CANCELLED,
        ),
    ],
)
def test_customer_and_administrator_are_told(event: EventKind, booking: Booking, kind: MessageKind):
    assert told(event, booking) == both(kind)


@pytest.mark.parametrize(
    ("event", "status"),
    [
        (EventKind.COMPLETED, BookingStatus.COMPLETED),
        (EventKind.NO_SHOW, BookingStatus.NO_SHOW),
        (EventKind.CHANGED, BookingStatus.CANCELLED),
        (EventKind.CHANGED, BookingStatus.COMPLETED),
        (EventKind.CHANGED, BookingStatus.NO_SHOW),
    ],
)
def test_of_what_is_over_nobody_is_told(event: EventKind, status: BookingStatus):
    assert owed(PROMISES, event, a_booking(status=status), NOW) == []


def test_without_an_administrator_only_the_customer_is_told():
    assert told(EventKind.PLACED, BOOKING, SILENT) == [
        (MessageKind.CONFIRMED, CUSTOMER, BOOKING.email)
    ]


def test_what_is_told_is_due_at_once_and_never_expires():
    for message in owed(SILENT, EventKind.PLACED, BOOKING, NOW):
        assert (message.created_at, message.due_at, message.next_attempt_at) == (NOW, NOW, NOW)
        assert message.expires_at is None
        assert message.state is MessageState.PENDING
        assert (message.booking_id, message.version) == (BOOKING.id, BOOKING.version)
        assert message.attempts == 0


@pytest.mark.parametrize("event", [EventKind.PLACED, EventKind.CHANGED, EventKind.CONFIRMED])
def test_a_confirmed_booking_owes_its_reminders(event: EventKind):
    reminders = [one for one in owed(PROMISES, event, BOOKING, NOW) if one.reminds]
    assert [one.due_at for one in reminders] == [START - DAY, START - HOUR]
    assert {one.audience for one in reminders} == {CUSTOMER}
    assert {one.recipient for one in reminders} == {BOOKING.email}


def test_a_reminder_is_of_no_use_from_the_start_on():
    assert {one.expires_at for one in reminders_owed(PROMISES, BOOKING, NOW)} == {START}


@pytest.mark.parametrize("status", sorted(set(BookingStatus) - {BookingStatus.CONFIRMED}))
def test_only_a_confirmed_booking_owes_reminders(status: BookingStatus):
    assert reminded(a_booking(status=status)) == []


def test_booked_inside_the_window_there_is_no_reminder():
    assert reminded(BOOKING, START - DAY + HOUR) == [START - HOUR]
    assert reminded(BOOKING, START - timedelta(minutes=1)) == []


def test_a_reminder_whose_moment_is_now_is_not_owed_and_one_just_ahead_is():
    assert reminded(BOOKING, START - DAY) == [START - HOUR]
    assert reminded(BOOKING, START - DAY - INSTANT) == [START - DAY, START - HOUR]


def test_the_same_reminder_promised_twice_is_owed_once():
    twice = Promises(None, (DAY, timedelta(hours=24)))
    assert len(reminders_owed(twice, BOOKING, NOW)) == 1


def test_without_reminders_promised_there_are_none():
    assert reminders_owed(SILENT, BOOKING, NOW) == []


def test_a_reminder_keeps_out_of_quiet_hours():
    quiet = QuietHours(time(9), time(10), "Etc/GMT-1")  # 08:00 to 09:00 in UTC
    assert START.hour == 10
    two = Promises(None, (timedelta(hours=2), timedelta(minutes=90)), quiet)
    assert [one.due_at for one in reminders_owed(two, BOOKING, NOW)] == [START - HOUR]
    abroad = a_booking(time_zone="Etc/GMT-9")
    assert [one.due_at for one in reminders_owed(two, abroad, NOW)] == [
        START - 2 * HOUR,
        START - timedelta(minutes=90),
    ]


def test_every_message_has_an_id_of_its_own():
    messages = owed(PROMISES, EventKind.PLACED, BOOKING, NOW)
    assert len({message.id for message in messages}) == len(messages) == 4
