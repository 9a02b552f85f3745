"""`bookingd services` and `bookingd resources`, on both databases."""

import json
import os
from typing import Any

import pytest

from bookingd.cli.terminal import with_storage
from storage.ids import is_id
from tests.bookingd.cli.test_commands import run
from tests.bookingd.conftest import a_config, on_both
from tests.records import APPOINTMENT, DAY, NOW, OFFICE, START, a_booking, done, place


@pytest.fixture(autouse=True)
def url(database: str, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("BOOKINGD_DATABASE_URL", database)
    monkeypatch.setenv("BOOKINGD_TIMEZONE", "Europe/Berlin")
    assert run("migrate").exit_code == 0
    return database


def said(*arguments: str) -> Any:
    """What a command says to programs."""
    result = run(*arguments, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def refused(code: int, *arguments: str) -> str:
    result = run(*arguments)
    assert result.exit_code == code, result.output
    return result.stderr


@on_both
def test_a_service_is_made_changed_archived_and_brought_back():
    made = said("services", "add", "Cut", "durations=30,60", "price=45", "requiredFields=name",
                'questions=[{"label": "Why?"}]', "needsConfirmation=true")  # fmt: skip
    assert is_id(made["id"])
    assert (made["durations"], made["price"], made["requiredFields"]) == ([30, 60], "45", ["name"])
    assert made["questions"][0]["label"] == "Why?"
    assert made["needsConfirmation"] is True
    changed = said("services", "change", "Cut", "durations=20", "price=null", "name=Haircut")
    assert (changed["durations"], changed["price"], changed["version"]) == ([20], None, 2)
    assert said("services", "archive", "Haircut")["archived"] is True
    assert [one["name"] for one in said("services", "list")] == ["Appointment"]
    assert len(said("services", "list", "--archived")) == 2
    assert said("services", "restore", made["id"])["archived"] is False
    assert said("services", "show", "Haircut")["version"] == 4


def test_a_change_that_changes_nothing_is_no_version():
    assert said("services", "change", "Appointment", "capacity=1")["version"] == 1
    assert said("resources", "restore", "Office")["version"] == 1


@on_both
def test_a_resource_offers_the_services_that_it_names():
    made = said("resources", "add", "Grace", f"serviceIds={APPOINTMENT}", "holidays=DE-BY")
    assert (made["serviceIds"], made["holidays"], made["closures"]) == ([APPOINTMENT], "DE-BY", [])
    listed = run("resources", "list").output
    assert "Grace" in listed
    assert "Appointment" in listed
    told = refused(os.EX_DATAERR, "resources", "change", "Grace", f"serviceIds={OFFICE}")
    assert "serviceIds.0: Does not exist." in told
    for command in (["add", "Ada"], ["change", "Grace"]):
        told = refused(os.EX_DATAERR, "resources", *command, "holidays=DE-XX")
        assert "holidays: Must be a country" in told


@pytest.mark.parametrize(
    ("arguments", "name"),
    [
        (["services", "add", ""], "name"),
        (["services", "add", "x", "color=red"], "color"),
        (["services", "add", "x", "colour=red"], "colour"),
        (["services", "add", "x", "durations=0,30"], "durations.0"),
        (["services", "change", "Appointment", "capacity=many"], "capacity"),
        (["services", "change", "Appointment", "capacity"], "FIELD=VALUE"),
        (["services", "change", "Appointment"], "FIELD=VALUE"),
        (["resources", "add", "x", "holidays=Bavaria"], "holidays"),
        (["resources", "add", "x", "timeZone=Mars"], "timeZone"),
        (["resources", "hours", "Office", "monday"], "monday"),
        (["resources", "hours", "Office", "monday=9-5"], "hours.monday.0"),
        (["resources", "hours", "Office", "Monday=09:00-17:00"], "hours.Monday"),
        (["resources", "hours", "Office", "monday=closed", "--always"], "--always"),
        (["resources", "close", "Office", "tomorrow"], "first"),
        (["resources", "close", "Office", "2027-01-02", "2027-01-01"], "last"),
        (["resources", "close", "Office", "2027-01-02", "--hours", "9-5"], "hours.0"),
    ],
)
def test_what_is_wrong_is_named_and_nothing_written(arguments: list[str], name: str):
    assert name in refused(2, *arguments)
    for noun in ("services", "resources"):
        [one] = said(noun, "list", "--archived")
        assert one["version"] == 1


def test_a_name_has_to_tell_which():
    for _ in range(2):
        said("services", "add", "Cut")
    ids = [one["id"] for one in said("services", "list")][1:]
    told = refused(os.EX_DATAERR, "services", "change", "Cut", "capacity=2")
    assert all(one in told for one in ids)
    said("services", "archive", ids[0])
    assert said("services", "change", "Cut", "capacity=2")["id"] == ids[1]
    assert "there is no service Dye" in refused(os.EX_DATAERR, "services", "show", "Dye")


@on_both
def test_hours_are_set_by_day():
    assert run("resources", "hours", "Office").output == "always open\n"
    week = said("resources", "hours", "Office", "monday=09:00-12:30, 14:00-18:00", "sunday=closed")
    assert week == {"hours": {"monday": ["09:00-12:30", "14:00-18:00"], "sunday": []}}
    week = said("resources", "hours", "Office", "friday=22:00-02:00")
    assert week["hours"]["monday"] == ["09:00-12:30", "14:00-18:00"]
    lines = run("resources", "hours", "Office").output.splitlines()
    assert lines[0] == "monday     09:00-12:30, 14:00-18:00"
    assert lines[6] == "sunday     closed"
    assert said("resources", "hours", "Office", "--always") == {"hours": None}


@on_both
def test_a_resource_is_closed_and_opened():
    made = said("resources", "close", "Office", "2027-12-24", "2027-12-31", "--reason", "Christmas")
    assert made["bookings"] == 0
    said("resources", "close", "Office", "2027-05-01", "--hours", "10:00-12:00,13:00-14:00")
    first, second = said("resources", "closures", "Office")
    assert (first["first"], first["hours"]) == ("2027-05-01", ["10:00-12:00", "13:00-14:00"])
    assert second == {name: value for name, value in made.items() if name != "bookings"}
    assert "Christmas" in run("resources", "closures", "Office").output
    assert said("resources", "open", "Office", "2027-05-01") == first
    assert said("resources", "open", "Office", made["id"]) == second
    assert "no closures" in run("resources", "closures", "Office").output


def test_a_closure_has_to_be_told():
    for last in ("2027-12-24", "2027-12-31"):
        said("resources", "close", "Office", "2027-12-24", last)
    for given, told in (("2027-12-24", "several"), ("2027-12-25", "none")):
        assert told in refused(os.EX_DATAERR, "resources", "open", "Office", given)
    assert len(said("resources", "closures", "Office")) == 2


@on_both
def test_who_closes_is_told_of_the_bookings_on_these_days(url: str):
    bookings = [
        a_booking(service_id=APPOINTMENT, resource_id=OFFICE, start=start)
        for start in (START, START + DAY, START + 30 * DAY)
    ]
    with_storage(a_config(database_url=url), lambda storage: done(storage, *map(place, bookings)))
    day, next_ = (f"{one:%Y-%m-%d}" for one in (START, START + DAY))
    result = run("resources", "close", "Office", day, next_)
    assert f"Office is closed from {day} to {next_}\n2 live bookings" in result.output
    [command] = [line for line in result.output.splitlines() if line.startswith("bookingd ")]
    listed = said(*command.split()[1:])
    assert sorted(one["id"] for one in listed) == sorted(one.id for one in bookings[:2])
    assert "23:00:00Z" in command  # midnight in Berlin, in winter
    assert NOW < START
