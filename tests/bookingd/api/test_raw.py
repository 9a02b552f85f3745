"""What is not HTTP, over a socket: the one error body, and no traceback in the log."""

import asyncio
import json
import logging

import pytest

from bookingd.api import parser
from tests.bookingd.api.conftest import DoorOpener, a_body
from tests.bookingd.api.doors import HOST, POST, Door, assert_refused, read_reply
from tests.bookingd.conftest import ADMIN
from tests.deadlines import until_true


@pytest.mark.parametrize(
    "request_",
    [
        b"nonsense\r\n\r\n",
        b"GET\r\n\r\n",
        b"GET /api/health\r\n\r\n",
        b"GET /api/health HTTP/9.9\r\n" + HOST + b"\r\n",
        b"GET /api/health HTTX/1.1\r\n" + HOST + b"\r\n",
        b"GET /api/he alth HTTP/1.1\r\n" + HOST + b"\r\n",
        b"G\x00T /api/health HTTP/1.1\r\n" + HOST + b"\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
        b"GET /api/health HTTP/1.1\r\n" + HOST + b"no colon\r\n\r\n",
        b"GET /api/health HTTP/1.1\r\n" + HOST + b"X-A: a\x00b\r\n\r\n",
        b"GET /api/health HTTP/1.1\r\n" + HOST + b"X A: b\r\n\r\n",
        b"GET /api/health HTTP/1.1\r\n" + HOST + b": b\r\n\r\n",
        b"GET /" + b"x" * 20_000 + b" HTTP/1.1\r\n" + HOST + b"\r\n",
        b"GET /api/health HTTP/1.1\r\n" + HOST + b"X-A: " + b"x" * 20_000 + b"\r\n\r\n",
        b"GET /api/health HTTP/1.1\r\n" + HOST + b"x" * 20_000 + b": x\r\n\r\n",
        POST + b"Content-Length: x\r\n\r\n{}",
        POST + b"Content-Length: -1\r\n\r\n{}",
        POST + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{} ",
        POST + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n{}",
        POST + b"Transfer-Encoding: nonsense\r\n\r\n{}",
        POST + b"Transfer-Encoding: gzip, chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
        POST + b"Transfer-Encoding: chunked, gzip\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
        b"GET /api/health HTTP/2.0\r\n" + HOST + b"\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"GET /api/health HTTP/1.1\r\n" + HOST + b"X: y\r\n" * 150 + b"\r\n",
    ],
    ids=lambda request_: ascii(request_[:40] + request_[-16:]),
)
async def test_what_is_not_http_gets_the_one_error_body(
    door: Door, caplog: pytest.LogCaptureFixture, request_: bytes
):
    async with door.opened() as (reader, writer):
        writer.write(request_)
        reply = await read_reply(reader)
        assert await reader.read() == b""
    assert_refused(reply, caplog, 400)
    assert await door.house.written() == (0, 0)


async def test_what_is_not_http_gets_a_request_id_too(door: Door):
    reply = await door.knock(b"nonsense\r\n\r\n")
    assert reply.body["requestId"]
    assert reply.headers["x-request-id"] == reply.body["requestId"]


async def test_a_request_without_a_host_is_refused(
    door: Door, caplog: pytest.LogCaptureFixture
):  # RFC 9112, section 3.2
    assert_refused(await door.knock(b"GET /api/health HTTP/1.1\r\n\r\n"), caplog, 400)


@pytest.mark.parametrize("chunk", [b"zz\r\n{}\r\n0\r\n\r\n", b"-1\r\n", b"2\r\n{}xx0\r\n\r\n"])
async def test_a_broken_chunk_is_refused(
    door: Door, caplog: pytest.LogCaptureFixture, chunk: bytes
):
    reply = await door.knock(POST + b"Transfer-Encoding: chunked\r\n\r\n", chunk)
    assert_refused(reply, caplog, 400)


