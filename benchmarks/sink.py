"""A mail server that takes everything and keeps nothing, in a process of its own.

It prints its port, then for every line on standard input how many mails it has taken, and ends
with its input.
"""

import asyncio
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import cast

import uvloop


class Sink:
    """The sink, seen from outside."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process
        self.pid = process.pid
        self.port = self._number()

    def taken(self) -> int:
        """How many mails it has taken so far."""
        assert self._process.stdin
        print(file=self._process.stdin, flush=True)
        return self._number()

    def _number(self) -> int:
        assert self._process.stdout
        return int(self._process.stdout.readline())


@contextmanager
def sink() -> Iterator[Sink]:
    """Run a sink."""
    command = [sys.executable, "-m", "benchmarks.sink"]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as process:
        try:
            yield Sink(process)
        finally:
            process.terminate()


@contextmanager
def closed_port() -> Iterator[int]:
    """Keep a port at which every connection is refused."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield held.getsockname()[1]


class Session(asyncio.Protocol):
    """One SMTP connection (RFC 5321), as friendly as can be."""

    taken = 0
    transport: asyncio.Transport

    def __init__(self) -> None:
        self.pending = b""
        self.in_data = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Greet."""
        self.transport = cast("asyncio.Transport", transport)
        self.transport.write(b"220 sink\r\n")

    def data_received(self, data: bytes) -> None:
        """Answer every whole command, and every whole mail."""
        self.pending += data
        while True:
            end = b"\r\n.\r\n" if self.in_data else b"\r\n"
            line, found, rest = self.pending.partition(end)
            if not found:
                return
            self.pending = rest
            self.transport.write(self._mail() if self.in_data else self._command(line))

    def _mail(self) -> bytes:
        Session.taken += 1
        self.in_data = False
        return b"250 taken\r\n"

    def _command(self, line: bytes) -> bytes:
        match line[:4].upper():
            case b"DATA":
                self.in_data = True
                return b"354 go on\r\n"
            case b"QUIT":
                return b"221 bye\r\n"
            case b"EHLO":
                return b"250-sink\r\n250-8BITMIME\r\n250 SMTPUTF8\r\n"
            case _:
                return b"250 ok\r\n"


async def main() -> None:
    """Serve until standard input ends."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Session, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    while await asyncio.to_thread(sys.stdin.readline):
        print(Session.taken, flush=True)


if __name__ == "__main__":
    uvloop.run(main())
