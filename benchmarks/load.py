"""The load: keep-alive clients in a process of their own that costs far less than the server.

It reads an `Order` as JSON from standard input and answers a `Report` on standard output.
"""

import asyncio
import gc
import itertools
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from statistics import quantiles
from typing import cast

import uvloop

from benchmarks import slots
from benchmarks.process import cpu_seconds

PATIENCE = 40.0
"""Seconds beyond the measured time after which a server counts as stuck."""


class LoadFailedError(Exception):
    """The server gave another answer than it should have, or none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What to ask of the server `pid` at `port`: bookings from slot `first` on, or one `path`.

    Each of the `clients` has one request under way at a time, first for `warmup` and then for
    `seconds`; only answers in the latter are counted.
    """

    pid: int
    port: int
    key: str
    clients: int
    seconds: float
    warmup: float
    path: str | None = None
    first: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What came of it: answers a second, latencies in ms, processors used (1.0 is a whole core).

    `size` is the length of the last answer's body; the next order may begin at slot `next_slot`.
    """

    rate: float
    p50: float
    p99: float
    server_cpu: float
    load_cpu: float
    size: int
    next_slot: int


def drive(order: Order) -> Report:
    """Carry out `order` in a process of its own."""
    try:
        done = subprocess.run(
            [sys.executable, "-m", "benchmarks.load"],
            input=json.dumps(asdict(order)),
            capture_output=True,
            text=True,
            timeout=order.warmup + order.seconds + 2 * PATIENCE,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise LoadFailedError("the server hangs") from error
    if done.returncode:
        raise LoadFailedError(done.stderr.strip().rpartition("\n")[2])
    return Report(**json.loads(done.stdout))


class Requests(Iterator[bytes]):
    """Requests ready to be written, one after the other."""

    def __init__(self, order: Order) -> None:
        self.next_slot = order.first
        self._head = f"Host: 127.0.0.1:{order.port}\r\nAuthorization: Bearer {order.key}\r\n"
        self._all = self._page(order.path) if order.path else self._bookings()

    def __next__(self) -> bytes:
        return next(self._all)

    def _page(self, path: str) -> Iterator[bytes]:
        return itertools.repeat(f"GET {path} HTTP/1.1\r\n{self._head}\r\n".encode())

    def _bookings(self) -> Iterator[bytes]:
        form = (
            '{"name":"Customer %07d","email":"customer-%07d@example.com","company":"Example Ltd",'
            f'"timeSlot":{{"startTime":"%.19sZ","duration":{slots.MINUTES}}}}}'
        )
        length = len(form % (0, 0, slots.start(0).isoformat()))
        head = (
            f"POST /api/bookings HTTP/1.1\r\n{self._head}"
            f"Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n"
        )
        while True:
            number = self.next_slot
            self.next_slot += 1
            customer = slots.customer(number)
            body = form % (customer, customer, slots.start(number).isoformat())
            yield (head + body).encode()


class Load:
    """All clients together: what they send and what they counted."""

    def __init__(self, order: Order) -> None:
        self.order = order
        self.requests = Requests(order)
        self.expected = b"HTTP/1.1 200" if order.path else b"HTTP/1.1 201"
        self.counting = False
        self.stopping = False
        self.latencies: list[float] = []
        self.size = 0
        self.over: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def fail(self, reason: str) -> None:
        """End the run: its numbers would mean nothing."""
        if not self.over.done():
            self.over.set_exception(LoadFailedError(reason))

    async def run(self) -> Report:
        """Connect, warm up, count, and let every request under way be answered.

        Each client is answered once before the next connects: a busy server accepts slowly.
        """
        order = self.order
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _, context: self.fail(str(context)))
        clients = [Client(self) for _ in range(order.clients)]
        for client in clients:
            await loop.create_connection(client.itself, "127.0.0.1", order.port)
            await self._pass(PATIENCE, client.answered)
        for client in clients:
            client.ask()
        await self._pass(order.warmup)
        self.counting, before = True, self._clocks()
        await self._pass(order.seconds)
        self.counting, after = False, self._clocks()
        self.stopping = True
        await asyncio.wait_for(asyncio.gather(*(client.closed for client in clients)), PATIENCE)
        await self._pass(0)
        return self._report(*(b - a for a, b in zip(before, after, strict=True)))

    async def _pass(self, seconds: float, *until: asyncio.Future[None]) -> None:
        waited = [self.over, *until]
        await asyncio.wait(waited, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        if self.over.done():
            self.over.result()

    def _clocks(self) -> tuple[float, float, float]:
        return time.perf_counter(), cpu_seconds(self.order.pid), time.process_time()

    def _report(self, elapsed: float, server: float, load: float) -> Report:
        if len(self.latencies) < 2:
            raise LoadFailedError(f"{len(self.latencies)} answers in {elapsed:.1f} s")
        percentiles = quantiles(self.latencies, n=100)
        return Report(
            rate=len(self.latencies) / elapsed,
            p50=percentiles[49] * 1000,
            p99=percentiles[98] * 1000,
            server_cpu=server / elapsed,
            load_cpu=load / elapsed,
            size=self.size,
            next_slot=self.requests.next_slot,
        )


class Client(asyncio.Protocol):
    """One connection, with one request under way at a time."""

    transport: asyncio.Transport

    def __init__(self, load: Load) -> None:
        self.load = load
        self.pending = b""
        self.sent = 0.0
        loop = asyncio.get_running_loop()
        self.answered: asyncio.Future[None] = loop.create_future()
        self.closed: asyncio.Future[None] = loop.create_future()

    def itself(self) -> "Client":
        """Be one's own factory, as `create_connection` wants one."""
        return self

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask at once."""
        self.transport = cast("asyncio.Transport", transport)
        self.ask()

    def ask(self) -> None:
        """Send the next request."""
        request = next(self.load.requests)
        self.sent = time.perf_counter()
        self.transport.write(request)

    def data_received(self, data: bytes) -> None:
        """Take the answer, or a piece of it; when it is whole, count it and ask again.

        After the first answer the client waits until it is told to begin.
        """
        self.pending += data
        size = body_size(self.pending)
        if size < 0:
            return
        load = self.load
        if not self.pending.startswith(load.expected):
            load.fail(self.pending.decode(errors="replace").replace("\r\n", " | "))
        if load.counting:
            load.latencies.append(time.perf_counter() - self.sent)
            load.size = size
        self.pending = b""
        if load.stopping:
            self.transport.close()
        elif self.answered.done():
            self.ask()
        else:
            self.answered.set_result(None)

    def connection_lost(self, exc: Exception | None) -> None:
        """Right at the end, a failure before."""
        if not self.load.stopping:
            self.load.fail(f"the server closed a connection: {exc}")
        self.closed.set_result(None)


def body_size(answer: bytes) -> int:
    """Measure the body of a whole answer, in bytes; -1 as long as a part is missing."""
    head = answer.find(b"\r\n\r\n")
    if head < 0:
        return -1
    at = answer.index(b"Content-Length: ", 0, head) + 16
    size = int(answer[at : answer.index(b"\r\n", at)])
    return size if len(answer) == head + 4 + size else -1


async def main() -> Report:
    """Carry out the order on standard input."""
    return await Load(Order(**json.load(sys.stdin))).run()


if __name__ == "__main__":
    gc.disable()
    print(json.dumps(asdict(uvloop.run(main()))))
