"""Holds over HTTP: whoever fills in a form finds the slot still there."""

import asyncio
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from ipaddress import ip_network
from typing import Any

import pytest

from bookingd.holds import token_digest
from schedules.housekeeping import sweep_holds
from storage.errors import NotFound
from storage.model import WEEKDAYS
from storage.writes import SaveResource, SaveService
from tests.bookingd.api.conftest import Answer, House, Opener, a_body, assert_error
from tests.bookingd.conftest import ADMIN, PUBLIC, on_both
from tests.records import APPOINTMENT, NOW, OFFICE, a_resource, a_service, done

MINUTE = timedelta(minutes=1)
START = "2026-03-09T10:00:00Z"
NOBODY = "A" * 43


async def hold(house: House, *, key: str = PUBLIC, headers: Any = None, **fields: Any) -> Answer:
    slot = {"startTime": START, "duration": 60}
    body = {"timeSlot": slot, "serviceId": APPOINTMENT, "resourceId": OFFICE} | fields
    if body["resourceId"] is None:
        del body["resourceId"]
    return await house.call("POST", "/api/holds", key=key, headers=headers, json=body)


async def held(house: House, **fields: Any) -> Any:
    answer = await hold(house, **fields)
    assert answer.status == 201, answer.text
    return answer.body


async def book(house: House, *, key: str = PUBLIC, **fields: Any) -> Answer:
    return await house.call("POST", "/api/bookings", key=key, json=a_body(**fields))


async def extend(house: House, token: str) -> Answer:
    return await house.call("POST", f"/api/holds/{token}/extend", key=PUBLIC)


async def let_go(house: House, token: str) -> Answer:
    return await house.call("DELETE", f"/api/holds/{token}", key=PUBLIC)


async def one(records: Any, record_id: str) -> Any:
    return next(record for record in await records if record.id == record_id)


def slot(hour: int) -> dict[str, Any]:
    return {"timeSlot": {"startTime": f"2026-03-09T{hour:02}:00:00Z", "duration": 60}}


@on_both
async def test_a_slot_is_kept_for_five_minutes(house: House):
    made = await held(house)
    token = made.pop("holdToken")
    assert made == {
        "serviceId": APPOINTMENT,
        "resourceId": OFFICE,
        "startTime": START,
        "endTime": "2026-03-09T11:00:00Z",
        "duration": 60,
        "expiresAt": "2026-03-02T09:05:00Z",
        "extended": False,
    }
    house.pass_by(5 * MINUTE - timedelta(microseconds=1))
    assert_error(await book(house), 409, "SLOT_TAKEN", nextAvailable=...)
    assert_error(await book(house, key=ADMIN), 409, "SLOT_TAKEN", nextAvailable=...)
    assert_error(await hold(house), 409, "SLOT_TAKEN", nextAvailable=...)
    assert (await book(house, holdToken=token)).status == 201


@on_both
async def test_and_is_free_from_then_on(house: House):
    token = (await held(house))["holdToken"]
    house.pass_by(5 * MINUTE)
    assert_error(await book(house, holdToken=token), 409, "HOLD_EXPIRED")
    assert (await book(house)).status == 201


async def test_slots_do_not_offer_what_is_held_until_it_is_free(house: House):
    await held(house)
    which = f"serviceId={APPOINTMENT}&resourceId={OFFICE}&duration=60&timeZone=UTC"
    day = f"/api/slots?{which}&from=2026-03-09&to=2026-03-09"

    async def offered() -> bool:
        answer = await house.call("GET", day, key=None)
        assert answer.status == 200, answer.text
        return "2026-03-09T10:00:00" in answer.text

    assert not await offered()
    house.pass_by(5 * MINUTE)
    assert await offered()


async def test_how_long_is_a_setting(open_house: Opener):
    house = await open_house(hold_for=2 * MINUTE)
    assert (await held(house))["expiresAt"] == "2026-03-02T09:02:00Z"


@on_both
async def test_it_is_extended_once(house: House):
    token = (await held(house))["holdToken"]
    house.pass_by(3 * MINUTE)
    longer = await extend(house, token)
    assert (longer.status, longer.body["expiresAt"]) == (200, "2026-03-02T09:08:00Z")
    assert longer.body["extended"] is True
    assert "holdToken" not in longer.body
    house.pass_by(MINUTE)
    again = await extend(house, token)
    assert (again.status, again.body) == (200, longer.body)
    house.pass_by(4 * MINUTE)
    assert_error(await extend(house, token), 409, "HOLD_EXPIRED")


