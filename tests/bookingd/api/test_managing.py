"""What customers do with their booking by the link that was mailed to them."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from bookingd.keys import new_key
from storage.model import MessageKind, Scope
from storage.writes import Erase, SaveKey
from tests.bookingd.api.conftest import LINKS, Answer, House, Opener, a_body, assert_error
from tests.bookingd.api.test_changing import kinds
from tests.bookingd.conftest import ADMIN, PUBLIC, on_both
from tests.records import APPOINTMENT, DAY, HOUR, NOW, OFFICE, START, a_booking, done

MINUTE = timedelta(minutes=1)


def token(booking: Any) -> str:
    """The token of a booking's link."""
    link: str = booking["manageUrl"]
    return link.partition("#")[2]


async def read(house: House, token: str, **options: Any) -> Answer:
    return await house.call("GET", f"/api/manage/{token}", key=None, **options)


async def cancel(house: House, token: str, **body: Any) -> Answer:
    return await house.call("POST", f"/api/manage/{token}/cancel", key=None, json=body)


async def set_service(house: House, **fields: Any) -> None:
    answer = await house.call("PATCH", f"/api/services/{APPOINTMENT}", json=fields)
    assert answer.status == 200, answer.text


@on_both
async def test_the_link_shows_the_booking_and_what_may_be_done_with_it(house: House):
    await set_service(house, changeNotice=24 * 60, price="45 \u20ac", bufferBefore=10)
    placed = await house.place(name="<b>Zo\u00eb</b>", timeZone="America/New_York")
    answer = await read(house, token(placed))
    assert answer.status == 200
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    told = answer.body
    assert told["booking"] == {name: placed[name] for name in placed if name != "manageUrl"}
    assert (told["mayMove"], told["mayCancel"]) == (True, True)
    assert told["changeableUntil"] == "2026-03-08T10:00:00Z"
    assert told["timeZone"] == "America/New_York"
    assert told["manageUrl"] == placed["manageUrl"]
    assert (told["service"]["id"], told["resource"]["id"]) == (APPOINTMENT, OFFICE)
    assert told["service"]["price"] == "45 \u20ac"
    assert not {"bufferBefore", "email", "version"} & (told["service"] | told["resource"]).keys()


async def test_times_are_told_in_the_zone_of_the_house_if_the_customer_named_none(house: House):
    assert (await read(house, token(await house.place()))).body["timeZone"] == "Europe/Berlin"


async def test_to_look_at_it_changes_nothing(house: House):
    placed = await house.place()
    before = await house.written(), await house.storage.booking(placed["id"])
    for method in ("GET", "HEAD", "OPTIONS", "PUT", "DELETE", "PATCH"):
        for path in ("", "/cancel", "/move"):
            await house.call(method, f"/api/manage/{token(placed)}{path}", key=None)
    assert (await house.written(), await house.storage.booking(placed["id"])) == before


@on_both
async def test_the_customer_cancels(house: House):
    placed = await house.place()
    house.pass_by(HOUR)
    answer = await cancel(house, token(placed), reason="A cold.\nSorry!")
    assert answer.status == 200
    assert answer.body["booking"]["status"] == "CANCELLED"
    assert (answer.body["mayMove"], answer.body["mayCancel"]) == (False, False)
    assert await kinds(house, placed) == [MessageKind.CONFIRMED, MessageKind.CANCELLED]
    events = (await house.call("GET", f"/api/bookings/{placed['id']}/events")).body["data"]
    assert [event["actor"] for event in events] == ["environment (admin)", "customer"]
    assert events[1]["reason"] == "A cold.\nSorry!"
    await house.place()


async def test_the_answer_has_the_link_to_what_has_become_of_it(house: House):
    placed = await house.place()
    answer = await cancel(house, token(placed))
    again = await read(house, token(answer.body))
    assert again.body == answer.body
    assert_error(await cancel(house, token(answer.body)), 409, "INVALID_TRANSITION")


async def test_a_link_dies_with_the_version_it_was_made_for(house: House):
    placed = await house.place()
    moved = await house.call(
        "PUT", f"/api/bookings/{placed['id']}", json={"phone": "+49 30 901820"}
    )
    for answer in (await read(house, token(placed)), await cancel(house, token(placed))):
        assert_error(answer, 404, "NOT_FOUND")
        assert "latest mail" in answer.body["message"]
    assert (await read(house, token(moved.body))).status == 200


async def test_a_link_dies_when_the_appointment_is_over(house: House):
    placed = await house.place()
    house.now = START + HOUR - MINUTE
    assert (await read(house, token(placed))).status == 200
    house.now = START + HOUR
    answer = await read(house, token(placed))
    assert_error(answer, 404, "NOT_FOUND")
    assert "over" in answer.body["message"]


async def test_who_was_erased_has_no_link(house: House):
    placed = await house.place()
    await house.call("DELETE", f"/api/bookings/{placed['id']}")
    await done(house.storage, Erase([placed["id"]], NOW, "operator"))
    for version in (1, 2):
        link = LINKS.to(a_booking(id=placed["id"], version=version))
        assert_error(await read(house, link.partition("#")[2]), 404, "NOT_FOUND")


async def test_a_link_to_a_booking_that_there_never_was_finds_nothing(house: House):
    link = LINKS.to(a_booking())
    assert_error(await read(house, link.partition("#")[2]), 404, "NOT_FOUND")


@pytest.mark.parametrize("given", ["x", "%00", "..", "A" * 48, "%ff" * 48, "a%2Fb", ADMIN])
async def test_what_is_no_token_finds_nothing(house: House, given: str):
    for answer in (await read(house, given), await cancel(house, given)):
        assert_error(answer, 404, "NOT_FOUND")


