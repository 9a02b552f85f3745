"""Bytes out, answers in."""

import asyncio
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass

FLOOD = b"\r\n\r\n" + b"\x00" * 70_000
"""Ends whatever the daemon waits for: a head, a body of any length that it takes, a chunk."""

GLANCE = 0.05
"""Seconds of silence after which a client that is waited for goes on."""

PATIENCE = 20.0
"""Seconds until a daemon that has not answered never will: a body may take ten."""


class NoAnswerError(Exception):
    """The daemon said nothing, or what is no answer."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer as it came."""

    status: int
    headers: Mapping[str, str]
    body: bytes


async def ask(port: int, raw: bytes) -> list[Answer]:
    """Send `raw`, complete it if it is waited for, and read all answers. Raises `NoAnswerError`."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(raw)
        got = await _some(reader, GLANCE)
        if not got:
            await _heard(port)
            got = await _some(reader, GLANCE)
        if not _complete(got):
            writer.write(FLOOD)
            got += await _until_answered(reader, got)
        return list(answers(got))
    finally:
        writer.transport.abort()


async def _heard(port: int) -> None:
    """Return when the daemon, however busy, has read what was sent to it before."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET /api/health HTTP/1.0\r\n\r\n")
    await _some(reader, PATIENCE)
    writer.transport.abort()


async def _until_answered(reader: asyncio.StreamReader, before: bytes) -> bytes:
    got, end = b"", time.monotonic() + PATIENCE
    while not _complete(before + got):
        more = await _some(reader, end - time.monotonic())
        if not more:
            raise NoAnswerError(f"only {before + got!r}")
        got += more
    return got


async def _some(reader: asyncio.StreamReader, seconds: float) -> bytes:
    with suppress(TimeoutError, ConnectionError):
        async with asyncio.timeout(seconds):
            return await reader.read(1 << 20)
    return b""


async def ask_well(port: int, raw: bytes) -> Answer:
    """Send a request with nothing wrong in it. Raises `NoAnswerError`."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(raw)
    [answer] = answers(await _until_answered(reader, b""))
    writer.transport.abort()
    return answer


def _complete(got: bytes) -> bool:
    try:
        return bool(list(answers(got)))
    except NoAnswerError:
        return False


def answers(got: bytes) -> Iterator[Answer]:
    """Take apart what came; a `100 Continue` is none. Raises `NoAnswerError`."""
    while got:
        head, end, got = got.partition(b"\r\n\r\n")
        if not end:
            raise NoAnswerError(f"half a head: {head!r}")
        first, *lines = head.decode("latin-1").split("\r\n")
        version, _, rest = first.partition(" ")
        if version not in {"HTTP/1.1", "HTTP/1.0"} or not rest[:3].isdigit():
            raise NoAnswerError(f"not HTTP: {first!r}")
        headers = {
            name.lower(): value.strip() for name, _, value in (x.partition(":") for x in lines)
        }
        size = int(headers.get("content-length", "0"))
        if len(got) < size:
            raise NoAnswerError(f"half a body: {head!r}")
        if rest[:3] != "100":
            yield Answer(int(rest[:3]), headers, got[:size])
        got = got[size:]
