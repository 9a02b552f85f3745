"""Bad queries and ids: each gets the right 4xx with the parameter named."""

from base64 import urlsafe_b64encode

import pytest

from tests.bookingd.api.conftest import House, assert_error
from tests.bookingd.conftest import on_both
from tests.records import ROOM

ID = "01a00000-0000-7000-8000-000000000001"
TIMES = ["dateFrom", "dateTo", "updatedSince"]

CASES: list[tuple[str, str]] = [
    *[(f"{name}={value}", name)
      for name in ("page", "limit")
      for value in ("", "0", "-1", "1.5", "1e3", "x", "%2B1", "1_000", "%D9%A1%D9%A2", "0x10",
                    "9" * 5000,
                    "9223372036854775808", "%00", "%20", "NaN", "true")],
    ("limit=201", "limit"),
    ("page=1000001", "page"),
    *[(f"status={value}", "status")
      for value in ("", "confirmed", "GONE", "CONFIRMED,", ",CONFIRMED", "CONFIRMED,GONE",
                    "CONFIRMED%00", "%ED%A0%80")],
    *[(f"{name}={value}", name)
      for name in TIMES
      for value in ("", "x", "2026-03-09", "2026-03-09T10:00:00", "0001-01-01T00:00:00%2B14:00",
                    "9999-12-31T23:59:59-14:00", "2026-02-30T10:00:00Z", "1773050400", "%00")],
    ("dateFrom=2026-03-10T00:00:00Z&dateTo=2026-03-09T00:00:00Z", "dateTo"),
    *[(f"{name}={value}", name)
      for name in ("email", "q") for value in ("", "%20", "%00", "%0A", "x" * 300, "%E2%80%AE")],
    *[(f"{name}={value}", name)
      for name in ("serviceId", "resourceId") for value in ("", "1", "%00", "'", "x" * 36)],
    *[(f"sort={value}", "sort") for value in ("", "name", "starttime", "--startTime", "id;drop")],
    *[(f"q={value}", "q") for value in ("%ff", "a%C3", "%C0%AF", "%EF%BF%BD%ff")],
    ("colour=red", "colour"),
    ("Page=1", "Page"),
    ("page%00=1", "page\0"),
    ("key=1", "key"),
    ("page=1&cursor=x", "cursor"),
    *[(f"{name}={value}&{name}={other}", name)
      for name, value, other in (("page", "1", "2"), ("limit", "1", "1"), ("q", "a", "b"),
                                 ("status", "CONFIRMED", "CANCELLED"),
                                 ("sort", "startTime", "createdAt"))],
]  # fmt: skip


async def refused(house: House, query: str) -> list[str]:
    """The parameters that a refusal names."""
    answer = await house.client.get(f"/api/bookings?{query}", headers=house.admin)
    body = await answer.json()
    assert (answer.status, body.get("errorCode")) == (400, "VALIDATION_ERROR"), query
    return [error["field"] for error in body["errors"]]


async def test_every_bad_parameter_is_named(house: House):
    named = {query: await refused(house, query) for query, _ in CASES}
    assert named == {query: [field] for query, field in CASES}


def forged(text: str) -> str:
    return urlsafe_b64encode(text.encode()).decode()


CURSORS = [
    "x",
    "%00",
    "%C3%A4",
    "====",
    forged("startTime"),
    forged(f"startTime 2026-03-09T10:00:00 {ID}"),
    forged(f"startTime 2026-03-09 {ID}"),
    forged("startTime 2026-03-09T10:00:00+00:00 x"),
    forged("startTime 2026-03-09T10:00:00+00:00 ' OR 1=1 --"),
    forged(f"-startTime 2026-03-09T10:00:00+00:00 {ID}"),
    forged(f"id 2026-03-09T10:00:00+00:00 {ID}"),
    forged(f"startTime 0001-01-01T00:00:00+23:59 {ID}"),
    forged(f"startTime 9999-12-31T23:59:59-23:59 {ID}"),
    urlsafe_b64encode(b"\xff\xfe").decode(),
]


@on_both
async def test_a_cursor_that_is_none_is_refused(house: House):
    named = {cursor: await refused(house, f"cursor={cursor}") for cursor in CURSORS}
    assert named == {cursor: ["cursor"] for cursor in CURSORS}


@on_both
@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE"])
async def test_an_unknown_id_is_not_found(house: House, method: str):
    body = {"PUT": {"name": "Grace"}, "PATCH": {"status": "CONFIRMED"}}.get(method)
    for unknown in (ID, "x", "1", "%00", "%27", "x" * 1000, ROOM.id, "%F0%9F%8E%88"):
        answer = await house.call(method, f"/api/bookings/{unknown}", json=body)
        assert_error(answer, 404, "NOT_FOUND")


@pytest.mark.parametrize(("method", "status"), [("GET", 400), ("DELETE", 400), ("POST", 400)])
async def test_a_parameter_that_a_call_does_not_know_is_refused(
    house: House, method: str, status: int
):
    placed = await house.place()
    path = "/api/bookings" if method == "POST" else f"/api/bookings/{placed['id']}"
    answer = await house.call(method, f"{path}?dryRun=true")
    assert_error(answer, status, "VALIDATION_ERROR", "dryRun")
