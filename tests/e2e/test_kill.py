"""kill -9 at random moments: nothing that was promised is lost."""

import asyncio
import random
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from itertools import count
from typing import Any

import pytest

from tests.e2e.booking import booking, slot
from tests.e2e.conftest import Daemons
from tests.e2e.daemon import FAULTS, Answer, Daemon, eventually
from tests.e2e.database import Database
from tests.e2e.mailbox import Mailbox

KILLS = 20
CLIENTS = 16
PAUSE = 0.4
"""The longest that a client waits between two bookings; after no answer, it waits as long."""
SOON = 30.0
"""Seconds after the last start within which everything due has to be on its way; it mostly takes
one, and what waited for a lease to expire would take minutes."""

TO_BOTH = {"placed": "confirmed", "changed": "changed", "cancelled": "cancelled"}
"""For each event, what customer and administrator are told of it."""


@dataclass
class Promise:
    """What a client knows of its booking: what was answered, and what may have become of it."""

    starts: set[datetime]
    statuses: set[str] = field(default_factory=lambda: {"CONFIRMED"})


class Clients:
    """They book, move and cancel, each in slots of its own, and note what they are promised."""

    def __init__(self, daemon: Daemon) -> None:
        self.promises: dict[str, Promise] = {}
        self.answers: Counter[int] = Counter()
        self.unanswered = 0
        self._daemon = daemon
        self._slots = count()
        self._chance = random.Random(20)
        self._tasks = [asyncio.create_task(self._work()) for _ in range(CLIENTS)]

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        for outcome in await asyncio.gather(*self._tasks, return_exceptions=True):
            assert isinstance(outcome, asyncio.CancelledError), outcome

    async def _work(self) -> None:
        while True:
            await asyncio.sleep(PAUSE * self._chance.random())
            placed = await self._try("POST", "/api/bookings", booking(next(self._slots)))
            if placed is None:
                await asyncio.sleep(PAUSE)
                continue
            promise = Promise({_start(placed)})
            self.promises[placed.body["id"]] = promise
            path = f"/api/bookings/{placed.body['id']}"
            if self._chance.random() < 0.2:
                await self._move(path, promise)
            if self._chance.random() < 0.2:
                await self._cancel(path, promise)

    async def _move(self, path: str, promise: Promise) -> None:
        there = slot(next(self._slots))
        promise.starts.add(datetime.fromisoformat(there["startTime"]))
        moved = await self._try("PUT", path, {"timeSlot": there})
        if moved is not None:
            promise.starts = {_start(moved)}

    async def _cancel(self, path: str, promise: Promise) -> None:
        promise.statuses.add("CANCELLED")
        if await self._try("DELETE", path) is not None:
            promise.statuses = {"CANCELLED"}

    async def _try(self, method: str, path: str, body: Any = None) -> Answer | None:
        try:
            answer = await self._daemon.ask(method, path, body)
        except FAULTS:
            self.unanswered += 1
            return None
        self.answers[answer.status] += 1
        return answer if answer.status < 300 else None


def _start(answer: Answer) -> datetime:
    return datetime.fromisoformat(answer.body["startTime"])


async def killed_under_load(daemon: Daemon) -> Clients:
    """Kill it at random moments, some of them while it starts, and end with a start."""
    chance = random.Random()
    await daemon.start()
    clients = Clients(daemon)
    for number in range(KILLS):
        if number % 5 == 4:
            await asyncio.sleep(chance.uniform(0, 0.5))
        else:
            await daemon.well()
            enough = clients.answers.total() + chance.randint(2, 15)
            await eventually(lambda enough=enough: clients.answers.total() >= enough, every=0.001)
            await asyncio.sleep(chance.uniform(0, 0.05))
        await daemon.kill()
        await daemon.spawn()
    await clients.stop()
    await daemon.kill()
    await daemon.start()
    return clients


async def check_promises(daemon: Daemon, promises: dict[str, Promise]) -> None:
    """Each booking that was answered is there, as it was answered last."""
    gate = asyncio.Semaphore(CLIENTS)

    async def check(booking_id: str, promise: Promise) -> None:
        async with gate:
            found = await daemon.get(f"/api/bookings/{booking_id}")
        assert found.status == 200
        assert _start(found) in promise.starts
        assert found.body["status"] in promise.statuses

    async with asyncio.TaskGroup() as group:
        for booking_id, promise in promises.items():
            group.create_task(check(booking_id, promise))


