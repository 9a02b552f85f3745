"""kill -9 at random moments: nothing that was promised is lost."""

import asyncio
import random
from functools import partial
from typing import Any

import pytest

from tests.e2e.booking import booking
from tests.e2e.clients import Clients
from tests.e2e.conftest import Daemons
from tests.e2e.daemon import Daemon, eventually
from tests.e2e.database import Database
from tests.e2e.launch import command
from tests.e2e.mailbox import Mailbox
from tests.e2e.promises import broken, wrong_mails, wrong_messages

KILLS = 20
"""`make nemesis` kills oftener."""
SOON = 5.0
"""Seconds after the last start within which everything due has to be on its way."""


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
    await daemon.well()
    await eventually(lambda: clients.answers.keys() >= {200, 201})
    await eventually(lambda: len(clients.promises) >= 2 * KILLS)
    await clients.stop()
    await daemon.kill()
    daemon.launch = command  # because this start is measured
    await daemon.start()
    return clients


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
    assert clients.answers.keys() <= {200, 201, 409}
    assert await broken(daemon, clients.promises) == []
    assert await behind.overlaps() == 0
    assert await wrong_messages(behind) == []
    assert await wrong_mails(behind, [(mail.id, mail.content) for mail in mailbox.mails]) == []
    assert (await behind.states()).keys() == {"sent", "pending", "superseded"}
    for name, value in {
        "kills": KILLS + 1,
        "promised": len(clients.promises),
        "unanswered": clients.unanswered,
        "mails": len(mailbox.mails),
        "came again": len(mailbox.mails) - len(mailbox.ids),
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
