"""/api/webhooks: made, read, changed, deleted; tried, and how its calls went."""

from typing import Any

import pytest

from storage.model import Audience, Message, MessageState
from tests.bookingd.api.conftest import Answer, House, Opener, assert_error
from tests.bookingd.conftest import on_both
from tests.records import HOUR, NOW, OTHER_SERVICE, claim, done, settle

URL = "https://hooks.example.org/bookings?from=bookingd"
UNKNOWN = OTHER_SERVICE.id


async def made(house: House, **fields: Any) -> Any:
    answer = await house.call("POST", "/api/webhooks", json={"url": URL} | fields)
    assert answer.status == 201, answer.text
    return answer.body


async def calls(house: House, booking: Any) -> list[Message]:
    found = await house.messages(booking["id"])
    return [one for one in found if one.audience is Audience.WEBHOOK]


def without(body: Any, *names: str) -> Any:
    return {name: value for name, value in body.items() if name not in names}


@on_both
async def test_a_webhook_from_its_making_to_its_end(house: House):
    answer = await house.call("POST", "/api/webhooks", json={"url": URL})
    body = answer.body
    path = f"/api/webhooks/{body['id']}"
    assert (answer.status, answer.headers["Location"]) == (201, path)
    assert body["secret"].startswith("whsec_")
    assert without(body, "id", "secret") == {
        "url": URL,
        "description": None,
        "events": [],
        "active": True,
        "whyOff": None,
        "oldSecretUntil": None,
        "createdAt": "2026-03-02T09:00:00Z",
        "updatedAt": "2026-03-02T09:00:00Z",
        "version": 1,
    }
    seen = without(body, "secret")
    read = await house.call("GET", path)
    assert (read.status, read.body, read.headers["ETag"]) == (200, seen, '"1"')
    assert (await house.call("GET", "/api/webhooks")).body == {"data": [seen]}
    house.pass_by(HOUR)
    changes = {"events": ["booking.no_show"], "description": "Ledger", "active": False}
    changed = await house.call("PATCH", path, json=changes)
    later = {**changes, "version": 2, "updatedAt": "2026-03-02T10:00:00Z"}
    assert (changed.status, changed.body) == (200, seen | later)
    again = await house.call("PATCH", path, json=changes)
    assert again.body == changed.body
    gone = await house.call("DELETE", path)
    assert (gone.status, gone.text) == (204, "")
    assert_error(await house.call("GET", path), 404, "NOT_FOUND")
    assert_error(await house.call("DELETE", path), 404, "NOT_FOUND")
    assert (await house.call("GET", "/api/webhooks")).body == {"data": []}


async def test_its_secret_is_told_once(house: House):
    webhook = await made(house)
    path = f"/api/webhooks/{webhook['id']}"
    answers = [
        await house.call("GET", path),
        await house.call("GET", "/api/webhooks"),
        await house.call("PATCH", path, json={"active": False}),
        await house.call("GET", f"{path}/deliveries"),
    ]
    assert all(webhook["secret"] not in answer.text for answer in answers)
    [kept] = await house.storage.webhooks()
    assert kept.secret == webhook["secret"]


@on_both
async def test_a_secret_is_rolled_and_the_old_one_has_a_grace(house: House):
    webhook = await made(house)
    path = f"/api/webhooks/{webhook['id']}"
    answer = await house.call("POST", f"{path}/roll", json={})
    assert (answer.status, answer.headers["ETag"]) == (200, '"2"')
    assert without(answer.body, "secret") == without(webhook, "secret") | {
        "oldSecretUntil": "2026-03-03T09:00:00Z",
        "version": 2,
    }
    new, old = answer.body["secret"], webhook["secret"]
    assert new != old
    [kept] = await house.storage.webhooks()
    assert kept.secrets(NOW + 23 * HOUR) == [new, old]
    assert kept.secrets(NOW + 24 * HOUR) == [new]
    assert new not in (await house.call("GET", path)).text


