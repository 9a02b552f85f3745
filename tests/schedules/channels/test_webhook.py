"""The webhook channel against a real receiver: what it sends, and what it makes of the answer."""

import asyncio
import socket
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from aiohttp import web

from schedules.channels import Deferred, DeliveryError, NotOwed
from schedules.channels import webhook as channel_module
from schedules.channels.webhook import HEARD, WebhookChannel
from schedules.webhooks import Call
from storage.errors import Unavailable
from storage.model import Webhook
from tests.deadlines import PATIENCE
from tests.receiver import Receiver
from tests.records import a_webhook

WEBHOOK = a_webhook()
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


class Known:
    """The webhooks that there are."""

    def __init__(self, webhook: Webhook | None) -> None:
        self.webhook = webhook
        self.off: list[str] = []

    async def find(self, webhook_id: str) -> Webhook | None:
        return self.webhook

    async def switch_off(self, webhook_id: str, why: str) -> None:
        self.off.append(webhook_id)


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    receiver = await Receiver().open()
    yield receiver
    await receiver.close()


def now() -> datetime:
    return datetime.now(UTC)


async def send(known: Known, *, allow_private: bool = True, calls: int = 1) -> None:
    channel = WebhookChannel(known, now, allow_private=allow_private)
    try:
        for _ in range(calls):
            await channel.send(Call(WEBHOOK.id, "message", b'{"type": "booking.placed"}'))
    finally:
        await channel.close()


async def refused(known: Known, **options: Any) -> DeliveryError:
    with pytest.raises(DeliveryError) as caught:
        await send(known, **options)
    return caught.value


def at(url: str) -> Known:
    return Known(a_webhook(id=WEBHOOK.id, url=url))


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
async def test_2xx_is_taken_and_the_signature_holds(receiver: Receiver, status: int):
    receiver.answers = [web.Response(status=status)]
    known = at(receiver.url + "?tenant=1")
    await send(known)
    assert receiver.verified(WEBHOOK.secret) == [{"type": "booking.placed"}]
    [got] = receiver.got
    assert got.id == "message"
    assert got.headers["Content-Type"] == "application/json"
    assert got.headers["User-Agent"] == "bookingd"


@pytest.mark.parametrize("status", [300, 302, 307, 308, 400, 401, 404, 408, 418, 500, 502, 504])
async def test_any_other_answer_is_tried_again(receiver: Receiver, status: int):
    receiver.answers = [
        web.Response(status=status, text="No, Ada.", headers={"Location": receiver.url})
    ]
    error = await refused(at(receiver.url))
    assert type(error) is Deferred
    assert (error.summary, str(error)) == (str(status), f"{status}: No, Ada.")
    assert error.at_least == timedelta()
    assert len(receiver.got) == 1  # no redirect is followed


async def test_410_switches_the_webhook_off(receiver: Receiver):
    receiver.answers = [web.Response(status=410)]
    known = at(receiver.url)
    assert type(await refused(known)) is NotOwed
    assert known.off == [WEBHOOK.id]


WAITS = {
    "120": timedelta(minutes=2),
    "0": timedelta(),
    "999999999999": DAY,
    "-5": timedelta(),
    "soon": timedelta(),
    "²": timedelta(),
    "": timedelta(),
    "Wed, 01 Jan 2020 00:00:00 GMT": timedelta(),
    "Fri, 01 Jan 2100 00:00:00 GMT": DAY,
}


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize("retry_after", WAITS)
async def test_who_asks_for_time_gets_it(receiver: Receiver, status: int, retry_after: str):
    receiver.answers = [web.Response(status=status, headers={"Retry-After": retry_after})]
    error = await refused(at(receiver.url))
    assert (type(error), error.at_least) == (Deferred, WAITS[retry_after])


async def test_an_instant_is_asked_for_too(receiver: Receiver):
    instant = f"{now() + HOUR:%a, %d %b %Y %H:%M:%S GMT}"
    receiver.answers = [web.Response(status=503, headers={"Retry-After": instant})]
    error = await refused(at(receiver.url))
    assert HOUR - timedelta(seconds=5) < error.at_least <= HOUR


@pytest.mark.parametrize("webhook", [None, a_webhook(active=False)])
async def test_one_that_is_off_or_gone_is_owed_nothing(webhook: Webhook | None):
    assert type(await refused(Known(webhook))) is NotOwed


async def test_storage_out_of_reach_is_no_fault_of_the_call():
    class Away(Known):
        async def find(self, webhook_id: str) -> Webhook | None:
            raise Unavailable

    assert type(await refused(Away(None))) is Deferred


async def test_nobody_there(unused_tcp_port: int):
    error = await refused(at(f"http://127.0.0.1:{unused_tcp_port}/"))
    assert (type(error), error.summary) == (Deferred, "ClientConnectorError")


async def test_a_name_that_is_none():
    assert type(await refused(at("https://nowhere.invalid/"))) is Deferred


async def test_who_does_not_answer_is_left_alone(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(channel_module, "TIMEOUT", 0.2)

    async def hang(_: web.Request) -> web.StreamResponse:
        await asyncio.Event().wait()
        return web.Response()

    async def drip(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(status=500)
        await response.prepare(request)
        await asyncio.Event().wait()
        return response

    for answer in (hang, drip):
        receiver.answers = [answer]
        async with asyncio.timeout(PATIENCE):
            assert type(await refused(at(receiver.url))) is Deferred


async def test_of_a_long_answer_little_is_heard(receiver: Receiver):
    receiver.answers = [web.Response(status=500, body=b"\xff" * 10_000_000)]
    error = await refused(at(receiver.url))
    assert len(str(error)) <= HEARD + len("500: ")


async def test_the_connection_is_used_again(receiver: Receiver):
    peers = set()

    async def look(request: web.Request) -> web.StreamResponse:
        peers.add(request.transport and request.transport.get_extra_info("peername"))
        return web.Response()

    receiver.answers = [look] * 5
    await send(at(receiver.url), calls=5)
    assert len(receiver.got) == 5
    assert len(peers) == 1


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "localhost",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "0.0.0.0",
        "2130706433",
        "0x7f.1",
        "127.1",
    ],
)
async def test_nothing_private_is_connected_to_by_whatever_name(receiver: Receiver, host: str):
    error = await refused(at(f"http://{host}:{receiver.port}/"), allow_private=False)
    assert type(error) is Deferred
    assert receiver.got == []
    if host == "127.0.0.1":
        assert "not a public one" in str(error)


async def test_a_name_that_turns_inward_when_it_is_used_gains_nothing(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
):
    """DNS rebinding: the first look-up is public, each later one is not."""
    loop = asyncio.get_running_loop()
    looked: list[str] = []

    async def lookup(host: str, port: int, **_: Any) -> list[Any]:
        looked.append(host)
        address = "203.0.113.9" if len(looked) == 0 else "127.0.0.1"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

    monkeypatch.setattr(loop, "getaddrinfo", lookup)
    url = f"http://rebinding.example.org:{receiver.port}/"
    assert type(await refused(at(url), allow_private=False)) is Deferred
    assert receiver.got == []
    assert looked == ["rebinding.example.org"]
    await send(at(url))  # so it was the guard that kept it away
    assert len(receiver.got) == 1
