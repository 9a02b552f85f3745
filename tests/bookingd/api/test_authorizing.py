"""How a key comes, and when it counts; test_access.py has who may do what."""

from datetime import timedelta
from typing import Any

import pytest

from bookingd import fresh
from bookingd.api.application import _check_scopes, application
from bookingd.keys import new_key, new_secret
from storage.model import Scope
from storage.writes import SaveKey
from tests.bookingd.api.conftest import UNKNOWN, House, a_body, assert_error
from tests.bookingd.conftest import ADMIN, PUBLIC, a_config, on_both
from tests.records import NOW, done

LIST = "/api/bookings"


@pytest.fixture(autouse=True)
def fresh_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fresh, "SECONDS", -1.0)


@pytest.mark.parametrize(
    ("header", "found"),
    [
        (f"Bearer {ADMIN}", 200),
        (f"bearer {ADMIN}", 200),
        (f"BEARER   {ADMIN} ", 200),
        (ADMIN, 401),
        (f"Basic {ADMIN}", 401),
        (f"Bearer{ADMIN}", 401),
        (f"Bearer {ADMIN} {ADMIN}", 401),
        (f"Bearer {ADMIN.upper()}", 401),
        (f"Bearer {PUBLIC}", 403),
        ("Bearer", 401),
        ("", 401),
    ],
)
async def test_a_key_comes_as_a_bearer_token(house: House, header: str, found: int):
    answer = await house.call("GET", "/api/bookings", key=None, headers={"Authorization": header})
    assert answer.status == found


async def test_a_key_in_the_query_or_a_cookie_opens_nothing(house: House):
    for options in ({"params": {"key": ADMIN}}, {"headers": {"Cookie": f"key={ADMIN}"}}):
        answer = await house.call("GET", "/api/bookings", key=None, **options)
        assert answer.status == 401


@on_both
async def test_a_key_works_until_it_expires_and_no_longer(house: House):
    secret, record = new_key("till noon", Scope.ADMIN, NOW, NOW + timedelta(hours=3))
    await done(house.storage, SaveKey(record))
    assert (await house.call("GET", LIST, key=secret)).status == 200
    house.now = NOW + timedelta(hours=3)
    assert_error(await house.call("GET", LIST, key=secret), 401, "UNAUTHORIZED")


@on_both
@pytest.mark.parametrize("origin", ["https://www.example.org", "https://example.org"])
async def test_a_key_of_a_page_places_bookings_from_there_and_from_nowhere_else(
    house: House, origin: str
):
    origins = ("https://www.example.org", "https://example.org")
    secret, record = new_key("web", Scope.PUBLISHABLE, NOW, origins=origins)
    await done(house.storage, SaveKey(record))
    post = {"key": secret, "json": a_body()}
    for headers in ({}, {"Origin": "https://evil.example"}, {"Referer": f"{origin}/page"}):
        answer = await house.call("POST", LIST, headers=headers, **post)
        assert_error(answer, 403, "FORBIDDEN")
        assert "pages" in answer.body["message"]
    answer = await house.call("POST", LIST, headers={"Origin": origin}, **post)
    assert answer.status == 201


async def test_a_mistyped_key_is_told_so(house: House):
    unknown = new_secret(Scope.ADMIN)
    mistyped = unknown[:-1]
    for secret, word in ((unknown, "not known"), (mistyped, "mistyped"), ("x" * 40, "mistyped")):
        answer = await house.call("GET", LIST, key=secret)
        assert_error(answer, 401, "UNAUTHORIZED")
        assert word in answer.body["message"]


async def test_whose_key_it_was_stands_in_the_history(house: House, tmp_path: Any):
    secret, record = new_key("the front desk", Scope.ADMIN, NOW)
    await done(house.storage, SaveKey(record))
    answer = await house.call("POST", "/api/bookings", key=secret, json=a_body())
    rows = await house.storage._rows("SELECT actor FROM events")  # type: ignore[attr-defined]
    assert answer.status == 201
    assert [row[0] for row in rows] == ["the front desk"]


async def test_who_may_not_learns_nothing_about_the_body_or_the_booking(house: House):
    placed = await house.place()
    for path in (placed["id"], UNKNOWN):
        answer = await house.call("PUT", f"/api/bookings/{path}", key=PUBLIC, data=b"{")
        assert_error(answer, 403, "FORBIDDEN")


async def test_a_route_that_does_not_say_whom_it_is_open_to_does_not_start():
    async def forgotten(_: Any) -> None: ...

    app = application(a_config())
    route = app.router.add_get("/api/forgotten", forgotten)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="forgotten"):
        _check_scopes([route])


@pytest.mark.parametrize("path", ["/api/bookings", "/api/services"])
async def test_two_keys_are_one_too_many(house: House, path: str):
    answer = await house.call("GET", path, headers=[("Authorization", "Bearer other")])
    assert_error(answer, 400, "VALIDATION_ERROR", "Authorization")
