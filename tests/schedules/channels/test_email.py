"""E-mail over SMTP: a real relay, and relays that behave badly."""

import asyncio
import socket
import warnings
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest
from aiosmtpd.smtp import AuthResult, LoginPassword

from schedules.channels import (
    Deferred,
    DeliveryError,
    Mail,
    Rejected,
    Uncertain,
    Unreachable,
)
from schedules.channels import email as module
from schedules.channels.email import EmailChannel
from schedules.render import Renderer
from tests.deadlines import until_true
from tests.mails import read, words
from tests.records import a_booking, a_due
from tests.schedules.smtp import HANG_UP, SILENCE, real_relay, relay, scripted_relay

RENDERER = Renderer(sender="bookings@example.org", time_zone="UTC")


def a_mail(**fields: Any) -> Mail:
    return RENDERER.mail(a_due(a_booking(**fields)))


@asynccontextmanager
async def channel_to(port: int, **fields: Any) -> AsyncIterator[EmailChannel]:
    channel = EmailChannel(relay(port, **fields))
    try:
        yield channel
    finally:
        await channel.close()


async def test_a_mail_arrives_as_it_was_written():
    mail = a_mail(inquiry=".\n..two dots\nÜ")
    async with real_relay() as inbox, channel_to(inbox.port) as channel:
        await channel.send(mail)
        assert inbox.envelopes == [("bookings@example.org", ["ada@example.org"])]
        [taken] = inbox.mails
        assert taken["Message-ID"] == f"<{mail.message_id}>"
        assert taken["Subject"] == read(mail.content)["Subject"]
        assert ".\n..two dots\nÜ\n" in words(taken)


async def test_one_connection_serves_mail_after_mail():
    async with real_relay() as inbox, channel_to(inbox.port) as channel:
        for _ in range(3):
            await channel.send(a_mail())
        assert len(inbox.mails) == 3
        assert len(inbox.sessions) == 1


async def test_mails_at_once_take_a_connection_each_and_all_are_kept():
    async with scripted_relay() as server, channel_to(server.port) as channel:
        for _ in range(2):
            await asyncio.gather(*[channel.send(a_mail()) for _ in range(4)])
        assert len(server.taken) == 8
        assert server.connections == 4


async def test_closing_takes_leave_of_every_connection():
    async with scripted_relay() as server, channel_to(server.port) as channel:
        await asyncio.gather(*[channel.send(a_mail()) for _ in range(3)])
        await channel.close()
        await until_true(lambda: server.open == 0)
        assert server.heard.count("QUIT") == 3


async def test_closing_a_connection_that_is_dead_is_no_matter():
    async with scripted_relay(QUIT=HANG_UP) as server, channel_to(server.port) as channel:
        await channel.send(a_mail())
        await channel.close()


async def test_a_kept_connection_that_died_is_replaced_without_anybody_noticing():
    async with (
        scripted_relay(MAIL=["250 ok", HANG_UP]) as server,
        channel_to(server.port) as channel,
    ):
        await channel.send(a_mail())
        await channel.send(a_mail())
        assert len(server.taken) == 2
        assert server.connections == 2


