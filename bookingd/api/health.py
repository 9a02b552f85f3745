"""Health: whether the daemon answers, the database too, and whether what is owed goes out."""

import time
from typing import Any

from aiohttp import web

from bookingd import __version__
from bookingd.api import present
from bookingd.api.context import ALARMS, CLOCK, DRAIN, MEASURES, STARTED, VITALS
from bookingd.api.declare import about, always_answered, answers, open_to
from bookingd.api.errors import LATER, ApiError, Code
from bookingd.api.schemas import health as schemas
from schedules.scheduler import Job
from storage.errors import Unavailable
from storage.model import Outbox, Scope

FIGURES = (Scope.OPERATOR, Scope.READ_ONLY, Scope.ADMIN)
"""Who may see figures that tell how the business goes, and of no customer."""


@about(
    "health",
    "Whether the daemon answers",
    "It asks nothing of the database. `warn` when somebody should look at `/api/health/jobs`.",
)
@answers(200, schemas.Health, "It does.")
@open_to()
@always_answered
async def health(request: web.Request) -> web.Response:
    """GET /api/health; asks nothing of anybody, and tells what a job last saw."""
    return present.json(
        {
            "status": "warn" if request.app[ALARMS].seen else "ok",
            "version": __version__,
            "uptime": round(time.monotonic() - request.app[STARTED], 3),
            "timestamp": request.app[CLOCK](),
        }
    )


@about("health", "Whether the database answers")
@answers(200, schemas.DatabaseHealth, "It does.")
@open_to()
@always_answered
async def database(request: web.Request) -> web.Response:
    """GET /api/health/db; 503 when the database does not answer."""
    found = await request.app[VITALS].database.get()
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


@about("health", "Whether jobs run and what is owed goes out")
@answers(200, schemas.JobsHealth, "What there is to tell; look where `status` is `warn`.")
@open_to(*FIGURES)
@always_answered
async def jobs(request: web.Request) -> web.Response:
    """GET /api/health/jobs; `warn` when somebody should look."""
    vitals = request.app[VITALS]
    try:
        outbox, alarms = await vitals.outbox.get(), await request.app[ALARMS].now()
    except Unavailable as error:  # who may see figures may see the reason
        reason = f"The outbox cannot be looked at: {error}."
        raise ApiError(Code.SERVICE_UNAVAILABLE, reason, headers=LATER) from error
    return present.json(
        {
            "status": "warn" if alarms else "ok",
            "warnings": [{"code": alarm.code, "message": alarm.message} for alarm in alarms],
            "jobs": [_job(job) for job in vitals.jobs],
            "outbox": _outbox(outbox),
            "reminders": {"next24h": outbox.reminders_soon},
            "mail": {"lastSuccess": request.app[MEASURES].mailed_at},
        }
    )


@about("health", "Liveness: the process answers", "It asks nothing of anybody.")
@answers(200, schemas.Well, "It does.")
@open_to()
@always_answered
async def alive(_: web.Request) -> web.Response:
    """GET /livez; asks nothing of anybody."""
    return present.json({"status": "ok"})


@about(
    "health",
    "Readiness: requests can be served",
    "`503` when the database does not answer, and when the daemon is stopping.",
)
@answers(200, schemas.Well, "They can.")
@open_to()
@always_answered
async def ready(request: web.Request) -> web.Response:
    """GET /readyz; 503 when the database does not answer, and when the daemon is stopping."""
    if request.app[DRAIN].stopping:
        raise ApiError(Code.SERVICE_UNAVAILABLE, "The daemon is stopping.", headers=LATER)
    await request.app[VITALS].database.get()
    return present.json({"status": "ok"})


def _job(job: Job) -> dict[str, Any]:
    return {
        "name": job.name,
        "lastRun": job.last_run,
        "lastSuccess": job.last_success,
        "lastError": job.last_error,
        "nextRun": job.next_run,
    }


def _outbox(outbox: Outbox) -> dict[str, Any]:
    return {
        "pending": outbox.pending,
        "underWay": outbox.leased,
        "due": outbox.due,
        "overdue": outbox.overdue,
        "oldestDue": outbox.oldest_due_at,
        "dead": outbox.dead,
        "missed": outbox.missed,
    }
