"""The listening socket of a house, and what is written to and read from it as bytes."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any

import pytest

from tests.bookingd.api.conftest import MEMBERS, House
from tests.bookingd.conftest import PUBLIC
from tests.deadlines import PATIENCE

KEY = f"Authorization: Bearer {PUBLIC}\r\n".encode()
JSON = b"Content-Type: application/json\r\n"
HOST = b"Host: booking.example.org\r\n"
POST = b"POST /api/bookings HTTP/1.1\r\n" + HOST + KEY + JSON

Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@dataclass
class Reply:
    status: int
    headers: dict[str, str]
    body: Any


async def read_reply(reader: asyncio.StreamReader) -> Reply:
    head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
    assert head[0].startswith(("HTTP/1.1 ", "HTTP/1.0 "))
    pairs = [line.split(": ", 1) for line in head[1:] if line]
    headers = {name.lower(): value for name, value in pairs}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    is_json = "json" in headers.get("content-type", "") and body
    return Reply(int(head[0].split(" ")[1]), headers, json.loads(body) if is_json else body)


@dataclass
class Door:
    """The listening socket of a house."""

    house: House
    port: int

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[Connection]:
        """A connection, for as long as anything may take."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            async with asyncio.timeout(PATIENCE):
                yield reader, writer
        finally:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()

    async def knock(self, *parts: bytes) -> Reply:
        async with self.opened() as (reader, writer):
            for part in parts:
                writer.write(part)
                await writer.drain()
            return await read_reply(reader)


def assert_refused(reply: Reply, caplog: pytest.LogCaptureFixture, *statuses: int) -> None:
    assert reply.status in statuses, reply
    assert set(reply.body) == MEMBERS
    assert reply.body["statusCode"] == reply.status
    assert reply.headers["content-type"].startswith("application/json")
    assert reply.headers["server"] == "bookingd"
    assert [one for one in caplog.records if one.exc_info or one.levelno >= logging.ERROR] == []
