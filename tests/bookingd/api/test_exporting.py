"""GET /api/bookings/export: streamed, whole or visibly not."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import aiohttp
import pytest

from bookingd import exporting
from bookingd.api import exporting as over_http
from bookingd.api import middleware
from bookingd.api.context import DRAIN
from storage.errors import Unavailable
from storage.interface import Storage
from storage.model import Booking
from tests.bookingd.api.conftest import House, Opener, assert_error
from tests.bookingd.conftest import on_both
from tests.deadlines import until_true
from tests.records import START, a_row_of_bookings, cancelled, change, done, place

PATH = "/api/bookings/export"


@pytest.fixture
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exporting, "PAGE", 2)


def body_schema(house: House) -> Any:
    said = house.contract.operation("GET", PATH)["responses"]["200"]
    return house.contract.validator(said["content"]["application/json"]["schema"]["$ref"])


@on_both
@pytest.mark.usefixtures("small_pages")
async def test_a_file_of_json_is_what_the_list_has(house: House):
    await done(house.storage, *map(place, a_row_of_bookings(5)))
    answer = await house.call("GET", f"{PATH}?format=json")
    assert answer.status == 200
    assert answer.headers["Content-Type"] == "application/json; charset=utf-8"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="bookings.json"'
    assert answer.headers["Transfer-Encoding"] == "chunked"
    listed = await house.call("GET", "/api/bookings?sort=createdAt")
    for booking in listed.body["data"]:
        del booking["manageUrl"]
    assert answer.body == {"data": listed.body["data"]}
    assert len(answer.body["data"]) == 5
    assert body_schema(house).is_valid(answer.body)


async def test_a_file_of_csv_is_the_default(house: House):
    [booking] = a_row_of_bookings(1)
    await done(house.storage, place(booking))
    answer = await house.call("GET", PATH)
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="bookings.csv"'
    assert answer.text.startswith('\ufeff"id","status",')
    assert answer.text.endswith("\r\n")
    assert booking.id in answer.text


@on_both
async def test_it_takes_the_filters_and_orders_of_the_list(house: House):
    bookings = a_row_of_bookings(4)
    gone = cancelled(bookings[1])
    await done(house.storage, *map(place, bookings), change(gone))
    query = f"dateFrom={START:%Y-%m-%dT%H:%M:%SZ}&sort=-startTime&status=CONFIRMED&q=EXAMPLE"
    found = (await house.call("GET", f"{PATH}?format=json&{query}")).body["data"]
    assert [one["id"] for one in found] == [bookings[n].id for n in (3, 2, 0)]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("format=xml", "format"),
        ("limit=3", "limit"),
        ("page=1", "page"),
        ("cursor=", "cursor"),
        ("status=LOST", "status"),
        ("dateFrom=2026-03-09T10:00:00", "dateFrom"),
    ],
)
async def test_what_it_does_not_take(house: House, query: str, field: str):
    assert_error(await house.call("GET", f"{PATH}?{query}"), 400, "VALIDATION_ERROR", field)


async def test_it_has_the_headers_of_every_answer(open_house: Opener):
    house = await open_house(rate_limit="100/minute")
    answer = await house.call("GET", PATH, headers={"X-Request-Id": "mine"})
    listed = await house.call("GET", "/api/bookings")
    assert answer.headers["X-Request-Id"] == "mine"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["RateLimit"].startswith('"default";r=99')
    assert listed.headers["RateLimit"].startswith('"default";r=98')


async def test_head_has_no_file(house: House):
    await done(house.storage, *map(place, a_row_of_bookings(3)))
    answer = await house.call("HEAD", PATH)
    assert (answer.status, answer.text) == (200, "")
    assert answer.headers["Content-Disposition"]


class Slow:
    """Pages that take their time, and from page `gone` on do not come at all."""

    def __init__(self, storage: Storage, seconds: float, gone: int) -> None:
        self._read, self._seconds, self._gone = storage.bookings, seconds, gone
        self.pages = 0

    async def __call__(self, *arguments: Any, **options: Any) -> Sequence[Booking]:
        self.pages += 1
        await asyncio.sleep(self._seconds)
        if self.pages > self._gone:
            raise Unavailable
        return await self._read(*arguments, **options)


@pytest.fixture
async def slowed(house: House, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Slow]:
    """Makes a database with twelve bookings slow."""
    await done(house.storage, *map(place, a_row_of_bookings(12)))

    def slow(seconds: float = 0, gone: int = 1_000) -> Slow:
        made = Slow(house.storage, seconds, gone)
        monkeypatch.setattr(house.storage, "bookings", made)
        return made

    return slow


async def test_the_time_limit_is_that_of_a_page(
    house: House, slowed: Callable[..., Slow], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(exporting, "PAGE", 1)
    monkeypatch.setattr(middleware, "LIMIT", 1.0)
    monkeypatch.setattr(over_http, "PAGE_TIME", 1.0)
    slowed(0.1)  # a dozen times
    answer = await house.call("GET", f"{PATH}?format=json")
    assert len(answer.body["data"]) == 12


@pytest.mark.usefixtures("small_pages")
@pytest.mark.parametrize("format_", exporting.Format)
@pytest.mark.parametrize("how", [{"gone": 3}, {"seconds": 0.15}], ids=["gone", "dawdling"])
async def test_what_breaks_off_does_not_look_whole(
    house: House,
    slowed: Callable[..., Slow],
    monkeypatch: pytest.MonkeyPatch,
    format_: str,
    how: dict[str, Any],
):
    monkeypatch.setattr(over_http, "PAGE_TIME", 0.1)
    slowed(**how)
    with pytest.raises(aiohttp.ClientError):
        await house.call("GET", f"{PATH}?format={format_}")


async def test_what_fails_before_it_begins_is_an_error(house: House, slowed: Callable[..., Slow]):
    slowed(gone=0)
    assert_error(await house.call("GET", PATH), 503, "SERVICE_UNAVAILABLE")


@pytest.mark.usefixtures("small_pages")
async def test_a_client_that_goes_away_ends_it(house: House, monkeypatch: pytest.MonkeyPatch):
    async def endless(*_: Any, **__: Any) -> Sequence[Booking]:
        await asyncio.sleep(0)
        return a_row_of_bookings(2)

    monkeypatch.setattr(house.storage, "bookings", endless)
    async with house.client.get(PATH, headers=house.admin) as response:
        await response.content.readany()
        assert house.app[DRAIN].inside == 1
        response.close()
    await until_true(lambda: not house.app[DRAIN].inside)
