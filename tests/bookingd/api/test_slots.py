"""Free slots and why, over HTTP."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from storage.model import WEEKDAYS, Resource, Service
from storage.writes import SaveResource, SaveService
from tests.bookingd.api.conftest import Answer, House, a_body, assert_error
from tests.bookingd.conftest import ADMIN, PUBLIC, on_both
from tests.records import HOUR, NOW, a_resource, a_service, done

HOURS = dict.fromkeys(WEEKDAYS[:5], ("09:00-11:00",))
MONDAY = "2026-03-09"
RULES = ["duration", "notice", "horizon", "hours", "taken", "dailyCap", "weeklyCap"]


async def open_shop(house: House, count: int = 1, **fields: Any) -> tuple[Service, list[Resource]]:
    """A service of half an hour, with resources open from nine to eleven in Berlin."""
    for one in await house.storage.resources():
        await done(house.storage, SaveResource(replace(one, archived_at=NOW, version=2)))
    service = a_service(**{"durations": (30, 60)} | fields)
    rooms = [
        a_resource(time_zone="Europe/Berlin", hours=HOURS, service_ids=(service.id,))
        for _ in range(count)
    ]
    await done(house.storage, SaveService(service), *map(SaveResource, rooms))
    return service, sorted(rooms, key=lambda one: one.created_at)


async def ask(house: House, service: Service, **query: Any) -> Answer:
    asked = {"serviceId": service.id, "from": MONDAY, "to": MONDAY} | query
    return await house.call("GET", "/api/slots", key=None, params=asked)


async def starts(house: House, service: Service, **query: Any) -> list[str]:
    answer = await ask(house, service, **{"timeZone": "UTC"} | query)
    assert answer.status == 200, answer.text
    return [slot["startTime"] for day in answer.body["data"] for slot in day["slots"]]


async def book(house: House, service: Service, room: Resource, time: str, minutes: int = 30) -> Any:
    return await house.place(
        start=f"{MONDAY}T{time}:00+01:00", minutes=minutes, serviceId=service.id, resourceId=room.id
    )


@on_both
async def test_the_slots_of_a_day_are_told_in_the_zone_of_whoever_looks(house: House):
    service, [room] = await open_shop(house)
    await book(house, service, room, "09:30")
    answer = await ask(house, service, timeZone="Europe/Lisbon")
    assert answer.status == 200
    slots = [
        {"startTime": f"{MONDAY}T{time}:00+00:00", "duration": 30, "resourceIds": [room.id]}
        for time in ("08:00", "09:00", "09:30")
    ]
    assert answer.body == {
        "data": [{"date": MONDAY, "slots": slots}],
        "serviceId": service.id,
        "duration": 30,
        "timeZone": "Europe/Lisbon",
    }


@on_both
async def test_with_several_resources_each_slot_says_who_has_it_free(house: House):
    service, rooms = await open_shop(house, 3)
    await book(house, service, rooms[1], "09:00")
    for room in rooms:
        await book(house, service, room, "10:00")
    answer = await ask(house, service, timeZone="Europe/Berlin")
    found = {slot["startTime"][11:16]: slot["resourceIds"]
             for slot in answer.body["data"][0]["slots"]}  # fmt: skip
    every = [room.id for room in rooms]
    assert found == {"09:00": [every[0], every[2]], "09:30": every, "10:30": every}
    assert await starts(house, service, resourceId=every[1]) == [
        f"{MONDAY}T08:30:00+00:00", f"{MONDAY}T09:30:00+00:00"
    ]  # fmt: skip


async def test_every_day_that_is_asked_for_is_told(house: House):
    service, _ = await open_shop(house)
    answer = await ask(house, service, **{"from": "2026-03-13", "to": "2026-03-16"})
    assert [(day["date"], len(day["slots"])) for day in answer.body["data"]] == [
        ("2026-03-13", 4), ("2026-03-14", 0), ("2026-03-15", 0), ("2026-03-16", 4)
    ]  # fmt: skip


async def test_days_are_those_of_whoever_looks(house: House):
    service, _ = await open_shop(house)
    query = {"timeZone": "Pacific/Honolulu", "from": "2026-03-08", "to": "2026-03-09"}
    answer = await ask(house, service, **query)
    [sunday, monday] = answer.body["data"]
    assert (sunday["date"], [one["startTime"] for one in sunday["slots"]]) == (
        "2026-03-08",
        [f"2026-03-08T{time}:00-10:00" for time in ("22:00", "22:30", "23:00", "23:30")],
    )
    assert len(monday["slots"]) == 4


async def test_another_length_and_another_step(house: House):
    service, _ = await open_shop(house, slot_step=20)
    found = await starts(house, service, timeZone="Europe/Berlin", duration=60)
    assert [one[11:16] for one in found] == ["09:00", "09:20", "09:40", "10:00"]


async def test_what_was_offered_is_accepted_and_is_offered_no_more(house: House):
    service, _ = await open_shop(house, 2)
    found = await starts(house, service)
    assert len(found) == 4
    for _ in range(2):
        for start in found:
            body = a_body(start=start, minutes=30, serviceId=service.id)
            del body["resourceId"]
            answer = await house.call("POST", "/api/bookings", key=PUBLIC, json=body)
            assert answer.status == 201, answer.text
    assert await starts(house, service) == []


@on_both
async def test_on_the_day_the_clocks_go_back_an_hour_is_offered_twice(house: House):
    service, [room] = await open_shop(house, durations=(60,))
    night = {"sunday": ("01:00-04:00",)}
    await done(house.storage, SaveResource(replace(room, hours=night, version=2)))
    day = {"from": "2026-10-25", "to": "2026-10-25", "timeZone": "Europe/Berlin"}
    found = await starts(house, service, **day)
    assert [one[11:] for one in found] == [
        "01:00:00+02:00", "02:00:00+02:00", "02:00:00+01:00", "03:00:00+01:00"
    ]  # fmt: skip
    day = {"from": "2026-03-29", "to": "2026-03-29", "timeZone": "Europe/Berlin"}
    found = await starts(house, service, **day)
    assert [one[11:] for one in found] == ["01:00:00+01:00", "03:00:00+02:00"]


async def test_what_has_passed_is_not_offered(house: House):
    service, _ = await open_shop(house)
    assert len(await starts(house, service)) == 4
    house.now = datetime.fromisoformat(f"{MONDAY}T09:00:00+00:00")
    assert await starts(house, service) == [f"{MONDAY}T09:30:00+00:00"]


@on_both
async def test_who_has_the_answer_is_not_told_again(house: House):
    service, [room] = await open_shop(house)
    first = await ask(house, service)
    tag = {"If-None-Match": first.headers["ETag"]}
    query = {"serviceId": service.id, "from": MONDAY, "to": MONDAY}
    again = await house.call("GET", "/api/slots", key=None, params=query, headers=tag)
    assert (again.status, again.text) == (304, "")
    # A browser keeps it, and asks for news each time.
    assert {first.headers["Cache-Control"], again.headers["Cache-Control"]} == {"no-cache"}
    await book(house, service, room, "09:00")
    anew = await house.call("GET", "/api/slots", key=None, params=query, headers=tag)
    assert anew.status == 200
    assert anew.headers["ETag"] != first.headers["ETag"]


async def test_the_service_need_not_be_named_where_there_is_one(house: House):
    service, _ = await open_shop(house)
    for one in await house.storage.services():
        if one.id != service.id:
            await done(house.storage, SaveService(replace(one, archived_at=NOW, version=2)))
    query = {"from": MONDAY, "to": MONDAY}
    answer = await house.call("GET", "/api/slots", key=None, params=query)
    assert (answer.status, answer.body["serviceId"]) == (200, service.id)


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"from": "2026-03-10"}, "to"),
        ({"to": "2026-05-10"}, "to"),
        ({"from": "tomorrow"}, "from"),
        ({"to": "2026-02-30"}, "to"),
        ({"timeZone": "Mars/Olympus"}, "timeZone"),
        ({"duration": "45"}, "duration"),
        ({"duration": "0"}, "duration"),
        ({"duration": "1441"}, "duration"),
        ({"serviceId": "none"}, "serviceId"),
        ({"resourceId": "00000000-0000-7000-8000-00000000ffff"}, "resourceId"),
        ({"when": "now"}, "when"),
    ],
)
async def test_what_cannot_be_asked(house: House, query: dict[str, str], field: str):
    service, _ = await open_shop(house)
    assert_error(await ask(house, service, **query), 400, "VALIDATION_ERROR", field)


async def test_a_service_of_any_length_wants_to_know_it(house: House):
    service, _ = await open_shop(house, durations=())
    assert_error(await ask(house, service), 400, "VALIDATION_ERROR", "duration")
    assert len(await starts(house, service, duration=45)) == 6


async def test_from_and_to_are_needed(house: House):
    answer = await house.call("GET", "/api/slots", key=None)
    assert_error(answer, 400, "VALIDATION_ERROR", "from", "to")


async def test_two_months_may_be_asked_for(house: House):
    service, _ = await open_shop(house)
    answer = await ask(house, service, to="2026-05-09")
    assert (answer.status, len(answer.body["data"])) == (200, 62)


async def test_of_very_many_slots_fewer_days_may_be_asked_for(house: House):
    service, _ = await open_shop(house, 10, slot_step=1)
    assert_error(await ask(house, service, to="2026-03-22"), 400, "VALIDATION_ERROR", "to")
    assert (await ask(house, service, to="2026-03-21")).status == 200


async def why(house: House, service: Service, start: str, **query: Any) -> Any:
    asked = {"serviceId": service.id, "startTime": start} | query
    answer = await house.call("GET", "/api/slots/explain", key=ADMIN, params=asked)
    assert answer.status == 200, answer.text
    return answer.body


@on_both
async def test_each_rule_is_told_in_order(house: House):
    service, [room] = await open_shop(house, minimum_notice=60, horizon=30, daily_cap=1)
    await book(house, service, room, "09:00")
    told = await why(house, service, f"{MONDAY}T08:10:00Z")
    assert (told["serviceId"], told["duration"]) == (service.id, 30)
    [explained] = told["data"]
    assert (explained["resourceId"], explained["offered"]) == (room.id, False)
    assert [rule["rule"] for rule in explained["rules"]] == RULES
    blocked = {
        rule["errorCode"]: rule["message"] for rule in explained["rules"] if not rule["passed"]
    }
    assert blocked == {
        "OUTSIDE_HOURS": "Slots begin every 30 minutes from each opening on.",
        "CAP_REACHED": "The cap of 1 a day is reached.",
        "SLOT_TAKEN": "Another booking is in the way.",
    }
    assert [rule["message"] for rule in explained["rules"] if rule["passed"]] == [None] * 4


@pytest.mark.parametrize(
    ("start", "query", "code", "message"),
    [
        ("2026-03-02T09:30:00Z", {}, "TOO_SOON", "60 minutes"),
        ("2026-04-02T08:00:00Z", {}, "TOO_FAR", "30 days"),
        (f"{MONDAY}T12:00:00Z", {}, "OUTSIDE_HOURS", "opening hours"),
        (f"{MONDAY}T08:00:00Z", {"duration": "50"}, "VALIDATION_ERROR", "30, 60"),
    ],
)
async def test_why_not(house: House, start: str, query: dict[str, str], code: str, message: str):
    service, _ = await open_shop(house, minimum_notice=60, horizon=30)
    [explained] = (await why(house, service, start, **query))["data"]
    [blocked] = [rule for rule in explained["rules"] if not rule["passed"]]
    assert blocked["errorCode"] == code
    assert message in blocked["message"]


async def test_each_resource_is_told(house: House):
    service, rooms = await open_shop(house, 2)
    await book(house, service, rooms[0], "09:00")
    told = await why(house, service, f"{MONDAY}T08:00:00Z")
    assert {one["resourceId"]: one["offered"] for one in told["data"]} == {
        rooms[0].id: False, rooms[1].id: True
    }  # fmt: skip


async def test_a_slot_is_offered_until_its_notice_begins(house: House):
    service, _ = await open_shop(house, minimum_notice=60)
    start = datetime.fromisoformat(f"{MONDAY}T08:00:00+00:00")
    for now, offered in ((start - HOUR, True), (start - HOUR + timedelta(seconds=1), False)):
        house.now = now
        [explained] = (await why(house, service, f"{MONDAY}T08:00:00Z"))["data"]
        assert explained["offered"] is offered
        assert (f"{MONDAY}T08:00:00+00:00" in await starts(house, service)) is offered


@on_both
async def test_seats_are_those_that_are_left_with_who_has_the_slot(house: House):
    tuesday = "2026-03-10"
    service, [full, idle] = await open_shop(house, 2, capacity=3, daily_cap=2)
    await book(house, service, full, "09:00")
    await book(house, service, full, "09:00")
    await house.place(
        start=f"{tuesday}T09:00:00+01:00", minutes=30, serviceId=service.id, resourceId=full.id
    )
    answer = await ask(house, service, timeZone="Europe/Berlin", to=tuesday)
    first = [day["slots"][0] for day in answer.body["data"]]
    assert first == [
        {
            "startTime": f"{day}T09:00:00+01:00",
            "duration": 30,
            "resourceIds": resource_ids,
            "seats": seats,
        }
        for day, resource_ids, seats in (
            (MONDAY, [idle.id], 3),
            (tuesday, sorted([full.id, idle.id]), 5),
        )
    ]
