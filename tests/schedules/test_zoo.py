"""A zoo of hostile relays: what becomes of a mail at each, and that it arrives in the end."""

import asyncio
import socket
import ssl
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from schedules.channels import email as channel
from schedules.channels.email import CONNECTIONS, EmailChannel
from schedules.retry import ATTEMPTS, JITTER, UNCERTAIN
from storage.model import Message, MessageState
from tests.deadlines import PATIENCE, until
from tests.records import NOW, a_booking, a_row_of_bookings
from tests.schedules.office import Office
from tests.schedules.smtp import (
    DRIP,
    ENDLESS,
    HANG_UP,
    RESET,
    SILENCE,
    TAKEN_AND_GONE,
    real_relay,
    relay,
    scripted_relay,
)

SILENT = (SILENCE, DRIP)
"""What a relay that says nothing, or nothing whole, does."""

STARTTLS = "250-relay.example.org\r\n250 STARTTLS"
AUTH = "250-relay.example.org\r\n250 AUTH PLAIN LOGIN"
ADA = {"username": "ada", "password": "open sesame"}

WAITS, AGAIN, LATER, DEAD, SENT = "waits", "again", "later", "dead", "sent"
"""What becomes of a mail: it waits for the relay and has lost no attempt; it is tried again by the
table; it may have been taken, so not within ten minutes; given up; or sent."""


@dataclass
class Beast:
    """A relay by what it says first; afterwards it is tame."""

    name: str
    script: dict[str, Any]
    fate: str
    settings: dict[str, Any] = field(default_factory=dict)
    hangs: bool = False


ZOO = [
    Beast("resets at once", {"CONNECT": RESET}, WAITS),
    Beast("hangs up at once", {"CONNECT": HANG_UP}, WAITS),
    Beast("silent banner", {"CONNECT": SILENCE}, WAITS),
    Beast("dripping banner", {"CONNECT": DRIP}, WAITS),
    Beast("endless banner", {"CONNECT": ENDLESS}, WAITS),
    Beast("banner of another protocol", {"CONNECT": "SSH-2.0-OpenSSH_9.2"}, WAITS),
    Beast("421 at CONNECT", {"CONNECT": "421 busy"}, WAITS),
    Beast("450 at CONNECT", {"CONNECT": "450 busy"}, WAITS),
    Beast("554 at CONNECT", {"CONNECT": "554 not for you"}, WAITS),
    Beast("421 at EHLO", {"EHLO": "421 busy"}, WAITS),
    Beast("450 at EHLO", {"EHLO": ["450 later"], "HELO": ["450 later"]}, WAITS),
    Beast("550 at EHLO", {"EHLO": ["550 who?"], "HELO": ["550 who?"]}, WAITS),
    Beast("endless EHLO", {"EHLO": [ENDLESS]}, WAITS),
    Beast("silent EHLO", {"EHLO": SILENCE}, WAITS),
    Beast("STARTTLS stripped", {"EHLO": "250 relay"}, WAITS, {"tls": "starttls"}),
    Beast("STARTTLS refused", {"EHLO": STARTTLS, "STARTTLS": "454 no"}, WAITS, {"tls": "starttls"}),
    Beast("rubbish after STARTTLS", {"EHLO": STARTTLS, "STARTTLS": "220 go"}, WAITS,
          {"tls": "starttls"}, hangs=True),
    Beast("plain where TLS is wanted", {}, WAITS, {"tls": "tls"}),
    Beast("no login offered", {}, WAITS, ADA),
    Beast("login refused", {"EHLO": AUTH, "AUTH": ["535 no"] * 2}, WAITS, ADA),
    Beast("login refused for now", {"EHLO": AUTH, "AUTH": ["454 later"] * 2}, WAITS, ADA),
    Beast("login, and gone", {"EHLO": AUTH, "AUTH": HANG_UP}, WAITS, ADA),
    Beast("421 at MAIL", {"MAIL": "421 busy"}, WAITS),
    Beast("451 at MAIL", {"MAIL": "451 busy"}, WAITS),
    Beast("550 at MAIL", {"MAIL": "550 not from you"}, WAITS),
    Beast("drops at MAIL", {"MAIL": HANG_UP}, WAITS),
    Beast("421 at RCPT", {"RCPT": "421 busy"}, WAITS),
    Beast("450 at RCPT", {"RCPT": "450 greylisted"}, AGAIN),
    Beast("550 at RCPT", {"RCPT": "550 nobody"}, DEAD),
    Beast("resets at RCPT", {"RCPT": RESET}, WAITS),
    Beast("drips at RCPT", {"RCPT": DRIP}, WAITS),
    Beast("endless at RCPT", {"RCPT": ENDLESS}, WAITS),
    Beast("421 at DATA", {"DATA": "421 busy"}, WAITS),
    Beast("451 at DATA", {"DATA": "451 busy"}, AGAIN),
    Beast("554 at DATA", {"DATA": "554 no"}, DEAD),
    Beast("drops in the text", {"LINE": HANG_UP}, LATER),
    Beast("drops after the dot", {"CONTENT": HANG_UP}, LATER),
    Beast("resets after the dot", {"CONTENT": RESET}, LATER),
    Beast("hangs after the dot", {"CONTENT": SILENCE}, LATER),
    Beast("drips after the dot", {"CONTENT": DRIP}, LATER),
    Beast("endless after the dot", {"CONTENT": ENDLESS}, LATER),
    Beast("421 after the dot", {"CONTENT": "421 busy"}, WAITS),
    Beast("452 after the dot", {"CONTENT": "452 full"}, AGAIN),
    Beast("552 after the dot", {"CONTENT": "552 too large"}, DEAD),
    Beast("250, then drops", {"CONTENT": TAKEN_AND_GONE}, SENT),
]  # fmt: skip

