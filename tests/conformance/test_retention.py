"""What is forgotten by age, and what is left of a customer who is erased: nothing."""

from dataclasses import replace
from datetime import timedelta

import pytest

from storage.erasure import ERASED, ERASED_EMAIL
from storage.interface import BookingFilter, Storage
from storage.model import (
    LIVE,
    Audience,
    Booking,
    BookingStatus,
    EventKind,
    IdempotencyKey,
    MessageState,
)
from storage.pages import pages
from storage.writes import Change, Erase, ForgetMessages, Place
from tests.conformance.outside import Outside
from tests.records import (
    DAY,
    HOUR,
    INSTANT,
    NOW,
    START,
    a_booking,
    a_message,
    a_reminder,
    a_row_of_bookings,
    an_event,
    answer,
    changed,
    claim,
    done,
    moved,
    place,
    settle,
)

CANARY = "canary"
LATER = START + 7 * DAY
"""When the bookings are over."""

DONE_WITH = (MessageState.SENT, MessageState.SUPERSEDED, MessageState.MISSED)


def a_person(**fields: object) -> Booking:
    """A booking whose every personal field sings."""
    values: dict[str, object] = {
        "name": "Canary Müller",
        "email": "canary@example.org",
        "company": "Canary Ltd",
        "phone": "+49 canary",
        "inquiry": "canary\nseeds",
        "answers": {"canary?": "canary!"},
        "time_zone": "Atlantic/Canary",
        "locale": "x-canary",
    }
    return a_booking(**values | fields)


async def lived(storage: Storage, booking: Booking) -> Booking:
    """A booking with a history: an idempotency key, an edit, a move, mails of every fate."""
    key = IdempotencyKey(caller="site", key=f"canary {booking.id}", fingerprint="f")
    sent, dead = a_message(booking), a_message(booking, due=NOW + HOUR)
    await done(storage, Place(booking, an_event(booking), [sent, dead], key))
    for message in await claim(storage, now=NOW + HOUR):
        state = MessageState.SENT if message.id == sent.id else MessageState.DEAD
        await done(storage, settle(message, state, error="550 canary@example.org: no such user"))
    edited = changed(booking, name="Canary Meier")
    detail = {"name": [booking.name, edited.name], "reason": "canary asked", "status": ["a", "b"]}
    event = replace(an_event(edited, EventKind.CHANGED), detail=detail)
    await done(storage, Change(edited, booking.version, event, [a_reminder(edited)]))
    after = moved(edited, edited.start_time + 5 * HOUR)
    event = replace(an_event(after, EventKind.CHANGED), detail={"start_time": ["a", "b"]})
    await done(storage, Change(after, edited.version, event, [a_reminder(after)]))
    return await storage.booking(booking.id)


async def everything(outside: Outside, storage: Storage) -> str:
    """All that the database holds, as text."""
    tables = ["bookings", "events", "messages", "idempotency_keys", "services", "resources"]
    return str([await outside.rows(f"SELECT * FROM {table}") for table in tables]).lower()


async def test_nothing_of_a_customer_is_left_in_any_table(storage: Storage, outside: Outside):
    booking = await lived(storage, a_person())
    assert CANARY in await everything(outside, storage)
    assert await answer(storage, Erase([booking.id], LATER, "operator")) == 1
    assert CANARY not in await everything(outside, storage)


async def test_what_statistics_need_stays(storage: Storage):
    booking = await lived(storage, a_person())
    before = await storage.events(booking.id)
    await done(storage, Erase([booking.id], LATER, "operator"))
    erased = replace(booking, **ERASED, version=4, updated_at=LATER)
    assert await storage.booking(booking.id) == erased
    *events, last = await storage.events(booking.id)
    as_it_was_told = replace(erased, confirmation_sent=False)
    assert last == an_event(as_it_was_told, EventKind.ERASED, at=LATER, actor="operator")
    assert events == [
        replace(event, booking=replace(event.booking, **ERASED), detail=detail)
        for event, detail in zip(
            before, [{}, {"status": ["a", "b"]}, {"start_time": ["a", "b"]}], strict=True
        )
    ]
    assert await storage.messages([booking.id]) == []


async def test_others_are_left_alone(storage: Storage):
    other = await lived(storage, a_person(start=START + DAY))
    kept = await storage.events(other.id), await storage.messages([other.id])
    await done(storage, Erase([(await lived(storage, a_person())).id], LATER, "operator"))
    assert await storage.booking(other.id) == other
    assert (await storage.events(other.id), await storage.messages([other.id])) == kept


async def test_twice_is_once(storage: Storage):
    booking = await lived(storage, a_person())
    write = Erase([booking.id], LATER, "operator")
    assert await done(storage, write, write) == [1, 0]
    assert (await storage.booking(booking.id)).version == booking.version + 1
    assert await answer(storage, Erase([], LATER, "operator")) == 0


