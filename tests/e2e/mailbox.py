"""A real SMTP server that keeps what it is given."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from email import message_from_bytes
from email.message import EmailMessage
from functools import cached_property
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope, Session

from tests.e2e.daemon import eventually, free_port
from tests.mails import read, words


@dataclass(frozen=True)
class Mail:
    """One mail as it was handed over, and when."""

    sender: str
    recipients: tuple[str, ...]
    content: bytes
    arrived: float

    @cached_property
    def id(self) -> str:
        found = message_from_bytes(self.content.partition(b"\r\n\r\n")[0])
        [message_id] = found.get_all("Message-ID", [])
        return str(message_id)

    @cached_property
    def parsed(self) -> EmailMessage:
        return read(self.content)

    @property
    def text(self) -> str:
        return words(self.parsed)

    @property
    def subject(self) -> str:
        return str(self.parsed["Subject"]).strip()


class Connection(SMTP):
    """One client of the mailbox; knows how to be hung up on."""

    def __init__(self, mailbox: "Mailbox") -> None:
        super().__init__(mailbox, hostname="mailbox.test", enable_SMTPUTF8=False)
        self._mailbox = mailbox

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._mailbox.transports.add(transport)

    def connection_lost(self, error: Exception | None) -> None:
        self._mailbox.transports.discard(self.transport)
        super().connection_lost(error)


class Mailbox:
    """Takes every mail, after `delay` seconds, unless `refuse` has a reply for its recipient.

    While its `gate` is shut, mails are handed over and not taken.
    """

    def __init__(self) -> None:
        self.port = free_port()
        self.mails: list[Mail] = []
        self.delay = 0.0
        self.gate = asyncio.Event()
        self.gate.set()
        self.under_way = 0
        self.cut_off = 0
        self.refuse: Callable[[str], str | None] = lambda _: None
        self.transports: set[asyncio.Transport] = set()
        self._server: asyncio.Server | None = None

    @property
    def ids(self) -> Counter[str]:
        """How often each Message-ID came."""
        return Counter(mail.id for mail in self.mails)

    def to(self, address: str) -> list[Mail]:
        """The mails to this address."""
        return [mail for mail in self.mails if address in mail.recipients]

    async def open(self) -> None:
        """Listen, on the same port every time."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: Connection(self), "127.0.0.1", self.port)

    async def close(self) -> None:
        """Be gone, as a server whose cable is pulled."""
        if self._server is None:
            return
        self._server.close()
        for transport in list(self.transports):
            transport.abort()
        self._server = None
        await eventually(lambda: not self.transports, every=0.001)

    async def handle_RCPT(  # noqa: N802 - the names are aiosmtpd's
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        refusal = self.refuse(address)
        if refusal is None:
            envelope.rcpt_tos.append(address)
        return refusal or "250 OK"

    async def handle_DATA(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        self.under_way += 1
        try:
            await self.gate.wait()
            await asyncio.sleep(self.delay)
        except asyncio.CancelledError:
            self.cut_off += 1
            raise
        finally:
            self.under_way -= 1
        assert isinstance(envelope.content, bytes)
        mail = Mail(
            str(envelope.mail_from), tuple(envelope.rcpt_tos), envelope.content, time.monotonic()
        )
        self.mails.append(mail)
        return "250 taken"
