"""Mails as files."""

import logging
from email import message_from_bytes
from email.policy import default
from pathlib import Path

import pytest

from schedules.channels import Unreachable
from schedules.channels.files import FileChannel
from schedules.render import Renderer
from tests.records import a_booking, a_due

DUE = a_due(a_booking())
MESSAGE = DUE.message
MAIL = Renderer(sender="bookings@example.org", time_zone="UTC").mail(DUE)


def written(directory: Path) -> list[Path]:
    return list(directory.iterdir())


async def test_a_mail_becomes_a_file_that_mail_readers_open(tmp_path: Path):
    await FileChannel(tmp_path / "mail" / "out").send(MAIL)
    [file] = written(tmp_path / "mail" / "out")
    assert file.name == f"{MESSAGE.id}@example.org.eml"
    found = message_from_bytes(file.read_bytes(), policy=default)
    assert found["To"] == MESSAGE.recipient
    assert file.read_bytes() == MAIL.content


async def test_the_same_mail_again_replaces_its_file(tmp_path: Path):
    channel = FileChannel(tmp_path)
    await channel.send(MAIL)
    await channel.send(MAIL)
    await channel.close()
    assert len(written(tmp_path)) == 1


async def test_the_log_says_where_and_to_nobody_whom(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    caplog.set_level(logging.DEBUG)
    await FileChannel(tmp_path).send(MAIL)
    [record] = [one for one in caplog.records if one.name == "schedules.channels.files"]
    assert vars(record)["file"].endswith(".eml")
    assert MESSAGE.recipient not in str(vars(record))


async def test_a_directory_that_cannot_be_written_is_out_of_reach(tmp_path: Path):
    (tmp_path / "mail").write_text("a file stands where the directory should be")
    with pytest.raises(Unreachable, match="cannot write"):
        await FileChannel(tmp_path / "mail").send(MAIL)
