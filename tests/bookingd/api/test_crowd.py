"""Clients that dawdle, and more of them than there is room for."""

import asyncio
import json
import logging

import pytest

from bookingd import connection, draining, listener
from bookingd.api.context import DRAIN
from tests.bookingd.api.conftest import DoorOpener, a_body
from tests.bookingd.api.doors import HOST, POST, Door, Reply, assert_refused, read_reply
from tests.bookingd.conftest import ADMIN
from tests.deadlines import until_true

GET = b"GET /api/health HTTP/1.1\r\n" + HOST


async def healthy(door: Door) -> Reply:
    return await door.knock(GET + b"\r\n")


@pytest.mark.parametrize(
    "begun", [b"GET /", b"GET /api/health HTTP/1.1\r\n", GET + b"X-A: b\r\nX-"]
)
async def test_a_head_that_dawdles_is_answered_and_cut(
    door: Door,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    begun: bytes,
):
    monkeypatch.setattr(connection, "HEAD", 0.1)
    async with door.opened() as (reader, writer):
        writer.write(GET + b"\r\n")
        assert (await read_reply(reader)).status == 200
        await asyncio.sleep(0.15)
        writer.write(begun)
        for _ in range(3):
            await asyncio.sleep(0.02)
            writer.write(b"y")
        reply = await read_reply(reader)
        assert_refused(reply, caplog, 408)
        assert reply.body["errorCode"] == "REQUEST_TIMEOUT"
        assert await reader.read() == b""


async def test_a_head_in_pieces_that_comes_in_time_is_served(
    door: Door,
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr(connection, "HEAD", 1.0)
    async with door.opened() as (reader, writer):
        for piece in (b"GET /api/", b"health HTTP/1.1\r\n", HOST, b"\r\n"):
            writer.write(piece)
            await asyncio.sleep(0.01)
        assert (await read_reply(reader)).status == 200
        await asyncio.sleep(1.1)
        writer.write(GET + b"\r\n")
        assert (await read_reply(reader)).status == 200


async def test_an_idle_connection_is_cut_without_a_word(
    monkeypatch: pytest.MonkeyPatch,
    open_door: DoorOpener,
):
    monkeypatch.setattr(connection, "IDLE", 0.1)
    door = await open_door()
    async with door.opened() as (reader, _):
        assert await reader.read() == b""
    async with door.opened() as (reader, writer):
        writer.write(GET + b"\r\n")
        assert (await read_reply(reader)).status == 200
        assert await reader.read() == b""


async def test_who_does_not_read_is_cut(
    door: Door,
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr(connection, "READING", 0.1)
    async with door.opened() as (_, writer):
        with pytest.raises(ConnectionError):
            await write_without_end(writer)


async def test_who_does_not_read_is_cut_though_it_goes_on_asking(
    door: Door, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(connection, "READING", 0.3)
    for hour in range(1, 24):
        assert (await door.knock(a_post(hour, inquiry="x" * 5000))).status == 201
    listing = f"GET /api/bookings?limit=200 HTTP/1.1\r\nAuthorization: Bearer {ADMIN}\r\n"
    async with door.opened() as (_, writer):
        writer.transport.pause_reading()  # type: ignore[attr-defined]
        with pytest.raises(ConnectionError):
            await write_without_end(writer, listing.encode() + HOST + b"\r\n", pause=0.02)


async def write_without_end(
    writer: asyncio.StreamWriter, request: bytes = (GET + b"\r\n") * 100, pause: float = 0
) -> None:
    while True:
        writer.write(request)
        await writer.drain()
        await asyncio.sleep(pause)


async def test_who_has_been_silent_for_longest_makes_room(
    monkeypatch: pytest.MonkeyPatch, open_door: DoorOpener
):
    monkeypatch.setattr(listener, "MOST_CONNECTIONS", 3)
    door = await open_door()
    async with (
        door.opened() as (first, _),
        door.opened() as (second, waker),
        door.opened() as (third, slow),
    ):
        slow.write(POST + b"Content-Length: 1000\r\n\r\n{")
        waker.write(GET + b"\r\n")
        assert (await read_reply(second)).status == 200
        assert (await healthy(door)).status == 200
        assert await lost(first)
        waker.write(GET + b"\r\n")
        assert (await read_reply(second)).status == 200
        async with door.opened() as (fourth, writer):
            assert (await healthy(door)).status == 200
            assert await lost(third), "a body that dawdles makes room as well"
            writer.write(GET + b"\r\n")
            assert (await read_reply(fourth)).status == 200


async def lost(reader: asyncio.StreamReader) -> bool:
    try:
        return await reader.read() == b""
    except ConnectionError:
        return True


async def test_where_all_are_being_served_one_more_is_told_so_at_once(
    monkeypatch: pytest.MonkeyPatch,
    open_door: DoorOpener,
    caplog: pytest.LogCaptureFixture,
):
    monkeypatch.setattr(listener, "MOST_CONNECTIONS", 2)
    door = await open_door()
    release = hold_the_desk(door, monkeypatch)
    async with door.opened() as (one, first), door.opened() as (two, second):
        for writer, hour in ((first, 10), (second, 11)):
            writer.write(a_post(hour))
        await until_true(lambda: release.asked == 2)
        async with door.opened() as (reader, _):
            reply = await read_reply(reader)
        assert_refused(reply, caplog, 503)
        assert int(reply.headers["retry-after"]) >= 1
        release.set()
        assert [(await read_reply(reader)).status for reader in (one, two)] == [201, 201]
    assert (await healthy(door)).status == 200


async def test_more_requests_than_there_is_room_for_are_refused_at_once(
    door: Door,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
):
    monkeypatch.setattr(draining, "ROOM", 1)
    release = hold_the_desk(door, monkeypatch)
    async with door.opened() as (_, slow), door.opened() as (reader, writer):
        slow.write(POST + b"Content-Length: 1000\r\n\r\n{")
        await until_true(lambda: door.house.app[DRAIN]._arriving)
        writer.write(a_post(10))
        await until_true(lambda: release.asked == 1)
        refused = await door.knock(a_post(11))
        assert_refused(refused, caplog, 503)
        assert refused.body["errorCode"] == "SERVICE_UNAVAILABLE"
        assert int(refused.headers["retry-after"]) >= 1
        for path in ("/api/health", "/api/health/jobs", "/livez", "/readyz", "/metrics"):
            assert (await door.knock(a_get(path))).status == 200
        release.set()
        assert (await read_reply(reader)).status == 201
    assert (await door.knock(a_post(12))).status == 201


def a_get(path: str) -> bytes:
    key = f"Authorization: Bearer {ADMIN}\r\n".encode()
    return f"GET {path} HTTP/1.1\r\n".encode() + HOST + key + b"\r\n"


def a_post(hour: int, **fields: str) -> bytes:
    body = json.dumps(a_body(start=f"2026-03-09T{hour:02}:00:00Z", **fields)).encode()
    return POST + b"Content-Length: %d\r\n\r\n" % len(body) + body


class Release(asyncio.Event):
    """Until it is set, the desk answers nobody."""

    asked = 0


def hold_the_desk(door: Door, monkeypatch: pytest.MonkeyPatch) -> Release:
    release, ask = Release(), door.house.desk.ask

    async def held(write: object) -> object:
        release.asked += 1
        await release.wait()
        return await ask(write)

    monkeypatch.setattr(door.house.desk, "ask", held)
    return release


@pytest.fixture(autouse=True)
def no_faults(caplog: pytest.LogCaptureFixture):
    yield
    assert [one for one in caplog.get_records("call") if one.levelno >= logging.ERROR] == []
