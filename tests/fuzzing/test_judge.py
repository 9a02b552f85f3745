"""The judge of the fuzzer can be wrong about nothing: it has to complain of what is bad."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from fuzzing.judge import MEMBERS, complaint, written
from fuzzing.mutations import case
from fuzzing.requests import Keys, booking
from fuzzing.wire import Answer, NoAnswerError, answers

SAFE = {
    "server": "bookingd",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "x-request-id": "r",
}
NOW = datetime.now(UTC)


def an_error(status: int = 400, **members: Any) -> Answer:
    body = dict.fromkeys(MEMBERS, "x") | {"statusCode": status, "status": status, "requestId": "r"}
    return Answer(status, SAFE, json.dumps(body | members).encode())


def test_what_is_right_is_not_complained_of():
    assert complaint(an_error()) is None
    assert complaint(Answer(200, SAFE, b"{}")) is None


@pytest.mark.parametrize(
    "answer",
    [
        an_error(500),
        an_error(503),
        an_error(302),
        an_error(statusCode=404),
        an_error(requestId="other"),
        Answer(400, SAFE, b"<html>"),
        Answer(400, SAFE, b'{"message": "x"}'),
        Answer(200, {}, b"{}"),
        Answer(200, SAFE | {"server": "Python/3.11 aiohttp/3.14"}, b"{}"),
        Answer(200, SAFE | {"x-request-id": ""}, b"{}"),
    ],
)
def test_what_is_wrong_is_complained_of(answer: Answer):
    assert complaint(answer)


def a_stored(**fields: Any) -> dict[str, Any]:
    start = NOW + timedelta(days=1)
    times = {"startTime": start.isoformat(), "endTime": (start + timedelta(hours=1)).isoformat()}
    return booking(1) | times | {"status": "PENDING"} | fields


def test_a_good_booking_may_be_stored():
    assert written(a_stored(), NOW) is None


@pytest.mark.parametrize(
    "fields",
    [
        {"name": "a\x00b"},
        {"name": " "},
        {"name": "x" * 201},
        {"company": "\u202eevil"},
        {"inquiry": "\x1b[2J"},
        {"answers": {"a\ud800": "b"}},
        {"email": "nobody"},
        {"status": "pending"},
        {"startTime": (NOW - timedelta(hours=1)).isoformat()},
        {"endTime": (NOW + timedelta(days=9)).isoformat()},
    ],
)
def test_a_bad_booking_may_not_be_stored(fields: dict[str, Any]):
    assert written(a_stored(**fields), NOW)


@pytest.mark.parametrize(
    "got",
    [b"HTTP/1.1 200 OK\r\n", b"nonsense\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nx"],
)
def test_half_an_answer_is_none(got: bytes):
    with pytest.raises(NoAnswerError):
        list(answers(got))


def test_several_answers_are_taken_apart():
    one = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
    found = list(answers(b"HTTP/1.1 100 Continue\r\n\r\n" + one + one))
    assert [(answer.status, answer.body) for answer in found] == [(200, b"{}")] * 2


def test_a_case_can_be_had_again_and_is_not_the_next_one():
    keys = Keys("admin", "public", "id")
    first = [case(1, number, keys) for number in range(200)]
    assert first == [case(1, number, keys) for number in range(200)]
    assert len(set(first)) > 150
    assert first != [case(2, number, keys) for number in range(200)]