async def test_a_connection_that_was_idle_for_long_is_not_used_again(
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr(module, "KEPT", 0.0)
    async with scripted_relay() as server, channel_to(server.port) as channel:
        await channel.send(a_mail())
        await asyncio.sleep(0.01)
        await channel.send(a_mail())
        assert (len(server.taken), server.connections) == (2, 2)


async def test_a_relay_that_was_started_again_takes_the_next_mail():
    async with real_relay() as inbox:
        channel = EmailChannel(relay(inbox.port))
        await channel.send(a_mail())
        port = inbox.port
        await channel._idle[0][1].execute_command(b"QUIT")
    async with real_relay(port) as inbox:
        await channel.send(a_mail())
        assert len(inbox.mails) == 1
        await channel.close()


async def test_a_relay_that_has_enough_of_a_connection_is_called_again():
    limit = "421 4.7.0 too many mails on this connection"
    async with scripted_relay(MAIL=["250 ok", limit]) as server, channel_to(server.port) as channel:
        await channel.send(a_mail())
        await channel.send(a_mail())
        assert len(server.taken) == 2


@pytest.mark.parametrize(
    ("script", "error"),
    [
        ({"CONNECT": HANG_UP}, Unreachable),
        ({"CONNECT": "421 busy"}, Unreachable),
        ({"CONNECT": "554 not for you"}, Unreachable),
        ({"CONNECT": "rubbish"}, Unreachable),
        ({"EHLO": HANG_UP}, Unreachable),
        ({"MAIL": HANG_UP}, Unreachable),
        ({"MAIL": "421 closing"}, Unreachable),
        ({"MAIL": "451 try later"}, Unreachable),
        ({"MAIL": "530 log in first"}, Unreachable),
        ({"MAIL": "550 not from here"}, Unreachable),
        ({"RCPT": HANG_UP}, Unreachable),
        ({"RCPT": "421 closing"}, Unreachable),
        ({"RCPT": "rubbish"}, Unreachable),
        ({"RCPT": "354 go on"}, Unreachable),
        ({"RCPT": "450 greylisted"}, Deferred),
        ({"RCPT": "452 full"}, Deferred),
        ({"RCPT": "550 nobody"}, Rejected),
        ({"RCPT": "553 what name is that"}, Rejected),
        ({"DATA": "421 closing"}, Unreachable),
        ({"DATA": "250 ok"}, Uncertain),
        ({"DATA": "451 try later"}, Deferred),
        ({"DATA": "554 no valid recipients"}, Rejected),
        ({"LINE": HANG_UP}, Uncertain),
        ({"CONTENT": HANG_UP}, Uncertain),
        ({"CONTENT": "421 closing"}, Unreachable),
        ({"CONTENT": "rubbish"}, Uncertain),
        ({"CONTENT": "251 elsewhere"}, Uncertain),
        ({"CONTENT": "452 full"}, Deferred),
        ({"CONTENT": "550 spam"}, Rejected),
        ({"CONTENT": "552 too large"}, Rejected),
    ],
    ids=str,
)
async def test_the_phase_and_the_code_say_what_kind_of_failure_it_is(
    script: dict[str, str], error: type[DeliveryError]
):
    async with scripted_relay(**script) as server, channel_to(server.port) as channel:
        with pytest.raises(error):
            await channel.send(a_mail())
        assert server.taken == []
        await until_true(lambda: server.open == 0)


@pytest.mark.parametrize("act", [HANG_UP, "421 closing", "rubbish", "354 go on"])
async def test_what_breaks_off_at_the_recipient_may_be_the_doing_of_this_mail(act: str):
    async with scripted_relay(RCPT=act) as server, channel_to(server.port) as channel:
        with pytest.raises(Unreachable) as caught:
            await channel.send(a_mail())
        assert caught.value.at_mail


@pytest.mark.parametrize("phase", ["RCPT", "DATA", "CONTENT"])
async def test_a_refusal_keeps_what_the_relay_said(phase: str):
    async with (
        scripted_relay(**{phase: "550 5.7.1 because"}) as server,
        channel_to(server.port) as channel,
    ):
        with pytest.raises(Rejected, match=r"^550 at (RCPT|DATA): 5\.7\.1 because$"):
            await channel.send(a_mail())


@pytest.mark.parametrize("refusal", ["450 later", "550 never"])
async def test_after_a_refusal_the_next_mail_goes_through(refusal: str):
    async with scripted_relay(RCPT=refusal) as server, channel_to(server.port) as channel:
        with pytest.raises(DeliveryError):
            await channel.send(a_mail())
        await channel.send(a_mail())
        assert len(server.taken) == 1


@pytest.mark.parametrize(
    ("phase", "error"),
    [
        ("CONNECT", Unreachable),
        ("EHLO", Unreachable),
        ("MAIL", Unreachable),
        ("RCPT", Unreachable),
        ("DATA", Uncertain),
        ("CONTENT", Uncertain),
    ],
)
async def test_a_relay_that_falls_silent_is_given_up(
    phase: str, error: type[DeliveryError], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(module, "TIMEOUT", 0.05)
    async with scripted_relay(**{phase: SILENCE}) as server, channel_to(server.port) as channel:
        with pytest.raises(error):
            await channel.send(a_mail())
        await until_true(lambda: server.open == 0)


async def test_a_send_that_is_cancelled_leaves_no_connection():
    async with scripted_relay(CONTENT=SILENCE) as server, channel_to(server.port) as channel:
        sending = asyncio.create_task(channel.send(a_mail()))
        # No sooner: wait_for of Python 3.11, in aiosmtplib, loses a cancellation beside a reply.
        await until_true(lambda: server.silent)
        sending.cancel()
        with pytest.raises(asyncio.CancelledError):
            await sending
        await until_true(lambda: server.open == 0)


async def test_nobody_at_the_port_is_unreachable():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        channel = EmailChannel(relay(taken.getsockname()[1]))
        with pytest.raises(Unreachable, match=r"^127\.0\.0\.1:\d+\b"):
            await channel.send(a_mail())


async def test_a_host_without_an_address_is_unreachable():
    channel = EmailChannel(relay(25, host="relay.invalid"))
    with pytest.raises(Unreachable):
        await channel.send(a_mail())


@pytest.mark.parametrize("host", ["", "no such name", "x" * 300, "..", "rel\u00e4y.invalid"])
async def test_a_host_that_is_no_name_is_unreachable(host: str):
    channel = EmailChannel(relay(25, host=host))
    with pytest.raises(Unreachable):
        await channel.send(a_mail())


@pytest.mark.parametrize("tls", ["starttls", "tls"])
async def test_a_relay_without_the_wanted_tls_gets_no_mail(
    tls: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(module, "TIMEOUT", 1.0)
    async with real_relay() as inbox, channel_to(inbox.port, tls=tls) as channel:
        with pytest.raises(Unreachable):
            await channel.send(a_mail())
        assert inbox.mails == []


def knows(*_: object) -> AuthResult:
    data = _[-1]
    assert isinstance(data, LoginPassword)
    right = (data.login, data.password) == (b"ada", b"open sesame")
    return AuthResult(success=right, handled=False)


@pytest.mark.parametrize("password", ["open sesame", "wrong"])
async def test_a_relay_that_wants_a_login_gets_it_and_says_if_it_is_wrong(password: str):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # that a login without TLS is unsafe
        async with (
            real_relay(authenticator=knows, auth_require_tls=False, auth_required=True) as inbox,
            channel_to(inbox.port, username="ada", password=password) as channel,
        ):
            if password == "wrong":
                with pytest.raises(Unreachable):
                    await channel.send(a_mail())
            else:
                await channel.send(a_mail())
            assert len(inbox.mails) == (password != "wrong")


async def test_an_address_that_no_relay_can_be_told_is_a_failed_delivery():
    mail = replace(a_mail(), recipient="ada@b\u00fccher.example")
    async with real_relay() as inbox, channel_to(inbox.port) as channel:
        with pytest.raises(DeliveryError):
            await channel.send(mail)
        assert inbox.mails == []
