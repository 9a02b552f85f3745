"""Two hundred want what only one can have."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.e2e.booking import FIRST, booking
from tests.e2e.conftest import Daemons
from tests.e2e.daemon import Answer, Daemon, eventually
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


async def both(daemons: Daemons, behind: Database) -> list[Daemon]:
    """Two daemons on PostgreSQL; SQLite has one."""
    return [await daemons.start() for _ in range(1 if behind.file else 2)]


async def offered(daemon: Daemon, **fields: Any) -> str:
    """The id of a new service."""
    answer = await daemon.ask("POST", "/api/services", {"name": "Class", **fields})
    assert answer.status == 201, answer
    return str(answer.body["id"])


async def known(daemons: Sequence[Daemon], service_id: str) -> None:
    for daemon in daemons:

        async def there(daemon: Daemon = daemon) -> bool:
            return (await daemon.get(f"/api/services/{service_id}")).status == 200

        await eventually(there)


async def test_of_two_hundred_for_twelve_seats_twelve_get_one(daemons: Daemons, behind: Database):
    all_of_them = await both(daemons, behind)
    service_id = await offered(all_of_them[0], capacity=12)
    await known(all_of_them, service_id)
    answers = await race(all_of_them, lambda _: booking(serviceId=service_id))
    assert Counter(answer.status for answer in answers) == {201: 12, 409: MANY - 12}
    assert {answer.code for answer in answers if answer.status == 409} == {"SLOT_TAKEN"}
    assert await behind.number("SELECT count(*) FROM bookings") == 12


async def test_of_a_daily_cap_of_five_five_are_placed(daemons: Daemons, behind: Database):
    all_of_them = await both(daemons, behind)
    service_id = await offered(all_of_them[0], dailyCap=5, durations=[5])
    await known(all_of_them, service_id)
    midnight = FIRST.replace(hour=0) + timedelta(days=1)

    def wanted(number: int) -> dict[str, Any]:
        start = midnight + timedelta(minutes=5 * number)
        slot = {"startTime": start.isoformat(), "duration": 5}
        return booking(serviceId=service_id, timeSlot=slot)

    answers = await race(all_of_them, wanted)
    assert Counter(answer.status for answer in answers) == {201: 5, 409: MANY - 5}
    assert {answer.code for answer in answers if answer.status == 409} == {"CAP_REACHED"}
    assert await behind.number("SELECT count(*) FROM bookings") == 5
