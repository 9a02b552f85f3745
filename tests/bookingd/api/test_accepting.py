"""What of the public is accepted, what of administrators; with whom; what is offered instead."""

import asyncio
from collections import Counter
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from storage.model import WEEKDAYS, Closure, Resource, Service
from storage.writes import SaveResource, SaveService
from tests.bookingd.api.conftest import Answer, House, a_body, assert_error
from tests.bookingd.conftest import ADMIN, PUBLIC, on_both
from tests.records import DAY, NOW, a_resource, a_service, done

NINE_TO_FIVE = dict.fromkeys(WEEKDAYS[:5], ("09:00-17:00",))
MONDAY = "2026-03-09"


async def kept(house: House, *records: Service | Resource) -> None:
    saves = [SaveService(one) if isinstance(one, Service) else SaveResource(one) for one in records]
    await done(house.storage, *saves)


async def open_shop(house: House, **fields: Any) -> tuple[Service, Resource]:
    """A service of half an hour with a resource that is open from nine to five in Berlin.

    There is no other resource.
    """
    others = await house.storage.resources()
    await kept(house, *(replace(one, archived_at=NOW, version=2) for one in others))
    service = a_service(**{"durations": (30,)} | fields)
    room = a_resource(time_zone="Europe/Berlin", hours=NINE_TO_FIVE, service_ids=(service.id,))
    await kept(house, service, room)
    return service, room


async def book(
    house: House,
    service: Service,
    start: str,
    *,
    key: str = PUBLIC,
    headers: Any = None,
    **fields: Any,
) -> Answer:
    body = a_body(start=start, minutes=30, serviceId=service.id) | fields
    if "resourceId" not in fields:
        del body["resourceId"]
    return await house.call("POST", "/api/bookings", key=key, headers=headers, json=body)


def next_starts(answer: Answer) -> list[str]:
    assert {slot["duration"] for slot in answer.body["nextAvailable"]} <= {30}
    return [slot["startTime"] for slot in answer.body["nextAvailable"]]


@on_both
@pytest.mark.parametrize(
    ("start", "code", "instead"),
    [
        (f"{MONDAY}T08:30:00+01:00", "OUTSIDE_HOURS", f"{MONDAY}T08:00:00Z"),
        (f"{MONDAY}T16:45:00+01:00", "OUTSIDE_HOURS", "2026-03-10T08:00:00Z"),
        (f"{MONDAY}T09:10:00+01:00", "OUTSIDE_HOURS", f"{MONDAY}T08:30:00Z"),
        ("2026-03-14T10:00:00+01:00", "OUTSIDE_HOURS", "2026-03-16T08:00:00Z"),
        ("2026-03-02T11:30:00+01:00", "TOO_SOON", "2026-03-02T11:00:00Z"),
        ("2026-03-01T09:00:00+01:00", "TOO_SOON", "2026-03-02T11:00:00Z"),
        ("2026-04-02T09:00:00+02:00", "TOO_FAR", "2026-03-02T11:00:00Z"),
        (f"{MONDAY}T10:00:00+01:00", "SLOT_TAKEN", f"{MONDAY}T09:30:00Z"),
    ],
)
async def test_the_public_is_held_to_the_rules(house: House, start: str, code: str, instead: str):
    service, _ = await open_shop(house, minimum_notice=120, horizon=30)
    taken = await book(house, service, f"{MONDAY}T10:00:00+01:00")
    assert taken.status == 201
    answer = await book(house, service, start)
    assert_error(answer, 409, code, nextAvailable=...)
    found = next_starts(answer)
    assert (found[0], len(found)) == (instead, 3)
    for slot in answer.body["nextAvailable"]:
        assert (await book(house, service, "", timeSlot=slot)).status == 201


async def test_what_is_free_after_a_long_notice_is_found(house: House):
    service, _ = await open_shop(house, minimum_notice=100 * 24 * 60)
    answer = await book(house, service, f"{MONDAY}T10:00:00Z")
    assert_error(answer, 409, "TOO_SOON", nextAvailable=...)
    assert next_starts(answer)[0] == "2026-06-10T09:00:00Z"


@on_both
async def test_whoever_sends_it_again_meanwhile_is_not_refused_for_having_it(
    house: House, monkeypatch: pytest.MonkeyPatch
):
    service, room = await open_shop(house)
    await kept(house, a_resource(service_ids=(service.id,)))
    start, real = f"{MONDAY}T10:00:00Z", house.storage.sessions
    assert (await book(house, service, start, resourceId=room.id)).status == 201
    first = []

    async def overtaken(*asked: Any) -> Any:
        monkeypatch.undo()
        first.append(await book(house, service, start, headers={"Idempotency-Key": "one"}))
        return await real(*asked)

    monkeypatch.setattr(house.storage, "sessions", overtaken)
    second = await book(house, service, start, headers={"Idempotency-Key": "one"})
    assert [answer.status for answer in (*first, second)] == [201, 201]
    assert second.body == first[0].body
    assert second.headers["Idempotent-Replayed"] == "true"
    assert_error(await book(house, service, start), 409, "SLOT_TAKEN", nextAvailable=...)