NEVER_TAME = {
    "STARTTLS stripped",
    "STARTTLS refused",
    "rubbish after STARTTLS",
    "plain where TLS is wanted",
    "no login offered",
    "login refused",
    "login refused for now",
    "login, and gone",
}
"""They do not offer what is wanted, whatever they say first."""


@pytest.fixture
def beast(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Beast:
    """One of the zoo. The channel gives up soon where there is nothing to wait for."""
    beast: Beast = request.param
    if beast.hangs or any(act in SILENT for act in beast.script.values()):
        monkeypatch.setattr(channel, "TIMEOUT", 0.3)
    return beast


def assert_fate(fate: str, message: Message) -> None:
    pause = message.next_attempt_at - NOW
    attempts = 0 if fate == WAITS else 1
    states = {DEAD: MessageState.DEAD, SENT: MessageState.SENT}
    assert message.state is states.get(fate, MessageState.PENDING)
    assert message.attempts == attempts
    assert bool(message.last_error) == (fate != SENT)
    if fate == WAITS:
        assert pause <= timedelta(seconds=1)
    if fate == AGAIN:
        assert ATTEMPTS[0] <= pause <= ATTEMPTS[0] * (1 + JITTER)
    if fate == LATER:
        assert pause >= UNCERTAIN


@pytest.mark.parametrize("beast", ZOO, ids=lambda beast: beast.name, indirect=True)
async def test_each_beast_is_told_by_what_it_does_and_the_mail_arrives_in_the_end(
    office: Office,
    wait: Any,
    beast: Beast,
):
    [message] = await office.owe(a_booking())
    async with scripted_relay(**beast.script) as server:
        dispatcher = office.open(EmailChannel(relay(server.port, **beast.settings)))
        found = await office.settled(message)
        assert_fate(beast.fate, found)
        assert (dispatcher.fault is not None) == (beast.fate == WAITS)
        if beast.fate != DEAD and beast.name not in NEVER_TAME:
            wait(1.0)
            office.clock.pass_by(max(found.next_attempt_at - NOW, timedelta(seconds=1)))
            await office.idle()
            assert (await office.stored(message)).state is MessageState.SENT
            assert dispatcher.fault is None
            [taken] = server.taken
            assert f"<{message.id}@example.org>".encode() in taken
        await office.close()


async def test_nobody_at_the_door(office: Office):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    [message] = await office.owe(a_booking())
    office.open(EmailChannel(relay(port)))
    assert_fate(WAITS, await office.settled(message))
    await office.close()


async def test_a_host_that_has_no_address(office: Office):
    [message] = await office.owe(a_booking())
    office.open(EmailChannel(relay(25, host="relay.invalid")))
    assert_fate(WAITS, await office.settled(message))
    await office.close()


@pytest.mark.parametrize("tls", ["starttls", "tls"])
async def test_a_certificate_that_nobody_vouches_for(
    office: Office,
    tls: str,
    tmp_path: Path,
):
    context = self_signed(tmp_path)
    options: dict[str, Any] = {"tls_context": context} if tls == "starttls" else {}
    [message] = await office.owe(a_booking())
    async with real_relay(ssl=None if options else context, **options) as inbox:
        office.open(EmailChannel(relay(inbox.port, tls=tls)))
        found = await office.settled(message)
        assert_fate(WAITS, found)
        assert "certificate" in (found.last_error or "").lower()
        assert inbox.mails == []
        await office.close()


def self_signed(directory: Path) -> ssl.SSLContext:
    key, certificate = directory / "key.pem", directory / "cert.pem"
    make = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 1"
    more = ["-subj", "/CN=127.0.0.1", "-keyout", key, "-out", certificate]
    subprocess.run([*make.split(), *more], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context


@pytest.mark.parametrize("where", ["RCPT_TO:<poison@example.org>"])
@pytest.mark.parametrize("act", [SILENCE, DRIP, ENDLESS])
async def test_one_mail_that_hangs_delays_no_other(
    office: Office,
    monkeypatch: pytest.MonkeyPatch,
    where: str,
    act: str,
):
    monkeypatch.setattr(channel, "TIMEOUT", 2 * PATIENCE)
    poison, *others = a_row_of_bookings(CONNECTIONS * 3)
    await office.owe(poison, recipient="poison@example.org")
    good = await office.owe(*others)
    async with scripted_relay(**{where: [act] * 9}) as server:
        dispatcher = office.open(EmailChannel(relay(server.port)))

        async def sent() -> bool:
            dispatcher.poke()  # as the job does
            return await office.all_in(MessageState.SENT, *good)

        await until(sent)
        monkeypatch.setattr("schedules.dispatcher.FAREWELL", 0.01)
        await office.close()
        await until_cancelled(dispatcher._under_way)


async def until_cancelled(tasks: Iterable[asyncio.Task[None]]) -> None:
    left = tuple(tasks)
    for task in left:
        task.cancel()
    await asyncio.gather(*left, return_exceptions=True)
