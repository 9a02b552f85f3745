"""What customers do with their booking by the link that was mailed to them."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from bookingd.keys import new_key
from storage.model import MessageKind, MessageState, Scope
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


async def move(house: House, token: str, start: str, minutes: int = 60) -> Answer:
    body = {"timeSlot": {"startTime": start, "duration": minutes}}
    return await house.call("POST", f"/api/manage/{token}/move", key=None, json=body)


async def offered(house: House, token: str, day: str = "2026-03-09") -> list[str]:
    """The starts of a day that the customer is offered."""
    query = {"from": day, "to": day, "timeZone": "UTC"}
    answer = await house.call("GET", f"/api/manage/{token}/slots", key=None, params=query)
    assert answer.status == 200, answer.text
    [found] = answer.body["data"]
    return [slot["startTime"] for slot in found["slots"]]


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


@on_both
async def test_the_customer_moves(house: House):
    placed = await house.place()
    house.pass_by(HOUR)
    answer = await move(house, token(placed), "2026-03-10T15:00:00+01:00", 60)
    assert answer.status == 200
    assert answer.body["booking"]["startTime"] == "2026-03-10T14:00:00Z"
    assert answer.body["booking"]["status"] == "CONFIRMED"
    assert await kinds(house, placed) == [MessageKind.CONFIRMED, MessageKind.CHANGED]
    events = (await house.call("GET", f"/api/bookings/{placed['id']}/events")).body["data"]
    assert [(event["kind"], event["actor"]) for event in events[1:]] == [("changed", "customer")]
    assert_error(await read(house, token(placed)), 404, "NOT_FOUND")
    assert (await read(house, token(answer.body))).body == answer.body
    await house.place()


@on_both
async def test_a_move_may_overlap_what_it_leaves(house: House):
    placed = await house.place()
    found = await offered(house, token(placed))
    assert {"2026-03-09T09:30:00Z", "2026-03-09T10:00:00Z", "2026-03-09T10:30:00Z"} <= {
        start.replace("+00:00", "Z") for start in found
    }
    assert (await move(house, token(placed), "2026-03-09T10:30:00Z")).status == 200


async def test_and_whatever_buffers_are_kept_around_what_it_leaves(house: House):
    await set_service(house, capacity=2, bufferBefore=30)
    first = await house.place()
    await set_service(house, bufferBefore=0, slotStep=30)
    second = await house.place()
    await house.call("DELETE", f"/api/bookings/{first['id']}")
    assert "2026-03-09T09:30:00+00:00" in await offered(house, token(second))
    assert (await move(house, token(second), "2026-03-09T09:30:00Z")).status == 200


async def test_what_is_offered_is_what_is_accepted(house: House):
    await house.place(start="2026-03-09T12:00:00Z")
    placed = await house.place()
    found = set(await offered(house, token(placed)))
    for minute in range(11 * 60, 13 * 60 + 1, 15):
        start = f"2026-03-09T{minute // 60:02}:{minute % 60:02}:00+00:00"
        answer = await move(house, token(placed), start)
        assert (answer.status == 200) == (start in found), start
        placed = answer.body if answer.status == 200 else placed
    assert len(found) == 24 * 4 - 7


REFUSED = [
    ({}, "2026-03-09T12:30:00Z", "SLOT_TAKEN"),
    ({}, "2026-03-09T10:07:00Z", "OUTSIDE_HOURS"),
    ({}, "2026-03-02T08:00:00Z", "TOO_SOON"),
    ({"minimumNotice": 60}, "2026-03-02T09:45:00Z", "TOO_SOON"),
    ({"horizon": 10}, "2026-03-13T10:00:00Z", "TOO_FAR"),
    ({"dailyCap": 1}, "2026-03-12T10:00:00Z", "CAP_REACHED"),
]


@on_both
@pytest.mark.parametrize(("rule", "start", "code"), REFUSED)
async def test_a_move_is_held_to_the_rules_of_a_new_booking(
    house: House, rule: dict[str, Any], start: str, code: str
):
    await house.place(start="2026-03-09T12:00:00Z")
    await house.place(start="2026-03-12T12:00:00Z")
    placed = await house.place(start="2026-03-10T10:00:00Z")
    await set_service(house, **rule)
    answer = await move(house, token(placed), start)
    assert_error(answer, 409, code, nextAvailable=[])
    assert len(answer.body["nextAvailable"]) == 3
    assert (await house.storage.booking(placed["id"])).version == 1
    free = answer.body["nextAvailable"][0]
    assert (await move(house, token(placed), free["startTime"], free["duration"])).status == 200


async def test_a_cap_does_not_count_the_booking_that_moves(house: House):
    await set_service(house, dailyCap=1, weeklyCap=1)
    placed = await house.place()
    answer = await move(house, token(placed), "2026-03-09T15:00:00Z")
    assert answer.status == 200
    assert (await move(house, token(answer.body), "2026-03-12T15:00:00Z")).status == 200


@on_both
async def test_who_shares_a_session_moves_alone_and_may_join_another(house: House):
    await set_service(house, capacity=2)
    one, other = await house.place(), await house.place()
    third = await house.place(start="2026-03-09T15:00:00Z")
    found = await offered(house, token(one))
    assert "2026-03-09T10:30:00+00:00" not in found  # the other is still there
    assert {"2026-03-09T10:00:00+00:00", "2026-03-09T15:00:00+00:00"} <= set(found)
    answer = await move(house, token(one), "2026-03-09T10:30:00Z")
    assert_error(answer, 409, "SLOT_TAKEN", nextAvailable=[])
    assert (await move(house, token(one), "2026-03-09T15:00:00Z")).status == 200
    assert "2026-03-09T15:00:00+00:00" not in await offered(house, token(other))
    answer = await move(house, token(other), "2026-03-09T15:00:00Z")
    assert_error(answer, 409, "SLOT_TAKEN", nextAvailable=[])
    assert (await move(house, token(other), "2026-03-09T10:30:00Z")).status == 200
    assert (await move(house, token(third), "2026-03-09T10:30:00Z")).status == 200


async def test_to_move_it_to_where_it_is_changes_nothing(house: House):
    placed = await house.place(start="2026-03-09T10:07:00Z")  # an administrator's, off the steps
    before = await house.written()
    answer = await move(house, token(placed), "2026-03-09T10:07:00Z")
    assert (answer.status, answer.body["manageUrl"]) == (200, placed["manageUrl"])
    assert await house.written() == before


async def test_a_booking_keeps_its_length_though_the_service_no_longer_has_it(house: House):
    placed = await house.place(minutes=60)
    await set_service(house, durations=[30])
    assert "2026-03-09T12:00:00+00:00" in await offered(house, token(placed))
    answer = await move(house, token(placed), "2026-03-09T12:00:00Z", 45)
    assert_error(answer, 400, "VALIDATION_ERROR", "timeSlot.duration")
    assert (await move(house, token(placed), "2026-03-09T12:00:00Z")).status == 200


async def test_a_length_that_the_service_no_longer_has_makes_no_steps(house: House):
    placed = await house.place(minutes=20)
    await set_service(house, durations=[60])
    found = await offered(house, token(placed))
    assert found == [f"2026-03-09T{hour:02}:00:00+00:00" for hour in range(24)]
    answer = await move(house, token(placed), "2026-03-09T12:20:00Z", 20)
    assert_error(answer, 409, "OUTSIDE_HOURS", nextAvailable=[])


async def test_a_new_time_has_to_be_confirmed_where_the_first_one_had(house: House):
    await set_service(house, needsConfirmation=True)
    placed = await house.place()
    path = f"/api/bookings/{placed['id']}"
    confirmed = (await house.call("PATCH", path, json={"status": "CONFIRMED"})).body
    answer = await move(house, token(confirmed), "2026-03-10T10:00:00Z")
    assert answer.body["booking"]["status"] == "PENDING"
    told = [MessageKind.RECEIVED, MessageKind.CONFIRMED, MessageKind.RECEIVED]
    assert await kinds(house, placed) == told
    messages = await house.messages(placed["id"])
    office = [one.kind for one in messages if one.recipient == "office@example.org"]
    assert office == told
    assert {one.state for one in messages if one.reminds} == {MessageState.SUPERSEDED}
    await house.call("PATCH", path, json={"status": "CONFIRMED"})
    assert await kinds(house, placed) == [*told, MessageKind.CONFIRMED]


async def test_shortly_before_the_start_nothing_is_moved_or_offered(house: House):
    await set_service(house, changeNotice=24 * 60)
    placed = await house.place()
    house.now = START - DAY
    assert_error(await move(house, token(placed), "2026-03-12T10:00:00Z"), 409, "TOO_SOON")
    query = "from=2026-03-09&to=2026-03-09"
    answer = await house.call("GET", f"/api/manage/{token(placed)}/slots?{query}", key=None)
    assert_error(answer, 409, "TOO_SOON")


async def test_what_is_no_longer_offered_is_not_moved(house: House):
    placed = await house.place()
    await house.call("DELETE", f"/api/resources/{OFFICE}")
    answer = await move(house, token(placed), "2026-03-12T10:00:00Z")
    assert_error(answer, 409, "INVALID_TRANSITION")


@on_both
async def test_of_many_who_move_to_one_slot_one_gets_it(house: House):
    starts = [f"2026-03-09T{hour:02}:00:00Z" for hour in range(10, 22)]
    placed = [await house.place(start=start) for start in starts]
    wanted = [move(house, token(one), "2026-03-10T10:00:00Z") for one in placed]
    answers = await asyncio.gather(*wanted)
    assert sorted(answer.status for answer in answers) == [200] + [409] * 11
    assert {answer.body["errorCode"] for answer in answers if answer.status == 409} == {
        "SLOT_TAKEN"
    }


async def test_of_many_moves_of_one_booking_one_is_made(house: House):
    placed = await house.place()
    starts = [f"2026-03-10T{hour:02}:00:00Z" for hour in range(12)]
    answers = await asyncio.gather(*[move(house, token(placed), start) for start in starts])
    assert sorted(answer.status for answer in answers) == [200] + [404] * 11
    assert len(await kinds(house, placed)) == 2


async def test_a_refused_move_names_its_field(house: House):
    placed = await house.place()
    answer = await move(house, token(placed), "2026-03-09T10:00:00")
    assert_error(answer, 400, "VALIDATION_ERROR", "timeSlot.startTime")
    path = f"/api/manage/{token(placed)}"
    answer = await house.call("POST", f"{path}/move", key=None, json={})
    assert_error(answer, 400, "VALIDATION_ERROR", "timeSlot")
    answer = await house.call("GET", f"{path}/slots", key=None)
    assert_error(answer, 400, "VALIDATION_ERROR", "from", "to")
