"""Logging: what a line looks like, and what never stands in one."""

import json
import logging
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bookingd import logs
from tests.bookingd.conftest import a_config

log = logging.getLogger("bookingd.tests")


@pytest.fixture(autouse=True)
def as_it_was() -> Iterator[None]:
    """Logging as pytest has set it up, afterwards."""
    root = logging.getLogger()
    level, handlers = root.level, root.handlers.copy()
    yield
    for handler in set(root.handlers) - set(handlers):
        handler.close()
    root.level, root.handlers = level, handlers


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "log" / "bookingd.log"


def lines(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text().split("\n") if line]


def test_a_line_is_json_with_these_members(file: Path):
    logs.configure(a_config(log_file=file))
    token = logs.request_id.set("abc")
    log.warning("mail %s", "sent", extra={"attempt": 2, "bookingId": "x"})
    logs.request_id.reset(token)
    [line] = lines(file)
    assert datetime.fromisoformat(line.pop("timestamp")).utcoffset() == timedelta(0)
    assert line == {
        "level": "WARNING",
        "logger": "bookingd.tests",
        "message": "mail sent",
        "requestId": "abc",
        "context": {"attempt": 2, "bookingId": "x"},
    }


@pytest.mark.parametrize("log_format", ["json", "text"])
def test_a_line_of_a_trace_names_it_and_no_other_does(file: Path, log_format: str):
    logs.configure(a_config(log_file=file, log_format=log_format))
    token = logs.trace_id.set("4bf92f3577b34da6a3ce929d0e0e4736")
    log.warning("inside")
    logs.trace_id.reset(token)
    log.warning("outside")
    inside, outside = file.read_text().splitlines()
    assert "4bf92f3577b34da6a3ce929d0e0e4736" in inside
    assert "traceId" in inside
    assert "traceId" not in outside


@pytest.mark.parametrize("zone", ["UTC", "Asia/Tokyo", "America/New_York"])
def test_a_timestamp_is_utc_wherever_the_machine_stands(
    file: Path, zone: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        logs.configure(a_config(log_file=file))
        log.warning("now")
    finally:
        monkeypatch.undo()
        time.tzset()
    [line] = lines(file)
    passed = datetime.now(UTC) - datetime.fromisoformat(line["timestamp"])
    assert abs(passed) < timedelta(minutes=1)


def test_a_fault_brings_its_traceback_in_one_line(file: Path):
    logs.configure(a_config(log_file=file))
    log.error("unforeseen fault", exc_info=ValueError("what went wrong"))
    [line] = lines(file)
    assert "what went wrong" in line["exc_info"]
    assert line["message"] == "unforeseen fault"


@pytest.mark.parametrize("text", ["two\nlines", "\ud800", "\0\x1b[31m", "\u2028"])
def test_whatever_is_logged_stays_one_line_of_json(file: Path, text: str):
    logs.configure(a_config(log_file=file))
    log.warning("text %s", text, extra={"given": text})
    log.warning("after")
    assert len(lines(file)) == 2


def test_what_json_does_not_know_is_logged_as_text(file: Path):
    logs.configure(a_config(log_file=file))
    log.warning("strange", extra={"path": Path("x"), "number": 2**70, "set": {1}})
    [line] = lines(file)
    assert set(line["context"]) == {"path", "number", "set"}


def test_at_a_desk_a_line_is_for_people(capsys: pytest.CaptureFixture[str]):
    logs.configure(a_config(log_format="text"))
    token = logs.request_id.set("abc")
    log.warning("mail %s", "sent", extra={"attempt": 2})
    logs.request_id.reset(token)
    line = capsys.readouterr().err.strip()
    assert line.endswith("WARNING mail sent  attempt=2  requestId=abc")


def test_the_level_decides_what_is_logged(file: Path):
    logs.configure(a_config(log_file=file, log_level="warning"))
    log.info("not this")
    log.warning("this")
    assert [line["message"] for line in lines(file)] == ["this"]


@pytest.mark.parametrize(
    "name", ["aiosqlite", "apscheduler.scheduler", "asyncio", "aiohttp.access", "tzlocal"]
)
def test_libraries_that_chatter_are_quiet_even_at_debug(file: Path, name: str):
    logs.configure(a_config(log_file=file, log_level="debug"))
    logging.getLogger(name).debug("INSERT INTO bookings VALUES ('ada@example.org')")
    logging.getLogger(name).warning("this is said")
    assert [line["message"] for line in lines(file)] == ["this is said"]


def test_the_driver_tells_no_traceback_of_each_try(file: Path):
    logs.configure(a_config(log_file=file))
    logging.getLogger("asyncpg.pool").warning("Failed to restore", exc_info=OSError("away"))
    logging.getLogger("asyncpg.pool").error("this is said")
    assert [line["message"] for line in lines(file)] == ["this is said"]


def test_a_log_file_rotates(file: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(logs, "FILE_BYTES", 500)
    monkeypatch.setattr(logs, "FILES_KEPT", 2)
    logs.configure(a_config(log_file=file))
    for number in range(20):
        log.warning("line %s", number)
    assert sorted(path.name for path in file.parent.iterdir()) == [
        "bookingd.log",
        "bookingd.log.1",
        "bookingd.log.2",
    ]


def test_a_file_that_cannot_be_written_is_told_of_once(capsys: pytest.CaptureFixture[str]):
    logs.configure(a_config(log_file=Path("/dev/full")))
    for number in range(3):
        log.warning("line %d", number)
    said = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    told = "the log file cannot be written"
    assert [line["message"] for line in said] == ["line 0", told, "line 1", "line 2"]
    assert "No space left" in said[1]["context"]["reason"]
    with suppress(OSError):  # the last line still wants to be written
        logging.getLogger().handlers.pop().close()


def test_without_a_file_it_goes_to_standard_error_alone():
    logs.configure(a_config())
    [handler] = logging.getLogger().handlers
    assert isinstance(handler, logging.StreamHandler)
    assert handler.stream is sys.stderr
