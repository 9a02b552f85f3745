"""What a service asks of who books it, over HTTP."""

from typing import Any

import pytest

from tests.bookingd.api.conftest import Answer, House, Opener, a_body, assert_error
from tests.bookingd.conftest import ADMIN, PUBLIC, on_both
from tests.records import APPOINTMENT

QUESTIONS = [
    {"label": "Zo\u00eb?", "type": "yes_no", "required": True},
    {"label": "Which?", "type": "choice", "choices": ["a", "b"]},
]
each_key = pytest.mark.parametrize("key", [PUBLIC, ADMIN])


async def ask(house: House, **fields: Any) -> None:
    answer = await house.call("PATCH", f"/api/services/{APPOINTMENT}", json=fields)
    assert answer.status == 200, answer.text


async def book(house: House, key: str = PUBLIC, **fields: Any) -> Answer:
    return await house.call("POST", "/api/bookings", key=key, json=a_body(**fields))


@on_both
@each_key
async def test_answers_that_are_wrong_are_named_and_the_right_ones_kept(house: House, key: str):
    await ask(house, questions=QUESTIONS)
    answer = await book(house, key, answers={"Which?": "c", "Who?": "I"})
    fields = ("answers.Zo\u00eb?", "answers.Which?", "answers.Who?")
    assert_error(answer, 400, "VALIDATION_ERROR", *fields)
    assert_error(await book(house, key), 400, "VALIDATION_ERROR", "answers.Zo\u00eb?")
    assert await house.written() == (0, 0)
    given = {"Zo\u00eb?": "yes", "Which?": "b"}
    answer = await book(house, key, answers=given)
    assert (answer.status, answer.body["answers"]) == (201, given)


@each_key
async def test_a_service_requires_other_fields_than_the_house(house: House, key: str):
    await ask(house, requiredFields=["phone"])
    refused = await book(house, key, company=None)
    assert_error(refused, 400, "VALIDATION_ERROR", "phone")
    body = a_body(phone="+44 20 7946 0958")
    del body["name"], body["company"]
    answer = await house.call("POST", "/api/bookings", key=key, json=body)
    assert answer.status == 201
    path = f"/api/bookings/{answer.body['id']}"
    refused = await house.call("PUT", path, json={"phone": None})
    assert_error(refused, 400, "VALIDATION_ERROR", "phone")
    assert (await house.call("PUT", path, json={"company": None})).status == 200


async def test_the_address_is_always_required(house: House):
    await ask(house, requiredFields=[])
    body = a_body()
    del body["email"]
    answer = await house.call("POST", "/api/bookings", key=PUBLIC, json=body)
    assert_error(answer, 400, "VALIDATION_ERROR", "email")


async def test_what_was_answered_before_there_were_questions_stays(house: House):
    placed = await house.place(answers={"free": "text"})
    await ask(house, questions=QUESTIONS)
    path = f"/api/bookings/{placed['id']}"
    given = {"free": "text", "Which?": "a"}
    answer = await house.call("PUT", path, json={"name": "Grace", "answers": given})
    assert (answer.status, answer.body["answers"]) == (200, given)
    refused = await house.call("PUT", path, json={"answers": {"other": "text"}})
    assert_error(refused, 400, "VALIDATION_ERROR", "answers.other")


async def test_a_body_without_a_service_is_told_all_at_once(open_house: Opener):
    house = await open_house(required_fields=frozenset({"email", "phone"}))
    answer = await house.call("POST", "/api/bookings", key=PUBLIC, json={})
    assert_error(answer, 400, "VALIDATION_ERROR", "email", "phone", "timeSlot")