async def test_a_secret_that_others_know_has_no_grace(house: House):
    path = f"/api/webhooks/{(await made(house))['id']}"
    await house.call("POST", f"{path}/roll", json={})
    answer = await house.call("POST", f"{path}/roll", json={"grace": 0})
    [kept] = await house.storage.webhooks()
    assert kept.secrets(NOW) == [answer.body["secret"]]
    assert answer.body["oldSecretUntil"] is None


@pytest.mark.parametrize("grace", [-1, 8761, 1.5, "24", None])
async def test_a_grace_is_so_many_hours(house: House, grace: Any):
    path = f"/api/webhooks/{(await made(house))['id']}"
    answer = await house.call("POST", f"{path}/roll", json={"grace": grace})
    assert_error(answer, 400, "VALIDATION_ERROR", "grace")


async def test_only_the_version_that_is_named_is_rolled(house: House):
    webhook = await made(house)
    path = f"/api/webhooks/{webhook['id']}/roll"
    answer = await house.call("POST", path, json={}, headers={"If-Match": '"9"'})
    assert_error(answer, 412, "STALE_VERSION")
    assert_error(
        await house.call("POST", f"/api/webhooks/{UNKNOWN}/roll", json={}), 404, "NOT_FOUND"
    )


BAD: list[tuple[dict[str, Any], str]] = [
    ({}, "url"),
    ({"url": None}, "url"),
    ({"url": 7}, "url"),
    ({"url": ""}, "url"),
    ({"url": "hooks.example.org"}, "url"),
    ({"url": "/hook"}, "url"),
    ({"url": "ftp://hooks.example.org/"}, "url"),
    ({"url": "file:///etc/passwd"}, "url"),
    ({"url": "https://"}, "url"),
    ({"url": "https://user:word@hooks.example.org/"}, "url"),
    ({"url": "https://hooks.example.org/#part"}, "url"),
    ({"url": "https://hooks.example.org:0/"}, "url"),
    ({"url": "https://hooks.example.org:99999/"}, "url"),
    ({"url": "https://hooks.example.org:/"}, "url"),
    ({"url": "https://hooks.example.org/a b"}, "url"),
    ({"url": "https://hooks.example.org/{id}"}, "url"),
    ({"url": "https://hooks.example.org/a`b"}, "url"),
    ({"url": "https://hooks.example.org/?a=[1]"}, "url"),
    ({"url": "https://hooks.example.org/%zz"}, "url"),
    ({"url": "https://hooks..example.org/"}, "url"),
    ({"url": "https://hooks.example.org/\n"}, "url"),
    ({"url": "https://hööks.example.org/"}, "url"),
    ({"url": "https://[::1/"}, "url"),
    ({"url": "https://[::::]/"}, "url"),
    ({"url": "https://xn--a/"}, "url"),
    ({"url": "https://hooks.example.org/" + "a" * 2000}, "url"),
    ({"url": "http://hooks.example.org/"}, "url"),
    ({"url": "https://127.0.0.1/"}, "url"),
    ({"url": "https://[::ffff:10.0.0.1]/"}, "url"),
    ({"url": "https://169.254.169.254/latest/meta-data"}, "url"),
    ({"url": "https://localhost/"}, "url"),
    ({"url": "https://LOCALHOST/"}, "url"),
    ({"url": URL, "events": ["booking.lost"]}, "events.0"),
    ({"url": URL, "events": ["booking.placed", "booking.placed"]}, "events"),
    ({"url": URL, "events": "booking.placed"}, "events"),
    ({"url": URL, "events": None}, "events"),
    ({"url": URL, "active": "yes"}, "active"),
    ({"url": URL, "description": 7}, "description"),
    ({"url": URL, "secret": "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz"}, "secret"),
]


@pytest.mark.parametrize(("body", "field"), BAD)
async def test_what_is_wrong_is_named(house: House, body: dict[str, Any], field: str):
    assert_error(
        await house.call("POST", "/api/webhooks", json=body), 400, "VALIDATION_ERROR", field
    )
    assert await house.storage.webhooks() == []


