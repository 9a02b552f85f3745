"""CORS: exact origins, and what a web page may need."""

from typing import Any

import pytest

from tests.bookingd.api.conftest import UNKNOWN, Answer, House, Opener, a_body, assert_error
from tests.bookingd.conftest import PUBLIC

SHOP = "https://www.example.org"
OFFICE = "https://office.example.org"
TOKEN = "t" * 43
OTHERS = [
    "https://evil.example",
    "http://www.example.org",
    "https://www.example.org:8443",
    "https://www.example.org.evil.example",
    "https://example.org",
    "null",
]


@pytest.fixture
async def house(open_house: Opener) -> House:
    return await open_house(
        cors_origins=(SHOP,), admin_cors_origins=(OFFICE,), rate_limit="100/minute"
    )


async def preflight(
    house: House, path: str, method: str, origin: str = SHOP, **more: str
) -> Answer:
    headers = {"Origin": origin, "Access-Control-Request-Method": method} | more
    return await house.call("OPTIONS", path, key=None, headers=headers)


FOR_CUSTOMERS = [
    ("/api/bookings", "POST"),
    ("/api/slots", "GET"),
    ("/api/services", "GET"),
    ("/api/holds", "POST"),
    (f"/api/holds/{TOKEN}", "DELETE"),
    (f"/api/holds/{TOKEN}/extend", "POST"),
    ("/api/health", "GET"),
    ("/api/health/db", "GET"),
]
FOR_ADMINISTRATORS = [
    ("/api/bookings", "GET"),
    (f"/api/bookings/{UNKNOWN}", "GET"),
    (f"/api/bookings/{UNKNOWN}", "PUT"),
    (f"/api/bookings/{UNKNOWN}", "PATCH"),
    (f"/api/bookings/{UNKNOWN}", "DELETE"),
]


def assert_allowed(answer: Answer, origin: str, method: str) -> None:
    assert answer.status in {200, 204}, answer.text
    assert answer.headers["Access-Control-Allow-Origin"] == origin
    assert answer.headers["Access-Control-Allow-Methods"] == method
    assert answer.headers["Vary"] == "Origin"
    assert "Access-Control-Allow-Credentials" not in answer.headers


@pytest.mark.parametrize(("path", "method"), FOR_CUSTOMERS)
async def test_a_page_of_an_allowed_origin_may_do_what_customers_do(
    house: House, path: str, method: str
):
    for origin in (SHOP, OFFICE):
        assert_allowed(await preflight(house, path, method, origin), origin, method)


@pytest.mark.parametrize(("path", "method"), FOR_ADMINISTRATORS)
async def test_only_a_page_for_administrators_may_do_what_they_do(
    house: House, path: str, method: str
):
    assert_allowed(await preflight(house, path, method, OFFICE), OFFICE, method)
    assert readable(await preflight(house, path, method)) is None
    assert readable(await house.call(method, path, headers={"Origin": SHOP})) is None
    assert readable(await house.call(method, path, headers={"Origin": OFFICE})) == OFFICE


async def test_unless_configured_no_page_may_administer(open_house: Opener):
    house = await open_house(cors_origins=(SHOP,))
    for path, method in FOR_ADMINISTRATORS:
        assert (await preflight(house, path, method)).status in {403, 405}
        assert readable(await house.call(method, path, headers={"Origin": SHOP})) is None


@pytest.mark.parametrize(
    "name", ["authorization", "content-type", "x-request-id", "if-match", "idempotency-key"]
)
async def test_a_page_may_send_the_headers_that_the_api_reads(house: House, name: str):
    more = {"Access-Control-Request-Headers": name}
    answer = await preflight(house, "/api/bookings", "POST", **more)
    assert answer.status in {200, 204}, answer.text
    assert name in answer.headers["Access-Control-Allow-Headers"].lower()


@pytest.mark.parametrize("origin", OTHERS)
async def test_a_page_of_another_origin_may_not(house: House, origin: str):
    answer = await preflight(house, "/api/bookings", "POST", origin)
    assert answer.status == 403
    assert answer.body["errorCode"] == "FORBIDDEN"
    assert "Access-Control-Allow-Origin" not in answer.headers
    answer = await house.call("GET", "/api/health", headers={"Origin": origin})
    assert "Access-Control-Allow-Origin" not in answer.headers


def readable(answer: Answer) -> Any:
    return answer.headers.get("Access-Control-Allow-Origin")


async def test_a_page_can_read_every_answer_errors_included(house: House):
    origin = {"Origin": SHOP}
    good = await house.call("POST", "/api/bookings", key=PUBLIC, json=a_body(), headers=origin)
    taken = await house.call("POST", "/api/bookings", key=PUBLIC, json=a_body(), headers=origin)
    bad = await house.call("POST", "/api/bookings", key=PUBLIC, json={}, headers=origin)
    nobody = await house.call("POST", "/api/bookings", key=None, json={}, headers=origin)
    assert [one.status for one in (good, taken, bad, nobody)] == [201, 409, 400, 401]
    assert [readable(one) for one in (good, taken, bad, nobody)] == [SHOP] * 4
    exposed = good.headers["Access-Control-Expose-Headers"].lower()
    for name in ("etag", "location", "ratelimit", "retry-after", "x-request-id"):
        assert name in exposed


@pytest.mark.parametrize(("path", "status"), [("/api/nowhere", 404), ("/api/bookings", 405)])
async def test_a_page_can_read_that_it_asked_for_what_there_is_not(
    house: House, path: str, status: int
):
    for origin in (SHOP, OFFICE):
        answer = await house.call("PUT", path, headers={"Origin": origin})
        assert (answer.status, readable(answer)) == (status, origin)
        assert "ratelimit" in answer.headers["Access-Control-Expose-Headers"].lower()
        assert answer.headers["Vary"] == "Origin"
    for origin in OTHERS:
        assert readable(await house.call("PUT", path, headers={"Origin": origin})) is None


async def test_a_page_for_administrators_may_filter(house: House):
    path = "/api/bookings?status=PENDING&q=%FF"
    assert_allowed(await preflight(house, path, "GET", OFFICE), OFFICE, "GET")


@pytest.mark.parametrize(
    "headers", [{}, {"Origin": SHOP}, {"Access-Control-Request-Method": "POST"}]
)
async def test_options_that_are_no_preflight_are_a_method_as_any_other(
    house: House, headers: dict[str, str]
):
    for path, allowed in (("/api/bookings", "GET, HEAD, POST"), ("/api/health", "GET, HEAD")):
        answer = await house.call("OPTIONS", path, key=None, headers=headers)
        assert_error(answer, 405, "METHOD_NOT_ALLOWED")
        assert answer.headers["Allow"] == allowed
        assert "RateLimit" in answer.headers
    answer = await house.call("OPTIONS", "/api/nowhere", headers=headers)
    assert_error(answer, 404, "NOT_FOUND")


async def test_a_page_can_read_that_it_asked_too_often(open_house: Opener):
    house = await open_house(cors_origins=(SHOP,), rate_limit="1/minute")
    for _ in range(2):
        assert (await preflight(house, "/api/bookings", "POST")).status == 200
        answer = await house.call("POST", "/api/bookings", json={}, headers={"Origin": SHOP})
    assert (answer.status, readable(answer)) == (429, SHOP)


async def test_without_origins_no_page_may(open_house: Opener):
    house = await open_house()
    answer = await house.call("GET", "/api/health", headers={"Origin": SHOP})
    assert "Access-Control-Allow-Origin" not in answer.headers
    assert (await preflight(house, "/api/bookings", "POST")).status == 405
