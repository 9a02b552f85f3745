"""How fast what is owed leaves, beside its ceilings: `python -m benchmarks.mails [POSTGRES-URL]`.

The dispatcher with real storage and texts, beside aiosmtplib alone on as many connections and the
texts alone, into aiosmtpd and into a sink that does nothing.
"""

import asyncio
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path

import uvloop
from aiosmtpd.smtp import SMTP, Envelope, Session

from benchmarks.sink import sink
from schedules.channels import Relay
from schedules.channels.email import EmailChannel
from schedules.dispatcher import AT_ONCE, Dispatcher
from schedules.render import Renderer
from storage import open_storage
from storage.interface import Storage
from storage.model import Due
from tests.records import PREPARED, a_message, a_row_of_bookings, done, place

COUNT = 1000
RENDERER = Renderer(sender="bookings@example.org", time_zone="UTC")


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
def relay() -> Iterator[int]:
    """Run aiosmtpd in a process of its own; its port."""
    command = [sys.executable, "-m", "benchmarks.mails", "--relay"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        try:
            yield int(process.stdout.readline())
        finally:
            process.terminate()


def channel(port: int) -> EmailChannel:
    """To a relay of this machine."""
    return EmailChannel(
        Relay(host="127.0.0.1", port=port, username=None, password=None, tls="none")
    )


def dues() -> list[Due]:
    """Messages, each with its booking."""
    now = datetime.now(UTC)
    return [Due(a_message(one, due=now), one) for one in a_row_of_bookings(COUNT)]


async def drained(url: str, port: int) -> float:
    """Mails a second of the dispatcher."""
    storage = await open_storage(url)
    owed = dues()
    await done(storage, *PREPARED, *[place(due.booking, due.message) for due in owed])
    dispatcher = Dispatcher(storage, channel(port), RENDERER, lambda: datetime.now(UTC))
    begun = time.perf_counter()
    running = asyncio.create_task(dispatcher.run())
    dispatcher.poke()
    await _until_empty(storage)
    rate = COUNT / (time.perf_counter() - begun)
    await dispatcher.stop()
    await running
    await storage.close()
    return rate


async def _until_empty(storage: Storage) -> None:
    while (found := await storage.outbox(datetime.now(UTC))).pending or found.leased:  # noqa: ASYNC110
        await asyncio.sleep(0.05)  # the rows tell, and nobody is told


async def alone(port: int, mails: list[EmailMessage]) -> float:
    """Mails a second of aiosmtplib, on as many connections as the dispatcher has."""
    way, waiting = channel(port), iter(mails)

    async def send() -> None:
        for mail in waiting:
            await way.send(mail)

    begun = time.perf_counter()
    await asyncio.gather(*[send() for _ in range(AT_ONCE)])
    rate = len(mails) / (time.perf_counter() - begun)
    await way.close()
    return rate


async def measure(urls: list[str]) -> None:
    """Print the figures."""
    begun = time.perf_counter()
    mails = [RENDERER.mail(due) for due in dues()]
    print(f"{'texts alone':34} {COUNT / (time.perf_counter() - begun):8,.0f} mails/s")
    with relay() as real, sink() as empty:
        for name, port in (("aiosmtpd", real), ("sink", empty.port)):
            print(f"{f'aiosmtplib alone into {name}':34} {await alone(port, mails):8,.0f}")
        with tempfile.TemporaryDirectory() as directory:
            for number, (name, port) in enumerate((("aiosmtpd", real), ("sink", empty.port))):
                file = Path(directory) / f"{number}.db"
                rate = await drained(f"sqlite:///{file}", port)
                print(f"{f'dispatcher, SQLite, into {name}':34} {rate:8,.0f}")
        for url in urls:
            print(f"{'dispatcher, PostgreSQL, aiosmtpd':34} {await drained(url, real):8,.0f}")


if __name__ == "__main__":
    if sys.argv[1:] == ["--relay"]:
        uvloop.run(aiosmtpd())
    else:
        uvloop.run(measure(sys.argv[1:]))