async def test_a_broken_chunk_that_comes_late_is_refused(
    door: Door, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(parser, "ARRIVAL", 1.0)
    async with door.opened() as (reader, writer):
        writer.write(POST + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{ \r\n")
        await writer.drain()
        await asyncio.sleep(0.05)
        writer.write(b"zz\r\n")
        reply = await read_reply(reader)
    assert_refused(reply, caplog, 400, 408)


@pytest.mark.parametrize("coding", [b"gzip", b"br", b"deflate", b"identity"])
async def test_a_packed_body_is_not_unpacked(
    door: Door, caplog: pytest.LogCaptureFixture, coding: bytes
):
    packed = b"Content-Encoding: " + coding + b"\r\nContent-Length: 4\r\n\r\nabcd"
    reply = await door.knock(POST + packed)
    assert_refused(reply, caplog, 415)
    assert reply.headers["accept-encoding"] == "identity"
    assert (await door.knock(b"GET /api/health HTTP/1.1\r\n" + HOST + packed)).status == 200


async def test_a_body_that_says_it_is_too_large_need_not_come(
    door: Door, caplog: pytest.LogCaptureFixture
):
    assert_refused(await door.knock(POST + b"Content-Length: 65537\r\n\r\n{"), caplog, 413)


@pytest.mark.parametrize("broken", [b"zz\r\n", b"2\r\n{}xx\r\n"])
async def test_a_body_that_breaks_while_nobody_reads_it_is_no_news(
    door: Door, caplog: pytest.LogCaptureFixture, broken: bytes
):
    async with door.opened() as (reader, writer):
        writer.write(b"GET /api/health HTTP/1.1\r\n" + HOST)
        writer.write(b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n")
        assert (await read_reply(reader)).status == 200
        writer.write(broken)
        await reader.read()
    assert [one for one in caplog.records if one.levelno >= logging.ERROR] == []


@pytest.mark.parametrize(
    "line", [b"OPTIONS /api/bookings", b"GET /api/nowhere", b"PUT /api/health"]
)
@pytest.mark.parametrize("expected", [b"miracles", b"mir\xf3cles"])
async def test_an_expectation_that_nobody_can_meet_gets_the_one_error_body(
    open_door: DoorOpener, caplog: pytest.LogCaptureFixture, line: bytes, expected: bytes
):
    door = await open_door(cors_origins=("https://www.example.org",))
    reply = await door.knock(line + b" HTTP/1.1\r\n" + HOST + b"Expect: " + expected + b"\r\n\r\n")
    assert_refused(reply, caplog, 400)


async def test_an_expectation_that_nobody_can_meet_may_be_passed_over(
    door: Door, caplog: pytest.LogCaptureFixture
):
    reply = await door.knock(POST + b"Expect: miracles\r\nContent-Length: 2\r\n\r\n{}")
    assert_refused(reply, caplog, 400)


async def test_a_body_that_waits_to_be_asked_for_is_asked_for(door: Door):
    body = json.dumps(a_body()).encode()
    async with door.opened() as (reader, writer):
        length = f"Content-Length: {len(body)}\r\n\r\n".encode()
        writer.write(POST + b"Expect: 100-continue\r\n" + length)
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 100")
        writer.write(body)
        assert (await read_reply(reader)).status == 201


async def test_a_body_that_dawdles_is_cut_and_the_connection_closed(
    door: Door, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(parser, "ARRIVAL", 0.05)
    async with door.opened() as (reader, writer):
        writer.write(POST + b"Content-Length: 1000\r\n\r\n{")
        reply = await read_reply(reader)
        assert_refused(reply, caplog, 408)
        assert reply.body["errorCode"] == "REQUEST_TIMEOUT"
        assert reply.headers["connection"] == "close"
    assert await door.house.written() == (0, 0)


async def test_a_client_that_hangs_up_in_the_middle_is_no_fault_of_ours(
    door: Door, caplog: pytest.LogCaptureFixture
):
    caplog.set_level(logging.INFO)
    async with door.opened() as (_, writer):
        writer.write(POST + b"Content-Length: 1000\r\n\r\n{")
        await writer.drain()
        await asyncio.sleep(0.05)
    await until_true(lambda: "request" in caplog.messages or "unforeseen fault" in caplog.messages)
    assert [one.getMessage() for one in caplog.records if one.levelno >= logging.ERROR] == []


@pytest.mark.parametrize(
    "value",
    [b"\xff\xfe", b"Bearer \xff\xfe", b"Bearer \xc3\xa4", b"Bearer " + b"x" * 5000, b"Bearer"],
)
async def test_no_bytes_of_a_key_are_a_fault_of_ours(
    door: Door, caplog: pytest.LogCaptureFixture, value: bytes
):
    reply = await door.knock(
        b"GET /api/bookings HTTP/1.1\r\n" + HOST + b"Authorization: " + value + b"\r\n\r\n"
    )
    assert_refused(reply, caplog, 401)


@pytest.mark.parametrize(
    "name", ["X-Request-Id", "Accept", "If-Match", "X-Forwarded-For", "Origin", "Content-Type"]
)
async def test_no_bytes_of_a_header_are_a_fault_of_ours(
    door: Door, caplog: pytest.LogCaptureFixture, name: str
):
    key = f"Authorization: Bearer {ADMIN}\r\n{name}: ".encode()
    reply = await door.knock(
        b"DELETE /api/bookings/x HTTP/1.1\r\n" + HOST + key + b"\xff\xfe\x80\r\n\r\n"
    )
    assert_refused(reply, caplog, 404)


@pytest.mark.parametrize(
    "path", [b"%00", b"%ff", b"%ED%A0%80", b"%2e%2e%2f", b"'", b"%", b"%zz", b"%0d%0aX:%20y"]
)
async def test_no_bytes_of_a_path_are_a_fault_of_ours(
    door: Door, caplog: pytest.LogCaptureFixture, path: bytes
):
    key = f"Authorization: Bearer {ADMIN}\r\n\r\n".encode()
    reply = await door.knock(b"GET /api/bookings/" + path + b" HTTP/1.1\r\n" + HOST + key)
    assert_refused(reply, caplog, 404, 400)


async def test_one_connection_serves_request_after_request(door: Door):
    async with door.opened() as (reader, writer):
        for _ in range(3):
            writer.write(b"GET /api/health HTTP/1.1\r\n" + HOST + b"\r\n")
            assert (await read_reply(reader)).status == 200


async def test_a_bad_request_behind_a_good_one_has_an_id_of_its_own(door: Door):
    async with door.opened() as (reader, writer):
        writer.write(b"GET /api/health HTTP/1.1\r\n" + HOST + b"X-Request-Id: first\r\n\r\n")
        assert (await read_reply(reader)).headers["x-request-id"] == "first"
        writer.write(b"nonsense\r\n\r\n")
        assert (await read_reply(reader)).body["requestId"] not in {"first", None}
        writer.close()
