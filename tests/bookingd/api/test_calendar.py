"""The calendar that calendar programs subscribe to."""

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
import vobject

from bookingd.api import calendar
from bookingd.keys import new_key
from storage.erasure import ERASED_EMAIL
from storage.model import Scope
from storage.writes import Erase, SaveKey
from tests.bookingd.api.conftest import Answer, House, assert_error
from tests.bookingd.conftest import ADMIN, on_both
from tests.records import DAY, NOW, START, a_row_of_bookings, done, place


async def a_token(house: House, **fields: Any) -> str:
    secret, key = new_key("phone", Scope.CALENDAR, NOW)
    await done(house.storage, SaveKey(replace(key, **fields)))
    return secret


async def read(house: House, token: str, **headers: str) -> Answer:
    path = f"/api/calendar/{token}.ics"
    return await house.call("GET", path, key=None, headers=headers)


def events(answer: Answer) -> list[Any]:
    assert answer.status == 200, answer.text
    [found] = vobject.readComponents(answer.text)
    return list(getattr(found, "vevent_list", []))


def names(answer: Answer) -> Sequence[str]:
    return [event.summary.value.partition(":")[0] for event in events(answer)]


@on_both
async def test_what_was_lately_and_all_that_comes(house: House):
    token = await a_token(house)
    for name, start in (
        ("soon", "2026-03-02T10:00:00Z"),
        ("later", "2026-03-03T10:00:00Z"),
        ("in two years", "2028-03-02T10:00:00Z"),
    ):
        booked = await house.place(name=name, start=start)
    answer = await read(house, token)
    assert names(answer) == ["soon", "later", "in two years"]
    assert answer.headers["Content-Type"] == "text/calendar; charset=utf-8"
    await house.call("DELETE", f"/api/bookings/{booked['id']}")
    assert events(await read(house, token))[-1].status.value == "CANCELLED"
    house.pass_by(31 * DAY)
    assert names(await read(house, token)) == ["later", "in two years"]


async def test_however_many_there_are(house: House, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(calendar, "PAGE", 2)
    await done(house.storage, *map(place, a_row_of_bookings(5)))
    assert len(events(await read(house, await a_token(house)))) == 5


@on_both
async def test_who_has_it_is_told_so(house: House):
    token = await a_token(house)
    booking = await house.place()
    tag = (await read(house, token)).headers["ETag"]
    again = await read(house, token)
    assert again.headers["ETag"] == tag
    assert again.headers["Cache-Control"] == "private, no-cache"
    known = await read(house, token, **{"If-None-Match": tag})
    assert (known.status, known.text, known.headers["ETag"]) == (304, "", tag)
    await house.call("PATCH", f"/api/bookings/{booking['id']}", json={"status": "CANCELLED"})
    assert (await read(house, token, **{"If-None-Match": tag})).status == 200


@pytest.mark.parametrize("noun", ["services", "resources"])
async def test_another_name_of_what_is_booked_is_news(house: House, noun: str):
    token = await a_token(house)
    booking = await house.place()
    tag = (await read(house, token)).headers["ETag"]
    named = booking[f"{noun.removesuffix('s')}Id"]
    await house.call("PATCH", f"/api/{noun}/{named}", json={"name": "Other"})
    answer = await read(house, token, **{"If-None-Match": tag})
    assert "Other" in answer.text


async def test_the_token_opens_the_calendar_and_nothing_else(house: House):
    token = await a_token(house)
    for path in ("/api/bookings", "/api/health/jobs", "/metrics", "/api/bookings/export"):
        assert_error(await house.call("GET", path, key=token), 403, "FORBIDDEN")
    body = {"json": {"name": "x"}}
    assert_error(await house.call("POST", "/api/services", key=token, **body), 403, "FORBIDDEN")


@pytest.mark.parametrize("scope", sorted(set(Scope) - {Scope.CALENDAR}))
async def test_no_other_key_opens_it(house: House, scope: Scope):
    secret, key = new_key("other", scope, NOW)
    await done(house.storage, SaveKey(key))
    assert_error(await read(house, secret), 404, "NOT_FOUND")


@pytest.mark.parametrize("token", [ADMIN, "x", "bk_cal_", "..", "%00", "%ff", "a%2Fb"])
async def test_what_is_no_token_finds_nothing(house: House, token: str):
    assert_error(await read(house, token), 404, "NOT_FOUND")


@pytest.mark.parametrize("fields", [{"revoked_at": NOW}, {"expires_at": NOW}])
async def test_a_token_that_is_over_finds_nothing(house: House, fields: dict[str, Any]):
    assert_error(await read(house, await a_token(house, **fields)), 404, "NOT_FOUND")


async def test_nobody_is_known_from_it_who_was_erased(house: House):
    token = await a_token(house)
    booking = await house.place()
    await done(house.storage, Erase([booking["id"]], START + DAY, "operator"))
    answer = await read(house, token)
    assert not re.search("Ada|ada@", answer.text)  # ids may have small letters like that
    assert ERASED_EMAIL in answer.text


async def test_the_token_is_in_no_log(house: House, caplog: pytest.LogCaptureFixture):
    token = await a_token(house)
    with caplog.at_level("DEBUG"):
        await read(house, token)
        await read(house, token + "x")
    ours = [record for record in caplog.records if record.name.startswith("bookingd")]
    assert len(ours) == 2
    assert [record for record in ours if token in str(vars(record))] == []
