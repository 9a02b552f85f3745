"""Webhooks from outside: the real daemon, a real receiver, and another's code to verify."""

import asyncio
import os
import shutil
import sys
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import ClientSession, web

from schedules.dispatcher import SHARE
from tests.e2e.booking import booking
from tests.e2e.conftest import Daemons
from tests.e2e.daemon import ROOT, Daemon, eventually, free_port
from tests.e2e.database import Database
from tests.e2e.mailbox import Mailbox
from tests.receiver import Receiver

OPEN = {"BOOKINGD_WEBHOOK_ALLOW_PRIVATE": "yes"}


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    receiver = await Receiver().open()
    yield receiver
    await receiver.close()


async def webhook(daemon: Daemon, url: str, **fields: Any) -> Any:
    answer = await daemon.ask("POST", "/api/webhooks", {"url": url, **fields})
    assert answer.status == 201, answer
    return answer.body


async def log(daemon: Daemon, hook: Any) -> list[Any]:
    """Its calls, oldest first."""
    answer = await daemon.get(f"/api/webhooks/{hook['id']}/deliveries")
    return list(reversed(answer.body["data"]))


async def went(daemon: Daemon, hook: Any, *states: str) -> None:
    async def look() -> bool:
        return [call["state"] for call in await log(daemon, hook)] == [*states]

    await eventually(look)


async def hang(_: web.Request) -> web.StreamResponse:
    await asyncio.sleep(60)
    return web.Response()


async def test_who_is_called_knows_all_that_happened(daemons: Daemons, receiver: Receiver):
    daemon = await daemons.start(**OPEN)
    hook = await webhook(daemon, receiver.url)
    placed = await daemon.book(booking(name="Zoë <b>"))
    path = f"/api/bookings/{placed['id']}"
    await went(daemon, hook, "sent")
    await daemon.ask("PUT", path, {"company": "Other"})
    await daemon.ask("DELETE", path)
    await went(daemon, hook, "sent", "sent", "sent")
    told = {one["type"]: one["data"] for one in receiver.verified(hook["secret"])}
    assert list(told) == ["booking.placed", "booking.changed", "booking.cancelled"]
    assert told["booking.placed"] | {"manageUrl": placed["manageUrl"]} == placed
    assert [one["version"] for one in told.values()] == [1, 2, 3]
    assert told["booking.cancelled"]["status"] == "CANCELLED"
    assert [one.id for one in receiver.got] == [one["id"] for one in await log(daemon, hook)]

    again = f"/api/webhooks/{hook['id']}/deliveries/{receiver.got[0].id}/replay"
    assert (await daemon.ask("POST", again)).status == 202
    await eventually(lambda: len(receiver.got) == 4)
    assert (receiver.got[3].id, receiver.got[3].body) == (receiver.got[0].id, receiver.got[0].body)
    tried = await daemon.ask("POST", f"/api/webhooks/{hook['id']}/test")
    await eventually(lambda: len(receiver.got) == 5)
    assert receiver.got[4].id == tried.body["id"]
    assert receiver.verified(hook["secret"])[4]["type"] == "webhook.test"
    assert hook["secret"] not in daemon.out + daemon.err
    assert "Zoë" not in daemon.out + daemon.err


async def test_a_call_outlives_a_daemon_that_is_killed_under_way(
    daemons: Daemons, receiver: Receiver
):
    daemon = await daemons.start(**OPEN)
    hook = await webhook(daemon, receiver.url)
    receiver.answers = [hang]
    await daemon.book(booking())
    await eventually(lambda: len(receiver.got) == 1)
    await daemon.kill()
    await daemon.start()
    await eventually(lambda: len(receiver.got) == 2)
    await went(daemon, hook, "sent")
    first, second = receiver.got
    assert (first.id, first.body) == (second.id, second.body)
    assert [one["type"] for one in receiver.verified(hook["secret"])] == ["booking.placed"] * 2


async def test_who_hangs_keeps_no_mail_waiting(
    daemons: Daemons, receiver: Receiver, mailbox: Mailbox
):
    daemon = await daemons.start(**OPEN)
    receiver.answers = [hang] * 20
    await webhook(daemon, receiver.url)
    bookings = [await daemon.book(booking(number)) for number in range(12)]
    await eventually(lambda: len(receiver.got) >= SHARE)
    await eventually(lambda: len(mailbox.mails) == 2 * len(bookings))
    assert len(receiver.got) < 2 * SHARE, "none of those that hang has been given up"


