"""`bookingd setup`, on both databases."""

import json
import os
import re
import shlex
from pathlib import Path
from typing import Any

import pytest

from tests.bookingd.cli.test_commands import run
from tests.bookingd.conftest import on_both
from tests.bookingd.test_business import EXAMPLE


@pytest.fixture(autouse=True)
def url(database: str, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("BOOKINGD_DATABASE_URL", database)
    assert run("migrate").exit_code == 0
    return database


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "business.toml"
    path.write_text(EXAMPLE.read_text())
    return path


def outcomes(*arguments: Any) -> dict[str, str]:
    result = run("setup", *map(str, arguments), "--json")
    assert result.exit_code == 0, result.output
    return {step["name"]: step["outcome"] for step in json.loads(result.stdout)}


@on_both
def test_a_business_is_set_up_once(file: Path):
    first = {
        "Haircut": "created",
        "Course": "created",
        "Appointment": "archived",
        "Grace": "created",
        "Studio": "created",
        "Office": "archived",
    }
    assert outcomes(file, "--dry-run") == first
    assert outcomes(file) == first
    second = dict.fromkeys(("Haircut", "Course", "Grace", "Studio"), "unchanged")
    assert outcomes(file) == second
    assert outcomes(file, "--dry-run") == second


@on_both
def test_a_change_of_the_file_is_told_and_made(file: Path):
    outcomes(file)
    file.write_text(file.read_text().replace("bufferAfter = 10", "bufferAfter = 15"))
    result = run("setup", str(file), "--json")
    [changed] = [step for step in json.loads(result.stdout) if step["outcome"] == "changed"]
    assert changed["name"] == "Haircut"
    assert changed["changes"] == {"bufferAfter": {"before": 10, "after": 15}}
    assert outcomes(file)["Haircut"] == "unchanged"


def test_people_read_what_became_of_it(file: Path):
    result = run("setup", str(file), "--dry-run")
    assert result.exit_code == 0
    assert "Haircut" in result.stdout
    assert "created" in result.stdout
    assert "Nothing was written." in result.stderr


def test_what_is_wrong_is_told_by_file_and_line_and_nothing_is_written(file: Path):
    file.write_text(file.read_text().replace("slotStep", "slotSteps").replace("Europe/", "Mars/"))
    result = run("setup", str(file))
    assert result.exit_code == os.EX_DATAERR
    lines = result.stderr.splitlines()
    assert lines[0].startswith(f"bookingd: {file}:13: slotSteps: Unknown field.")
    assert lines[1].startswith(f"{file}:")
    assert "timeZone" in lines[1]
    file.write_text(EXAMPLE.read_text())
    assert outcomes(file, "--dry-run")["Haircut"] == "created"


def test_holidays_that_nobody_knows_are_told_by_their_line(file: Path):
    file.write_text('[[resources]]\nname = "Grace"\nholidays = "DE-XX"')
    result = run("setup", str(file))
    assert result.exit_code == os.EX_DATAERR
    assert f"{file}:3: holidays: Must be a country" in result.stderr


def test_a_service_that_nobody_has_is_told_by_its_line(file: Path):
    file.write_text('[[resources]]\nname = "Grace"\nservices = ["Haircut"]')
    result = run("setup", str(file))
    assert result.exit_code == os.EX_DATAERR
    assert f"{file}:3: services.0: There is no service called Haircut." in result.stderr


@pytest.mark.usefixtures("file")
def test_the_commands_of_the_owners_page_do_what_it_says():
    page = EXAMPLE.parents[1] / "docs" / "owner.md"
    lines = re.findall(
        r"^    bookingd ((?:setup|services|resources) .+)$", page.read_text(), re.MULTILINE
    )
    assert len(lines) > 10
    for line in lines:
        result = run(*shlex.split(line))
        assert result.exit_code == 0, (line, result.output)


def test_a_file_that_is_not_utf_8_is_told(file: Path):
    file.write_bytes('[[services]]\nname = "Fris\u00f6r"'.encode("latin-1"))
    result = run("setup", str(file))
    assert result.exit_code == os.EX_DATAERR
    assert "UTF-8" in result.stderr


def test_a_mark_at_the_beginning_does_no_harm(file: Path):
    file.write_bytes(b"\xef\xbb\xbf" + file.read_bytes())
    assert outcomes(file)["Haircut"] == "created"


def test_a_file_that_says_nothing_does_nothing(file: Path):
    file.write_text("")
    assert outcomes(file) == {}
    assert "nothing to do" in run("setup", str(file)).output


def test_it_makes_a_database_where_none_is_unless_it_only_looks(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("BOOKINGD_DATABASE_URL", f"sqlite:///{tmp_path / 'new.db'}")
    assert run("setup", str(file), "--dry-run").exit_code == os.EX_NOINPUT
    assert outcomes(file)["Haircut"] == "created"


def test_a_file_that_is_not_there_is_a_usage_error():
    assert run("setup", "nowhere.toml").exit_code == 2
