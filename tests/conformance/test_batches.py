"""Each write of a batch happens as a whole or not at all, and by itself."""

import asyncio
from collections.abc import Callable
from dataclasses import replace

import pytest

from storage.errors import NotFound, SlotTaken, StaleVersion, StorageError, Unavailable
from storage.interface import BookingFilter, Storage
from storage.model import Message, MessageState
from storage.writes import (
    Change,
    Claim,
    Owe,
    Place,
    Redate,
    SaveResource,
    SaveService,
    Settle,
    Supersede,
)
from tests.conformance.outside import Outside
from tests.records import (
    HOUR,
    NOW,
    START,
    a_booking,
    a_message,
    a_reminder,
    a_resource,
    a_row_of_bookings,
    a_service,
    an_event,
    answer,
    cancelled,
    change,
    changed,
    done,
    moved,
    place,
    settle,
)

ALL = BookingFilter()
STORED = a_booking(start=START + 100 * HOUR)
STORED_MESSAGE = a_message(STORED)
NOWHERE = a_booking().id


def poisoned(**fields: object) -> Place:
    booking = a_booking(**fields)
    return place(booking, a_message(booking))


def with_messages(*ids: str) -> Place:
    booking = a_booking()
    return place(booking, *[a_message(booking, id=id_) for id_ in ids])


def with_a_message_of_version(version: int) -> Place:
    """Past the check in `Place`: its message names a version that has no event."""
    booking = a_booking()
    messages: list[Message] = []
    write = Place(booking, an_event(booking), messages)
    messages.append(a_message(booking, version=version))
    return write


def with_another_event_of_its_version() -> Change:
    """`STORED` again as the version that it has an event of already."""
    again = replace(STORED, name="Grace Example")
    return Change(again, STORED.version, an_event(again), [a_message(again)])


POISONS: dict[str, Callable[[], Place | Change]] = {
    "an_id_of_another_booking": lambda: poisoned(id=STORED.id),
    "an_id_of_another_message": lambda: with_messages(STORED_MESSAGE.id),
    "one_id_for_two_messages": lambda: with_messages(NOWHERE, NOWHERE),
    "a_message_of_an_earlier_version": lambda: with_a_message_of_version(0),
    "a_message_of_a_later_version": lambda: with_a_message_of_version(2),
    "two_events_of_one_version": with_another_event_of_its_version,
    "an_unknown_resource": lambda: poisoned(resource_id=NOWHERE),
    "an_unknown_service": lambda: poisoned(service_id=NOWHERE),
    "an_end_before_its_start": lambda: poisoned(minutes=-60),
    "no_length": lambda: poisoned(minutes=0),
    "a_range_smaller_than_its_slot": lambda: poisoned(before=-10),
    "half_a_character": lambda: poisoned(name="half \ud83d"),
}
each_poison = pytest.mark.parametrize("poison", POISONS.values(), ids=POISONS.keys())


async def events(outside: Outside) -> int:
    return int((await outside.rows("SELECT count(*) FROM events"))[0][0])


async def test_no_writes_have_no_outcomes(storage: Storage):
    assert await storage.commit([]) == []


async def test_outcomes_come_in_the_order_of_the_writes(storage: Storage):
    booking = a_booking()
    message, reminder = a_message(booking), a_reminder(booking, due=NOW + HOUR)
    after = changed(booking, name="Grace Example")
    outcomes = await storage.commit(
        [
            place(booking, message),
            place(a_booking()),
            Change(after, 7, an_event(after), []),
            change(changed(a_booking())),
            Owe([reminder]),
            Claim(storage.owner, 9, NOW),
            settle(a_message(booking)),
            Redate(NOW - HOUR),
            Supersede([reminder.id]),
            SaveService(a_service()),
        ]
    )
    claimed = outcomes.pop(5)
    assert [due.message.id for due in claimed] == [message.id]
    errors = {1: SlotTaken, 2: StaleVersion, 3: NotFound}
    assert {index: type(outcomes[index]) for index in errors} == errors
    assert [outcomes[index] for index in (0, 4, 5, 6, 7, 8)] == [None, 1, False, 0, 1, None]


async def test_later_writes_see_earlier_ones(storage: Storage):
    service, room = a_service(), a_resource()
    first = a_booking(service_id=service.id, resource_id=room.id)
    second = replace(first, id=a_booking().id)
    await done(
        storage,
        SaveService(service),
        SaveResource(room),
        place(first),
        change(moved(first, START + HOUR)),
        place(second),
    )
    assert await storage.bookings(ALL, limit=9) == [second, moved(first, START + HOUR)]


async def test_a_change_of_a_booking_that_was_refused_finds_none(storage: Storage):
    refused = a_booking()
    batch = [place(a_booking()), place(refused), change(cancelled(refused))]
    outcomes = await storage.commit(batch)
    assert [type(outcome) for outcome in outcomes[1:]] == [SlotTaken, NotFound]


async def test_place_stores_booking_event_and_messages(storage: Storage, outside: Outside):
    booking = a_booking()
    messages = [a_message(booking), a_reminder(booking)]
    await done(storage, place(booking, *messages))
    assert await storage.booking(booking.id) == booking
    stored = await storage.messages([booking.id])
    assert {message.id: message for message in stored} == {one.id: one for one in messages}
    assert await events(outside) == 1