@pytest.mark.parametrize(
    ("passed", "status"), [(-MINUTE, 200), (timedelta(), 409), (MINUTE, 409), (DAY, 409)]
)
async def test_shortly_before_the_start_it_is_too_late(
    house: House, passed: timedelta, status: int
):
    await set_service(house, changeNotice=24 * 60)
    placed = await house.place()
    house.now = START - DAY + passed
    told = (await read(house, token(placed))).body
    assert (told["mayMove"], told["mayCancel"]) == (status == 200,) * 2
    answer = await cancel(house, token(placed))
    if status == 200:
        assert answer.status == 200
    else:
        assert_error(answer, 409, "TOO_SOON")
        assert (await house.storage.booking(placed["id"])).live


async def test_without_a_notice_it_is_too_late_once_it_has_begun(house: House):
    placed = await house.place()
    house.now = START
    assert_error(await cancel(house, token(placed)), 409, "TOO_SOON")


@pytest.mark.parametrize("noun", ["services", "resources"])
async def test_what_is_no_longer_offered_can_be_cancelled_and_not_moved(house: House, noun: str):
    placed = await house.place()
    booked = {"services": APPOINTMENT, "resources": OFFICE}[noun]
    await house.call("DELETE", f"/api/{noun}/{booked}")
    told = (await read(house, token(placed))).body
    assert (told["mayMove"], told["mayCancel"]) == (False, True)
    assert (await cancel(house, token(placed))).status == 200


async def test_what_waits_to_be_confirmed_can_be_cancelled(house: House):
    await set_service(house, needsConfirmation=True)
    placed = await house.place()
    assert (await cancel(house, token(placed))).body["booking"]["status"] == "CANCELLED"


@on_both
async def test_of_many_who_cancel_at_once_one_does_and_one_mail_is_owed(house: House):
    placed = await house.place()
    answers = await asyncio.gather(*[cancel(house, token(placed)) for _ in range(20)])
    assert sorted(answer.status for answer in answers) == [200] + [404] * 19
    assert await kinds(house, placed) == [MessageKind.CONFIRMED, MessageKind.CANCELLED]


async def test_a_refused_body_names_its_field(house: House):
    placed = await house.place()
    assert_error(await cancel(house, token(placed), reason="\0"), 400, "VALIDATION_ERROR", "reason")
    assert_error(await cancel(house, token(placed), why="x"), 400, "VALIDATION_ERROR", "why")
    form = {"data": "reason=x", "headers": {"Content-Type": "application/x-www-form-urlencoded"}}
    answer = await house.call("POST", f"/api/manage/{token(placed)}/cancel", key=None, **form)
    assert_error(answer, 415, "UNSUPPORTED_MEDIA_TYPE")


async def test_who_guesses_has_to_wait_and_who_has_an_old_link_has_not(open_house: Opener):
    house = await open_house(rate_limit="1000/minute")
    placed = await house.place()
    old = token(placed)
    now = (await house.call("PUT", f"/api/bookings/{placed['id']}", json={"name": "Grace"})).body
    for _ in range(12):
        assert_error(await read(house, old), 404, "NOT_FOUND")
    assert (await read(house, token(now))).status == 200
    for guess in range(10):
        assert_error(await read(house, f"{guess:048}"), 404, "NOT_FOUND")
    assert_error(await read(house, token(now)), 429, "RATE_LIMITED")
    assert_error(await cancel(house, token(now)), 429, "RATE_LIMITED")
    assert_error(await house.call("GET", "/api/bookings"), 429, "RATE_LIMITED")
    assert (await house.call("GET", "/api/health", key=None)).status == 200


async def test_who_may_see_the_link(house: House):
    secret, key = new_key("reports", Scope.READ_ONLY, NOW)
    await done(house.storage, SaveKey(key))
    answer = await house.call("POST", "/api/bookings", key=PUBLIC, json=a_body())
    placed = answer.body
    assert (await read(house, token(placed))).body["booking"]["id"] == placed["id"]
    path = f"/api/bookings/{placed['id']}"
    for seen in (
        (await house.call("GET", path)).body,
        (await house.call("GET", "/api/bookings")).body["data"][0],
    ):
        assert seen["manageUrl"] == placed["manageUrl"]
    for hidden in (
        (await house.call("GET", path, key=secret)).body,
        (await house.call("GET", "/api/bookings", key=secret)).body["data"][0],
    ):
        assert "manageUrl" not in hidden
    [exported] = (await house.call("GET", "/api/bookings/export?format=json")).body["data"]
    assert "manageUrl" not in exported


async def test_the_token_is_in_no_log_and_in_no_metric(
    house: House, caplog: pytest.LogCaptureFixture
):
    placed = await house.place()
    made = token(placed)
    with caplog.at_level("DEBUG"):
        await read(house, made)
        await read(house, made, headers={"Authorization": "Bearer x", "Accept": "text/html"})
        await house.call("GET", f"/api/manage/{made}/nowhere", key=None)
        await house.call("PUT", f"/api/manage/{made}", key=None)
        await house.call("GET", f"/api/manage/{made}?q=1", key=None)
        await cancel(house, made)
        await cancel(house, made)
        metrics = await house.call("GET", "/metrics")
    ours = [record for record in caplog.records if record.name.startswith("bookingd")]
    assert len(ours) >= 7
    assert [record for record in ours if made in str(vars(record))] == []
    assert 'route="/api/manage/{token}"' in metrics.text
    assert made not in metrics.text
