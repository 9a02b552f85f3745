"""Placing a booking: what comes back, what is kept, what is owed."""

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from storage.ids import is_id
from storage.model import Audience, MessageKind
from storage.writes import SaveService
from tests.bookingd.api.conftest import MEMBERS, House, Opener, a_body, assert_error
from tests.bookingd.conftest import PUBLIC, on_both
from tests.records import (
    APPOINTMENT,
    DAY,
    HOUR,
    NOW,
    OFFICE,
    OTHER_ROOM,
    OTHER_SERVICE,
    ROOM,
    SERVICE,
    START,
    a_service,
    claim,
    done,
    settle,
)

QUARTER = timedelta(minutes=15)
FULL: dict[str, Any] = {
    "phone": "+49 30 901820",
    "inquiry": "With colour.\n<b>And</b> a wash & 'go'; DROP TABLE bookings --",
    "answers": {"Allergies?": "None\nat all", "\u00bfD\u00f3nde?": "\U0001f389"},
    "timeZone": "America/New_York",
    "locale": "de-AT",
    "serviceId": OTHER_SERVICE.id,
    "resourceId": OTHER_ROOM.id,
}


async def archive_all_but_the_first(house: House) -> None:
    """As a fresh installation has it."""
    for noun, ids in (
        ("services", (SERVICE.id, OTHER_SERVICE.id)),
        ("resources", (ROOM.id, OTHER_ROOM.id)),
    ):
        for record_id in ids:
            assert (await house.call("DELETE", f"/api/{noun}/{record_id}")).status == 200


@on_both
async def test_a_booking_comes_back_as_it_was_sent_and_can_be_read(house: House):
    body = a_body(name="Zo\u00eb O'Brien", **FULL)
    answer = await house.call("POST", "/api/bookings", key=PUBLIC, json=body)
    assert answer.status == 201
    assert answer.headers["ETag"] == '"1"'
    assert answer.headers["Content-Type"] == "application/json; charset=utf-8"
    placed = answer.body
    assert is_id(placed["id"])
    assert placed == body | {
        "id": placed["id"],
        "startTime": "2026-03-09T10:00:00Z",
        "endTime": "2026-03-09T11:00:00Z",
        "duration": 60,
        "status": "CONFIRMED",
        "createdAt": "2026-03-02T09:00:00Z",
        "updatedAt": "2026-03-02T09:00:00Z",
        "manageUrl": placed["manageUrl"],
        "confirmationSent": False,
        "reminderSent": False,
        "version": 1,
    }
    read = await house.call("GET", answer.headers["Location"])
    assert (read.status, read.body, read.headers["ETag"]) == (200, placed, '"1"')


async def test_the_first_line_of_the_manual_needs_neither_service_nor_resource(house: House):
    await archive_all_but_the_first(house)
    body = {name: value for name, value in a_body().items() if not name.endswith("Id")}
    answer = await house.call("POST", "/api/bookings", key=PUBLIC, json=body)
    assert answer.status == 201
    placed = answer.body
    assert (placed["serviceId"], placed["resourceId"]) == (APPOINTMENT, OFFICE)
    for name in ("phone", "inquiry", "timeZone", "locale"):
        assert placed[name] is None
    assert placed["answers"] == {}


@pytest.mark.parametrize(
    "start",
    ["2026-03-09T10:00:00Z", "2026-03-09T11:00:00+01:00", "2026-03-09T05:30-04:30",
     "2026-03-09t10:00:00.000z", "2026-03-10T00:00:00+14:00"],
)  # fmt: skip
async def test_whatever_the_offset_utc_comes_out(house: House, start: str):
    placed = await house.place(start=start)
    assert placed["startTime"] == placed["timeSlot"]["startTime"] == "2026-03-09T10:00:00Z"


@pytest.mark.parametrize(("minutes", "end"), [(1, "09T10:01"), (1440, "10T10:00")])
async def test_a_booking_lasts_a_minute_to_a_day(house: House, minutes: int, end: str):
    assert (await house.place(minutes=minutes))["endTime"] == f"2026-03-{end}:00Z"


@on_both
@pytest.mark.parametrize(
    ("start", "minutes"),
    [("10:00", 60), ("10:30", 60), ("09:30", 60),
     ("10:15", 30), ("09:00", 180), ("10:45", 1)],
)  # fmt: skip
async def test_what_overlaps_is_refused_with_three_free_starts(
    house: House, start: str, minutes: int
):
    await house.place()
    pokes = house.pokes
    body = a_body(start=f"2026-03-09T{start}:00Z", minutes=minutes)
    answer = await house.call("POST", "/api/bookings", key=PUBLIC, json=body)
    assert_error(answer, 409, "SLOT_TAKEN", nextAvailable=...)
    assert (await house.written())[0] == 1
    assert house.pokes - pokes <= 1
    begin = datetime.fromisoformat("2026-03-09T11:00:00Z")
    assert answer.body["nextAvailable"] == [
        {"startTime": f"{begin + number * QUARTER:%Y-%m-%dT%H:%M:%SZ}", "duration": minutes}
        for number in range(3)
    ]
    await house.place(timeSlot=answer.body["nextAvailable"][0])