@each_poison
async def test_a_write_that_the_database_refuses_is_its_own_outcome(
    storage: Storage, outside: Outside, poison: Callable[[], Place | Change]
):
    await done(storage, place(STORED, STORED_MESSAGE))
    write = poison()
    outcome = await answer(storage, write)
    assert isinstance(outcome, StorageError)
    assert not isinstance(outcome, SlotTaken | Unavailable)
    assert await storage.bookings(ALL, limit=9) == [STORED]
    assert await storage.messages([write.booking.id, STORED.id]) == [STORED_MESSAGE]
    assert await events(outside) == 1


@each_poison
async def test_a_refused_write_harms_none_of_its_neighbours(
    storage: Storage, outside: Outside, poison: Callable[[], Place | Change]
):
    await done(storage, place(STORED, STORED_MESSAGE))
    good = a_row_of_bookings(5)[1:]
    batch = [place(booking, a_message(booking)) for booking in good]
    batch.insert(2, poison())
    outcomes = await storage.commit(batch)
    assert isinstance(outcomes.pop(2), StorageError)
    assert outcomes == [None] * 4
    assert await storage.bookings(ALL, limit=9) == [*good, STORED]
    assert len(await storage.messages([booking.id for booking in good])) == 4
    assert await events(outside) == 5


async def test_a_nul_is_kept_or_refused_without_harm(storage: Storage):
    strange, good = a_booking(name="a\0b"), a_booking(start=START + HOUR)
    outcome, other = await storage.commit([place(strange), place(good)])
    assert other is None
    stored = await storage.bookings(ALL, limit=9)
    assert stored == ([good] if isinstance(outcome, StorageError) else [strange, good])


@pytest.mark.parametrize(
    ("table", "condition"),
    [
        ("bookings", "NEW.name = 'poison'"),
        ("events", "NEW.actor = 'poison'"),
        ("messages", "NEW.recipient = 'poison'"),
    ],
)
async def test_a_fault_at_any_statement_of_a_booking_leaves_nothing_of_it(
    storage: Storage, outside: Outside, table: str, condition: str
):
    await outside.poison(table, condition)
    one, bad, two = a_row_of_bookings(3)
    bad = replace(bad, name="poison")
    messages: list[Message] = [a_message(bad), a_message(bad, recipient="poison")]
    write = Place(bad, an_event(bad, actor="poison"), messages)
    outcomes = await storage.commit([place(one), write, place(two)])
    assert [outcomes[0], outcomes[2]] == [None, None]
    assert isinstance(outcomes[1], StorageError)
    assert await storage.bookings(ALL, limit=9) == [one, two]
    assert await storage.messages([bad.id]) == []
    assert await events(outside) == 2


@pytest.mark.parametrize(
    ("table", "condition"),
    [("events", "NEW.actor = 'poison'"), ("messages", "NEW.recipient = 'poison'")],
)
async def test_a_fault_at_any_statement_of_a_change_leaves_the_booking_as_it_was(
    storage: Storage, outside: Outside, table: str, condition: str
):
    booking = a_booking()
    reminder = a_reminder(booking)
    await done(storage, place(booking, reminder))
    await outside.poison(table, condition)
    after = moved(booking, START + 7 * HOUR)
    event = an_event(after, actor="poison")
    write = Change(after, booking.version, event, [a_message(after, recipient="poison")])
    other = a_booking(start=START + HOUR)
    outcomes = await storage.commit([write, place(other)])
    assert isinstance(outcomes[0], StorageError)
    assert outcomes[1] is None
    assert await storage.bookings(ALL, limit=9) == [booking, other]
    assert await storage.messages([booking.id]) == [reminder]


async def test_a_transaction_that_dies_half_way_tells_the_truth(storage: Storage, outside: Outside):
    await outside.sever("events", "NEW.actor = 'poison'")
    bookings = a_row_of_bookings(5)
    batch = [place(booking) for booking in bookings]
    batch[2] = replace(batch[2], event=an_event(bookings[2], actor="poison"))
    outcomes = await storage.commit(batch)
    stored = await storage.bookings(ALL, limit=9)
    assert bookings[2] not in stored
    for booking, outcome in zip(bookings, outcomes, strict=True):
        assert isinstance(outcome, StorageError) or booking in stored
    after = a_booking(start=START + 50 * HOUR)
    await done(storage, place(after))


@pytest.mark.parametrize("ticks", range(6))
async def test_a_commit_whose_caller_goes_away_happens_as_a_whole_or_not_at_all(
    storage: Storage, outside: Outside, ticks: int
):
    booking = a_booking()
    task = asyncio.create_task(storage.commit([place(booking, a_message(booking))]))
    for _ in range(ticks):
        await asyncio.sleep(0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await done(storage, place(a_booking(start=START + HOUR)))
    placed = await storage.count_bookings(BookingFilter(date_to=START + HOUR))
    assert len(await storage.messages([booking.id])) == placed
    assert await events(outside) == placed + 1


async def test_a_large_batch_is_taken_at_once(storage: Storage):
    bookings = a_row_of_bookings(300)
    writes = [place(booking, a_message(booking), a_reminder(booking)) for booking in bookings]
    assert await storage.commit(writes) == [None] * 300
    assert await storage.count_bookings(ALL) == 300
    [claimed] = await done(storage, Claim(storage.owner, 1000, NOW))
    outcomes = await storage.commit(
        [Settle(message=due.message, state=MessageState.SENT, at=NOW) for due in claimed]
    )
    assert outcomes == [True] * 300