@on_both
@pytest.mark.parametrize("rooms", [1, 2])
async def test_the_first_rule_that_explains_it_is_the_one_that_refuses(house: House, rooms: int):
    service, _ = await open_shop(house, daily_cap=1)
    await kept(house, *(a_resource(service_ids=(service.id,)) for _ in range(rooms - 1)))
    start = f"{MONDAY}T10:00:00Z"
    for _ in range(rooms):
        assert (await book(house, service, start)).status == 201
    query = {"serviceId": service.id, "startTime": start}
    explained = (await house.call("GET", "/api/slots/explain", params=query)).body["data"]
    whys = {
        next(rule["errorCode"] for rule in one["rules"] if not rule["passed"]) for one in explained
    }
    assert whys == {"SLOT_TAKEN"}
    assert_error(await book(house, service, start), 409, "SLOT_TAKEN", nextAvailable=...)


@on_both
async def test_an_administrator_is_held_to_no_overlap_alone(house: House):
    service, _ = await open_shop(house, minimum_notice=120, horizon=30, daily_cap=1)
    for start in (f"{MONDAY}T03:07:00Z", f"{MONDAY}T10:00:00Z", "2026-03-02T09:01:00Z",
                  "2027-03-09T10:00:00Z"):  # fmt: skip
        assert (await book(house, service, start, key=ADMIN)).status == 201
    answer = await book(house, service, f"{MONDAY}T03:20:00Z", key=ADMIN)
    assert_error(answer, 409, "SLOT_TAKEN", nextAvailable=...)
    assert next_starts(answer)[0] == "2026-03-10T08:00:00Z"
    for past in ("2026-03-02T09:00:00Z", "2026-03-02T08:59:59Z", "2020-03-09T10:00:00Z"):
        answer = await book(house, service, past, key=ADMIN)
        assert_error(answer, 400, "VALIDATION_ERROR", "timeSlot.startTime")
        assert "future" in answer.body["errors"][0]["message"]


async def test_a_move_by_an_administrator_is_free_of_hours(house: House):
    service, _ = await open_shop(house)
    first = (await book(house, service, f"{MONDAY}T10:00:00Z")).body
    path, taken = f"/api/bookings/{first['id']}", f"{MONDAY}T12:00:00Z"
    for start, status in ((f"{MONDAY}T03:07:00Z", 200), (taken, 409)):
        await book(house, service, taken)
        slot = {"startTime": start, "duration": 30}
        answer = await house.call("PUT", path, json={"timeSlot": slot})
        assert answer.status == status
    assert next_starts(answer) == [f"{MONDAY}T{time}:00Z" for time in ("12:30", "13:00", "13:30")]


@on_both
async def test_without_a_resource_the_idlest_of_the_day_is_booked(house: House):
    service, first = await open_shop(house)
    second = a_resource(time_zone="Europe/Berlin", hours=NINE_TO_FIVE, service_ids=(service.id,))
    closed = a_resource(hours={}, service_ids=(service.id,))
    await kept(house, second, closed)
    first, second = sorted((first, second), key=lambda one: one.id)
    monday = [f"{MONDAY}T{hour}:00:00Z" for hour in (10, 11, 11, 12, 12)]
    answers = [await book(house, service, start) for start in monday]
    with_whom = [answer.body["resourceId"] for answer in answers]
    assert with_whom == [first.id, second.id, first.id, second.id, first.id]
    assert (await book(house, service, "2026-03-10T10:00:00Z")).body["resourceId"] == first.id
    answer = await book(house, service, f"{MONDAY}T12:00:00Z")
    assert_error(answer, 409, "SLOT_TAKEN", nextAvailable=...)
    assert next_starts(answer)[0] == f"{MONDAY}T12:30:00Z"
    answer = await book(house, service, f"{MONDAY}T05:00:00Z")
    assert_error(answer, 409, "OUTSIDE_HOURS", nextAvailable=...)


@on_both
async def test_whoever_loses_a_resource_gets_the_next(house: House):
    service, _ = await open_shop(house)
    others = [a_resource(hours=None, service_ids=(service.id,)) for _ in range(3)]
    await kept(house, *others)
    answers = await asyncio.gather(*(book(house, service, f"{MONDAY}T10:00:00Z") for _ in range(6)))
    assert Counter(answer.status for answer in answers) == {201: 4, 409: 2}
    assert len({answer.body["resourceId"] for answer in answers if answer.status == 201}) == 4
    for answer in answers:
        if answer.status == 409:
            assert_error(answer, 409, "SLOT_TAKEN", nextAvailable=...)


