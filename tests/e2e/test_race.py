"""Two hundred want what only one can have."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.e2e.booking import FIRST, booking
from tests.e2e.conftest import Daemons
from tests.e2e.daemon import Answer, Daemon
from tests.e2e.database import Database

MANY = 200


def one_slot(_: int) -> dict[str, Any]:
    return booking()


def overlapping_slots(number: int) -> dict[str, Any]:
    """Four starts, all slots longer than the last is late: every two overlap."""
    start = FIRST + number % 4 * timedelta(minutes=15)
    return booking(timeSlot={"startTime": start.isoformat(), "duration": 60})


WANTED = pytest.mark.parametrize("wanted", [one_slot, overlapping_slots])


async def race(daemons: Sequence[Daemon], wanted: Any) -> list[Answer]:
    """Post all at once, to each daemon in turn."""
    posts = [daemons[n % len(daemons)].post(wanted(n)) for n in range(MANY)]
    return await asyncio.gather(*posts)


async def check_one_won(answers: Sequence[Answer], behind: Database) -> None:
    assert Counter(answer.status for answer in answers) == {201: 1, 409: MANY - 1}
    [won] = [answer.body for answer in answers if answer.status == 201]
    for answer in answers:
        if answer.status == 409:
            assert answer.code == "SLOT_TAKEN"
            free = [
                datetime.fromisoformat(one["startTime"]) for one in answer.body["nextAvailable"]
            ]
            assert len(free) == 3
            assert min(free) >= datetime.fromisoformat(won["endTime"])
    assert await behind.number("SELECT count(*) FROM bookings") == 1
    assert await behind.number("SELECT count(*) FROM messages") == 3


@WANTED
async def test_of_two_hundred_one_gets_it(daemon: Daemon, behind: Database, wanted: Any):
    await check_one_won(await race([daemon], wanted), behind)


@WANTED
async def test_without_the_guard_several_get_it(
    daemon: Daemon, behind: Database, wanted: Any, record_property: Any
):
    await behind.unguard()
    won = Counter(answer.status for answer in await race([daemon], wanted))[201]
    record_property("winners", won)
    assert won > 1
    assert await behind.overlaps() == won * (won - 1) // 2


@pytest.mark.parametrize("database", ["postgres"], indirect=True)
@WANTED
async def test_of_two_hundred_at_two_daemons_one_gets_it(
    daemons: Daemons, behind: Database, wanted: Any
):
    both = [await daemons.start(), await daemons.start()]
    await check_one_won(await race(both, wanted), behind)
