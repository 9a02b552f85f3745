"""How fast mails leave, and what limits it: `python -m benchmarks.mails`.

The dispatcher on each database sends confirmations, with text, HTML and an invitation, into
aiosmtpd and into a sink that does next to nothing. Beside it, in the same run, its ceilings: the
texts alone, aiosmtplib alone on as many connections, and both without storage.
"""

import asyncio
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

import uvloop
from aiosmtpd.smtp import SMTP, Envelope, Session
from rich.console import Console
from rich.table import Table

from benchmarks.postgres import database, postgres
from benchmarks.process import cpu_seconds
from benchmarks.sink import sink
from schedules.channels import Mail, Relay
from schedules.channels.email import CONNECTIONS, EmailChannel
from schedules.dispatcher import Dispatcher
from schedules.render import Renderer
from storage import open_storage
from storage.interface import Storage
from storage.model import Due
from tests.records import PREPARED, a_message, a_row_of_bookings, done, place

ROUNDS = 3
COUNT = 1000
AIM = 300.0
BUSY = 0.9
"""Cores from which on a process counts as busy all the time."""

RENDERER = Renderer(sender="bookings@example.org", time_zone="Europe/Berlin")


@dataclass(frozen=True, slots=True)
class Server:
    """A relay in a process of its own."""

    name: str
    pid: int
    port: int


@dataclass(frozen=True, slots=True)
class Figure:
    """Mails a second, and the cores that this process and the relay were busy with."""

    rate: float
    cpu: float
    relay_cpu: float


class Taking:
    """What aiosmtpd asks when a mail has come."""

    async def handle_DATA(self, _: SMTP, __: Session, ___: Envelope) -> str:  # noqa: N802
        """Take it."""
        return "250 taken"


async def aiosmtpd() -> None:
    """Serve, and print the port."""
    loop = asyncio.get_running_loop()
    make = lambda: SMTP(Taking(), hostname="relay.example.org", loop=loop)  # noqa: E731
    server = await loop.create_server(make, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


@contextmanager
def relays() -> Iterator[list[Server]]:
    """Run aiosmtpd and the sink."""
    command = [sys.executable, "-m", "benchmarks.mails", "--relay"]
    with (
        sink() as empty,
        subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process,
    ):
        assert process.stdout
        try:
            port = int(process.stdout.readline())
            yield [Server("aiosmtpd", process.pid, port), Server("sink", empty.pid, empty.port)]
        finally:
            process.terminate()


async def timed(work: Callable[[], Awaitable[object]], pid: int | None = None) -> Figure:
    """Measure `work`, which is of COUNT mails, and the relay `pid`."""
    relay = cpu_seconds(pid) if pid else 0.0
    begun, own = time.perf_counter(), time.process_time()
    await work()
    took, own = time.perf_counter() - begun, time.process_time() - own
    relay = cpu_seconds(pid) - relay if pid else 0.0
    return Figure(COUNT / took, own / took, relay / took)


def dues() -> list[Due]:
    """Messages, each with its booking."""
    now = datetime.now(UTC)
    return [Due(a_message(one, due=now), one) for one in a_row_of_bookings(COUNT)]


def channel(port: int) -> EmailChannel:
    """To a relay of this machine."""
    return EmailChannel(
        Relay(host="127.0.0.1", port=port, username=None, password=None, tls="none")
    )


async def texts() -> Figure:
    """Make mails, and send none."""
    owed = dues()

    async def work() -> None:
        for due in owed:
            RENDERER.mail(due)

    return await timed(work)


async def sent(server: Server, made: Callable[[], Iterator[Mail]]) -> Figure:
    """Send mails without storage, on as many connections as the dispatcher has."""
    way, mails = channel(server.port), made()

    async def send() -> None:
        for mail in mails:
            await way.send(mail)

    figure = await timed(lambda: asyncio.gather(*[send() for _ in range(CONNECTIONS)]), server.pid)
    await way.close()
    return figure


async def drained(url: str, server: Server) -> Figure:
    """Send what a database owes."""
    storage = await open_storage(url)
    await done(storage, *PREPARED, *[place(due.booking, due.message) for due in dues()])
    dispatcher = Dispatcher(storage, channel(server.port), RENDERER, lambda: datetime.now(UTC))
    running = asyncio.create_task(dispatcher.run())

    async def work() -> None:
        dispatcher.poke()
        await _until_empty(storage)

    figure = await timed(work, server.pid)
    await dispatcher.stop()
    await running
    await storage.close()
    return figure


async def _until_empty(storage: Storage) -> None:
    while (found := await storage.outbox(datetime.now(UTC))).pending or found.leased:  # noqa: ASYNC110
        await asyncio.sleep(0.05)  # the rows tell, and nobody is told


def turn(servers: list[Server], postgres_url: str, directory: Path) -> Iterator[tuple[str, Figure]]:
    """Measure everything once."""
    yield "texts alone", uvloop.run(texts())
    for server in servers:
        made = [RENDERER.mail(due) for due in dues()]
        yield f"aiosmtplib alone, {server.name}", uvloop.run(sent(server, lambda m=made: iter(m)))
    for server in servers:
        making = lambda: map(RENDERER.mail, dues())  # noqa: E731
        yield f"texts and aiosmtplib, {server.name}", uvloop.run(sent(server, making))
    for server in servers:
        with tempfile.TemporaryDirectory(dir=directory) as fresh:
            url = f"sqlite:///{fresh}/bookings.db"
            yield f"dispatcher, SQLite, {server.name}", uvloop.run(drained(url, server))
        with database(postgres_url) as url:
            yield f"dispatcher, PostgreSQL, {server.name}", uvloop.run(drained(url, server))


def summed(found: list[Figure]) -> Figure:
    """The medians."""
    return Figure(
        median(one.rate for one in found),
        median(one.cpu for one in found),
        median(one.relay_cpu for one in found),
    )


def limit(figure: Figure) -> str:
    """What was busy all the time."""
    if figure.cpu >= BUSY:
        return "this process, Python on one core"
    return "the relay" if figure.relay_cpu >= BUSY else "waiting: disk, other programs"


def main() -> None:
    """Measure in turns, and print the medians."""
    RENDERER.complaints()  # loads, as the daemon does at its start, what mails are made with
    figures: dict[str, list[Figure]] = {}
    with postgres() as url, relays() as servers, tempfile.TemporaryDirectory() as directory:
        for _ in range(ROUNDS):
            for name, figure in turn(servers, url, Path(directory)):
                figures.setdefault(name, []).append(figure)
    table = Table("", "mails/s", "ms a mail", "processor ms", "relay's", "what limits it")
    console = Console(width=120)
    medians = {name: summed(found) for name, found in figures.items()}
    for name, one in medians.items():
        costs = [1000 / one.rate * share for share in (1, one.cpu, one.relay_cpu)]
        table.add_row(name, f"{one.rate:,.0f}", *[f"{cost:.2f}" for cost in costs], limit(one))
    console.print(table)
    for name, one in medians.items():
        if name.startswith("dispatcher") and name.endswith("aiosmtpd"):
            met = "met" if one.rate >= AIM else "not met"
            console.print(f"{met:8}{name}: ≥ {AIM:.0f} mails/s: {one.rate:,.0f}")


if __name__ == "__main__":
    if sys.argv[1:] == ["--relay"]:
        uvloop.run(aiosmtpd())
    else:
        main()