@pytest.mark.parametrize("url", ["http://127.0.0.1:8000/hook", "http://ledger/hook", URL])
async def test_where_private_addresses_are_allowed_so_is_plain_http(open_house: Opener, url: str):
    house = await open_house(webhook_allow_private=True)
    assert (await made(house, url=url))["url"] == url


@on_both
async def test_every_event_is_owed_to_whoever_is_told_of_it(house: House):
    everything = await made(house)
    some = await made(house, events=["booking.placed", "booking.no_show"])
    await made(house, active=False)
    booking = await house.place()
    path = f"/api/bookings/{booking['id']}"
    await house.call("PUT", path, json={"name": "Grace"})
    for status in ("COMPLETED", "NO_SHOW"):
        await house.call("PATCH", path, json={"status": status})
    other = await house.place(start="2026-03-10T10:00:00Z")
    await house.call("DELETE", f"/api/bookings/{other['id']}")
    owed = [(one.version, one.kind, one.recipient) for one in await calls(house, booking)]
    assert sorted(owed) == sorted(
        [
            (1, "placed", everything["id"]),
            (1, "placed", some["id"]),
            (2, "changed", everything["id"]),
            (3, "completed", everything["id"]),
            (4, "no_show", everything["id"]),
            (4, "no_show", some["id"]),
        ]
    )
    told = [(one.kind, one.recipient) for one in await calls(house, other)]
    assert told[-1] == ("cancelled", everything["id"])
    history = await house.call("GET", f"{path}/events")
    audiences = [one["audience"] for one in history.body["data"][3]["messages"]]
    assert audiences == ["webhook", "webhook"]


async def test_without_a_webhook_nothing_is_owed_but_mails(house: House):
    assert await calls(house, await house.place()) == []


async def test_a_change_is_seen_at_once(house: House):
    await house.place()
    webhook = await made(house)
    path = f"/api/webhooks/{webhook['id']}"
    first = await house.place(start="2026-03-10T10:00:00Z")
    assert len(await calls(house, first)) == 1
    await house.call("PATCH", path, json={"active": False})
    assert [one.state for one in await calls(house, first)] == [MessageState.SUPERSEDED]
    assert await calls(house, await house.place(start="2026-03-11T10:00:00Z")) == []
    await house.call("PATCH", path, json={"active": True})
    assert len(await calls(house, await house.place(start="2026-03-12T10:00:00Z"))) == 1
    await house.call("DELETE", path)
    assert await calls(house, await house.place(start="2026-03-13T10:00:00Z")) == []


async def deliveries(house: House, webhook: Any, **query: Any) -> Answer:
    return await house.call("GET", f"/api/webhooks/{webhook['id']}/deliveries", params=query)


@on_both
async def test_the_log_tells_how_each_call_went(house: House):
    webhook = await made(house, events=["booking.placed"])
    first, second = await house.place(), await house.place(start="2026-03-10T10:00:00Z")
    sent, dead = await claim(house.storage, calls=True)
    refused = settle(dead, MessageState.DEAD, error="500: Oh no")
    await done(house.storage, settle(sent), refused)
    body = (await deliveries(house, webhook)).body
    assert body["pagination"] == {"limit": 20, "nextCursor": None}
    assert body["data"] == [
        {
            "id": dead.id,
            "event": "booking.placed",
            "bookingId": second["id"],
            "bookingVersion": 1,
            "state": "dead",
            "createdAt": "2026-03-02T09:00:00Z",
            "attempts": 1,
            "nextAttemptAt": None,
            "sentAt": None,
            "lastError": "500: Oh no",
        },
        {
            "id": sent.id,
            "event": "booking.placed",
            "bookingId": first["id"],
            "bookingVersion": 1,
            "state": "sent",
            "createdAt": "2026-03-02T09:00:00Z",
            "attempts": 1,
            "nextAttemptAt": None,
            "sentAt": "2026-03-02T09:00:00Z",
            "lastError": None,
        },
    ]
    page = (await deliveries(house, webhook, limit="1")).body
    assert [one["id"] for one in page["data"]] == [dead.id]
    cursor = page["pagination"]["nextCursor"]
    page = (await deliveries(house, webhook, limit="1", cursor=cursor)).body
    assert ([one["id"] for one in page["data"]], page["pagination"]["nextCursor"]) == (
        [sent.id],
        None,
    )
    page = (await deliveries(house, webhook, state="sent,pending")).body
    assert [one["id"] for one in page["data"]] == [sent.id]
    for wrong in ({"state": "lost"}, {"limit": "0"}, {"cursor": "x"}, {"page": "1"}):
        answer = await deliveries(house, webhook, **wrong)
        assert_error(answer, 400, "VALIDATION_ERROR", *wrong)


