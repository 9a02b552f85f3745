"""The environment as somebody sets it, well or badly."""

import os
import re
from pathlib import Path

import pytest
from environs import FileAwareEnv

from bookingd import config
from tests.e2e.daemon import ROOT, environment, run

BAD = {
    "BOOKINGD_PORT": "eighty",
    "BOOKINGD_ADMIN_KEY": "tooshort",
    "BOOKINGD_DATABASE_URL": "mysql://localhost/bookings",
    "BOOKINGD_TIMEZONE": "Europe/Nowhere",
    "BOOKINGD_REMINDERS": "soon",
    "BOOKINGD_RATE_LIMIT": "some",
    "BOOKINGD_SMTP_TLS": "maybe",
    "BOOKINGD_SMTP_PORT": "0",
    "BOOKINGD_MAIL_FROM": "nobody",
    "BOOKINGD_CORS_ORIGINS": "*",
    "BOOKINGD_TRUSTED_PROXIES": "proxy",
    "BOOKINGD_LOG_LEVEL": "loud",
    "BOOKINGD_LOG_FORMAT": "xml",
    "BOOKINGD_REQUIRED_FIELDS": "shoe size",
    "BOOKINGD_BASE_URL": "here",
}


def complaints(text: str) -> set[str]:
    """The variables that an error lists, one a line."""
    return set(re.findall(r"^  (BOOKINGD_\w+): .", text, re.MULTILINE))


async def test_one_error_lists_every_bad_variable(tmp_path: Path):
    for command in ("serve", "check"):
        ended = await run(tmp_path, environment(BAD), command)
        assert ended.code == 78  # EX_CONFIG
        assert complaints(ended.err) == BAD.keys()
        assert "Traceback" not in ended.err
        assert BAD["BOOKINGD_ADMIN_KEY"] not in ended.err


async def test_a_bad_environment_is_told_with_the_rest(tmp_path: Path):
    ended = await run(tmp_path, environment(BAD | {"BOOKINGD_ENV": "prod"}), "check")
    assert ended.code == 78
    assert complaints(ended.err) == {*BAD, "BOOKINGD_ENV"}


async def test_a_secret_comes_from_a_file(tmp_path: Path):
    secret = tmp_path / "key"
    secret.write_text("a-key-from-a-file-in-a-folder\n")
    given = {"BOOKINGD_ENV": "production", "BOOKINGD_ADMIN_KEY_FILE": str(secret)}
    assert (await run(tmp_path, environment(given), "migrate")).code == 0
    ended = await run(tmp_path, environment(given), "check")
    assert ended.code == 0
    assert "no admin key" not in ended.out
    secret.write_text("short")
    ended = await run(tmp_path, environment(given), "check")
    assert ended.code == 78
    assert "BOOKINGD_ADMIN_KEY" in ended.err


async def test_a_file_that_cannot_be_read_is_told_with_the_rest(tmp_path: Path):
    given = {"BOOKINGD_ADMIN_KEY_FILE": str(tmp_path / "none"), "BOOKINGD_PORT": "eighty"}
    ended = await run(tmp_path, environment(given), "check")
    assert ended.code == 78
    assert complaints(ended.err) == given.keys()


async def test_what_is_missing_in_production_is_said_with_what_mends_it(tmp_path: Path):
    given = {"BOOKINGD_ENV": "production", "BOOKINGD_SMPT_HOST": "misspelt"}
    assert (await run(tmp_path, environment(given), "migrate")).code == 0
    ended = await run(tmp_path, environment(given), "check")
    assert ended.code == 0
    for word in ("BOOKINGD_SMTP_HOST", "BOOKINGD_SMPT_HOST", "bookingd keys create"):
        assert word in ended.out
    assert ended.out.count("misspelt") == 1


async def test_a_file_beside_the_daemon_is_read_in_development_only(tmp_path: Path):
    (tmp_path / ".env").write_text("BOOKINGD_TIMEZONE=Europe/Nowhere\n")
    assert (await run(tmp_path, environment({}), "check")).code == 78
    over = {"BOOKINGD_TIMEZONE": "Europe/Berlin"}
    for command in ("migrate", "check"):
        assert (await run(tmp_path, environment(over), command)).code == 0
    production = {"BOOKINGD_ENV": "production"}
    assert (await run(tmp_path, environment(production), "check")).code == 0


def test_the_example_names_what_the_daemon_knows(monkeypatch: pytest.MonkeyPatch):
    for name in os.environ:
        if name.startswith(config.PREFIX):
            monkeypatch.delenv(name)
    env = FileAwareEnv(eager=False, prefix=config.PREFIX)
    config._values(env)
    example = (ROOT / ".env.example").read_text()
    named = re.findall(r"^#?(BOOKINGD_\w+)=", example, re.MULTILINE)
    assert sorted(named) == sorted(env.dump())