async def test_while_its_secret_is_rolled_a_receiver_knows_a_call_by_either(
    daemons: Daemons, receiver: Receiver
):
    daemon = await daemons.start(**OPEN)
    hook = await webhook(daemon, receiver.url)
    rolled = (await daemon.ask("POST", f"/api/webhooks/{hook['id']}/roll", {})).body
    await daemon.book(booking())
    await went(daemon, hook, "sent")
    assert len(receiver.verified(hook["secret"])) == len(receiver.verified(rolled["secret"])) == 1


async def test_who_is_away_is_called_later(daemons: Daemons):
    daemon, away = await daemons.start(**OPEN), free_port()
    hook = await webhook(daemon, f"http://127.0.0.1:{away}/")
    await daemon.book(booking())

    async def tried() -> bool:
        return any(call["lastError"] for call in await log(daemon, hook))

    await eventually(tried)
    there = await Receiver().open(away)
    try:
        await went(daemon, hook, "sent")
        assert len(there.verified(hook["secret"])) == 1
    finally:
        await there.close()


async def test_who_is_gone_is_called_no_more(daemons: Daemons, receiver: Receiver):
    daemon = await daemons.start(**OPEN)
    hook = await webhook(daemon, receiver.url)
    receiver.answers = [web.Response(status=410, text="gone")]
    await daemon.book(booking())
    await went(daemon, hook, "superseded")
    found = (await daemon.get(f"/api/webhooks/{hook['id']}")).body
    assert (found["active"], found["whyOff"]) == (False, "It answered 410 Gone.")
    await daemon.book(booking(1))
    await went(daemon, hook, "superseded")
    assert len(receiver.got) == 1


async def test_as_delivered_no_call_stays_in_the_house(
    daemons: Daemons, receiver: Receiver, behind: Database
):
    daemon = await daemons.start()
    refused = await daemon.ask("POST", "/api/webhooks", {"url": receiver.url})
    assert [error["field"] for error in refused.body["errors"]] == ["url"]
    hook = await webhook(daemon, "https://hooks.example.org/")
    await behind.do(f"UPDATE webhooks SET url = '{receiver.url}'")  # as an older setting left it
    await daemon.book(booking())

    async def tried() -> bool:
        return any(call["lastError"] for call in await log(daemon, hook))

    await eventually(tried)
    [call] = await log(daemon, hook)
    assert "not a public one" in call["lastError"]
    assert receiver.got == []


@pytest.mark.parametrize("database", ["postgres"], indirect=True)
async def test_two_daemons_make_each_call_once(daemons: Daemons, receiver: Receiver):
    both = await asyncio.gather(daemons.start(**OPEN), daemons.start(**OPEN))
    hook = await webhook(both[0], receiver.url)
    await asyncio.sleep(1.1)  # so long the other may take to notice
    await asyncio.gather(*(both[one % 2].book(booking(one)) for one in range(20)))
    await went(both[0], hook, *["sent"] * 20)
    assert len({one.id for one in receiver.got}) == len(receiver.got) == 20


EXAMPLES = {"python": [sys.executable, "webhook.py"], "node": ["node", "webhook.mjs"]}


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
@pytest.mark.parametrize("language", EXAMPLES)
async def test_the_examples_tell_what_is_genuine(daemons: Daemons, language: str):
    program, file = EXAMPLES[language]
    if not shutil.which(program):
        pytest.skip(f"there is no {program} here")
    daemon, port = await daemons.start(**OPEN), free_port()
    url = f"http://127.0.0.1:{port}/"
    hook = await webhook(daemon, url)
    example = await asyncio.create_subprocess_exec(
        *(program, str(ROOT / "examples" / file), str(port)),
        env={**os.environ, "WEBHOOK_SECRET": hook["secret"]},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        placed = await daemon.book(booking(name="Zoë"))
        await went(daemon, hook, "sent")
        [call] = await log(daemon, hook)
        assert example.stdout is not None
        said = (await example.stdout.readline()).decode().split()
        assert said == [call["id"], "booking.placed", placed["id"]]
        forged = {"webhook-id": "1", "webhook-timestamp": "1", "webhook-signature": "v1,AAAA"}
        async with ClientSession() as session:
            for headers in ({}, forged):
                async with session.post(url, headers=headers, data=b"{}") as answer:
                    assert answer.status == 401
    finally:
        example.kill()
        await example.communicate()
