"""When storage or the desk cannot, clients are told to come back, and it heals."""

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from bookingd import desk
from bookingd.api import middleware
from bookingd.api.errors import Code
from storage.errors import Unavailable
from storage.interface import Storage
from tests.bookingd.api.conftest import UNKNOWN, Answer, House, Opener, a_body, assert_error
from tests.bookingd.conftest import ADMIN, on_both
from tests.postgres import execute


def assert_later(answer: Answer) -> None:
    assert_error(answer, 503, "SERVICE_UNAVAILABLE")
    assert int(answer.headers["Retry-After"]) > 0


@pytest.mark.parametrize("path", ["/api/services", "/readyz", "/api/health/db", "/api/bookings"])
async def test_the_words_of_the_database_are_for_the_log_alone(
    storage: Storage,
    open_house: Opener,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    path: str,
):
    async def away(*_: Any, **__: Any) -> None:
        raise Unavailable('PostgreSQL: InvalidCatalogNameError database "canary" does not exist')

    for name in ("services", "resources", "health", "bookings", "keys"):
        monkeypatch.setattr(storage, name, away)
    house = await open_house()
    key = ADMIN if path == "/api/bookings" else None
    answer = await house.call("GET", path, key=key)
    assert_later(answer)
    assert answer.body["message"] == Code.SERVICE_UNAVAILABLE.meaning
    assert "canary" not in answer.text
    [line] = [record for record in caplog.records if record.getMessage() == "not served"]
    assert "canary" in line.reason  # type: ignore[attr-defined]


def moved(file: Path, to: Path) -> Path:
    return file.rename(to)


async def test_a_database_file_that_is_gone_is_an_outage_until_it_is_back(
    house: House, sqlite_url: str
):
    file = Path(sqlite_url.removeprefix("sqlite:///"))
    aside = moved(file, file.with_suffix(".aside"))
    assert_later(await house.call("POST", "/api/bookings", json=a_body()))
    assert_later(await house.call("GET", "/api/health/db", key=None))
    assert (await house.call("GET", "/api/health", key=None)).status == 200
    moved(aside, file)
    assert (await house.call("POST", "/api/bookings", json=a_body())).status == 201
    assert (await house.call("GET", "/api/health/db", key=None)).status == 200


@pytest.mark.parametrize("database", ["postgres"], indirect=True)
async def test_a_server_that_lets_nobody_in_is_an_outage_until_it_does(
    house: House, postgres_url: str, postgres_server: str
):
    name = urlsplit(postgres_url).path.removeprefix("/")
    await execute(
        postgres_server,
        f"ALTER DATABASE {name} ALLOW_CONNECTIONS false",
        f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'",
    )
    assert_later(await house.call("POST", "/api/bookings", json=a_body()))
    assert_later(await house.call("GET", "/api/bookings"))
    assert_later(await house.call("GET", "/api/health/db", key=None))
    await execute(postgres_server, f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
    assert (await house.call("POST", "/api/bookings", json=a_body())).status == 201


async def test_a_full_mailbox_is_told_at_once(open_house: Opener, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(desk, "CAPACITY", 0)
    house = await open_house(staffed=False)
    assert_later(await house.call("POST", "/api/bookings", json=a_body()))


async def test_what_takes_too_long_is_given_up(open_house: Opener, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(middleware, "LIMIT", 0.05)
    house = await open_house(staffed=False)
    answer = await house.call("POST", "/api/bookings", json=a_body())
    assert_error(answer, 503, "REQUEST_TIMEOUT")
    assert answer.headers["Retry-After"]


@on_both
async def test_a_fault_that_nobody_foresaw_tells_nothing_of_itself(
    house: House, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    async def broken(*_: Any) -> None:
        raise RuntimeError("a secret of the house")

    monkeypatch.setattr(house.storage, "booking", broken)
    answer = await house.call("GET", f"/api/bookings/{UNKNOWN}")
    assert_error(answer, 500, "INTERNAL_ERROR")
    assert "secret" not in answer.text
    assert "a secret of the house" in caplog.text
