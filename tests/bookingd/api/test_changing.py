"""Editing, moving, stepping and cancelling; versions and what is told."""

import asyncio
from typing import Any

import pytest

from bookingd.api import middleware
from storage.model import BookingStatus, MessageKind, MessageState
from tests.bookingd.api.conftest import Answer, House, Opener, a_body, assert_error
from tests.bookingd.conftest import on_both
from tests.records import DAY, HOUR, NOW, START, a_booking, claim, done, place, settle

LATER = {"startTime": "2026-03-10T10:00:00Z", "duration": 60}
STATUS_OF = {"PUT": {"name": "Grace Example"}, "PATCH": {"status": "CANCELLED"}, "DELETE": None}


async def change(house: House, method: str, booking: Any, body: Any = None, **more: Any) -> Answer:
    return await house.call(method, f"/api/bookings/{booking['id']}", json=body, headers=more)


def if_match(value: str) -> dict[str, str]:
    return {"If-Match": value}


async def kinds(house: House, booking: Any) -> list[MessageKind]:
    """What the customer is told, oldest first, reminders apart."""
    return [
        one.kind
        for one in await house.messages(booking["id"])
        if one.recipient == booking["email"] and not one.reminds
    ]


async def reminders(house: House, booking: Any) -> set[tuple[Any, MessageState]]:
    messages = await house.messages(booking["id"])
    return {(one.due_at, one.state) for one in messages if one.reminds}


@on_both
async def test_an_edit_changes_what_it_names_and_nothing_else(house: House):
    placed = await house.place(phone="+49 30 901820")
    house.pass_by(HOUR)
    answer = await change(house, "PUT", placed, {"name": "Grace Example", "phone": None})
    assert answer.status == 200
    assert answer.body == placed | {
        "name": "Grace Example",
        "phone": None,
        "updatedAt": "2026-03-02T10:00:00Z",
        "version": 2,
        "manageUrl": answer.body["manageUrl"],
    }
    assert answer.headers["ETag"] == '"2"'
    assert (await change(house, "GET", placed)).body == answer.body
    assert await kinds(house, placed) == [MessageKind.CONFIRMED, MessageKind.CHANGED]


async def test_other_answers_have_to_fit_the_questions(house: House):
    placed = await house.place(answers={"Age": "12", "Who?": "Me"})
    path = f"/api/services/{placed['serviceId']}"
    asked = {"questions": [{"label": "Age", "type": "number", "required": True}]}
    assert (await house.call("PATCH", path, json=asked)).status == 200
    for answers in ({"Age": "old"}, {"Who?": "Me"}):
        answer = await change(house, "PUT", placed, {"answers": answers})
        assert_error(answer, 400, "VALIDATION_ERROR", "answers.Age")
    answer = await change(house, "PUT", placed, {"answers": {"Age": "13", "Who?": "Me"}})
    assert (answer.status, answer.body["answers"]) == (200, {"Age": "13", "Who?": "Me"})


@on_both
async def test_a_move_frees_the_old_slot_and_takes_the_new_one(house: House):
    placed = await house.place()
    answer = await change(house, "PUT", placed, {"timeSlot": LATER})
    assert answer.status == 200
    assert answer.body["startTime"] == answer.body["timeSlot"]["startTime"] == LATER["startTime"]
    assert answer.body["endTime"] == "2026-03-10T11:00:00Z"
    assert (await house.storage.booking(placed["id"])).sequence == 1
    taken = await house.call("POST", "/api/bookings", json=a_body(timeSlot=LATER))
    assert_error(taken, 409, "SLOT_TAKEN", nextAvailable=...)
    await house.place()


async def test_a_move_takes_its_reminder_along(house: House):
    placed = await house.place()
    await change(house, "PUT", placed, {"timeSlot": LATER})
    assert await reminders(house, placed) == {
        (START - DAY, MessageState.SUPERSEDED),
        (START, MessageState.PENDING),
    }


@on_both
async def test_a_move_onto_another_booking_is_refused_with_free_starts(house: House):
    first, second = await house.place(), await house.place(timeSlot=LATER)
    answer = await change(house, "PUT", second, {"name": "x", "timeSlot": first["timeSlot"]})
    assert_error(answer, 409, "SLOT_TAKEN", nextAvailable=...)
    assert (await change(house, "GET", second)).body == second
    [free, *_] = answer.body["nextAvailable"]
    assert (await change(house, "PUT", second, {"timeSlot": free})).status == 200


