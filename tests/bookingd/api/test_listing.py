"""The list: filters, orders, pages and cursors."""

from dataclasses import fields
from datetime import timedelta
from typing import Any

import pytest

from storage.ids import new_id
from storage.interface import BookingFilter, Sort
from storage.model import Booking, BookingStatus
from storage.writes import SaveResource
from tests.bookingd.api.conftest import Answer, House, Opener
from tests.bookingd.conftest import on_both
from tests.records import (
    DAY,
    HOUR,
    NOW,
    OTHER_ROOM,
    OTHER_SERVICE,
    ROOM,
    SERVICE,
    START,
    a_booking,
    a_resource,
    done,
    place,
)

A = a_booking(
    id=new_id(NOW + 2 * HOUR), name="Zo\u00eb", email="Zoe@Example.org", created_at=NOW + 2 * HOUR
)
B = a_booking(
    id=new_id(NOW + HOUR),
    start=START + DAY,
    status=BookingStatus.PENDING,
    company="Zest & Sons",
    created_at=NOW + HOUR,
    updated_at=NOW + 2 * HOUR,
)
C = a_booking(
    start=START + 2 * DAY,
    status=BookingStatus.CANCELLED,
    service_id=OTHER_SERVICE.id,
    resource_id=OTHER_ROOM.id,
    updated_at=NOW + HOUR,
)
STOCK = {"A": A, "B": B, "C": C}


async def listed(house: House, **query: Any) -> Answer:
    answer = await house.call("GET", "/api/bookings", params=query)
    assert answer.status == 200, answer.text
    return answer


def named(answer: Answer) -> str:
    """The bookings of a page by their letters."""
    letters = {booking.id: letter for letter, booking in STOCK.items()}
    return "".join(letters[one["id"]] for one in answer.body["data"])


@pytest.fixture
async def stocked(open_house: Opener) -> House:
    house = await open_house()
    await done(house.storage, *map(place, STOCK.values()))
    return house


FILTERS: list[tuple[dict[str, str], str]] = [
    ({}, "ABC"),
    ({"status": "CONFIRMED"}, "A"),
    ({"status": "PENDING,CANCELLED"}, "BC"),
    ({"status": "PENDING,PENDING"}, "B"),
    ({"status": "NO_SHOW"}, ""),
    ({"dateFrom": "2026-03-10T10:00:00Z"}, "BC"),
    ({"dateFrom": "2026-03-10T10:00:00.000001Z"}, "C"),
    ({"dateTo": "2026-03-10T10:00:00Z"}, "A"),
    ({"dateTo": "2026-03-10T11:00:00.000001+01:00"}, "AB"),
    ({"dateFrom": "2026-03-10T00:00:00Z", "dateTo": "2026-03-11T00:00:00Z"}, "B"),
    ({"dateFrom": "2026-03-10T10:00:00Z", "dateTo": "2026-03-10T10:00:00Z"}, ""),
    ({"updatedSince": "2026-03-02T10:00:00Z"}, "BC"),
    ({"updatedSince": "2026-03-02T10:00:00.000001Z"}, "B"),
    ({"email": "zoe@example.org"}, "A"),
    ({"email": "zoe"}, ""),
    ({"q": "zoe"}, "A"),
    ({"q": "zo\u00eb"}, "A"),
    ({"q": "Z"}, "AB"),
    ({"q": "%"}, ""),
    ({"q": "t & s"}, "B"),
    ({"serviceId": SERVICE.id}, "AB"),
    ({"resourceId": OTHER_ROOM.id}, "C"),
    ({"serviceId": OTHER_SERVICE.id, "resourceId": ROOM.id}, ""),
    ({"q": "z", "status": "PENDING", "serviceId": SERVICE.id}, "B"),
]


@on_both
async def test_each_filter_finds_these_and_counts_them(stocked: House):
    found = {}
    for query, _ in FILTERS:
        answer = await listed(stocked, **query)
        found[str(query)] = named(answer)
        assert answer.body["pagination"]["total"] == len(answer.body["data"])
    assert found == {str(query): letters for query, letters in FILTERS}


def test_every_filter_is_tried():
    others = {"person", "erased"}  # the command line's and the jobs' alone
    names = {name for query, _ in FILTERS for name in query}
    assert len(names) == len(fields(BookingFilter)) - len(others)


