"""Is it well? Over HTTP."""

import time

from aiohttp import web

from bookingd import __version__
from bookingd.api import present
from bookingd.api.context import CLOCK, STARTED, STORAGE
from bookingd.api.declare import about, always_answered, open_to


@about("health", "Whether the daemon answers")
@open_to()
@always_answered
async def health(request: web.Request) -> web.Response:
    """GET /api/health; asks nothing of anybody."""
    return present.json(
        {
            "status": "ok",
            "version": __version__,
            "uptime": round(time.monotonic() - request.app[STARTED], 3),
            "timestamp": request.app[CLOCK](),
        }
    )


@about("health", "Whether the database answers")
@open_to()
@always_answered
async def database(request: web.Request) -> web.Response:
    """GET /api/health/db; 503 when the database does not answer."""
    found = await request.app[STORAGE].health()
    return present.json(
        {
            "status": "ok",
            "backend": found.backend,
            "latencyMs": round(found.latency * 1000, 2),
            "pool": {
                "size": found.size,
                "idle": found.idle,
                "inUse": found.size - found.idle,
                "max": found.maximum,
            },
        }
    )
