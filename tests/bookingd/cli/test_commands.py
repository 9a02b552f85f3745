"""The command line, and its exit codes."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from bookingd import __version__
from bookingd.cli import main
from tests.postgres import EMPTY

ROOT = Path(__file__).parents[3]


def run(*arguments: str, typed: str = "") -> Result:
    result = CliRunner().invoke(main, arguments, input=typed)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    assert "Traceback" not in result.output
    return result


@pytest.fixture(autouse=True)
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    file = tmp_path / "kept.db"
    monkeypatch.setenv("BOOKINGD_DATABASE_URL", f"sqlite:///{file}")
    return file


@pytest.mark.parametrize(
    "path", [[], ["serve"], ["check"], ["migrate"], ["openapi"], ["keys"], ["keys", "create"],
             ["mail"], ["mail", "preview"],
             ["doctor"], ["setup"],
             ["services"], ["services", "list"], ["services", "show"], ["services", "add"],
             ["services", "change"], ["services", "archive"], ["services", "restore"],
             ["resources"], ["resources", "list"], ["resources", "hours"], ["resources", "close"],
             ["resources", "closures"], ["resources", "open"],
             ["keys", "list"], ["keys", "revoke"], ["keys", "roll"], ["bookings"],
             ["bookings", "list"], ["bookings", "export"],
             ["mail", "test"],
             ["outbox"], ["outbox", "list"], ["outbox", "show"], ["outbox", "retry"]]
)  # fmt: skip
def test_everything_has_help(path: list[str]):
    for option in ("--help", "-h"):
        result = run(*path, option)
        assert result.exit_code == 0
        assert result.output.startswith("Usage:")


def test_it_knows_its_version():
    assert run("--version").output.strip().endswith(__version__)


@pytest.mark.parametrize("arguments", [["nonsense"], ["keys", "create"],
                                       ["keys", "revoke"], ["keys", "roll"],
                                       ["keys", "create", "x", "--scope", "king"],
                                       ["keys", "create", "x", "--days", "0"],
                                       ["mail", "test"], ["mail", "test", "nobody"],
                                       ["outbox", "show"], ["outbox", "retry"],
                                       ["outbox", "retry", "x", "--all-dead"],
                                       ["outbox", "list", "--state", "gone"]])  # fmt: skip
def test_a_wrong_command_is_a_usage_error(arguments: list[str]):
    assert run(*arguments).exit_code in {2, os.EX_USAGE}


def test_a_misspelt_command_is_told_which_one_was_meant():
    assert "'resources'" in run("resource").stderr


def test_check_says_that_all_is_in_order():
    run("migrate")
    result = run("check")
    assert result.exit_code == 0
    assert "sqlite" in result.output
    assert "in order" in result.output


def test_check_lists_every_bad_variable(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("BOOKINGD_PORT", "x")
    monkeypatch.setenv("BOOKINGD_TIMEZONE", "Mars/Base")
    result = run("check")
    assert result.exit_code == os.EX_CONFIG
    assert "BOOKINGD_PORT" in result.stderr
    assert "BOOKINGD_TIMEZONE" in result.stderr


def test_check_tells_the_warnings(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("BOOKINGD_ENV", "production")
    monkeypatch.setenv("BOOKINGD_SMPT_HOST", "mail.example.org")
    run("migrate")
    result = run("check")
    assert result.exit_code == 0
    for word in ("BOOKINGD_SMPT_HOST", "BOOKINGD_SMTP_HOST", "BOOKINGD_ADMIN_KEY"):
        assert word in result.output


@pytest.mark.parametrize("command", [["check"], ["migrate"], ["keys", "list"]])
def test_a_database_out_of_reach_is_told_without_its_password(
    command: list[str], monkeypatch: pytest.MonkeyPatch
):
    url = "postgresql://bookingd:s3cr3t-canary@127.0.0.1:1/bookingd"
    monkeypatch.setenv("BOOKINGD_DATABASE_URL", url)
    result = run(*command)
    assert result.exit_code == os.EX_UNAVAILABLE
    assert "s3cr3t-canary" not in result.output
    assert result.stderr.startswith("bookingd: ")


def test_a_directory_that_is_not_there_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setenv("BOOKINGD_DATABASE_URL", f"sqlite:///{tmp_path}/gone/kept.db")
    assert run("migrate").exit_code == os.EX_UNAVAILABLE


LOOKING = [
    ["check"], ["doctor"], ["services", "list"], ["resources", "close", "x", "2027-12-24"],
    ["keys", "list"], ["keys", "revoke", "x"], ["keys", "roll", "x"],
    ["bookings", "list"], ["bookings", "export"],
    ["bookings", "erase", "--email", "ada@example.org", "--yes"],
    ["outbox", "list"], ["outbox", "show", "x"], ["outbox", "retry", "x"],
]  # fmt: skip


@pytest.mark.parametrize("command", LOOKING, ids=" ".join)
def test_where_no_database_is_none_is_made(command: list[str], database: Path):
    result = run(*command)
    assert result.exit_code == os.EX_NOINPUT
    assert result.stderr.startswith(f"bookingd: there is no database {database}; ")
    assert "bookingd migrate" in result.stderr
    assert list(database.parent.iterdir()) == []


@pytest.mark.parametrize("like", [EMPTY])
def test_in_an_empty_postgres_none_is_made_either(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("BOOKINGD_DATABASE_URL", postgres_url)
    for _ in range(2):
        assert run("bookings", "list").exit_code == os.EX_NOINPUT
    assert run("migrate").exit_code == 0
    assert run("bookings", "list").exit_code == 0


def test_the_first_key_may_come_before_the_first_start(database: Path):
    assert run("keys", "create", "web").exit_code == 0
    assert database.exists()


def test_what_is_no_database_is_told_and_the_command_ends(database: Path):
    # In a process of its own: a thread that is left behind would keep this one from ending.
    database.write_text("this is a letter, not a database" * 100)
    command = [sys.executable, "-m", "bookingd", "check"]
    found = subprocess.run(command, env=os.environ | {"PYTHONPATH": str(ROOT)}, capture_output=True,
                           text=True, timeout=60, check=False)  # fmt: skip
    assert found.returncode == os.EX_UNAVAILABLE
    assert found.stderr.startswith("bookingd: ")
    assert "Traceback" not in found.stderr


def test_migrate_can_be_said_again_and_again(database: Path):
    for _ in range(2):
        result = run("migrate")
        assert result.exit_code == 0
        assert "up to date" in result.output
    assert database.exists()


@pytest.mark.filterwarnings("ignore::aiohttp.web_exceptions.NotAppKeyWarning")
def test_the_document_of_the_api_needs_no_database(database: Path):
    result = run("openapi")
    assert result.exit_code == 0
    assert json.loads(result.stdout)["info"]["version"] == __version__
    assert not database.exists()


def test_what_a_full_disk_does_not_take_is_told():
    run("migrate")
    with Path("/dev/full").open("w") as full:
        ended = subprocess.run(
            [sys.executable, "-m", "bookingd", "services", "list"],
            cwd=ROOT,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=60,
            check=False,
        )
    assert ended.returncode == os.EX_OSERR
    assert ended.stderr == "bookingd: [Errno 28] No space left on device\n"