@on_both
async def test_each_order_is_kept(stocked: House):
    orders = {
        "startTime": "ABC",
        "-startTime": "CBA",
        "createdAt": "CBA",
        "-createdAt": "ABC",
        "updatedAt": "ACB",
        "-updatedAt": "BCA",
    }
    assert set(orders) == set(Sort)
    assert {sort: named(await listed(stocked, sort=sort)) for sort in orders} == orders


async def test_unless_told_otherwise_it_is_by_start_and_twenty_a_page(house: House):
    await done(house.storage, *(place(a_booking(start=START + n * HOUR)) for n in range(21)))
    answer = await listed(house)
    starts = [one["startTime"] for one in answer.body["data"]]
    assert starts == sorted(starts)
    assert (len(starts), answer.body["pagination"]["limit"]) == (20, 20)


@on_both
async def test_a_page_says_how_many_there_are(stocked: House):
    pages = [(await listed(stocked, page=page, limit=2)) for page in (1, 2, 3, 1000000)]
    assert [named(page) for page in pages] == ["AB", "C", "", ""]
    for number, page in zip((1, 2, 3, 1000000), pages, strict=True):
        found = page.body["pagination"]
        cursor = found.pop("nextCursor")
        assert found == {"page": number, "limit": 2, "total": 3, "totalPages": 2}
        assert (cursor is not None) == (number == 1)


async def test_an_empty_house_has_no_pages(house: House):
    answer = await listed(house)
    assert answer.body == {
        "data": [],
        "pagination": {"page": 1, "limit": 20, "total": 0, "totalPages": 0, "nextCursor": None},
    }


async def test_the_largest_page_has_two_hundred(stocked: House):
    assert named(await listed(stocked, limit=200)) == "ABC"


async def test_what_is_listed_is_what_is_read(stocked: House):
    [one, *_] = (await listed(stocked)).body["data"]
    assert one == (await stocked.call("GET", f"/api/bookings/{A.id}")).body


async def walked(house: House, **query: Any) -> list[str]:
    """All ids, from cursor to cursor, until there is none."""
    found: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        page = (await listed(house, cursor=cursor, **query)).body
        assert set(page["pagination"]) == {"limit", "nextCursor"}
        assert page["data"] or not found
        found += [one["id"] for one in page["data"]]
        cursor = page["pagination"]["nextCursor"]
    return found


def crowd() -> list[Booking]:
    """Bookings that begin, four by four, at the same instant, in as many rooms."""
    rooms = [a_resource() for _ in range(4)]
    return [
        a_booking(start=START + number * HOUR, resource_id=room.id)
        for number in range(3)
        for room in rooms
    ]


@on_both
@pytest.mark.parametrize("sort", ["startTime", "-startTime", "createdAt", "-updatedAt"])
async def test_a_cursor_goes_to_the_end_over_equal_instants(house: House, sort: str):
    bookings = crowd()
    rooms = dict.fromkeys(booking.resource_id for booking in bookings)
    await done(house.storage, *(SaveResource(a_resource(id=room)) for room in rooms))
    await done(house.storage, *map(place, bookings))
    whole = [one["id"] for one in (await listed(house, sort=sort)).body["data"]]
    assert sorted(whole) == sorted(booking.id for booking in bookings)
    for limit in (1, 3, 4, 5, 12):
        assert await walked(house, sort=sort, limit=limit) == whole


async def test_a_cursor_keeps_its_filter(stocked: House):
    assert await walked(stocked, status="CONFIRMED,CANCELLED", limit=1) == [A.id, C.id]


async def test_a_page_leads_on_by_its_cursor(stocked: House):
    first = await listed(stocked, page=1, limit=1)
    cursor = first.body["pagination"]["nextCursor"]
    assert named(await listed(stocked, cursor=cursor, limit=5)) == "BC"


async def test_nobody_is_listed_twice_though_others_come_meanwhile(stocked: House):
    first = await listed(stocked, cursor="", limit=2)
    await done(stocked.storage, place(a_booking(start=START - timedelta(hours=5))))
    cursor = first.body["pagination"]["nextCursor"]
    assert named(first) + named(await listed(stocked, cursor=cursor)) == "ABC"
