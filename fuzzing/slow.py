"""Clients that dawdle by the hundred, while normal ones are measured."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from itertools import count
from statistics import quantiles

from fuzzing.requests import Keys, place

CLIENTS = 4
"""Normal clients: few, so that what is measured is the daemon's patience and not its limit."""

PAUSE = 0.01
DRIP = 1.0
"""Seconds between two bytes of a client that dawdles."""

WAYS: tuple[tuple[str, Callable[[Keys], bytes]], ...] = (
    ("heads", lambda keys: place(keys, 0).bytes()[:40]),
    ("bodies", lambda keys: place(keys, 0).bytes()[:-100]),
    ("idle", lambda _: b""),
)


@dataclass
class Measured:
    """How long normal requests took, in milliseconds, and how many dawdlers were cut."""

    calm: list[float] = field(default_factory=list)
    crowded: list[float] = field(default_factory=list)
    cut: dict[str, int] = field(default_factory=dict)
    answered: dict[str, int] = field(default_factory=dict)


def p99(figures: list[float]) -> float:
    """Tell what ninety-nine in a hundred stayed below."""
    return quantiles(figures, n=100)[98]


async def measure(
    port: int, keys: Keys, connections: int, seconds: float, say: Callable[[str], None]
) -> Measured:
    """Measure normal bookings, calm and then among that many clients that dawdle, by turns."""
    found, numbers = Measured(), count(1)
    rounds = 3
    await _normal(port, keys, numbers, 1.0)
    for turn in range(rounds):
        say(f"round {turn + 1} of {rounds}: calm")
        found.calm += await _normal(port, keys, numbers, seconds)
        say(f"round {turn + 1} of {rounds}: among {connections} that dawdle")
        async with _dawdling(port, keys, connections, found):
            found.crowded += await _normal(port, keys, numbers, seconds)
    return found


async def _normal(port: int, keys: Keys, numbers: "count[int]", seconds: float) -> list[float]:
    """Place bookings for a while; how long each took."""
    end, took = time.monotonic() + seconds, []

    async def client() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        while time.monotonic() < end:
            begun = time.perf_counter()
            writer.write(place(keys, next(numbers)).bytes())
            await _expect(reader, b"HTTP/1.1 201")
            took.append((time.perf_counter() - begun) * 1000)
            await asyncio.sleep(PAUSE)
        writer.close()

    await asyncio.gather(*(client() for _ in range(CLIENTS)))
    return took


async def _expect(reader: asyncio.StreamReader, first: bytes) -> None:
    head = await reader.readuntil(b"\r\n\r\n")
    if not head.startswith(first):
        raise RuntimeError(f"a normal request got {head!r}")
    at = head.index(b"Content-Length: ") + 16
    await reader.readexactly(int(head[at : head.index(b"\r\n", at)]))


@asynccontextmanager
async def _dawdling(
    port: int, keys: Keys, connections: int, found: Measured
) -> AsyncIterator[None]:
    """Keep that many connections open that dawdle in each way; one that is cut comes again."""
    ready = asyncio.Semaphore(0)
    tasks = [
        asyncio.create_task(_dawdle(port, keys, *WAYS[number % len(WAYS)], found, ready.release))
        for number in range(connections)
    ]
    for _ in tasks:
        await ready.acquire()
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _dawdle(
    port: int,
    keys: Keys,
    way: str,
    beginning: Callable[[Keys], bytes],
    found: Measured,
    ready: Callable[[], None],
) -> None:
    while True:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(beginning(keys))
        ready()
        try:
            said = await _drip_until_cut(reader, writer, drips=way != "idle")
        finally:
            writer.transport.abort()
        found.cut[way] = found.cut.get(way, 0) + 1
        if said.startswith(b"HTTP/1.") and b" 408 " in said[:16]:
            found.answered[way] = found.answered.get(way, 0) + 1


async def _drip_until_cut(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, drips: bool
) -> bytes:
    reading: Awaitable[bytes] = asyncio.ensure_future(reader.read())
    while True:
        with suppress(TimeoutError, ConnectionError):
            return await asyncio.wait_for(asyncio.shield(reading), DRIP)
        if drips:
            writer.write(b"x")
