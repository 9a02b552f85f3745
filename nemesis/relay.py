"""A mail server with moods, in a process of its own, which notes every mail that it was given.

It prints its port, then every line of standard input, which is a mood, once it is in it; and ends
with its input.
"""

import asyncio
import json
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from email import message_from_bytes
from enum import StrEnum
from hashlib import sha256
from pathlib import Path
from typing import TextIO

import uvloop

LARGEST = 1 << 20
LONGEST_THOUGHT = 0.05
"""Seconds at the most between a mail's final dot and the answer to it."""

SLOW = "slow"
"""An address that begins so is thought about for `SLOW_THOUGHT` seconds."""

SLOW_THOUGHT = 6.0

DROP = "drop"
"""What is done instead of a reply: the connection is reset."""


class Mood(StrEnum):
    """What the server is like; closed, it refuses whoever is new and takes leave of the others."""

    CALM = "calm"
    ROUGH = "rough"
    CLOSED = "closed"


_USUAL = {
    "CONNECT": "220 relay.example.org",
    "EHLO": "250 relay.example.org",
    "MAIL": "250 ok",
    "RCPT": "250 ok",
    "DATA": "354 go on",
    "LINE": "",
    "DOT": "250 taken",
    "RSET": "250 ok",
    "QUIT": "221 bye",
}
"""What is said to each verb (RFC 5321). `LINE` is the first byte of a mail, `DOT` its last."""

_CLOSED = {"MAIL": ((1.0, "421 closing"),)}

_ROUGH = {
    "CONNECT": ((0.01, "421 too many"), (0.01, DROP)),
    "EHLO": ((0.005, "421 not now"), (0.005, DROP)),
    "MAIL": ((0.005, "421 not now"), (0.005, "451 not now"), (0.005, DROP)),
    "RCPT": ((0.005, "421 not now"), (0.05, "450 mailbox busy"), (0.005, DROP)),
    "DATA": ((0.005, "421 not now"), (0.03, "451 not now"), (0.005, DROP)),
    "LINE": ((0.04, DROP),),
    "DOT": ((0.005, "421 not now"), (0.03, "452 no room"), (0.1, DROP)),
}
"""How often, in a rough mood, what else is said or done."""

_ELSE = {Mood.CALM: {}, Mood.ROUGH: _ROUGH, Mood.CLOSED: _CLOSED}


@dataclass(frozen=True, slots=True)
class Receipt:
    """A mail that was taken: its Message-ID, at which monotonic second, and whether it was told."""

    id: str
    digest: str
    at: float
    told: bool

    @property
    def message(self) -> str:
        """The message of the outbox that it was."""
        return self.id.removeprefix("<").partition("@")[0]


class Relay:
    """The server, seen from outside."""

    def __init__(self, process: "subprocess.Popen[str]", book: Path) -> None:
        self._process = process
        self._book = book
        self.port = int(self._line())

    def be(self, mood: Mood) -> None:
        """Have it in this mood from now on."""
        assert self._process.stdin
        print(mood, file=self._process.stdin, flush=True)
        assert self._line() == mood

    def receipts(self) -> list[Receipt]:
        """All mails that it has taken so far, in the order of their coming."""
        return read(self._book)

    def _line(self) -> str:
        assert self._process.stdout
        return self._process.stdout.readline().strip()


def read(book: Path) -> list[Receipt]:
    """Read what was noted."""
    return [Receipt(**json.loads(line)) for line in book.read_text().splitlines()]


@contextmanager
def relay(book: Path, seed: int) -> Iterator[Relay]:
    """Run one, calm at first; what it takes is written into `book`."""
    command = [sys.executable, "-m", "nemesis.relay", str(book), str(seed)]
    book.touch()
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as process:
        try:
            yield Relay(process, book)
        finally:
            process.terminate()


class Server:
    """The server, from inside."""

    def __init__(self, book: TextIO, seed: int) -> None:
        self._book = book
        self._chance = random.Random(seed)
        self._mood = Mood.CALM
        self._port = 0
        self._listener: asyncio.Server | None = None

    async def be(self, mood: Mood) -> None:
        """Change the mood."""
        self._mood = mood
        if mood is Mood.CLOSED and self._listener:
            self._listener.close()
            self._listener = None
        if mood is not Mood.CLOSED and self._listener is None:
            self._listener = await asyncio.start_server(
                self._serve, "127.0.0.1", self._port, limit=LARGEST
            )
            self._port = self._listener.sockets[0].getsockname()[1]

    @property
    def port(self) -> int:
        """Where it listens, whenever it does."""
        return self._port

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            if await self._converse(reader, writer) == DROP:
                writer.transport.abort()
        writer.close()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> str:
        """Answer line by line; the last that was said or done."""
        verb, slow = "CONNECT", False
        while True:
            reply = self._say(verb)
            if reply == _USUAL["DATA"]:
                await self._write(writer, reply)
                reply = await self._mail(reader, slow=slow)
            if reply == DROP:
                return reply
            await self._write(writer, reply)
            if reply.startswith(("221", "421")):
                return reply
            line = (await reader.readuntil(b"\r\n")).decode()
            verb = line[:4].upper()
            slow = f"<{SLOW}" in line if verb == "RCPT" else slow

    async def _mail(self, reader: asyncio.StreamReader, *, slow: bool) -> str:
        """Take a mail, or not; what is said to its final dot."""
        if self._say("LINE") == DROP:
            await reader.read(1)
            return DROP
        content = await reader.readuntil(b"\r\n.\r\n")
        reply = self._say("DOT")
        if reply in {DROP, _USUAL["DOT"]}:
            self._note(content, told=reply != DROP)
        await asyncio.sleep(SLOW_THOUGHT if slow else self._chance.uniform(0, LONGEST_THOUGHT))
        return reply

    def _note(self, content: bytes, *, told: bool) -> None:
        [message_id] = message_from_bytes(content.partition(b"\r\n\r\n")[0]).get_all(
            "Message-ID", ["none"]
        )
        receipt = Receipt(message_id, sha256(content).hexdigest(), time.monotonic(), told)
        print(json.dumps(asdict(receipt)), file=self._book)

    def _say(self, verb: str) -> str:
        draw = self._chance.random()
        for likely, reply in _ELSE[self._mood].get(verb, ()):
            if draw < likely:
                return reply
            draw -= likely
        return _USUAL.get(verb, "502 what?")

    @staticmethod
    async def _write(writer: asyncio.StreamWriter, reply: str) -> None:
        writer.write(f"{reply}\r\n".encode())
        await writer.drain()


async def main(book: TextIO, seed: int) -> None:
    """Serve until standard input ends."""
    server = Server(book, seed)
    await server.be(Mood.CALM)
    print(server.port, flush=True)
    while line := (await asyncio.to_thread(sys.stdin.readline)).strip():
        await server.be(Mood(line))
        print(line, flush=True)


if __name__ == "__main__":
    with Path(sys.argv[1]).open("a", buffering=1) as noted:
        uvloop.run(main(noted, int(sys.argv[2])))
