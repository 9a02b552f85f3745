"""What every answer has: a request id, safe headers, the one error body."""

import re
from typing import Any

import pytest
from aiohttp import web
from aiohttp.hdrs import METH_ALL

from bookingd import __version__
from bookingd.api import middleware
from bookingd.api.headers import add_headers, safe_headers
from bookingd.logs import trace_id
from tests.bookingd.api.conftest import UNKNOWN, House, Opener, a_body, assert_error
from tests.bookingd.conftest import a_config, on_both

PROBLEM = "application/problem+json"


@pytest.mark.parametrize(
    "path", ["/", "/api", "/api/", "/api/nowhere", "/api/bookings/", "/x" * 99]
)
async def test_an_unknown_route_is_not_found(house: House, path: str):
    for key in (None, "wrong"):
        assert_error(await house.call("GET", path, key=key), 404, "NOT_FOUND")


PARTS = {
    "{id}": UNKNOWN,
    "{messageId}": UNKNOWN,
    "{closureId}": UNKNOWN,
    "{key}": "bk_cal_" + "0" * 49,
    "{token}": "A" * 48,
    "{holdToken}": "A" * 43,
    "{file}": "swagger-ui.css",
    "{part}": "page.js",
}


async def test_a_wrong_method_is_told_which_are_right(house: House):
    """`Allow` names what the document has, and nothing of paths beside this one."""
    for path, operations in house.contract.document["paths"].items():
        there = re.sub(r"{\w+}", lambda part: PARTS[part[0]], path)
        allowed = {method.upper() for method in operations}
        if "GET" in allowed:
            allowed.add("HEAD")
        for method in {*METH_ALL, "PROPFIND"} - {*allowed, "CONNECT"}:
            answer = await house.call(method, there)
            assert answer.status == 405, f"{method} {there}"
            assert {one.strip() for one in answer.headers["Allow"].split(",")} == allowed


@pytest.mark.parametrize("path", ["/api/bookings", "/api/health"])
async def test_head_is_get_without_its_body(house: House, path: str):
    got, head = await house.call("GET", path), await house.call("HEAD", path)
    assert (head.status, head.text) == (200, "")
    assert head.headers["Content-Type"] == got.headers["Content-Type"]


@pytest.mark.parametrize("given", ["a", "x" * 100, "01JA-b.c:d/e+f=_", "7d0e"])
async def test_a_request_id_comes_back(house: House, given: str):
    for path, status in (("/api/health", 200), ("/api/nowhere", 404)):
        answer = await house.call("GET", path, headers={"X-Request-Id": given})
        assert (answer.status, answer.headers["X-Request-Id"]) == (status, given)
        assert answer.body.get("requestId", given) == given


@pytest.mark.parametrize("given", ["", "x" * 101, "a b", "<script>", '"a"', "a,b"])
async def test_a_strange_request_id_is_replaced(house: House, given: str):
    answer = await house.call("GET", "/api/nowhere", headers={"X-Request-Id": given})
    assert answer.headers["X-Request-Id"] not in {"", given}
    assert_error(answer, 404, "NOT_FOUND")


async def test_a_trace_goes_into_the_lines_of_its_request_and_of_no_other(
    house: House, monkeypatch: pytest.MonkeyPatch
):
    seen: list[str | None] = []
    monkeypatch.setattr(middleware.log, "info", lambda *_, **__: seen.append(trace_id.get()))
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    for given in (f"00-{trace}-00f067aa0ba902b7-01", None, "00-nonsense", f"00-{'0' * 32}-1-01"):
        headers = {"traceparent": given} if given else {}
        answer = await house.call("GET", "/api/health", headers=headers)
        assert answer.status == 200
        assert "traceparent" not in answer.headers
    assert seen == [trace, None, None, None]


async def test_each_request_without_an_id_gets_one_of_its_own(house: House):
    answers = [await house.call("GET", "/api/health") for _ in range(20)]
    assert len({one.headers["X-Request-Id"] for one in answers}) == 20


