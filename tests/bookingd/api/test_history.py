"""GET /api/bookings/{id}/events: what happened, who did it, and how its mails went."""

from datetime import timedelta

import pytest

from storage.model import MessageState
from tests.bookingd.api.conftest import House, assert_error
from tests.bookingd.conftest import on_both
from tests.records import SERVICE, claim, done, settle


@on_both
async def test_a_booking_moved_renamed_and_cancelled(house: House):
    booking = await house.place()
    path = f"/api/bookings/{booking['id']}"
    house.pass_by(timedelta(minutes=1))
    move = {"timeSlot": {"startTime": "2026-03-10T11:00:00+01:00", "duration": 30}, "name": "Grace"}
    await house.call("PUT", path, json=move)
    house.pass_by(timedelta(minutes=1))
    await house.call("PATCH", path, json={"status": "CANCELLED", "reason": "ill"})
    events = (await house.call("GET", f"{path}/events")).body["data"]
    assert [event["version"] for event in events] == [1, 2, 3]
    assert [event["kind"] for event in events] == ["placed", "changed", "cancelled"]
    assert {event["actor"] for event in events} == {"environment (admin)"}
    assert [event["at"] for event in events] == [
        "2026-03-02T09:00:00Z",
        "2026-03-02T09:01:00Z",
        "2026-03-02T09:02:00Z",
    ]
    assert [event["changes"] for event in events] == [
        {},
        {
            "name": {"before": "Ada Example", "after": "Grace"},
            "startTime": {"before": "2026-03-09T10:00:00Z", "after": "2026-03-10T10:00:00Z"},
            "endTime": {"before": "2026-03-09T11:00:00Z", "after": "2026-03-10T10:30:00Z"},
        },
        {"status": {"before": "CONFIRMED", "after": "CANCELLED"}},
    ]
    assert [event["reason"] for event in events] == [None, None, "ill"]
    told = [
        sorted((one["kind"], one["audience"], one["state"]) for one in event["messages"])
        for event in events
    ]
    assert told == [
        [
            ("confirmed", "admin", "pending"),
            ("confirmed", "customer", "pending"),
            ("reminder", "customer", "superseded"),
        ],
        [
            ("changed", "admin", "pending"),
            ("changed", "customer", "pending"),
            ("reminder", "customer", "superseded"),
        ],
        [("cancelled", "admin", "pending"), ("cancelled", "customer", "pending")],
    ]


@on_both
async def test_how_its_mails_went(house: House):
    booking = await house.place()
    for message in await claim(house.storage):
        sent = message.recipient == booking["email"]
        await done(
            house.storage,
            settle(message)
            if sent
            else settle(message, MessageState.DEAD, error="550 no such mailbox"),
        )
    answer = await house.call("GET", f"/api/bookings/{booking['id']}/events")
    [event] = answer.body["data"]
    assert all(message.pop("id") for message in event["messages"])
    told = {(one["kind"], one["audience"]): one for one in event["messages"]}
    assert told["confirmed", "customer"] == {
        "kind": "confirmed",
        "audience": "customer",
        "recipient": booking["email"],
        "state": "sent",
        "dueAt": "2026-03-02T09:00:00Z",
        "attempts": 1,
        "sentAt": "2026-03-02T09:00:00Z",
        "lastError": None,
    }
    assert (
        told["confirmed", "admin"]
        | {
            "state": "dead",
            "attempts": 1,
            "sentAt": None,
            "lastError": "550 no such mailbox",
        }
        == told["confirmed", "admin"]
    )
    assert told["reminder", "customer"]["dueAt"] == "2026-03-08T10:00:00Z"


async def test_names_are_those_of_the_api(house: House):
    booking = await house.place()
    edit = {"timeZone": "Asia/Tokyo", "answers": {"a_b": "c_d"}}
    await house.call("PUT", f"/api/bookings/{booking['id']}", json=edit)
    answer = await house.call("GET", f"/api/bookings/{booking['id']}/events")
    assert answer.body["data"][1]["changes"] == {
        "timeZone": {"before": None, "after": "Asia/Tokyo"},
        "answers": {"before": {}, "after": {"a_b": "c_d"}},
    }


@pytest.mark.parametrize("unknown", [SERVICE.id, "x", "%00"])
async def test_what_is_unknown_is_not_found(house: House, unknown: str):
    await house.place()
    answer = await house.call("GET", f"/api/bookings/{unknown}/events")
    assert_error(answer, 404, "NOT_FOUND")


async def test_what_the_client_has_is_not_sent_again(house: House):
    path = f"/api/bookings/{(await house.place())['id']}/events"
    known = (await house.call("GET", path)).headers["ETag"]
    assert (await house.call("GET", path, headers={"If-None-Match": known})).status == 304
    await claim(house.storage)
    assert (await house.call("GET", path, headers={"If-None-Match": known})).status == 200