async def test_what_is_over_is_not_extended(house: House):
    token = (await held(house))["holdToken"]
    house.pass_by(5 * MINUTE)
    assert_error(await extend(house, token), 409, "HOLD_EXPIRED")
    assert_error(await extend(house, NOBODY), 409, "HOLD_EXPIRED")
    assert_error(await extend(house, "what"), 409, "HOLD_EXPIRED")


@on_both
async def test_what_is_let_go_is_free_at_once(house: House):
    token = (await held(house))["holdToken"]
    assert (await let_go(house, token)).status == 204
    assert_error(await let_go(house, token), 404, "NOT_FOUND")
    assert (await book(house)).status == 201


@on_both
async def test_a_booking_takes_the_place_of_its_hold(house: House):
    token = (await held(house))["holdToken"]
    booked = await book(house, holdToken=token)
    assert (booked.status, booked.body["startTime"]) == (201, START)
    assert_error(await book(house, holdToken=token), 409, "HOLD_EXPIRED")
    assert await house.written() == (1, 3)


async def test_whoever_has_a_hold_need_not_name_service_and_resource_again(house: House):
    others = [a_service(), a_resource(service_ids=(APPOINTMENT,))]
    await done(house.storage, SaveService(others[0]), SaveResource(others[1]))
    made = await held(house, serviceId=APPOINTMENT, resourceId=others[1].id)
    body = a_body(holdToken=made["holdToken"])
    del body["serviceId"], body["resourceId"]
    booked = await house.call("POST", "/api/bookings", key=PUBLIC, json=body)
    assert booked.status == 201, booked.text
    assert booked.body["resourceId"] == others[1].id


@pytest.mark.parametrize(
    "other",
    [{"start": "2026-03-09T10:30:00Z"}, {"minutes": 30}, {"holdToken": NOBODY}],
    ids=["start", "length", "token"],
)
async def test_a_hold_is_of_one_slot(house: House, other: Any):
    token = (await held(house))["holdToken"]
    assert_error(await book(house, **{"holdToken": token} | other), 409, "HOLD_EXPIRED")
    assert await house.written() == (0, 0)
    assert (await book(house, holdToken=token)).status == 201


@pytest.mark.parametrize("token", ["", "short", "A" * 44, "A" * 42 + "!", 7, None])
async def test_what_is_no_token_is_refused_by_name(house: House, token: Any):
    assert_error(await book(house, holdToken=token), 400, "VALIDATION_ERROR", "holdToken")


async def test_the_same_request_again_is_answered_alike(house: House):
    token = (await held(house))["holdToken"]
    sent = {"headers": {"Idempotency-Key": "one"}, "json": a_body(holdToken=token), "key": PUBLIC}
    first = await house.call("POST", "/api/bookings", **sent)
    again = await house.call("POST", "/api/bookings", **sent)
    assert (first.status, again.status) == (201, 201)
    assert again.body == first.body
    assert again.headers["Idempotent-Replayed"] == "true"


@on_both
@pytest.mark.parametrize("read", ["hold", "placed_with"])
async def test_and_so_is_one_that_the_first_overtakes(
    house: House, monkeypatch: pytest.MonkeyPatch, read: str
):
    token, real = (await held(house))["holdToken"], getattr(house.storage, read)
    sent = {"headers": {"Idempotency-Key": "one"}, "json": a_body(holdToken=token), "key": PUBLIC}
    first = []

    async def overtaken(asked: Any) -> Any:
        monkeypatch.undo()
        found = await real(asked)
        first.append(await house.call("POST", "/api/bookings", **sent))
        return found

    monkeypatch.setattr(house.storage, read, overtaken)
    second = await house.call("POST", "/api/bookings", **sent)
    assert [answer.status for answer in (*first, second)] == [201, 201]
    assert second.body == first[0].body


@on_both
async def test_the_public_is_held_to_the_rules_and_an_administrator_to_no_overlap(house: House):
    hours = dict.fromkeys(WEEKDAYS, ("12:00-18:00",))
    office = await one(house.storage.resources(), OFFICE)
    await done(house.storage, SaveResource(replace(office, hours=hours, version=2)))
    assert_error(await hold(house), 409, "OUTSIDE_HOURS", nextAvailable=...)
    token = (await held(house, key=ADMIN))["holdToken"]
    assert_error(await hold(house, key=ADMIN), 409, "SLOT_TAKEN", nextAvailable=...)
    assert (await book(house, holdToken=token)).status == 201