async def check_messages(behind: Database) -> None:
    """Each booking has exactly the messages that its history owes, and its reminder if it lives."""
    owed: Counter[tuple[str, str, str]] = Counter()
    for booking_id, kind in await behind.rows("SELECT booking_id, kind FROM events"):
        owed.update((str(booking_id), TO_BOTH[kind], whom) for whom in ("customer", "admin"))
    live = await behind.rows("SELECT id FROM bookings WHERE status = 'CONFIRMED'")
    owed.update((str(booking_id), "reminder", "customer") for (booking_id,) in live)
    there = await behind.rows(
        "SELECT booking_id, kind, audience FROM messages WHERE state <> 'superseded'"
    )
    assert Counter((str(booking_id), *rest) for booking_id, *rest in there) == owed
    assert await behind.number("SELECT count(*) FROM events WHERE kind = 'placed'") == (
        await behind.number("SELECT count(*) FROM bookings")
    )


async def check_mails(behind: Database, mailbox: Mailbox) -> int:
    """Each message that was due has come, the same however often; answer how many came again."""
    sent = await behind.rows("SELECT id FROM messages WHERE kind <> 'reminder'")
    assert {f"<{message_id}@example.org>" for (message_id,) in sent} == set(mailbox.ids)
    assert len({(mail.id, mail.content) for mail in mailbox.mails}) == len(sent)
    return len(mailbox.mails) - len(sent)


async def none_due(behind: Database) -> bool:
    return await behind.due() == 0


async def test_nothing_is_lost_by_twenty_kills(
    daemons: Daemons, behind: Database, mailbox: Mailbox, record_property: Any
):
    daemon = daemons.make()
    clients = await killed_under_load(daemon)
    waiting = await behind.due()

    try:
        took = await eventually(partial(none_due, behind), within=SOON)
    except AssertionError:
        pytest.fail(f"{await behind.due()} of {waiting} mails still wait {SOON} s after the start")
    assert clients.answers.keys() == {200, 201}
    assert len(clients.promises) >= 2 * KILLS
    await check_promises(daemon, clients.promises)
    assert await behind.overlaps() == 0
    await check_messages(behind)
    again = await check_mails(behind, mailbox)
    assert (await behind.states()).keys() == {"sent", "pending", "superseded"}
    for name, value in {
        "kills": KILLS + 1,
        "promised": len(clients.promises),
        "unanswered": clients.unanswered,
        "mails": len(mailbox.mails),
        "came again": again,
        "waiting at the last start": waiting,
        "seconds to send them": round(took, 2),
    }.items():
        record_property(name, value)
    assert await daemon.stop() == 0
    if behind.file:
        assert await behind.rows("PRAGMA integrity_check") == [("ok",)]


@pytest.mark.parametrize("database", ["postgres"], indirect=True)
async def test_two_daemons_send_nothing_twice(daemons: Daemons, behind: Database, mailbox: Mailbox):
    both = [await daemons.start(), await daemons.start()]
    await asyncio.gather(*[both[n % 2].book(booking(n)) for n in range(240)])
    await eventually(lambda: len(mailbox.ids) == 480)

    await eventually(partial(none_due, behind))
    assert len(mailbox.mails) == 480
    assert all("mail sent" in daemon.err for daemon in both)


@pytest.mark.parametrize("database", ["postgres"], indirect=True)
async def test_what_a_daemon_had_leased_when_it_died_is_sent_by_the_other(
    daemons: Daemons, behind: Database, mailbox: Mailbox
):
    mailbox.gate.clear()
    dying, living = await daemons.start(), await daemons.start()
    await asyncio.gather(*[dying.book(booking(n)) for n in range(16)])

    async def owners() -> int:
        return await behind.number("SELECT count(DISTINCT leased_by) FROM messages")

    async def both_busy() -> bool:
        return await owners() == 2 and mailbox.under_way == 16

    await eventually(both_busy)
    await dying.kill()
    mailbox.gate.set()
    await eventually(lambda: len(mailbox.ids) == 32, within=SOON)

    await eventually(partial(none_due, behind))
    assert await living.stop() == 0
