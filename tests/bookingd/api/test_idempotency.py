"""Idempotency-Key: the same request again is answered as the first was, and nothing is done."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from bookingd.keys import new_key
from schedules.housekeeping import KEPT, forget_keys
from storage.model import Scope
from storage.writes import SaveKey
from tests.bookingd.api.conftest import Answer, House, a_body, assert_error
from tests.bookingd.conftest import PUBLIC, on_both
from tests.records import HOUR, NOW, SERVICE, done

KEY = "8e03978e-40d5-43dd-bc93-6894a57f9324"
SAME = ("ETag", "Location", "Content-Type")


async def post(house: House, key: str | None = KEY, *, by: str = PUBLIC, **fields: Any) -> Answer:
    headers = {"Idempotency-Key": key} if key is not None else {}
    return await house.call("POST", "/api/bookings", key=by, headers=headers, json=a_body(**fields))


def assert_replayed(answer: Answer, first: Answer) -> None:
    assert (answer.status, answer.text) == (201, first.text)
    assert {name: answer.headers[name] for name in SAME} == {
        name: first.headers[name] for name in SAME
    }
    assert answer.headers["Idempotent-Replayed"] == "true"


async def placed(house: House) -> Answer:
    """The first answer."""
    answer = await post(house)
    assert answer.status == 201
    assert "Idempotent-Replayed" not in answer.headers
    return answer


@on_both
async def test_the_same_again_is_the_first_answer(house: House):
    first = await placed(house)
    before = await house.written()
    assert_replayed(await post(house), first)
    assert await house.written() == before == (1, 3)


@on_both
@pytest.mark.parametrize("later", ["moved", "cancelled", "begun", "forgotten by nobody yet"])
async def test_whatever_came_of_the_booking_the_answer_is_the_first(house: House, later: str):
    first = await placed(house)
    path = f"/api/bookings/{first.body['id']}"
    if later == "moved":
        move = {"timeSlot": {"startTime": "2026-03-10T10:00:00Z", "duration": 30}, "name": "Grace"}
        assert (await house.call("PUT", path, json=move)).status == 200
    elif later == "cancelled":
        assert (await house.call("DELETE", path)).status == 200
    elif later == "begun":
        house.pass_by(timedelta(days=30))
    else:
        house.pass_by(KEPT)
        assert await forget_keys(house.storage, house.now) == 0
    assert_replayed(await post(house), first)


async def test_an_offer_that_is_gone_does_not_change_the_answer(house: House):
    first = await post(house, serviceId=SERVICE.id)
    path = f"/api/services/{SERVICE.id}"
    assert (await house.call("PATCH", path, json={"archived": True})).status == 200
    assert (await post(house, None, serviceId=SERVICE.id)).status == 400
    assert_replayed(await post(house, serviceId=SERVICE.id), first)


@pytest.mark.parametrize(
    "written",
    [
        {"start": "2026-03-09T11:00:00+01:00"},
        {"timeSlot": {"duration": 60, "startTime": "2026-03-09T10:00:00.000Z"}},
    ],
)
async def test_a_body_that_says_the_same_is_the_same(house: House, written: Any):
    first = await placed(house)
    assert_replayed(await post(house, **written), first)


@pytest.mark.parametrize(
    "other",
    [
        {"name": "Ada example"},
        {"start": "2026-03-09T12:00:00Z"},
        {"minutes": 30},
        {"inquiry": "x"},
        {"answers": {"a": "b"}},
    ],
)
async def test_another_body_is_refused_and_changes_nothing(house: House, other: Any):
    first = await placed(house)
    assert_error(await post(house, **other), 422, "IDEMPOTENCY_MISMATCH")
    assert await house.written() == (1, 3)
    assert_replayed(await post(house), first)


@on_both
async def test_a_hundred_at_once_are_one(house: House):
    answers = await asyncio.gather(*[post(house) for _ in range(100)])
    assert {(answer.status, answer.text) for answer in answers} == {(201, answers[0].text)}
    assert sum("Idempotent-Replayed" in answer.headers for answer in answers) == 99
    assert await house.written() == (1, 3)


async def test_of_many_bodies_at_once_one_is_placed(house: House):
    answers = await asyncio.gather(*[post(house, name=f"Ada {n}") for n in range(20)])
    won = [answer for answer in answers if answer.status == 201]
    assert len(won) == 1
    for answer in answers:
        if answer is not won[0]:
            assert_error(answer, 422, "IDEMPOTENCY_MISMATCH")


async def test_what_was_refused_may_be_tried_again(house: House):
    other = await house.place()
    refused = await post(house)
    assert (refused.status, refused.body["errorCode"]) == (409, "SLOT_TAKEN")
    await house.call("DELETE", f"/api/bookings/{other['id']}")
    await placed(house)


async def test_each_api_key_has_keys_of_its_own(house: House):
    secrets = []
    for _ in range(2):  # of one name: it is the key that counts
        secret, key = new_key("web site", Scope.PUBLISHABLE, NOW, None, ())
        await done(house.storage, SaveKey(key))
        secrets.append(secret)
    first = await post(house, by=secrets[0])
    other = await post(house, by=secrets[1], start="2026-03-09T12:00:00Z")
    assert (first.status, other.status) == (201, 201)
    assert first.body["id"] != other.body["id"]
    assert_error(await post(house, by=secrets[1]), 422, "IDEMPOTENCY_MISMATCH")
    assert_replayed(await post(house, by=secrets[0]), first)


async def test_after_a_day_the_key_is_free(house: House):
    first = await placed(house)
    house.pass_by(KEPT + timedelta(microseconds=1))
    assert await forget_keys(house.storage, house.now) == 1
    assert await forget_keys(house.storage, house.now) == 0
    again = await post(house, start=f"{house.now + 2 * HOUR:%Y-%m-%dT%H:%M:%SZ}")
    assert again.status == 201
    assert again.body["id"] != first.body["id"]


@pytest.mark.parametrize("key", ["a", " inside ", '"quoted"', "x" * 255, "~!#$%&'*+-.^_`|"])
async def test_keys_that_are_taken(house: House, key: str):
    first = await post(house, key)
    assert first.status == 201
    assert_replayed(await post(house, key), first)


@pytest.mark.parametrize("key", ["", "   ", "x" * 256, "tab\there", "ü"])
async def test_keys_that_are_not(house: House, key: str):
    assert_error(await post(house, key), 400, "VALIDATION_ERROR", "Idempotency-Key")
    assert await house.written() == (0, 0)


async def test_two_keys_are_none(house: House):
    headers = [("Idempotency-Key", "a"), ("Idempotency-Key", "b")]
    answer = await house.call("POST", "/api/bookings", headers=headers, json=a_body())
    assert_error(answer, 400, "VALIDATION_ERROR", "Idempotency-Key")


async def test_without_a_key_twice_is_twice(house: House):
    assert (await post(house, None)).status == 201
    assert (await post(house, None)).status == 409