@pytest.mark.parametrize("status", BookingStatus)
async def test_what_is_to_come_is_passed_over(storage: Storage, status: BookingStatus):
    booking = a_person(status=status)
    await done(storage, place(booking))
    before_its_end = Erase([booking.id], booking.end_time - INSTANT, "operator")
    assert await answer(storage, before_its_end) == (0 if status in LIVE else 1)
    assert await answer(storage, replace(before_its_end, at=booking.end_time)) == (
        1 if status in LIVE else 0
    )


async def test_who_was_reading_meanwhile_writes_nothing_back(storage: Storage):
    booking = a_person()
    await done(storage, place(booking, a_message(booking)))
    [message] = await claim(storage)
    await done(storage, Erase([booking.id], LATER, "operator"))
    late = changed(booking, name="Canary again")
    [outcome] = await storage.commit([Change(late, 1, an_event(late), [])])
    assert type(outcome).__name__ == "StaleVersion"
    assert await answer(storage, settle(message)) is False


async def test_an_erased_booking_can_be_found_and_changed(storage: Storage):
    booking, other = a_person(), a_booking(start=START + DAY)
    await done(storage, place(booking), place(other), Erase([booking.id], LATER, "operator"))
    erased = await storage.booking(booking.id)
    assert await storage.bookings(BookingFilter(erased=True), limit=9) == [erased]
    assert await storage.bookings(BookingFilter(erased=False), limit=9) == [other]
    assert await storage.count_bookings(BookingFilter()) == 2
    after = changed(erased, status=BookingStatus.NO_SHOW)
    event = an_event(after, EventKind.NO_SHOW)
    assert await answer(storage, Change(after, erased.version, event, [])) is None


async def test_a_person_is_found_by_every_address_that_a_booking_had(storage: Storage):
    now_hers, once_hers = a_booking(email="Ada@example.org"), a_booking(start=START + DAY)
    mailed = a_booking(start=START + 2 * DAY, email="typo@example.org")
    for_the_house = a_booking(start=START + 3 * DAY, email="grace@example.org")
    await done(storage, place(now_hers), place(once_hers))
    renamed = changed(once_hers, email="new@example.org")
    await done(storage, Change(renamed, 1, an_event(renamed, EventKind.CHANGED), []))
    await done(storage, place(mailed, a_message(mailed, recipient="ada@example.org")))
    told = a_message(for_the_house, recipient="ada@example.org", audience=Audience.ADMIN)
    await done(storage, place(for_the_house, told))
    found = [
        booking.id
        async for page in pages(storage, BookingFilter(person="aDa@example.org"), size=2)
        for booking in page
    ]
    assert found == [now_hers.id, once_hers.id, mailed.id]
    assert await storage.count_bookings(BookingFilter(person=ERASED_EMAIL)) == 0


@pytest.mark.parametrize("state", MessageState)
async def test_messages_are_forgotten_when_they_are_done_with(
    storage: Storage, outside: Outside, state: MessageState
):
    old, new = a_row_of_bookings(2)
    due, made = NOW - 2 * DAY, NOW - 3 * DAY
    await done(
        storage,
        place(old, a_message(old, due=due, created_at=made)),
        place(new, a_message(new, due=due + INSTANT, created_at=made)),
    )
    lease = ", leased_by = 7" if state is MessageState.LEASED else ""
    await outside.rows(f"UPDATE messages SET state = '{state}'{lease}")
    left = [new.id] if state in DONE_WITH else [old.id, new.id]
    write = ForgetMessages(due + INSTANT, 10)
    assert await done(storage, write, write) == [2 - len(left), 0]
    assert [one.booking_id for one in await storage.messages([old.id, new.id])] == left
    assert len(await storage.events(old.id)) == 1


async def test_no_more_than_asked_for_are_forgotten_at_once(storage: Storage, outside: Outside):
    booking = a_booking()
    messages = [
        a_message(booking, due=NOW - timedelta(days=days), created_at=NOW - 9 * DAY)
        for days in range(1, 6)
    ]
    await done(storage, place(booking, *messages))
    await outside.rows("UPDATE messages SET state = 'sent'")
    write = ForgetMessages(NOW, 2)
    assert await done(storage, write, write, write, write) == [2, 2, 1, 0]


async def test_a_reminder_still_to_come_stays_however_old_it_is(storage: Storage, outside: Outside):
    booking = a_booking()
    await done(storage, place(booking, a_reminder(booking, created_at=NOW - 90 * DAY)))
    await outside.rows("UPDATE messages SET state = 'superseded'")
    assert await answer(storage, ForgetMessages(NOW, 10)) == 0
