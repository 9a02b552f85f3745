"""The desk: all that waits in one commit, and an answer for each asker."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

import pytest

from bookingd import desk as module
from bookingd.desk import Desk
from schedules.actor import MailboxFull
from storage.errors import NotFound, SlotTaken, StaleVersion, Unavailable
from storage.interface import BookingFilter, Storage
from storage.model import Booking
from storage.writes import Write
from tests.bookingd.conftest import on_both
from tests.deadlines import until_true
from tests.records import OTHER_ROOM, a_booking, a_row_of_bookings, change, changed, place

Commit = Callable[[Sequence[Write[Any]]], Any]


class Counter:
    """A desk whose commits are counted; `before` runs ahead of each."""

    def __init__(self, storage: Storage, before: Commit | None = None) -> None:
        self.batches: list[int] = []
        self.pokes = 0
        self._commit: Commit = storage.commit
        self._before = before
        storage.commit = self._counted  # type: ignore[method-assign]
        self.storage = storage
        self.desk = Desk(storage, self._poked)

    async def _counted(self, writes: Sequence[Write[Any]]) -> Any:
        self.batches.append(len(writes))
        if self._before:
            await self._before(writes)
        return await self._commit(writes)

    def _poked(self) -> None:
        self.pokes += 1

    async def waiting(self, *writes: Write[Any]) -> list[asyncio.Task[Any]]:
        """Askers whose writes lie in the mailbox, in this order."""
        expected = self.desk.waiting + len(writes)
        tasks = [asyncio.create_task(self.desk.ask(write)) for write in writes]
        await until_true(lambda: self.desk.waiting == expected)
        return tasks

    async def work(self) -> None:
        """Do all that waits, and go home."""
        self.desk.close()
        await self.desk.run()

    async def kept(self) -> list[Booking]:
        return await self.storage.bookings(BookingFilter(), limit=1000)


@on_both
async def test_all_that_waits_shares_one_commit(storage: Storage, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module, "BATCH", 64)
    counter = Counter(storage)
    bookings = a_row_of_bookings(20)
    tasks = await counter.waiting(*map(place, bookings))
    await counter.work()
    assert await asyncio.gather(*tasks) == [None] * 20
    assert (counter.batches, counter.pokes) == ([20], 1)
    assert await counter.kept() == bookings


async def test_no_commit_is_larger_than_a_batch(storage: Storage, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module, "BATCH", 4)
    counter = Counter(storage)
    tasks = await counter.waiting(*map(place, a_row_of_bookings(10)))
    await counter.work()
    await asyncio.gather(*tasks)
    assert (counter.batches, counter.pokes) == ([4, 4, 2], 3)


@on_both
async def test_each_asker_gets_an_answer_of_its_own(storage: Storage):
    counter = Counter(storage)
    booking = a_booking()
    writes = [
        place(booking),
        place(a_booking(start=booking.start_time + timedelta(minutes=30))),
        place(a_booking(resource_id=OTHER_ROOM.id)),
        change(changed(a_booking(), name="Grace Example")),
        change(changed(booking, name="Grace Example")),
        change(changed(booking, name="Too late")),
    ]
    tasks = await counter.waiting(*writes)
    await counter.work()
    found = await asyncio.gather(*tasks, return_exceptions=True)
    kinds = [type(one) for one in found]
    assert sorted(map(str, kinds[:2])) == sorted(map(str, (type(None), SlotTaken)))
    assert kinds[2:4] == [type(None), NotFound]
    if kinds[0] is type(None):
        assert kinds[4:] == [type(None), StaleVersion]


async def test_a_full_mailbox_is_told_at_once(storage: Storage, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module, "CAPACITY", 2)
    counter = Counter(storage)
    first, second, third = a_row_of_bookings(3)
    tasks = await counter.waiting(place(first), place(second))
    with pytest.raises(MailboxFull):
        await counter.desk.ask(place(third))
    await counter.work()
    await asyncio.gather(*tasks)
    assert await counter.kept() == [first, second]


@on_both
async def test_an_asker_who_went_away_while_waiting_does_not_undo_the_write(storage: Storage):
    counter = Counter(storage)
    bookings = a_row_of_bookings(2)
    gone, stayed = await counter.waiting(*map(place, bookings))
    gone.cancel()
    await counter.work()
    await stayed
    assert await counter.kept() == bookings


async def test_an_asker_who_went_away_during_the_commit_does_not_undo_it(storage: Storage):
    begun, gate = asyncio.Event(), asyncio.Event()

    async def wait(_: Sequence[Write[Any]]) -> None:
        begun.set()
        await gate.wait()

    counter = Counter(storage, wait)
    bookings = a_row_of_bookings(2)
    gone, stayed = await counter.waiting(*map(place, bookings))
    working = asyncio.create_task(counter.work())
    await begun.wait()
    gone.cancel()
    await asyncio.wait([gone])
    gate.set()
    await working
    await stayed
    assert gone.cancelled()
    assert await counter.kept() == bookings


async def test_what_comes_during_a_commit_waits_for_the_next(storage: Storage):
    begun, gate = asyncio.Event(), asyncio.Event()

    async def wait(_: Sequence[Write[Any]]) -> None:
        begun.set()
        await gate.wait()

    counter = Counter(storage, wait)
    first, *others = map(place, a_row_of_bookings(4))
    tasks = await counter.waiting(first)
    working = asyncio.create_task(counter.desk.run())
    await begun.wait()
    tasks += await counter.waiting(*others)
    gate.set()
    await asyncio.gather(*tasks)
    counter.desk.close()
    await working
    assert counter.batches == [1, 3]


@pytest.mark.parametrize("fault", [RuntimeError("broken"), Unavailable("away")])
async def test_a_fault_of_storage_reaches_every_asker_and_the_supervisor(
    storage: Storage, fault: Exception
):
    async def fail(_: Sequence[Write[Any]]) -> None:
        raise fault

    counter = Counter(storage, fail)
    tasks = await counter.waiting(*map(place, a_row_of_bookings(3)))
    with pytest.raises(type(fault)):
        await counter.work()
    assert await asyncio.gather(*tasks, return_exceptions=True) == [fault] * 3
    assert counter.pokes == 0


async def test_after_a_fault_the_desk_works_again(storage: Storage):
    async def fail(_: Sequence[Write[Any]]) -> None:
        if len(counter.batches) == 1:
            raise RuntimeError("broken")

    counter = Counter(storage, fail)
    first, second = a_row_of_bookings(2)
    [task] = await counter.waiting(place(first))
    with pytest.raises(RuntimeError):
        await counter.desk.run()
    with pytest.raises(RuntimeError):
        await task
    [task] = await counter.waiting(place(second))
    await counter.work()
    assert await task is None
    assert await counter.kept() == [second]


async def test_a_closed_desk_finishes_what_waits_and_takes_no_more(storage: Storage):
    counter = Counter(storage)
    booking = a_booking()
    [task] = await counter.waiting(place(booking))
    counter.desk.close()
    with pytest.raises(MailboxFull):
        await counter.desk.ask(place(a_booking(resource_id=OTHER_ROOM.id)))
    await counter.desk.run()
    assert await task is None
    assert await counter.kept() == [booking]
