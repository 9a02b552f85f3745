"""One key, one booking: whoever asks how often, at which daemon, and whatever dies meanwhile."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from tests.deadlines import PATIENCE
from tests.e2e.booking import booking
from tests.e2e.conftest import Daemons
from tests.e2e.daemon import FAULTS, PUBLIC_KEY, Answer, Daemon, eventually
from tests.e2e.database import Database
from tests.e2e.mailbox import Mailbox

MANY = 200
KEY = "8e03978e-40d5-43dd-bc93-6894a57f9324"


async def post(daemon: Daemon, number: int = 0, key: str = KEY, **fields: Any) -> Answer:
    return await daemon.ask(
        "POST",
        "/api/bookings",
        booking(number, **fields),
        PUBLIC_KEY,
        headers={"Idempotency-Key": key},
    )


async def check_one(answers: Sequence[Answer], behind: Database, mailbox: Mailbox) -> None:
    """One booking, one set of mails, and everybody has the same answer."""
    for answer in answers:
        assert (answer.status, answer.body) == (201, answers[0].body)
        assert answer.headers["ETag"] == '"1"'
        assert answer.headers["Location"] == f"/api/bookings/{answers[0].body['id']}"
    assert sum("Idempotent-Replayed" not in answer.headers for answer in answers) == 1
    assert await behind.number("SELECT count(*) FROM bookings") == 1
    assert await behind.number("SELECT count(*) FROM messages") == 3

    async def settled() -> bool:
        return await behind.states() == {"sent": 2, "pending": 1}

    await eventually(settled)
    assert len({mail.id for mail in mailbox.mails}) == len(mailbox.mails) == 2


async def test_two_hundred_with_one_key_are_one(daemon: Daemon, behind: Database, mailbox: Mailbox):
    answers = await asyncio.gather(*[post(daemon) for _ in range(MANY)])
    await check_one(answers, behind, mailbox)


@pytest.mark.parametrize("database", ["postgres"], indirect=True)
async def test_two_hundred_with_one_key_at_two_daemons_are_one(
    daemons: Daemons, behind: Database, mailbox: Mailbox
):
    shared = {"BOOKINGD_BASE_URL": "https://booking.example.org"}  # where links in answers lead
    both = [await daemons.start(**shared), await daemons.start(**shared)]
    answers = await asyncio.gather(*[post(both[n % 2]) for n in range(MANY)])
    await check_one(answers, behind, mailbox)


@pytest.mark.parametrize("database", ["postgres"], indirect=True)
async def test_of_two_hundred_bodies_with_one_key_at_two_daemons_one_is_placed(
    daemons: Daemons, behind: Database
):
    both = [await daemons.start(), await daemons.start()]
    answers = await asyncio.gather(*[post(both[n % 2], n) for n in range(MANY)])
    won = [answer for answer in answers if answer.status == 201]
    assert len(won) == 1
    assert {answer.code for answer in answers if answer not in won} == {"IDEMPOTENCY_MISMATCH"}
    assert await behind.number("SELECT count(*) FROM bookings") == 1


async def until_answered(daemon: Daemon, number: int) -> Answer:
    """As a client with a bad line does it: the same again, until there is an answer."""
    while True:
        try:
            return await post(daemon, number, key=f"form {number}")
        except FAULTS:
            await asyncio.sleep(0.05)


async def test_who_repeats_until_answered_has_one_booking_though_the_daemon_dies(
    daemon: Daemon, behind: Database
):
    first = await post(daemon, 500, key="form 500")
    asking = asyncio.gather(*[until_answered(daemon, n) for n in range(MANY)])
    for _ in range(2):
        await asyncio.sleep(0.05)
        await daemon.kill()
        await daemon.start()
    answers = await asyncio.wait_for(asking, 2 * PATIENCE)
    assert {answer.status for answer in answers} == {201}
    assert len({answer.body["id"] for answer in answers}) == MANY
    again = await post(daemon, 500, key="form 500")
    assert (again.status, again.body) == (201, first.body)
    assert await behind.number("SELECT count(*) FROM bookings") == MANY + 1
    assert await behind.number("SELECT count(*) FROM events") == MANY + 1
    assert await behind.number("SELECT count(*) FROM idempotency_keys") == MANY + 1
