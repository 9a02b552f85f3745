"""Who may do what: every route, every kind of key."""

from datetime import timedelta
from typing import Any

import pytest

from bookingd import fresh
from bookingd.api.application import _check_scopes, application
from bookingd.keys import new_key
from storage.model import Scope
from storage.writes import SaveKey
from tests.bookingd.api.conftest import House, a_body, assert_error
from tests.bookingd.conftest import ADMIN, PUBLIC, a_config, on_both
from tests.records import DAY, NOW, done

ID = "00000000-0000-7000-8000-00000000ffff"
PUBLISHABLE = [("POST", "/api/bookings", a_body())]
ADMINS = [
    ("GET", "/api/bookings", None),
    ("GET", f"/api/bookings/{ID}", None),
    ("PUT", f"/api/bookings/{ID}", {}),
    ("PATCH", f"/api/bookings/{ID}", {"status": "CONFIRMED"}),
    ("DELETE", f"/api/bookings/{ID}", None),
    *[
        route
        for noun in ("services", "resources")
        for route in (
            ("POST", f"/api/{noun}", {"name": "New"}),
            ("PATCH", f"/api/{noun}/{ID}", {}),
            ("DELETE", f"/api/{noun}/{ID}", None),
        )
    ],
]
ANYBODYS = [("GET", "/api/health", None), ("GET", "/api/health/db", None)]
KEYS = ["none", "empty", "wrong", "almost", "expired", "revoked", "publishable", "admin"]

every_key = pytest.mark.parametrize("kind", KEYS)


@pytest.fixture(autouse=True)
def fresh_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fresh, "SECONDS", -1.0)


async def key_of(house: House, kind: str) -> str | None:
    """A kept key of this kind."""
    given = {"none": None, "empty": "", "wrong": "bk_admin_nobody-knows-this", "almost": ADMIN[:-1]}
    if kind in given:
        return given[kind]
    scope = Scope.PUBLISHABLE if kind == "publishable" else Scope.ADMIN
    secret, record = new_key(kind, scope, NOW - 2 * DAY)
    dates = {"expired": {"expires_at": NOW}, "revoked": {"revoked_at": NOW - DAY}}
    record = type(record)(
        **{
            **{name: getattr(record, name) for name in type(record).__dataclass_fields__},
            **dates.get(kind, {}),
        }
    )
    await done(house.storage, SaveKey(record))
    return secret


async def status(house: House, route: tuple[str, str, Any], key: str | None) -> int:
    method, path, body = route
    answer = await house.call(method, path, key=key, json=body)
    if answer.status in {401, 403}:
        code = "UNAUTHORIZED" if answer.status == 401 else "FORBIDDEN"
        assert_error(answer, answer.status, code)
        assert (answer.status == 401) == ("WWW-Authenticate" in answer.headers)
    return answer.status


@every_key
@pytest.mark.parametrize("route", ADMINS, ids=lambda route: f"{route[0]} {route[1]}")
async def test_only_an_admin_key_opens(house: House, route: tuple[str, str, Any], kind: str):
    found = await status(house, route, await key_of(house, kind))
    if kind == "admin":
        assert found in {200, 201, 404}
    else:
        assert found == (403 if kind == "publishable" else 401)


@every_key
@pytest.mark.parametrize("route", PUBLISHABLE, ids=lambda route: f"{route[0]} {route[1]}")
async def test_a_publishable_key_opens(house: House, route: tuple[str, str, Any], kind: str):
    found = await status(house, route, await key_of(house, kind))
    assert found == (201 if kind in {"publishable", "admin"} else 401)


@every_key
@pytest.mark.parametrize("route", ANYBODYS, ids=lambda route: f"{route[0]} {route[1]}")
async def test_anybody_may_ask(house: House, route: tuple[str, str, Any], kind: str):
    assert await status(house, route, await key_of(house, kind)) == 200


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
    assert await status(house, ADMINS[0], secret) == 200
    house.now = NOW + timedelta(hours=3)
    assert await status(house, ADMINS[0], secret) == 401


async def test_whose_key_it_was_stands_in_the_history(house: House, tmp_path: Any):
    secret, record = new_key("the front desk", Scope.ADMIN, NOW)
    await done(house.storage, SaveKey(record))
    answer = await house.call("POST", "/api/bookings", key=secret, json=a_body())
    rows = await house.storage._rows("SELECT actor FROM events")  # type: ignore[attr-defined]
    assert answer.status == 201
    assert [row[0] for row in rows] == ["the front desk"]


async def test_who_may_not_learns_nothing_about_the_body_or_the_booking(house: House):
    placed = await house.place()
    for path in (placed["id"], ID):
        answer = await house.call("PUT", f"/api/bookings/{path}", key=PUBLIC, data=b"{")
        assert_error(answer, 403, "FORBIDDEN")


async def test_a_route_that_does_not_say_whom_it_is_open_to_does_not_start():
    async def forgotten(_: Any) -> None: ...

    app = application(a_config())
    route = app.router.add_get("/api/forgotten", forgotten)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="forgotten"):
        _check_scopes([route])