FAILING: list[tuple[str, str, dict[str, Any], int]] = [
    ("GET", "/api/nowhere", {}, 404),
    ("DELETE", "/api/bookings", {}, 405),
    ("GET", "/api/bookings", {"key": None}, 401),
    ("POST", "/api/bookings", {"json": {}}, 400),
    ("POST", "/api/bookings", {"data": b"x" * 70_000,
                               "headers": {"Content-Type": "application/json"}}, 413),
    ("GET", f"/api/bookings/{UNKNOWN}", {}, 404),
]  # fmt: skip


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        (PROBLEM, PROBLEM),
        (f"text/html, {PROBLEM};q=0.9, application/json", PROBLEM),
        ("Application/Problem+JSON", PROBLEM),
        (f"{PROBLEM};q=0, application/json", "application/json"),
        ("application/json", "application/json"),
        ("*/*", "application/json"),
        ("text/html", "application/json"),
        ("", "application/json"),
    ],
)
async def test_an_error_is_a_problem_for_whoever_accepts_one(house: House, accept: str, kind: str):
    for method, path, options, status in FAILING:
        headers = options.get("headers", {}) | {"Accept": accept}
        answer = await house.call(method, path, **options | {"headers": headers})
        assert answer.status == status
        assert answer.headers["Content-Type"] == f"{kind}; charset=utf-8"
        assert answer.body["status"] == answer.body["statusCode"] == status


async def test_what_is_no_error_is_json_whatever_is_accepted(house: House):
    answer = await house.call("GET", "/api/health", headers={"Accept": PROBLEM})
    assert answer.headers["Content-Type"] == "application/json; charset=utf-8"


async def test_every_answer_is_kept_by_nobody_and_says_little_of_the_server(house: House):
    paths = ("/api/bookings", "/api/nowhere", "/api/health")
    answers = [await house.call("GET", path) for path in paths]
    answers.append(await house.call("POST", "/api/bookings", json=a_body()))
    for answer in answers:
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Server"] == "bookingd"
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        policy = answer.headers["Content-Security-Policy"]
        assert policy == "default-src 'none'; frame-ancestors 'none'"
        assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"


async def test_where_browsers_come_without_https_they_are_not_told_to_insist(open_house: Opener):
    house = await open_house(base_url="http://127.0.0.1:8080")
    answer = await house.call("GET", "/api/health")
    assert "Strict-Transport-Security" not in answer.headers


async def test_a_streamed_answer_has_the_headers_too(house: House, monkeypatch: pytest.MonkeyPatch):
    async def streaming(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/plain"})
        await response.prepare(request)
        await response.write(b"1,2,3")
        return response

    routes = house.app.router.routes()
    streaming.__scopes__ = frozenset()
    for one in routes:
        if one.resource.canonical == "/metrics":
            monkeypatch.setattr(one, "_handler", streaming)
    answer = await house.call("GET", "/metrics", headers={"X-Request-Id": "mine"})
    assert answer.text == "1,2,3"
    assert answer.headers["X-Request-Id"] == "mine"
    assert answer.headers["Server"] == "bookingd"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_a_handler_may_say_otherwise_than_the_usual_headers():
    response = web.Response(headers={"content-security-policy": "default-src 'self'"})
    add_headers(response, safe_headers(a_config()))
    assert response.headers.getall("Content-Security-Policy") == ["default-src 'self'"]
    assert response.headers["X-Content-Type-Options"] == "nosniff"


async def test_health_says_how_long_and_which(house: House):
    answer = await house.call("GET", "/api/health", key=None)
    assert answer.status == 200
    body = answer.body
    assert set(body) == {"status", "version", "uptime", "timestamp"}
    assert (body["status"], body["version"]) == ("ok", __version__)
    assert 0 <= body["uptime"] < 60
    assert body["timestamp"] == "2026-03-02T09:00:00Z"


@on_both
async def test_health_of_the_database_tells_of_its_pool(house: House, database: str):
    answer = await house.call("GET", "/api/health/db", key=None)
    assert answer.status == 200
    body, pool = answer.body, answer.body["pool"]
    assert set(body) == {"status", "backend", "latencyMs", "pool"}
    assert body["status"] == "ok"
    assert body["backend"] == ("sqlite" if database.startswith("sqlite") else "postgresql")
    assert body["latencyMs"] >= 0
    assert set(pool) == {"size", "idle", "inUse", "max"}
    assert pool["size"] == pool["idle"] + pool["inUse"] <= pool["max"] <= 20
