"""Relays for the tests: a real one, and one that follows a script."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from ssl import SSLContext
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope, Session

from schedules.channels import Relay

HANG_UP = "hang up"
SILENCE = "silence"
RESET = "reset"
DRIP = "drip"
ENDLESS = "endless"
TAKEN_AND_GONE = "250 taken, and gone"
"""Acts of a scripted relay, instead of a reply."""


def relay(port: int, **fields: Any) -> Relay:
    values: dict[str, Any] = {
        "host": "127.0.0.1",
        "port": port,
        "username": None,
        "password": None,
        "tls": "none",
    }
    return Relay(**values | fields)


@dataclass
class Inbox:
    """What a relay took: sender, recipients and the mail, in the order of arrival."""

    port: int = 0
    sessions: set[int] = field(default_factory=set)
    envelopes: list[tuple[str, Sequence[str]]] = field(default_factory=list)
    mails: list[EmailMessage] = field(default_factory=list)

    async def handle_DATA(self, _: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        self.sessions.add(id(session))
        assert envelope.mail_from is not None
        assert isinstance(envelope.content, bytes)
        self.envelopes.append((envelope.mail_from, envelope.rcpt_tos))
        found = message_from_bytes(envelope.content, policy=default)
        assert isinstance(found, EmailMessage)
        self.mails.append(found)
        return "250 taken"


@asynccontextmanager
async def real_relay(
    port: int = 0, ssl: SSLContext | None = None, **options: Any
) -> AsyncIterator[Inbox]:
    """aiosmtpd, in the loop of the test."""
    loop = asyncio.get_running_loop()
    inbox = Inbox()
    options = {"hostname": "relay.example.org", "loop": loop} | options
    server = await loop.create_server(lambda: SMTP(inbox, **options), "127.0.0.1", port, ssl=ssl)
    inbox.port = server.sockets[0].getsockname()[1]
    try:
        yield inbox
    finally:
        server.close()
        await server.wait_closed()


_USUAL = {
    "CONNECT": "220 relay.example.org",
    "EHLO": "250 relay.example.org",
    "MAIL": "250 ok",
    "RCPT": "250 ok",
    "DATA": "354 go on",
    "CONTENT": "250 taken",
    "RSET": "250 ok",
    "QUIT": "221 bye",
}


class ScriptedRelay:
    """Says what its script has for a verb, one reply after the other, then the usual.

    `CONNECT` is the greeting, `LINE` the first line of a mail, `CONTENT` what follows its final
    dot. A key may be longer than the verb: `RCPT TO:<ada@example.org>`.
    """

    def __init__(self, script: dict[str, list[str]]) -> None:
        self.port = 0
        self.connections = 0
        self.open = 0
        self.silent = False
        self.taken: list[bytes] = []
        self.heard: list[str] = []
        self._script = script

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.open += 1
        try:
            await self._converse(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            self.open -= 1
            writer.close()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        line = "CONNECT"
        while True:
            reply = self._reply(line)
            if reply in _ACTS:
                self.silent = reply == SILENCE
                await _ACTS[reply](reader, writer)
                return
            writer.write(f"{reply}\r\n".encode("utf-8", "surrogateescape"))
            if reply.startswith("354"):
                content = await self._content(reader)
                if content is None:
                    return
                line = "CONTENT"
                if not self._scripted(line) or self._script[line][0].startswith("250"):
                    self.taken.append(content)
                continue
            if reply.startswith(("221", "421")) or reply == TAKEN_AND_GONE:
                return
            line = (await reader.readuntil(b"\r\n")).decode().rstrip()
            self.heard.append(line)

    async def _content(self, reader: asyncio.StreamReader) -> bytes | None:
        content = b""
        while not content.endswith(b"\r\n.\r\n"):
            content += await reader.readuntil(b"\r\n")
            if self._scripted("LINE"):
                self._script["LINE"].pop(0)
                return None
        return content

    def _reply(self, line: str) -> str:
        for key, replies in self._script.items():
            if line.upper().startswith(key.upper()) and replies:
                return replies.pop(0)
        return _USUAL.get(line.partition(" ")[0].upper(), "502 what?")

    def _scripted(self, key: str) -> bool:
        return bool(self._script.get(key))


async def _hang_up(_: asyncio.StreamReader, __: asyncio.StreamWriter) -> None:
    await asyncio.sleep(0)


async def _silence(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
    await reader.read()


async def _reset(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.transport.abort()


async def _drip(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A reply that comes letter by letter and never ends."""
    while not writer.transport.is_closing():
        writer.write(b"2")
        await asyncio.sleep(0.01)


async def _endless(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A reply that has always one more line."""
    while not writer.transport.is_closing():
        writer.write(b"250-and another thing\r\n" * 100)
        await writer.drain()
        await asyncio.sleep(0)


_ACTS = {
    HANG_UP: _hang_up,
    SILENCE: _silence,
    RESET: _reset,
    DRIP: _drip,
    ENDLESS: _endless,
}


@asynccontextmanager
async def scripted_relay(**script: list[str] | str) -> AsyncIterator[ScriptedRelay]:
    scripted = ScriptedRelay(
        {
            key.replace("_", " "): [replies] if isinstance(replies, str) else replies
            for key, replies in script.items()
        }
    )
    server = await asyncio.start_server(scripted.serve, "127.0.0.1", 0)
    scripted.port = server.sockets[0].getsockname()[1]
    try:
        yield scripted
    finally:
        server.close()
        await server.wait_closed()
