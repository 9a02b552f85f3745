"""`bookingd outbox`, on both databases."""

import asyncio
import json
import os
from typing import Any

import pytest

from storage import open_storage
from storage.model import MessageKind, MessageState
from tests.bookingd.cli.test_commands import run
from tests.bookingd.conftest import on_both
from tests.records import PREPARED, a_message, a_row_of_bookings, change, changed, done, place

ROW = a_row_of_bookings(3)
ERROR = "550 at RCPT: <ada@example.org> is nobody"
SENT = a_message(ROW[0], state=MessageState.SENT)
DEAD = a_message(ROW[1], state=MessageState.DEAD, last_error=ERROR, attempts=1)
LOST = a_message(ROW[2], state=MessageState.DEAD, kind=MessageKind.CANCELLED)


@pytest.fixture(autouse=True)
def stock(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOOKINGD_DATABASE_URL", database)

    async def fill() -> None:
        storage = await open_storage(database)
        await done(storage, *PREPARED, *map(place, ROW, [SENT, DEAD, LOST]))
        await done(storage, change(changed(ROW[1], email="right@example.org")))
        await storage.close()

    asyncio.run(fill())


def answered(*arguments: str) -> Any:
    result = run("outbox", *arguments, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


@on_both
def test_messages_are_listed_newest_first():
    assert [one["id"] for one in answered("list")] == [LOST.id, DEAD.id, SENT.id]
    assert [one["id"] for one in answered("list", "--state", "dead", "--limit", "1")] == [LOST.id]
    assert [one["id"] for one in answered("list", "--kind", "cancelled")] == [LOST.id]
    assert [one["id"] for one in answered("list", "--booking", ROW[0].id)] == [SENT.id]


def test_people_see_a_table():
    output = run("outbox", "list", "--state", "dead").output
    assert DEAD.id in output
    assert "is nobody" in output
    assert SENT.id not in output
    assert "no messages" in run("outbox", "list", "--state", "missed").output


@on_both
def test_one_message_is_shown():
    shown = answered("show", DEAD.id)
    assert (shown["state"], shown["lastError"]) == ("dead", ERROR)
    assert shown["dueAt"] == "2026-03-02T09:00:00Z"
    assert ERROR in run("outbox", "show", DEAD.id).output


@on_both
def test_a_message_is_sent_again_to_the_corrected_address():
    result = run("outbox", "retry", DEAD.id)
    assert (result.exit_code, "right@example.org" in result.output) == (0, True)
    shown = answered("show", DEAD.id)
    assert (shown["state"], shown["attempts"]) == ("pending", 0)
    assert answered("retry", LOST.id)["state"] == "pending"


@on_both
def test_all_that_is_dead_is_sent_again():
    assert answered("retry", "--all-dead") == {"retried": 2}
    assert run("outbox", "retry", "--all-dead").output == "messages to be sent again: 0\n"


def test_what_was_sent_is_not_sent_again():
    result = run("outbox", "retry", SENT.id)
    assert result.exit_code == os.EX_DATAERR
    assert "it is sent" in result.stderr


@pytest.mark.parametrize("command", ["show", "retry"])
def test_what_is_not_there_is_said(command: str):
    result = run("outbox", command, "x")
    assert result.exit_code == os.EX_DATAERR
    assert "there is no message x" in result.stderr
