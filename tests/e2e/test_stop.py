"""Told to stop, the daemon finishes what it has begun and leaves the rest in order."""

import asyncio
import signal
import time
from collections import Counter
from types import SimpleNamespace
from typing import Any

import aiohttp
import orjson
import pytest

from tests.e2e.booking import booking
from tests.e2e.conftest import by_command
from tests.e2e.daemon import FAULTS, PUBLIC_KEY, Daemon, eventually
from tests.e2e.database import Database
from tests.e2e.mailbox import Mailbox

SIGNALS = pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])


class Sent:
    """When each request was sent, and which of them were never answered."""

    def __init__(self) -> None:
        self.unanswered: list[float] = []
        self.answers: Counter[int] = Counter()
        self.count = 0

    def trace(self) -> aiohttp.TraceConfig:
        trace = aiohttp.TraceConfig()
        trace.on_request_chunk_sent.append(self._note)
        return trace

    async def _note(self, _: aiohttp.ClientSession, context: SimpleNamespace, __: Any) -> None:
        context.trace_request_ctx["sent"] = time.monotonic()
        self.count += 1


async def post(client: aiohttp.ClientSession, sent: Sent, number: int) -> None:
    """Post a booking, and note how that went."""
    when = {"sent": float("inf")}
    try:
        async with client.post(
            "/api/bookings", json=booking(number), trace_request_ctx=when
        ) as answer:
            sent.answers[answer.status] += 1
            await answer.read()
    except FAULTS:
        sent.unanswered.append(when["sent"])


def clients(daemon: Daemon, sent: Sent) -> aiohttp.ClientSession:
    return aiohttp.ClientSession(
        daemon.url,
        connector=aiohttp.TCPConnector(limit=0),
        headers={"Authorization": f"Bearer {PUBLIC_KEY}"},
        timeout=aiohttp.ClientTimeout(total=30),
        trace_configs=[sent.trace()],
    )


@by_command
@SIGNALS
async def test_requests_in_flight_are_answered_and_new_ones_refused(
    daemon: Daemon, behind: Database, number: int
):
    sent = Sent()
    async with clients(daemon, sent) as client:
        async with behind.held():
            posts = [asyncio.create_task(post(client, sent, n)) for n in range(50)]
            await eventually(lambda: sent.count == 50 < daemon.taken, every=0.01)
            assert (await daemon.get("/api/health")).status == 200  # so it has read the others
            daemon.tell(number)
            await eventually(daemon.refuses, every=0.01)
            assert not any(task.done() for task in posts)
        await asyncio.gather(*posts)
    assert sent.unanswered == []
    assert sent.answers == {201: 50}
    assert await daemon.ended() == 0


@by_command
async def test_a_body_on_its_way_still_arrives_and_is_answered(daemon: Daemon):
    body = orjson.dumps(booking())
    head = (
        "POST /api/bookings HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        f"Authorization: Bearer {PUBLIC_KEY}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    async with daemon.connection() as (reader, writer):
        writer.write(head.encode() + body[:10])
        await writer.drain()
        assert (await daemon.get("/api/health")).status == 200
        daemon.tell()
        await eventually(daemon.refuses, every=0.01)
        writer.write(body[10:])
        assert (await reader.readline()).startswith(b"HTTP/1.1 201 ")
    assert await daemon.ended() == 0


@by_command
@SIGNALS
async def test_under_load_whatever_was_sent_before_is_answered(
    daemon: Daemon, behind: Database, number: int
):
    sent = Sent()
    numbers = iter(range(100_000))
    running = True

    async def customer(client: aiohttp.ClientSession) -> None:
        while running:
            await post(client, sent, next(numbers))
            if sent.unanswered:
                break

    async with clients(daemon, sent) as client:
        customers = [asyncio.create_task(customer(client)) for _ in range(16)]
        await eventually(lambda: sent.answers[201] >= 200)
        told = time.monotonic()
        daemon.tell(number)
        code = await daemon.ended()
        running = False
        await asyncio.gather(*customers)
    assert code == 0
    assert set(sent.answers) == {201}
    assert [when - told for when in sent.unanswered if when < told] == []
    assert sent.answers[201] <= await behind.number("SELECT count(*) FROM bookings")


@SIGNALS
async def test_mails_under_way_finish_and_the_rest_is_sent_after_the_next_start(
    daemon: Daemon, behind: Database, mailbox: Mailbox, number: int
):
    mailbox.gate.clear()
    await asyncio.gather(*[daemon.book(booking(n)) for n in range(20)])
    await eventually(lambda: mailbox.under_way == 8)
    daemon.tell(number)
    await eventually(daemon.refuses, every=0.01)
    mailbox.gate.set()
    assert await daemon.ended() == 0
    assert mailbox.under_way == 0
    assert len(mailbox.mails) >= 8
    states = await behind.states()
    assert states["leased"] == 0
    assert states["sent"] == len(mailbox.mails)
    attempts = "SELECT max(attempts) FROM messages WHERE state = 'pending'"
    assert await behind.number(attempts) == 0

    await daemon.start()
    await eventually(lambda: len(mailbox.ids) == 40)
    assert set(mailbox.ids.values()) == {1}


async def test_mails_that_are_claimed_at_the_very_end_are_not_cut_off(
    daemon: Daemon, behind: Database, mailbox: Mailbox
):
    """The daemon is told to stop after it has asked which mails are due, and before it hears."""
    await asyncio.gather(*[daemon.book(booking(n)) for n in range(10)])
    await eventually(lambda: len(mailbox.mails) == 20)
    mailbox.delay = 0.5
    now_due = "UPDATE messages SET next_attempt_at = created_at WHERE kind = 'reminder'"
    async with behind.held(now_due):
        await eventually(behind.kept_waiting, every=0.01)
        daemon.tell()
        await eventually(daemon.refuses, every=0.01)
        await asyncio.sleep(0.1)  # it has stopped listening, and now stops its dispatcher
    assert await daemon.ended() == 0
    assert mailbox.cut_off == 0
    states = await behind.states()
    assert (states["leased"], states["sent"]) == (0, len(mailbox.mails))

    mailbox.delay = 0
    await daemon.start()
    await eventually(lambda: len(mailbox.ids) == 30)
    assert set(mailbox.ids.values()) == {1}


async def test_however_often_it_stops_no_mail_goes_out_twice(
    daemon: Daemon, behind: Database, mailbox: Mailbox
):
    mailbox.delay = 0.02
    await asyncio.gather(*[daemon.book(booking(n)) for n in range(80)])
    for stop in range(3):
        await eventually(lambda seen=40 * (stop + 1): len(mailbox.mails) > seen, every=0.01)
        assert await daemon.stop() == 0
        assert (await behind.states())["leased"] == 0
        await daemon.start()
    await eventually(lambda: len(mailbox.ids) == 160)
    assert set(mailbox.ids.values()) == {1}
