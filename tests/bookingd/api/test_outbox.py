"""The outbox over HTTP."""

from datetime import timedelta
from typing import Any

import pytest

from bookingd.keys import new_key
from storage.ids import new_id
from storage.model import Booking, Message, MessageKind, MessageState, Scope
from storage.writes import SaveKey
from tests.bookingd.api.conftest import House, assert_error
from tests.bookingd.conftest import on_both
from tests.records import (
    HOUR,
    NOW,
    a_message,
    a_reminder,
    a_row_of_bookings,
    cancelled,
    change,
    changed,
    done,
    place,
)

ROW = a_row_of_bookings(4)
ERROR = "550 at RCPT: <ada@example.org> is nobody"
DEAD = a_message(ROW[0], state=MessageState.DEAD, attempts=1, last_error=ERROR)
SENT = a_message(
    ROW[1], id=new_id(NOW + HOUR), state=MessageState.SENT, kind=MessageKind.CANCELLED, attempts=1,
    sent_at=NOW,
)  # fmt: skip
WAITING = a_message(ROW[2], id=new_id(NOW + 2 * HOUR), next_attempt_at=NOW + HOUR)
REMINDER = a_reminder(ROW[3], id=new_id(NOW + 3 * HOUR))
MESSAGES = [DEAD, SENT, WAITING, REMINDER]


@pytest.fixture(autouse=True)
async def stock(house: House) -> None:
    await done(house.storage, *map(place, ROW, MESSAGES))


async def listed(house: House, **query: Any) -> str:
    """The messages of a page by their numbers."""
    answer = await house.call("GET", "/api/outbox", params=query)
    assert answer.status == 200, answer.text
    ids = [one.id for one in MESSAGES]
    return "".join(str(ids.index(one["id"])) for one in answer.body["data"])


async def retried(house: House, message: Message) -> Any:
    answer = await house.call("POST", f"/api/outbox/{message.id}/retry")
    assert answer.status == 200, answer.text
    return answer.body


@on_both
async def test_a_message_tells_all_about_itself(house: House):
    answer = await house.call("GET", f"/api/outbox/{DEAD.id}")
    assert answer.body == {
        "id": DEAD.id,
        "bookingId": ROW[0].id,
        "version": 1,
        "kind": "confirmed",
        "audience": "customer",
        "recipient": "ada@example.org",
        "state": "dead",
        "createdAt": "2026-03-02T09:00:00Z",
        "dueAt": "2026-03-02T09:00:00Z",
        "nextAttemptAt": None,
        "expiresAt": None,
        "attempts": 1,
        "lastError": ERROR,
        "sentAt": None,
    }


@on_both
@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({}, "3210"),
        ({"state": "dead"}, "0"),
        ({"state": "pending,sent"}, "321"),
        ({"kind": "reminder"}, "3"),
        ({"kind": "confirmed,cancelled", "state": "pending"}, "2"),
        ({"bookingId": ROW[1].id}, "1"),
        ({"dueFrom": "2026-03-02T09:00:00.000001Z"}, "3"),
        ({"dueTo": "2026-03-03T00:00:00+01:00"}, "210"),
    ],
)
async def test_filters(house: House, query: dict[str, str], found: str):
    assert await listed(house, **query) == found


@on_both
async def test_pages_follow_one_another_by_cursor(house: House):
    answer = await house.call("GET", "/api/outbox", params={"limit": 3})
    assert len(answer.body["data"]) == 3
    cursor = answer.body["pagination"]["nextCursor"]
    answer = await house.call("GET", "/api/outbox", params={"limit": 3, "cursor": cursor})
    assert [one["id"] for one in answer.body["data"]] == [DEAD.id]
    assert answer.body["pagination"] == {"limit": 3, "nextCursor": None}


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"state": "gone"}, "state"),
        ({"kind": "spam"}, "kind"),
        ({"limit": "201"}, "limit"),
        ({"cursor": "x"}, "cursor"),
        ({"cursor": ""}, "cursor"),
        ({"bookingId": "x"}, "bookingId"),
        ({"dueFrom": "2026-03-02T09:00:00"}, "dueFrom"),
        ({"dueFrom": "2026-03-03T09:00:00Z", "dueTo": "2026-03-02T09:00:00Z"}, "dueTo"),
        ({"recipient": "ada@example.org"}, "recipient"),
    ],
    ids=str,
)
async def test_what_cannot_be_asked_is_named(house: House, query: dict[str, str], field: str):
    answer = await house.call("GET", "/api/outbox", params=query)
    assert_error(answer, 400, "VALIDATION_ERROR", field)


async def test_an_operator_sees_no_customers_data(house: House):
    secret, key = new_key("night shift", Scope.OPERATOR, NOW)
    await done(house.storage, SaveKey(key))
    one = await house.call("GET", f"/api/outbox/{DEAD.id}", key=secret)
    every = await house.call("GET", "/api/outbox", key=secret)
    assert one.body["lastError"] == "550 at RCPT"
    assert len(every.body["data"]) == len(MESSAGES)
    assert "ada@" not in one.text + every.text  # an id may have these letters
    assert "recipient" not in one.text + every.text


@on_both
async def test_a_dead_message_is_sent_again_to_the_corrected_address(house: House):
    await done(house.storage, change(changed(ROW[0], email="right@example.org")))
    house.pass_by(HOUR)
    found = await retried(house, DEAD)
    assert (found["state"], found["attempts"]) == ("pending", 0)
    assert (found["recipient"], found["lastError"]) == ("right@example.org", ERROR)
    assert found["nextAttemptAt"] == "2026-03-02T10:00:00Z"
    assert house.pokes == 1


async def test_a_message_that_waits_need_not(house: House):
    house.pass_by(timedelta(minutes=1))
    assert (await retried(house, WAITING))["nextAttemptAt"] == "2026-03-02T09:01:00Z"


@pytest.mark.parametrize("message", [SENT, REMINDER])
async def test_what_is_sent_or_not_yet_due_is_409(house: House, message: Message):
    answer = await house.call("POST", f"/api/outbox/{message.id}/retry")
    assert_error(answer, 409, "NOT_RETRYABLE")


@pytest.mark.parametrize("after", [cancelled(ROW[0])])
async def test_what_was_superseded_is_409(house: House, after: Booking):
    await done(house.storage, change(after))
    answer = await house.call("POST", f"/api/outbox/{DEAD.id}/retry")
    assert_error(answer, 409, "NOT_RETRYABLE")
    assert await listed(house, state="superseded") == "0"


@pytest.mark.parametrize("message_id", [new_id(NOW), "x"], ids=["unknown", "no id"])
async def test_what_is_not_there_is_404(house: House, message_id: str):
    for method, path in (("GET", ""), ("POST", "/retry")):
        answer = await house.call(method, f"/api/outbox/{message_id}{path}")
        assert_error(answer, 404, "NOT_FOUND")


@on_both
async def test_all_that_is_dead_is_sent_again(house: House):
    answer = await house.call("POST", "/api/outbox/retry")
    assert (answer.status, answer.body) == (200, {"retried": 1})
    assert await listed(house, state="pending") == "320"
    assert house.pokes == 1
    answer = await house.call("POST", "/api/outbox/retry")
    assert answer.body == {"retried": 0}
