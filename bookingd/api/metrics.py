"""Metrics for Prometheus."""

import asyncio
from collections.abc import Awaitable
from importlib import import_module
from typing import TypeVar

from aiohttp import web

from bookingd.api.context import CLOCK, DESK, DRAIN, MEASURES, VITALS
from bookingd.api.declare import about, always_answered, answers, open_to
from bookingd.api.health import FIGURES
from storage.errors import Unavailable
from storage.interface import HEALTH

Value = TypeVar("Value")


@about("health", "Metrics for Prometheus", "Without a database it tells the rest.")
@answers(200, None, "The text format of Prometheus.", media=("text/plain",))
@open_to(*FIGURES)
@always_answered
async def metrics(request: web.Request) -> web.Response:
    """GET /metrics; without a database it tells the rest."""
    app = request.app
    vitals = app[VITALS]
    database, outbox, exposition = await asyncio.gather(
        _if_within_reach(vitals.database.get()),
        _if_within_reach(vitals.outbox.get()),
        asyncio.to_thread(import_module, "bookingd.exposition"),  # slow the first time
    )
    snapshot = exposition.Snapshot(
        now=app[CLOCK](),
        measures=app[MEASURES],
        jobs=vitals.jobs,
        database=database,
        outbox=outbox,
        in_flight=app[DRAIN].inside,
        connections=vitals.connections(),
        waiting=app[DESK].waiting,
    )
    return web.Response(body=snapshot.text, headers={"Content-Type": exposition.CONTENT_TYPE})


async def _if_within_reach(found: Awaitable[Value]) -> Value | None:
    try:
        async with asyncio.timeout(HEALTH):
            return await found
    except (Unavailable, TimeoutError):
        return None
