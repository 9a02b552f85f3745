"""Services and resources: created, read, changed, archived and brought back."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

import pytest

from bookingd import fresh
from bookingd.auth import Keyring
from bookingd.keys import new_key
from storage.ids import is_id
from storage.model import Scope
from storage.writes import SaveKey, SaveService
from tests.bookingd.api.conftest import Answer, House, a_body, assert_error
from tests.bookingd.conftest import PUBLIC, on_both
from tests.records import (
    APPOINTMENT,
    HOUR,
    NOW,
    OFFICE,
    OTHER_SERVICE,
    ROOM,
    SERVICE,
    a_service,
    done,
)

NOUNS = ["services", "resources"]
each_noun = pytest.mark.parametrize("noun", NOUNS)
GIVEN: dict[str, dict[str, Any]] = {
    "services": {
        "name": "O'Brien's <b>cut</b> & wash",
        "description": "With colour.\nAnd a tea.",
        "durations": [90, 30],
        "price": "from 45 \u20ac",
        "colour": "#3366Ff",
        "bufferBefore": 5,
        "bufferAfter": 10,
        "slotStep": 20,
        "minimumNotice": 90,
        "horizon": 30,
        "dailyCap": 5,
        "weeklyCap": 20,
        "capacity": 12,
        "requiredFields": ["phone", "name"],
        "questions": [
            {"label": "Zo\u00eb?", "type": "yes_no", "required": True, "choices": []},
            {"label": "Which?", "type": "choice", "required": False, "choices": ["b", "a"]},
        ],
        "changeNotice": 1440,
        "needsConfirmation": True,
        "reminders": [2880, 60],
    },
    "resources": {
        "name": "Zo\u00eb",
        "description": "First floor",
        "email": "Zoe@Example.org",
        "timeZone": "Asia/Tokyo",
        "serviceIds": [OTHER_SERVICE.id, SERVICE.id],
        "hours": {"tuesday": ["14:00-18:00", "09:00-12:30"], "friday": ["22:00-02:00"]},
        "holidays": "DE-BY",
    },
}
UNGIVEN: dict[str, dict[str, Any]] = {
    "services": {
        "description": None,
        "durations": [],
        "price": None,
        "colour": None,
        "bufferBefore": 0,
        "bufferAfter": 0,
        "slotStep": None,
        "minimumNotice": 0,
        "horizon": None,
        "dailyCap": None,
        "weeklyCap": None,
        "capacity": 1,
        "requiredFields": None,
        "questions": [],
        "changeNotice": 0,
        "needsConfirmation": False,
        "reminders": None,
    },
    "resources": {
        "description": None,
        "email": None,
        "timeZone": None,
        "serviceIds": [],
        "hours": None,
        "holidays": None,
    },
}
HIDDEN = {
    "services": {"bufferBefore", "bufferAfter", "dailyCap", "weeklyCap", "reminders"},
    "resources": {"email"},
}
INTERNAL = {"archived", "archivedAt", "createdAt", "updatedAt", "version"}


def whole(record_id: str, **fields: Any) -> dict[str, Any]:
    """What an administrator sees of a record just created."""
    return {
        "id": record_id,
        "archived": False,
        "archivedAt": None,
        "createdAt": "2026-03-02T09:00:00Z",
        "updatedAt": "2026-03-02T09:00:00Z",
        "version": 1,
    } | fields


async def create(house: House, noun: str, **fields: Any) -> Any:
    answer = await house.call("POST", f"/api/{noun}", json={"name": "New"} | fields)
    assert answer.status == 201, answer.text
    return answer.body


async def listed(house: House, noun: str, key: str | None = None, **query: str) -> list[str]:
    answer = await house.call("GET", f"/api/{noun}", key=key, params=query)
    assert (answer.status, set(answer.body)) == (200, {"data"})
    return [one["id"] for one in answer.body["data"]]


async def book(house: House, **fields: Any) -> Answer:
    return await house.call("POST", "/api/bookings", key=PUBLIC, json=a_body(**fields))


@on_both
@each_noun
async def test_what_is_created_comes_back_as_it_was_sent(house: House, noun: str):
    answer = await house.call("POST", f"/api/{noun}", json=GIVEN[noun])
    assert answer.status == 201
    record_id = answer.body["id"]
    assert is_id(record_id)
    assert answer.body == whole(record_id, **GIVEN[noun])
    assert answer.headers["Location"] == f"/api/{noun}/{record_id}"
    read = await house.call("GET", answer.headers["Location"])
    assert (read.status, read.body) == (200, answer.body)
    assert answer.headers["ETag"] == read.headers["ETag"] == '"1"'
    assert record_id == (await listed(house, noun))[-1]


@each_noun
async def test_a_name_is_enough(house: House, noun: str):
    body = await create(house, noun)
    assert body == whole(body["id"], name="New", **UNGIVEN[noun])


@on_both
@each_noun
async def test_a_customer_sees_what_concerns_customers(house: House, noun: str):
    record = await create(house, noun, **GIVEN[noun])
    seen = {name: record[name] for name in record if name not in HIDDEN[noun] | INTERNAL}
    for key in (None, PUBLIC):
        one = await house.call("GET", f"/api/{noun}/{record['id']}", key=key)
        assert (one.status, one.body) == (200, seen)
        assert one.headers["Vary"] == "Authorization, Origin"
        several = await house.call("GET", f"/api/{noun}", key=key)
        assert several.body["data"][-1] == seen
    several = await house.call("GET", f"/api/{noun}")
    assert several.body["data"][-1] == record


@each_noun
@pytest.mark.parametrize(
    ("scope", "found"), [(Scope.READ_ONLY, True), (Scope.OPERATOR, False), (Scope.ADMIN, True)]
)
async def test_who_reads_everything_sees_the_whole(
    house: House, noun: str, scope: Scope, found: bool
):
    secret, key = new_key(scope, scope, NOW)
    await done(house.storage, SaveKey(key))
    answer = await house.call("GET", f"/api/{noun}", key=secret)
    assert (answer.status, "version" in answer.body["data"][0]) == (200, found)
    archive = await house.call("GET", f"/api/{noun}", key=secret, params={"archived": "true"})
    assert archive.status == (200 if found else 403)


@each_noun
async def test_a_key_that_nobody_knows_is_told_though_none_is_needed(house: House, noun: str):
    for path in (f"/api/{noun}", f"/api/{noun}/{APPOINTMENT}"):
        assert_error(await house.call("GET", path, key="wrong"), 401, "UNAUTHORIZED")


@on_both
@each_noun
async def test_a_change_changes_what_it_names_and_nothing_else(house: House, noun: str):
    record = await create(house, noun)
    path = f"/api/{noun}/{record['id']}"
    house.pass_by(HOUR)
    answer = await house.call("PATCH", path, json=GIVEN[noun])
    updated = {"version": 2, "updatedAt": "2026-03-02T10:00:00Z"}
    assert (answer.status, answer.body) == (200, record | GIVEN[noun] | updated)
    assert answer.headers["ETag"] == '"2"'
    assert (await house.call("GET", path)).body == answer.body
    emptied = await house.call("PATCH", path, json={"description": None})
    assert emptied.body == answer.body | {"description": None, "version": 3}


@each_noun
@pytest.mark.parametrize("body", [{}, {"name": "New"}, {"archived": False}])
async def test_a_change_that_changes_nothing_is_no_version(house: House, noun: str, body: Any):
    record = await create(house, noun)
    house.pass_by(HOUR)
    answer = await house.call("PATCH", f"/api/{noun}/{record['id']}", json=body)
    assert (answer.status, answer.body) == (200, record)


@on_both
@each_noun
async def test_a_stale_version_is_refused_and_nothing_changed(house: House, noun: str):
    path = f"/api/{noun}/{(await create(house, noun))['id']}"
    second = await house.call("PATCH", path, json={"name": "Second"}, headers={"If-Match": '"1"'})
    assert second.status == 200
    for stale in ('"1"', '"3"', 'W/"2"', "2", ""):
        for method, body in (("PATCH", {"name": "Third"}), ("DELETE", None)):
            headers = {"If-Match": stale}
            answer = await house.call(method, path, json=body, headers=headers)
            assert_error(answer, 412, "STALE_VERSION")
    assert (await house.call("GET", path)).body == second.body
    for good in ('"2"', '"7", "3"', "*"):
        body = {"name": f"with {good}"}
        answer = await house.call("PATCH", path, json=body, headers={"If-Match": good})
        assert (answer.status, answer.body["name"]) == (200, f"with {good}")


@on_both
@each_noun
async def test_of_many_changes_of_one_version_one_is_made(house: House, noun: str):
    path = f"/api/{noun}/{(await create(house, noun))['id']}"
    answers = await asyncio.gather(
        *(
            house.call("PATCH", path, json={"name": f"by {n}"}, headers={"If-Match": '"1"'})
            for n in range(8)
        )
    )
    assert sorted(answer.status for answer in answers) == [200] + [412] * 7
    [made] = [answer.body for answer in answers if answer.status == 200]
    assert (await house.call("GET", path)).body == made


@on_both
@each_noun
async def test_without_a_version_nobody_is_told_of_the_others(house: House, noun: str):
    path = f"/api/{noun}/{(await create(house, noun))['id']}"
    answers = await asyncio.gather(
        *(house.call("PATCH", path, json={"name": f"by {n}"}) for n in range(30))
    )
    assert [answer.status for answer in answers] == [200] * 30
    assert sorted(answer.body["version"] for answer in answers) == list(range(2, 32))


async def test_a_change_is_made_on_what_another_daemon_has_just_left(house: House):
    path = f"/api/services/{SERVICE.id}"
    await house.call("GET", path)
    other = a_service(id=SERVICE.id, name="By another", version=2)
    await done(house.storage, SaveService(other))
    answer = await house.call("PATCH", path, json={"price": "9"}, headers={"If-Match": '"2"'})
    assert (answer.status, answer.body["name"], answer.body["version"]) == (200, "By another", 3)


@on_both
@each_noun
async def test_into_the_archive_and_out_again(house: House, noun: str):
    record = await create(house, noun)
    path = f"/api/{noun}/{record['id']}"
    house.pass_by(HOUR)
    archived = await house.call("DELETE", path)
    again = await house.call("DELETE", path)
    when = "2026-03-02T10:00:00Z"
    changes = {"archived": True, "archivedAt": when, "updatedAt": when, "version": 2}
    assert (archived.status, archived.body) == (200, record | changes)
    assert (again.status, again.body) == (200, archived.body)

    assert record["id"] not in await listed(house, noun)
    assert record["id"] not in await listed(house, noun, key=house.config.admin_key)
    admin = house.config.admin_key
    assert record["id"] not in await listed(house, noun, key=admin, archived="false")
    assert record["id"] in await listed(house, noun, key=admin, archived="true")
    assert APPOINTMENT in await listed(house, "services", key=admin, archived="true")
    assert (await house.call("GET", path)).body == archived.body
    for key in (None, PUBLIC):
        assert_error(await house.call("GET", path, key=key), 404, "NOT_FOUND")

    back = await house.call("PATCH", path, json={"archived": False})
    assert back.body == archived.body | {"archived": False, "archivedAt": None, "version": 3}
    assert record["id"] in await listed(house, noun)


@each_noun
async def test_the_archive_is_open_to_administrators(house: House, noun: str):
    for key in (None, PUBLIC):
        answer = await house.call("GET", f"/api/{noun}", key=key, params={"archived": "true"})
        assert_error(answer, 403, "FORBIDDEN")
        answer = await house.call("GET", f"/api/{noun}", key=key, params={"archived": "false"})
        assert answer.status == 200
    for value in ("True", "1", "yes", ""):
        answer = await house.call("GET", f"/api/{noun}", params={"archived": value})
        assert_error(answer, 400, "VALIDATION_ERROR", "archived")


@each_noun
async def test_what_is_not_there_is_not_found(house: House, noun: str):
    for record_id in (ROOM.id if noun == "services" else SERVICE.id, "x", "%00"):
        for method, body in (("GET", None), ("PATCH", {"name": "Other"}), ("DELETE", None)):
            answer = await house.call(method, f"/api/{noun}/{record_id}", json=body)
            assert_error(answer, 404, "NOT_FOUND")


BAD: list[tuple[str, dict[str, Any], str]] = [
    *[("services", {"durations": value}, field) for value, field in (
        (None, "durations"), (30, "durations"), ("30", "durations"), ([0], "durations.0"),
        ([30, 1441], "durations.1"), ([30, 30], "durations"), ([30.5], "durations.0"),
        ([True], "durations.0"), (["30"], "durations.0"), ([2**63], "durations.0"),
        (list(range(1, 52)), "durations"))],
    *[("services", {"colour": value}, "colour")
      for value in ("red", "#36f", "#3366f\u0665", "#3366ff\n", "", 3, "#3366ff80")],
    *[("services", {name: value}, name)
      for name in ("bufferBefore", "bufferAfter")
      for value in (-1, 1441, 1.5, "5", None, True, 2**63)],
    *[("services", {"needsConfirmation": value}, "needsConfirmation")
      for value in ("true", 1, 0, None, [])],
    *[("services", {name: value}, name)
      for name in ("slotStep", "horizon", "dailyCap", "weeklyCap", "capacity")
      for value in (0, -1, 1.5, "5", True, 2**63)],
    *[("services", {name: value}, name)
      for name in ("minimumNotice", "changeNotice") for value in (-1, 525_601, "5", None, True)],
    ("services", {"capacity": None}, "capacity"),
    *[("services", {"requiredFields": value}, field) for value, field in (
        ("name", "requiredFields"), (["shoes"], "requiredFields.0"), ([1], "requiredFields.0"),
        (["name", "name"], "requiredFields"), (["name", "Name"], "requiredFields.1"))],
    *[("services", {"questions": value}, field) for value, field in (
        (None, "questions"), ("x", "questions"), ({}, "questions"), ([1], "questions.0"),
        ([{}], "questions.0.label"), ([{"label": ""}], "questions.0.label"),
        ([{"label": "x" * 201}], "questions.0.label"), ([{"label": "a\nb"}], "questions.0.label"),
        ([{"label": "x"}, {"label": "x"}], "questions"),
        ([{"label": "x", "type": "x"}], "questions.0.type"),
        ([{"label": "x", "required": 1}], "questions.0.required"),
        ([{"label": "x", "colour": 1}], "questions.0.colour"),
        ([{"label": "x", "choices": ["a"]}], "questions.0.choices"),
        ([{"label": "x", "type": "choice"}], "questions.0.choices"),
        ([{"label": "x"}, {"label": "y", "type": "choice", "choices": []}], "questions.1.choices"),
        ([{"label": "x", "type": "choice", "choices": ["a", "a"]}], "questions.0.choices"),
        ([{"label": "x", "type": "choice", "choices": ["a", 1]}], "questions.0.choices.1"),
        ([{"label": str(number)} for number in range(51)], "questions"))],
    ("services", {"hours": {}}, "hours"),
    *[("resources", {"hours": value}, field) for value, field in (
        (1, "hours"), ([], "hours"), ({"Monday": []}, "hours.Monday"), ({"": []}, "hours."),
        ({"monday": None}, "hours.monday"), ({"monday": "09:00-10:00"}, "hours.monday"),
        ({"monday": ["9:00-10:00"]}, "hours.monday.0"), ({"monday": ["09:00"]}, "hours.monday.0"),
        ({"monday": ["09:00-10:00", "24:00-10:00"]}, "hours.monday.1"),
        ({"monday": ["09:00-24:01"]}, "hours.monday.0"),
        ({"monday": ["09:00-10:60"]}, "hours.monday.0"),
        ({"monday": ["09:00-10:00\n"]}, "hours.monday.0"),
        ({"monday": ["\u0660\u0669:00-10:00"]}, "hours.monday.0"),
        ({"monday": [9]}, "hours.monday.0"), ({"monday": [["09:00-10:00"]]}, "hours.monday.0"),
        ({"monday": ["09:00-12:00", "11:59-13:00"]}, "hours.monday"),
        ({"monday": ["22:00-02:00", "23:00-23:30"]}, "hours.monday"),
        ({"monday": ["22:00-02:00"], "tuesday": ["01:59-03:00"]}, "hours"),
        ({"sunday": ["22:00-02:00"], "monday": ["01:00-03:00"]}, "hours"),
        ({"monday": ["09:00-09:00"], "tuesday": ["08:00-10:00"]}, "hours"),
        ({"monday": ["00:00-00:01"] * 25}, "hours.monday"))],
    *[("resources", {"holidays": value}, "holidays")
      for value in ("", "de", "DEU", "DE-", "DE-XX", "QQ", "DE-BY\n", 1, ["DE"], "DE-Augsburg")],
    *[("resources", {"closures": value}, "closures") for value in ([], None)],
    ("services", {"price": "x" * 101}, "price"),
    ("services", {"price": "4\u202e5"}, "price"),
    ("services", {"email": "ada@example.org"}, "email"),
    ("services", {"archivedAt": None}, "archivedAt"),
    *[("resources", {"serviceIds": value}, field) for value, field in (
        (None, "serviceIds"), (SERVICE.id, "serviceIds"), (["x"], "serviceIds.0"),
        ([SERVICE.id, ROOM.id], "serviceIds.1"), ([SERVICE.id] * 2, "serviceIds"),
        ([SERVICE.id] * 201, "serviceIds"), ([[]], "serviceIds.0"))],
    ("resources", {"email": "ada"}, "email"),
    ("resources", {"timeZone": "Mars/Olympus"}, "timeZone"),
    ("resources", {"durations": [30]}, "durations"),
    *[(noun, {"name": value}, "name")
      for noun in NOUNS for value in (None, "", " ", 1, "x" * 201, "a\nb", "a\0b", "a\u202eb")],
    *[(noun, {"description": value}, "description")
      for noun in NOUNS for value in ("", "x" * 5001, "a\0b", "a\u2066b", "\ud800", 1)],
    *[(noun, {name: 1}, name) for noun in NOUNS for name in ("id", "version", "createdAt", "x")],
]  # fmt: skip


@pytest.mark.parametrize(
    ("noun", "body", "field"), BAD, ids=[f"{noun} {body!a:.40}" for noun, body, _ in BAD]
)
async def test_what_is_not_right_is_named_and_nothing_written(
    house: House, noun: str, body: dict[str, Any], field: str
):
    before = await listed(house, noun)
    assert_error(
        await house.call("POST", f"/api/{noun}", json={"name": "New"} | body),
        *(400, "VALIDATION_ERROR", field),
    )
    record_id = APPOINTMENT if noun == "services" else OFFICE
    path = f"/api/{noun}/{record_id}"
    assert_error(await house.call("PATCH", path, json=body), 400, "VALIDATION_ERROR", field)
    assert await listed(house, noun) == before
    assert (await house.call("GET", path)).body["version"] == 1


@each_noun
async def test_a_new_one_has_a_name_and_is_not_archived(house: House, noun: str):
    answer = await house.call("POST", f"/api/{noun}", json={})
    assert_error(answer, 400, "VALIDATION_ERROR", "name")
    answer = await house.call("POST", f"/api/{noun}", json={"name": "New", "archived": True})
    assert_error(answer, 400, "VALIDATION_ERROR", "archived")


@on_both
async def test_a_service_reminds_as_it_says_and_at_once(house: House):
    service = await create(house, "services", reminders=[90])
    before = house.reconciled
    answer = await book(house, serviceId=service["id"], resourceId=ROOM.id)
    due = [one.due_at for one in await house.messages(answer.body["id"]) if one.reminds]
    start = datetime.fromisoformat(answer.body["startTime"])
    assert due == [start - timedelta(minutes=90)]
    path = f"/api/services/{service['id']}"
    for reminders in ([], None, [525600]):
        changed = await house.call("PATCH", path, json={"reminders": reminders})
        assert (changed.status, changed.body["reminders"]) == (200, reminders)
    assert house.reconciled == before + 3


@pytest.mark.parametrize("bad", [[0], [-5], [1, 1], [1.5], ["60"], [525601], [None], "60", 60])
async def test_bad_reminders_are_named(house: House, bad: Any):
    answer = await house.call("POST", "/api/services", json={"name": "x", "reminders": bad})
    assert answer.status == 400
    assert {error["field"].partition(".")[0] for error in answer.body["errors"]} == {"reminders"}


@on_both
async def test_a_service_can_be_booked_at_once(house: House):
    await house.place(start="2026-03-09T08:00:00Z")  # so that the offer has been read
    service = await create(house, "services", bufferAfter=30)
    room = await create(house, "resources", serviceIds=[service["id"]])
    answer = await book(house, serviceId=service["id"], resourceId=room["id"])
    assert answer.status == 201
    refused = await book(house, serviceId=SERVICE.id, resourceId=room["id"])
    assert_error(refused, 400, "VALIDATION_ERROR", "resourceId")


@on_both
async def test_what_is_archived_takes_no_new_bookings_and_keeps_the_old(house: House):
    service, room = await create(house, "services"), await create(house, "resources")
    ids = {"serviceId": service["id"], "resourceId": room["id"]}
    placed = (await book(house, **ids)).body
    path = f"/api/bookings/{placed['id']}"
    for noun, field in (("services", "serviceId"), ("resources", "resourceId")):
        await house.call("DELETE", f"/api/{noun}/{ids[field]}")
        given = {"serviceId": APPOINTMENT, "resourceId": OFFICE} | {field: ids[field]}
        assert_error(await book(house, **given), 400, "VALIDATION_ERROR", field)

    assert (await house.call("GET", path)).body == placed
    found = await house.call("GET", "/api/bookings", params={"serviceId": service["id"]})
    assert found.body["data"] == [placed]
    slot = {"startTime": "2026-03-09T12:00:00Z", "duration": 60}
    moved = await house.call("PUT", path, json={"timeSlot": slot})
    assert (moved.status, moved.body["timeSlot"]) == (200, slot)
    assert (await house.call("DELETE", path)).body["status"] == "CANCELLED"

    for noun, field in (("services", "serviceId"), ("resources", "resourceId")):
        await house.call("PATCH", f"/api/{noun}/{ids[field]}", json={"archived": False})
    assert (await book(house, **ids)).status == 201


@pytest.mark.parametrize("missing", [("serviceId",), ("serviceId", "resourceId")])
async def test_of_several_services_one_has_to_be_named(house: House, missing: tuple[str, ...]):
    body = {name: value for name, value in a_body().items() if name not in missing}
    answer = await house.call("POST", "/api/bookings", key=PUBLIC, json=body)
    assert_error(answer, 400, "VALIDATION_ERROR", "serviceId")
    assert "several" in answer.body["errors"][0]["message"]


@on_both
async def test_a_booking_lasts_as_long_as_its_service(house: House):
    service = await create(house, "services", durations=[30, 90])
    for minutes in (1, 29, 31, 60, 120):
        answer = await book(house, serviceId=service["id"], minutes=minutes)
        assert_error(answer, 400, "VALIDATION_ERROR", "timeSlot.duration")
        assert "30, 90" in answer.body["errors"][0]["message"]
    for start, minutes in (("10:00", 30), ("11:00", 90)):
        await house.place(serviceId=service["id"], start=f"2026-03-09T{start}:00Z", minutes=minutes)


async def test_a_move_keeps_the_length_or_takes_one_of_the_service(house: House):
    service = await create(house, "services")
    placed = await house.place(serviceId=service["id"], minutes=45)
    await house.call("PATCH", f"/api/services/{service['id']}", json={"durations": [30]})
    path = f"/api/bookings/{placed['id']}"
    for minutes, found in ((45, 200), (60, 400), (30, 200), (45, 400)):
        slot = {"startTime": "2026-03-09T12:00:00Z", "duration": minutes}
        answer = await house.call("PUT", path, json={"timeSlot": slot})
        assert answer.status == found
        if found == 400:
            assert_error(answer, 400, "VALIDATION_ERROR", "timeSlot.duration")


async def test_the_lists_ask_nothing_of_the_database(house: House, monkeypatch: Any):
    monkeypatch.setattr(fresh, "SECONDS", 60.0)
    await listed(house, "services")

    async def closed() -> Any:
        raise AssertionError("asked")

    monkeypatch.setattr(house.storage, "services", closed)
    monkeypatch.setattr(house.storage, "resources", closed)
    monkeypatch.setattr(Keyring, "caller", closed)
    assert APPOINTMENT in await listed(house, "services")
    assert OFFICE in await listed(house, "resources")