async def test_a_booking_does_not_stand_in_its_own_way(house: House):
    placed = await house.place()
    for start, minutes in (("10:30", 60), ("10:00", 120), ("10:15", 15)):
        slot = {"startTime": f"2026-03-09T{start}:00Z", "duration": minutes}
        answer = await change(house, "PUT", placed, {"timeSlot": slot})
        assert (answer.status, answer.body["duration"]) == (200, minutes)


async def test_what_is_offered_for_a_move_may_be_where_it_stands(house: House):
    await house.place()
    second = await house.place(start="2026-03-09T11:00:00Z")
    slot = {"startTime": "2026-03-09T10:30:00Z", "duration": 60}
    answer = await change(house, "PUT", second, {"timeSlot": slot})
    assert_error(answer, 409, "SLOT_TAKEN", nextAvailable=...)
    [free, *_] = answer.body["nextAvailable"]
    assert free["startTime"] == "2026-03-09T11:00:00Z"


SAME = {name: value for name, value in a_body().items() if not name.endswith("Id")}


@pytest.mark.parametrize("body", [{}, {"name": "Ada Example"}, SAME])
async def test_an_edit_that_changes_nothing_is_answered_and_not_told(house: House, body: Any):
    placed = await house.place()
    before = await house.written()
    house.pass_by(HOUR)
    answer = await change(house, "PUT", placed, body)
    assert (answer.status, answer.body, answer.headers["ETag"]) == (200, placed, '"1"')
    assert await house.written() == before


@on_both
async def test_a_booking_goes_through_its_life(house: House):
    booking = a_booking(status=BookingStatus.PENDING)
    await done(house.storage, place(booking))
    target = {"id": booking.id, "email": booking.email}
    for number, status in enumerate(("CONFIRMED", "COMPLETED", "NO_SHOW", "COMPLETED"), start=2):
        answer = await change(house, "PATCH", target, {"status": status})
        assert (answer.status, answer.body["status"]) == (200, status)
        assert (answer.body["version"], answer.headers["ETag"]) == (number, f'"{number}"')
    assert await kinds(house, target) == [MessageKind.CONFIRMED]
    assert await reminders(house, target) == {(START - DAY, MessageState.SUPERSEDED)}


@on_both
async def test_a_step_that_the_machine_has_not_is_refused_and_nothing_written(house: House):
    placed = await house.place()
    await change(house, "DELETE", placed)
    before = await house.storage.booking(placed["id"]), await house.written()
    for status in ("PENDING", "CONFIRMED", "COMPLETED", "NO_SHOW"):
        answer = await change(house, "PATCH", placed, {"status": status})
        assert_error(answer, 409, "INVALID_TRANSITION")
    answer = await change(house, "PUT", placed, {"timeSlot": LATER})
    assert_error(answer, 409, "INVALID_TRANSITION")
    assert (await house.storage.booking(placed["id"]), await house.written()) == before


async def test_a_step_to_where_it_stands_is_answered_and_not_told(house: House):
    placed = await house.place()
    before = await house.written()
    answer = await change(house, "PATCH", placed, {"status": "CONFIRMED", "reason": "again"})
    assert (answer.status, answer.body) == (200, placed)
    assert await house.written() == before


@on_both
async def test_a_cancellation_frees_the_slot_and_is_told_once(house: House):
    placed = await house.place()
    house.pass_by(HOUR)
    first = await change(house, "DELETE", placed)
    assert first.status == 200
    cancelled = {"status": "CANCELLED", "updatedAt": "2026-03-02T10:00:00Z", "version": 2}
    assert first.body == placed | cancelled | {"manageUrl": None}
    written = await house.written()
    house.pass_by(HOUR)
    again = await change(house, "DELETE", placed)
    assert (again.status, again.body, again.headers["ETag"]) == (200, first.body, '"2"')
    assert await house.written() == written
    assert await kinds(house, placed) == [MessageKind.CONFIRMED, MessageKind.CANCELLED]
    assert await reminders(house, placed) == {(START - DAY, MessageState.SUPERSEDED)}
    assert (await house.storage.booking(placed["id"])).sequence == 1
    await house.place()


async def test_a_cancelled_slot_stays_cancelled_when_another_has_it(house: House):
    placed = await house.place()
    await change(house, "DELETE", placed)
    await house.place()
    answer = await change(house, "PATCH", placed, {"status": "CONFIRMED"})
    assert_error(answer, 409, "INVALID_TRANSITION")


@on_both
async def test_many_cancellations_at_once_are_one(house: House):
    placed = await house.place()
    answers = await asyncio.gather(*(change(house, "DELETE", placed) for _ in range(3)))
    assert [(one.status, one.body["version"]) for one in answers] == [(200, 2)] * 3
    assert await kinds(house, placed) == [MessageKind.CONFIRMED, MessageKind.CANCELLED]