@on_both
async def test_caps_count_holds(house: House):
    service = await one(house.storage.services(), APPOINTMENT)
    await done(house.storage, SaveService(replace(service, daily_cap=1, version=2)))
    token = (await held(house))["holdToken"]
    assert_error(await hold(house, **slot(14)), 409, "CAP_REACHED", nextAvailable=...)
    assert_error(
        await book(house, start="2026-03-09T14:00:00Z"), 409, "CAP_REACHED", nextAvailable=...
    )
    assert (await book(house, holdToken=token)).status == 201


@on_both
async def test_any_resource_that_is_free_is_held(house: House):
    rooms = await house.storage.resources()
    found = {(await held(house, resourceId=None))["resourceId"] for _ in rooms}
    assert found == {room.id for room in rooms}
    assert_error(await hold(house, resourceId=None), 409, "SLOT_TAKEN", nextAvailable=...)


@on_both
async def test_an_address_holds_three_at_once(house: House):
    tokens = [(await held(house, **slot(hour)))["holdToken"] for hour in (8, 9, 10)]
    assert_error(await hold(house, **slot(11)), 409, "TOO_MANY_HOLDS")
    await held(house, key=ADMIN, **slot(12))
    assert (await let_go(house, tokens[0])).status == 204
    await held(house, **slot(11))
    house.pass_by(5 * MINUTE)
    await held(house, **slot(13))


@on_both
async def test_however_many_it_asks_for_at_once(house: House):
    answers = await asyncio.gather(*[hold(house, **slot(hour)) for hour in range(1, 24)])
    assert Counter(answer.status for answer in answers) == {201: 3, 409: 20}


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        ("192.0.2.1", "192.0.2.1", True),
        ("192.0.2.1", "192.0.2.2", False),
        ("2001:db8::1", "2001:db8::ffff:1", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("192.0.2.1", "::ffff:192.0.2.1", True),
    ],
)
async def test_who_counts_as_one_address(open_house: Opener, one: str, other: str, alike: bool):
    proxies = (ip_network("127.0.0.0/8"),)
    house = await open_house(trusted_proxies=proxies, holds_per_address=1)
    await held(house, headers={"X-Forwarded-For": one})
    second = await hold(house, headers={"X-Forwarded-For": other}, **slot(12))
    assert second.status == (409 if alike else 201), second.text


async def test_neither_token_nor_address_is_kept(house: House, database: str):
    token = (await held(house))["holdToken"]
    kept = await house.storage.hold(token_digest(token))
    assert token not in repr(kept)
    assert "127.0.0.1" not in repr(kept)
    assert len(kept.address_digest) == 64


async def test_what_is_over_is_swept(house: House):
    digest = token_digest((await held(house))["holdToken"])
    assert await sweep_holds(house.storage, NOW + 5 * MINUTE - timedelta(microseconds=1)) == 0
    assert (await house.storage.hold(digest)).token_digest == digest
    assert await sweep_holds(house.storage, NOW + 5 * MINUTE) == 1
    with pytest.raises(NotFound):
        await house.storage.hold(digest)


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({}, "timeSlot"),
        ({"timeSlot": {"startTime": START}}, "timeSlot.duration"),
        ({"timeSlot": {"startTime": "2026-03-09T10:00:00", "duration": 60}}, "timeSlot.startTime"),
        ({"timeSlot": {"startTime": START, "duration": 60}, "email": "a@b.org"}, "email"),
        ({"timeSlot": {"startTime": START, "duration": 60}, "serviceId": "x"}, "serviceId"),
    ],
)
async def test_a_bad_body_is_refused_by_name(house: House, body: Any, named: str):
    answer = await house.call("POST", "/api/holds", key=PUBLIC, json=body)
    assert_error(answer, 400, "VALIDATION_ERROR", named)


async def test_a_slot_in_the_past(house: House):
    past = {"timeSlot": {"startTime": "2026-03-01T10:00:00Z", "duration": 60}}
    assert_error(await hold(house, **past), 409, "TOO_SOON", nextAvailable=...)
    answer = await hold(house, key=ADMIN, **past)
    assert_error(answer, 400, "VALIDATION_ERROR", "timeSlot.startTime")
