"""`bookingd mail test`, by relays of all kinds."""

import asyncio
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest

from tests.bookingd.cli.test_commands import run
from tests.schedules.smtp import ScriptedRelay, scripted_relay


@contextmanager
def relay(monkeypatch: pytest.MonkeyPatch, **script: str) -> Iterator[ScriptedRelay]:
    """A relay in a thread of its own: the command has a loop of its own, too."""
    loop = asyncio.new_event_loop()
    with ThreadPoolExecutor(1) as thread:
        thread.submit(loop.run_forever)
        context = scripted_relay(**script)

        def wait(work):
            return asyncio.run_coroutine_threadsafe(work, loop).result(5)

        server = wait(context.__aenter__())
        monkeypatch.setenv("BOOKINGD_SMTP_HOST", "127.0.0.1")
        monkeypatch.setenv("BOOKINGD_SMTP_PORT", str(server.port))
        monkeypatch.setenv("BOOKINGD_SMTP_TLS", "none")
        monkeypatch.setenv("BOOKINGD_MAIL_FROM", "Grace, Ltd <bookings@example.org>")
        try:
            yield server
        finally:
            wait(context.__aexit__(None, None, None))
            loop.call_soon_threadsafe(loop.stop)
    loop.close()


def test_the_relay_has_taken_it(monkeypatch: pytest.MonkeyPatch):
    with relay(monkeypatch) as server:
        result = run("mail", "test", "ada@example.org")
    assert result.exit_code == 0, result.output
    [taken] = server.taken
    assert b'From: "Grace, Ltd" <bookings@example.org>\r\n' in taken
    assert b"To: ada@example.org\r\n" in taken
    assert b"Auto-Submitted: auto-generated\r\n" in taken
    assert "has taken it: <" in result.output
    assert f"127.0.0.1:{server.port}, not encrypted, without a login" in result.output


@pytest.mark.parametrize(
    ("script", "code", "said"),
    [
        ({"CONNECT": "421 too busy"}, os.EX_UNAVAILABLE, "too busy"),
        ({"MAIL": "550 not from here"}, os.EX_UNAVAILABLE, "not from here"),
        ({"RCPT": "450 greylisted"}, os.EX_TEMPFAIL, "450 at RCPT: greylisted"),
        ({"RCPT": "550 nobody"}, os.EX_DATAERR, "550 at RCPT: nobody"),
        ({"CONTENT": "hang up"}, os.EX_TEMPFAIL, "may have been taken"),
    ],
    ids=str,
)
def test_what_went_wrong_is_said_in_words(
    monkeypatch: pytest.MonkeyPatch, script: dict[str, str], code: int, said: str
):
    with relay(monkeypatch, **script):
        result = run("mail", "test", "ada@example.org")
    assert result.exit_code == code
    assert said in result.stderr


def test_without_a_relay_it_says_what_to_set():
    result = run("mail", "test", "ada@example.org")
    assert result.exit_code == os.EX_CONFIG
    assert "BOOKINGD_SMTP_HOST" in result.stderr
