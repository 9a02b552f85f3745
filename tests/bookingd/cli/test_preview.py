"""`bookingd mail preview`, and what `bookingd check` says of templates."""

import os
import subprocess
import sys
from email import message_from_bytes, policy
from pathlib import Path

import pytest
import vobject
from click.testing import CliRunner, Result

from bookingd.cli import main


def run(*arguments: str) -> Result:
    result = CliRunner().invoke(main, arguments)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def names(directory: Path) -> set[str]:
    return {file.name for file in directory.iterdir()}


def test_a_preview_of_all_shows_each_mail(here: Path):
    result = run("mail", "preview", "all", "--locale", "de", "--output", "a/b")
    assert result.exit_code == 0
    found = names(here / "a/b")
    assert set(result.stdout.split()) == {f"a/b/{name}" for name in found}
    assert sum(name.endswith(".eml") for name in found) == 9
    assert sum(name.endswith(".html") for name in found) == 9
    assert {name for name in found if name.endswith(".ics")} == {
        "confirmed.customer.ics",
        "changed.customer.ics",
        "cancelled.customer.ics",
    }
    assert "Ihr Termin ist bestätigt" in (here / "a/b/confirmed.customer.html").read_text("utf-8")
    mail = message_from_bytes((here / "a/b/received.admin.eml").read_bytes(), policy=policy.default)
    assert mail["Subject"].strip().startswith("Zu bestätigen: Zoë Example, Yoga, Montag")
    vobject.readOne((here / "a/b/cancelled.customer.ics").read_text("utf-8"))


def test_a_preview_of_one_kind_writes_no_other(here: Path):
    assert run("mail", "preview", "reminder").exit_code == 0
    assert names(here / "preview") == {"reminder.customer.eml", "reminder.customer.html"}


def test_a_preview_has_the_templates_and_the_sender_of_the_house(
    here: Path, monkeypatch: pytest.MonkeyPatch
):
    (here / "mail.html").write_text("<p>Mine</p>")
    monkeypatch.setenv("BOOKINGD_TEMPLATES_DIR", str(here))
    monkeypatch.setenv("BOOKINGD_MAIL_FROM", "shop@example.org")
    assert run("mail", "preview", "reminder").stderr == ""
    assert (here / "preview/reminder.customer.html").read_text() == "<p>Mine</p>"
    assert b"From: shop@example.org\r\n" in (here / "preview/reminder.customer.eml").read_bytes()


def test_a_kind_that_there_is_not_is_a_usage_error():
    assert run("mail", "preview", "greeting").exit_code == 2


def test_a_place_that_cannot_be_written_is_told(here: Path):
    (here / "file").touch()
    result = run("mail", "preview", "all", "--output", "file/below")
    assert result.exit_code == os.EX_CANTCREAT
    assert result.stderr.startswith("bookingd: cannot write")


@pytest.mark.parametrize("command", [("check",), ("mail", "preview", "all")])
def test_a_broken_template_is_told_with_its_reason(
    here: Path, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...]
):
    (here / "mail.html").write_text("{{ bookng.name }}")
    (here / "de.toml").write_text("[confirmed.customer\n")
    monkeypatch.setenv("BOOKINGD_TEMPLATES_DIR", str(here))
    monkeypatch.setenv("BOOKINGD_DATABASE_URL", f"sqlite:///{here}/kept.db")
    assert run("migrate").exit_code == 0
    result = run(*command)
    assert result.exit_code == 0
    [page] = [line for line in result.output.splitlines() if "mail.html" in line]
    assert page.startswith("warning: mail.html: UndefinedError: 'bookng' is undefined")
    assert "warning: de.toml: TOMLDecodeError" in result.output


def test_check_tells_a_house_without_words_of_its_language(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("BOOKINGD_LOCALE", "fr")
    assert "warning: fr.toml:" in run("check").output


def test_whoever_reads_no_further_is_told_of_no_fault(tmp_path: Path):
    command = [sys.executable, "-m", "bookingd", "mail", "preview", "all", "--output", tmp_path]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as running:
        assert running.stdout
        assert running.stderr
        running.stdout.close()
        assert running.stderr.read() == b""
        assert running.wait(20) == 1