async def test_an_administrator_gets_any_resource_that_is_free(house: House):
    service, first = await open_shop(house)
    second = a_resource(hours={}, service_ids=(service.id,))
    await kept(house, second)
    start = f"{MONDAY}T03:00:00Z"
    answers = [await book(house, service, start, key=ADMIN) for _ in range(3)]
    assert [answer.status for answer in answers] == [201, 201, 409]
    assert {answer.body["resourceId"] for answer in answers[:2]} == {first.id, second.id}


async def test_nothing_is_offered_instead_where_there_is_nothing(house: House):
    service, room = await open_shop(house)
    await kept(house, replace(room, hours={}, version=2))
    answer = await book(house, service, f"{MONDAY}T10:00:00Z")
    assert_error(answer, 409, "OUTSIDE_HOURS", nextAvailable=...)
    assert answer.body["nextAvailable"] == []


async def test_what_is_weeks_away_is_found(house: House):
    service, room = await open_shop(house)
    away = Closure(id="away", first=NOW.date(), last=date(2026, 4, 19))
    await kept(house, replace(room, closures=(away,), version=2))
    answer = await book(house, service, f"{MONDAY}T10:00:00Z")
    assert next_starts(answer)[0] == "2026-04-20T07:00:00Z"


async def test_the_wall_time_of_the_resource_is_kept(house: House):
    service, _ = await open_shop(house)
    placed = (await book(house, service, f"{MONDAY}T10:00:00Z")).body
    kept_ = await house.storage.booking(placed["id"])
    assert kept_.wall_time == f"{MONDAY}T11:00:00+01:00[Europe/Berlin]"
    slot = {"startTime": "2026-03-30T10:00:00Z", "duration": 30}
    await house.call("PUT", f"/api/bookings/{placed['id']}", json={"timeSlot": slot})
    kept_ = await house.storage.booking(placed["id"])
    assert kept_.wall_time == "2026-03-30T12:00:00+02:00[Europe/Berlin]"


async def test_time_goes_by(house: House):
    service, _ = await open_shop(house)
    house.pass_by(7 * DAY)
    answer = await book(house, service, f"{MONDAY}T09:00:00Z")
    assert_error(answer, 409, "TOO_SOON", nextAvailable=...)
    assert next_starts(answer)[0] == f"{MONDAY}T09:30:00Z"


@on_both
@pytest.mark.parametrize(
    ("fields", "instead"),
    [({"daily_cap": 2}, "2026-03-10T08:00:00Z"), ({"weekly_cap": 2}, "2026-03-16T08:00:00Z")],
)
async def test_caps_hold_for_days_and_weeks_of_the_resource(
    house: House, fields: dict[str, int], instead: str
):
    service, room = await open_shop(house, **fields)
    for time in ("09:00", "10:00"):
        start = f"{MONDAY}T{time}:00+01:00"
        assert (await book(house, service, start, resourceId=room.id)).status == 201
    answer = await book(house, service, f"{MONDAY}T16:00:00+01:00", resourceId=room.id)
    assert_error(answer, 409, "CAP_REACHED", nextAvailable=...)
    assert next_starts(answer)[0] == instead
    sunday = "2026-03-15T22:30:00Z"  # still of the week, at the end of the last day
    await book(house, service, sunday, key=ADMIN)
    assert (await book(house, service, "2026-03-16T09:00:00+01:00")).status == 201


@on_both
async def test_caps_hold_though_many_ask_at_once(house: House):
    service, room = await open_shop(house, daily_cap=5, durations=(15,))
    starts = [f"{MONDAY}T{hour:02}:{quarter}:00Z" for hour in range(8, 16) for quarter in (15, 30)]
    body = {"minutes": 15, "serviceId": service.id, "resourceId": room.id}
    answers = await asyncio.gather(
        *(house.call("POST", "/api/bookings", key=PUBLIC, json=a_body(start=one, **body))
          for one in starts)
    )  # fmt: skip
    codes = Counter(answer.body.get("errorCode", answer.status) for answer in answers)
    assert codes == {201: 5, "CAP_REACHED": len(starts) - 5}


@on_both
async def test_seats_of_a_session_go_one_by_one(house: House):
    service, room = await open_shop(house, capacity=3)
    answers = [
        await book(house, service, f"{MONDAY}T10:00:00Z", resourceId=room.id) for _ in range(4)
    ]
    assert [answer.status for answer in answers] == [201, 201, 201, 409]
    assert_error(answers[3], 409, "SLOT_TAKEN", nextAvailable=...)
    assert next_starts(answers[3])[0] == f"{MONDAY}T10:30:00Z"