@on_both
async def test_what_touches_does_not_overlap(house: House):
    for start in ("10:00", "11:00", "09:00"):
        await house.place(start=f"2026-03-09T{start}:00Z")


async def test_another_resource_is_free_at_the_same_time(house: House):
    await house.place()
    await house.place(resourceId=OTHER_ROOM.id)


async def test_another_service_of_the_same_resource_is_not(house: House):
    await house.place()
    answer = await house.call("POST", "/api/bookings", json=a_body(serviceId=OTHER_SERVICE.id))
    assert_error(answer, 409, "SLOT_TAKEN", nextAvailable=...)


@on_both
async def test_the_buffers_of_a_service_are_kept_free(house: House):
    service = a_service(buffer_before=15, buffer_after=30)
    await done(house.storage, SaveService(service))
    placed = await house.place(serviceId=service.id)
    assert (placed["startTime"], placed["duration"]) == ("2026-03-09T10:00:00Z", 60)
    for start, minutes in (("11:29", 1), ("09:45", 1)):
        body = a_body(start=f"2026-03-09T{start}:00Z", minutes=minutes)
        answer = await house.call("POST", "/api/bookings", json=body)
        assert_error(answer, 409, "SLOT_TAKEN", nextAvailable=...)
    await house.place(start="2026-03-09T11:30:00Z")
    await house.place(start="2026-03-09T09:44:00Z", minutes=1)


@on_both
async def test_of_many_who_want_one_slot_one_gets_it(house: House):
    answers = await asyncio.gather(
        *(house.call("POST", "/api/bookings", key=PUBLIC, json=a_body()) for _ in range(20))
    )
    assert sorted(answer.status for answer in answers) == [201] + [409] * 19
    assert (await house.written())[0] == 1


@on_both
async def test_confirmations_and_reminders_are_owed_with_the_booking(house: House):
    placed = await house.place()
    messages = await house.messages(placed["id"])
    assert {(one.kind, one.audience, one.recipient, one.due_at) for one in messages} == {
        (MessageKind.CONFIRMED, Audience.CUSTOMER, "ada@example.org", NOW),
        (MessageKind.CONFIRMED, Audience.ADMIN, "office@example.org", NOW),
        (MessageKind.REMINDER, Audience.CUSTOMER, "ada@example.org", START - DAY),
    }
    assert house.pokes == 1


async def test_a_service_that_confirms_by_hand_only_receives(house: House):
    service = replace(OTHER_SERVICE, needs_confirmation=True, version=2)
    await done(house.storage, SaveService(service))
    placed = await house.place(serviceId=service.id)
    assert placed["status"] == "PENDING"
    kinds = {one.kind for one in await house.messages(placed["id"])}
    assert kinds == {MessageKind.RECEIVED}


@on_both
async def test_what_was_mailed_is_told_truly(house: House):
    path = f"/api/bookings/{(await house.place())['id']}"

    async def sent() -> tuple[bool, bool]:
        body = (await house.call("GET", path)).body
        return body["confirmationSent"], body["reminderSent"]

    assert await sent() == (False, False)
    for now, found in ((NOW, (True, False)), (START - HOUR, (True, True))):
        await done(house.storage, *map(settle, await claim(house.storage, now=now)))
        assert await sent() == found


@pytest.mark.parametrize(
    ("required", "missing"),
    [
        ({"email"}, []),
        ({"name", "email", "phone"}, ["name", "phone"]),
        ({"name", "email", "company", "phone"}, ["name", "company", "phone"]),
    ],
)
async def test_what_is_required_is_configuration(
    open_house: Opener, required: set[str], missing: list[str]
):
    house = await open_house(required_fields=frozenset(required))
    body = a_body()
    del body["name"], body["company"]
    answer = await house.call("POST", "/api/bookings", json=body)
    if missing:
        assert_error(answer, 400, "VALIDATION_ERROR", *missing)
    else:
        assert answer.status == 201
        assert answer.body["company"] is None


async def test_two_installations_do_not_share_what_they_require(open_house: Opener):
    first = await open_house(required_fields=frozenset({"email", "phone"}))
    second = await open_house(required_fields=frozenset({"email"}))
    assert (await first.call("POST", "/api/bookings", json=a_body())).status == 400
    assert (await second.call("POST", "/api/bookings", json=a_body())).status == 201


async def test_a_booking_begins_no_sooner_than_now(house: House):
    soon = NOW + timedelta(seconds=1)
    await house.place(start=soon.isoformat(), minutes=1)
    answer = await house.call("POST", "/api/bookings", json=a_body(start=NOW.isoformat()))
    assert_error(answer, 400, "VALIDATION_ERROR", "timeSlot.startTime")
    assert "nextAvailable" not in answer.body
    assert set(answer.body) == MEMBERS


@pytest.mark.parametrize(
    "locale",
    [
        "de",
        "zh-Hant-TW",
        "es-419",
        "sl-rozaj-biske",
        "de-CH-1901",
        "de-DE-u-co-phonebk",
        "yue",
        "zh-cmn-Hans-CN",
        "ar-EG-u-nu-latn-ca-islamic-civil-hc-h12",
        "en-GB-x-a-b",
        "EN-gb",
    ],
)
async def test_every_well_formed_language_tag_is_taken(house: House, locale: str):
    assert (await house.place(locale=locale))["locale"] == locale