@on_both
async def test_a_call_is_made_once_more(house: House):
    webhook = await made(house)
    await house.place()
    [call] = await claim(house.storage, calls=True)
    await done(house.storage, settle(call))
    house.pass_by(HOUR)
    path = f"/api/webhooks/{webhook['id']}/deliveries/{call.id}/replay"
    pokes = house.pokes
    answer = await house.call("POST", path)
    assert (answer.status, answer.body["state"], answer.body["attempts"]) == (202, "pending", 0)
    assert answer.body["nextAttemptAt"] == "2026-03-02T10:00:00Z"
    assert house.pokes == pokes + 1
    [again] = await claim(house.storage, calls=True, now=house.now)
    assert again.id == call.id


@on_both
async def test_a_test_call_leaves_by_the_outbox(house: House):
    webhook = await made(house, events=["booking.no_show"])
    answer = await house.call("POST", f"/api/webhooks/{webhook['id']}/test")
    assert (answer.status, answer.body["event"], answer.body["state"]) == (
        202,
        "webhook.test",
        "pending",
    )
    assert (answer.body["bookingId"], answer.body["bookingVersion"]) == (None, None)
    assert (await deliveries(house, webhook)).body["data"] == [answer.body]
    [call] = await claim(house.storage, calls=True)
    assert (call.id, call.recipient) == (answer.body["id"], webhook["id"])


async def test_one_that_is_off_is_neither_tried_nor_called_again(house: House):
    webhook = await made(house)
    await house.place()
    path = f"/api/webhooks/{webhook['id']}"
    [call] = (await deliveries(house, webhook)).body["data"]
    await house.call("PATCH", path, json={"active": False})
    for what in ("test", f"deliveries/{call['id']}/replay"):
        assert_error(await house.call("POST", f"{path}/{what}"), 409, "WEBHOOK_OFF")


@on_both
@pytest.mark.parametrize("unknown", [UNKNOWN, "x"])
async def test_what_is_unknown_is_not_found(house: House, unknown: str):
    webhook = await made(house)
    one, calls = f"/api/webhooks/{unknown}", f"/api/webhooks/{webhook['id']}/deliveries"
    for method, path in [
        ("GET", one),
        ("PATCH", one),
        ("DELETE", one),
        ("POST", f"{one}/test"),
        ("GET", f"{one}/deliveries"),
        ("POST", f"{one}/deliveries/{UNKNOWN}/replay"),
        ("POST", f"{calls}/{unknown}/replay"),
    ]:
        body = {"json": {}} if method == "PATCH" else {}
        assert_error(await house.call(method, path, **body), 404, "NOT_FOUND")


async def test_a_change_or_an_end_of_a_version_that_is_no_longer(house: House):
    webhook = await made(house)
    path = f"/api/webhooks/{webhook['id']}"
    await house.call("PATCH", path, json={"description": "Ledger"})
    stale = {"If-Match": '"1"'}
    answer = await house.call("PATCH", path, json={"active": False}, headers=stale)
    assert_error(answer, 412, "STALE_VERSION")
    assert_error(await house.call("DELETE", path, headers=stale), 412, "STALE_VERSION")
    assert (await house.call("DELETE", path, headers={"If-Match": '"2"'})).status == 204