async def test_what_has_begun_can_be_settled_but_not_moved_back(house: House):
    placed = await house.place()
    house.now = START + HOUR
    assert (await change(house, "PATCH", placed, {"status": "COMPLETED"})).status == 200
    answer = await change(house, "PUT", placed, {"name": "Grace", "timeSlot": placed["timeSlot"]})
    assert (answer.status, answer.body["name"]) == (200, "Grace")


async def test_a_confirmation_that_was_sent_stays_sent(house: House):
    placed = await house.place()
    await done(house.storage, *map(settle, await claim(house.storage, now=NOW)))
    answer = await change(house, "PUT", placed, {"timeSlot": LATER})
    assert (answer.body["confirmationSent"], answer.body["reminderSent"]) == (True, False)


async def test_the_answer_of_a_change_is_what_is_read_afterwards(house: House):
    placed = await house.place()
    await done(house.storage, *map(settle, await claim(house.storage, now=START - HOUR)))
    for method, body in (("PUT", {"timeSlot": LATER}), ("DELETE", None)):
        answer = await change(house, method, placed, body)
        assert (await change(house, "GET", placed)).body == answer.body


@on_both
@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
async def test_a_stale_version_is_refused_and_nothing_changed(house: House, method: str):
    placed = await house.place()
    await change(house, "PUT", placed, {"name": "Somebody Else"})
    before = await house.storage.booking(placed["id"]), await house.written()
    for stale in ('"1"', '"3"', '"x"', "2", 'W/"2"', '"1", "3"', ""):
        answer = await change(house, method, placed, STATUS_OF[method], **if_match(stale))
        assert_error(answer, 412, "STALE_VERSION")
    assert (await house.storage.booking(placed["id"]), await house.written()) == before


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("tag", ['"1"', "*", '"7", "1"', '"1","7"'])
async def test_the_version_that_was_read_may_be_changed(house: House, method: str, tag: str):
    placed = await house.place()
    answer = await change(house, method, placed, STATUS_OF[method], **if_match(tag))
    assert (answer.status, answer.headers["ETag"]) == (200, '"2"')


@on_both
async def test_of_two_who_change_one_version_one_is_told(house: House):
    placed = await house.place()
    names = ("Grace", "Mary", "Joan")
    answers = await asyncio.gather(
        *(change(house, "PUT", placed, {"name": name}, **if_match('"1"')) for name in names)
    )
    assert sorted(one.status for one in answers) == [200, 412, 412]
    [winner] = [one.body["name"] for one in answers if one.status == 200]
    assert (await change(house, "GET", placed)).body["name"] == winner


async def test_without_a_version_the_later_change_is_made_on_the_earlier(house: House):
    placed = await house.place()
    answers = await asyncio.gather(
        change(house, "PUT", placed, {"name": "Grace"}),
        change(house, "PUT", placed, {"company": "Other Ltd"}),
    )
    assert [one.status for one in answers] == [200, 200]
    found = (await change(house, "GET", placed)).body
    assert (found["name"], found["company"], found["version"]) == ("Grace", "Other Ltd", 3)


@on_both
async def test_without_a_version_nobody_is_told_of_the_others(house: House):
    placed = await house.place()
    names = [f"by {number}" for number in range(30)]
    answers = await asyncio.gather(
        *(change(house, "PUT", placed, {"name": name}) for name in names)
    )
    assert [one.status for one in answers] == [200] * 30
    assert sorted(one.body["version"] for one in answers) == list(range(2, 32))
    [last] = [one for one in answers if one.body["version"] == 31]
    assert (await change(house, "GET", placed)).body == last.body


async def test_a_change_that_is_always_overtaken_is_given_up_in_time(
    open_house: Opener, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(middleware, "LIMIT", 0.2)
    house = await open_house()
    booking = a_booking()
    await done(house.storage, place(booking))
    reads = 0

    async def overtaken(_: Any) -> Any:
        nonlocal reads
        reads += 1
        return a_booking(id=booking.id, version=99)

    house.storage.booking = overtaken  # type: ignore[method-assign,assignment]
    answer = await change(house, "PUT", {"id": booking.id}, {"name": "Grace"})
    assert_error(answer, 503, "REQUEST_TIMEOUT")
    assert reads > 1
    answer = await change(house, "PUT", {"id": booking.id}, {"name": "Grace"}, **if_match('"2"'))
    assert_error(answer, 412, "STALE_VERSION")
