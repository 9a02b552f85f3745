"""What a page of the list costs, at the beginning of a long list and deep in it."""

import http.client
import json
from collections.abc import Mapping
from dataclasses import dataclass
from statistics import median
from urllib.parse import quote

from benchmarks.load import Order, Report, drive
from benchmarks.plan import Plan
from benchmarks.servers import Running, Server, ServerFailedError, running

FIRST, BY_CURSOR, DEEP = "first page", "first page by cursor", "deep page by cursor"

DEPTH = 0.9
"""How far into the list the deep page lies."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """The medians of all rounds of one page of 20, asked for by one client.

    `ratio` is its p50 as a multiple of the p50 of the first page by cursor in the same round.
    """

    server: str
    page: str
    rate: float
    p50: float
    p99: float
    ratio: float


def compare(server: Server, plan: Plan) -> list[Page]:
    """Let the pages take turns on a server whose list holds `plan.history` bookings."""
    with running(server) as process:
        paths = {
            FIRST: "/api/bookings?page=1&limit=20",
            BY_CURSOR: "/api/bookings?cursor=&limit=20",
            DEEP: f"/api/bookings?cursor={_walk(process, plan.history)}&limit=20",
        }
        rounds = [_round(process, plan, paths) for _ in range(plan.rounds)]
    return [_figures(server, page, rounds) for page in paths]


def _round(process: Running, plan: Plan, paths: Mapping[str, str]) -> dict[str, Report]:
    return {
        page: drive(
            Order(
                pid=process.pid,
                port=process.port,
                key=process.key,
                clients=1,
                seconds=plan.seconds / 2,
                warmup=plan.warmup / 2,
                path=path,
            )
        )
        for page, path in paths.items()
    }


def _figures(server: Server, page: str, rounds: list[dict[str, Report]]) -> Page:
    return Page(
        server=server.name,
        page=page,
        rate=median(turn[page].rate for turn in rounds),
        p50=median(turn[page].p50 for turn in rounds),
        p99=median(turn[page].p99 for turn in rounds),
        ratio=median(turn[page].p50 / turn[BY_CURSOR].p50 for turn in rounds),
    )


def _walk(process: Running, history: int) -> str:
    """Follow the cursors to the deep page; the cursor that it begins at, ready for a URL."""
    connection = http.client.HTTPConnection("127.0.0.1", process.port, timeout=30)
    headers = {"Authorization": f"Bearer {process.key}"}
    cursor, passed = "", 0
    while passed < history * DEPTH:
        connection.request("GET", f"/api/bookings?limit=200&cursor={cursor}", headers=headers)
        answer = connection.getresponse()
        body = answer.read().decode()
        if answer.status != 200:
            raise ServerFailedError(body)
        page = json.loads(body)
        cursor = quote(page["pagination"]["nextCursor"], safe="")
        passed += len(page["data"])
    connection.close()
    return cursor
