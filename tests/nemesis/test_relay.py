"""The mail server of the long runs: what it says is what it notes."""

from collections import Counter
from collections.abc import AsyncIterator
from email.message import EmailMessage
from pathlib import Path

import aiosmtplib
import pytest

from nemesis import relay
from nemesis.relay import Mood, Receipt, Server

FAULTS = (aiosmtplib.SMTPException, OSError)


@pytest.fixture
async def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Server]:
    monkeypatch.setattr(relay, "LONGEST_THOUGHT", 0.0)
    with (tmp_path / "book").open("a", buffering=1) as book:
        server = Server(book, 7)
        await server.be(Mood.CALM)
        yield server
        await server.be(Mood.CLOSED)


def receipts(tmp_path: Path) -> list[Receipt]:
    return relay.read(tmp_path / "book")


def a_mail(number: int) -> EmailMessage:
    mail = EmailMessage()
    mail["From"], mail["To"] = "bookings@example.org", "ada@example.org"
    mail["Message-ID"] = f"<{number}@example.org>"
    mail.set_content("A dot\n.\nand more\n")
    return mail


async def send(server: Server, number: int) -> None:
    await aiosmtplib.send(a_mail(number), hostname="127.0.0.1", port=server.port)


async def test_what_it_takes_is_noted(server: Server, tmp_path: Path):
    await send(server, 1)
    await send(server, 1)
    await send(server, 2)
    found = receipts(tmp_path)
    assert [receipt.message for receipt in found] == ["1", "1", "2"]
    assert all(receipt.told for receipt in found)
    assert found[0].digest == found[1].digest != found[2].digest


async def test_in_a_rough_mood_whoever_was_told_so_was_taken_and_some_were_not_told(
    server: Server, tmp_path: Path
):
    await server.be(Mood.ROUGH)
    told, codes = set(), Counter[int]()
    for number in range(300):
        try:
            await send(server, number)
            told.add(str(number))
        except aiosmtplib.SMTPRecipientsRefused as error:
            codes.update(one.code for one in error.recipients)
        except aiosmtplib.SMTPResponseException as error:
            codes[error.code] += 1
        except FAULTS:
            codes[0] += 1
    found = receipts(tmp_path)
    assert {receipt.message for receipt in found if receipt.told} == told
    assert {receipt.message for receipt in found if not receipt.told}.isdisjoint(told)
    assert not all(receipt.told for receipt in found)
    assert {0, 421, 450, 451, 452} <= codes.keys()


async def test_closed_it_refuses_the_new_and_takes_leave_of_the_others(server: Server):
    kept = aiosmtplib.SMTP(hostname="127.0.0.1", port=server.port)
    await kept.connect()
    await server.be(Mood.CLOSED)
    with pytest.raises(aiosmtplib.SMTPConnectError):
        await send(server, 1)
    with pytest.raises(aiosmtplib.SMTPResponseException) as told:
        await kept.mail("bookings@example.org")
    assert told.value.code == 421
    await server.be(Mood.CALM)
    await send(server, 1)
