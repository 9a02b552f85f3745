"""The outbox over HTTP: what is owed, what could not be sent, and to send it again."""

from typing import Any

from aiohttp import web

from bookingd.api import present
from bookingd.api.context import ALL_SEEING, CALLER, CLOCK, CONFIG, DESK, STORAGE
from bookingd.api.declare import about, answers, may_fail, open_to, takes_query
from bookingd.api.errors import Code
from bookingd.api.health import FIGURES
from bookingd.api.schemas import outbox as schemas
from storage.interface import MessageFilter
from storage.model import Message, Scope
from storage.writes import Retry, RetryDead


@about(
    "outbox",
    "List messages",
    "Newest first. Will tonight's reminders go out? `kind=reminder&state=pending` and `dueTo`.",
)
@takes_query(schemas.OutboxQuery())
@answers(200, schemas.OutboxList, "Those that fit.")
@open_to(*FIGURES)
async def listing(request: web.Request) -> web.Response:
    """GET /api/outbox."""
    query = request["querystring"]
    names = ("booking_id", "due_from", "due_to")
    which = MessageFilter(
        states=query.get("state"),
        kinds=query.get("kind"),
        **{name: query.get(name) for name in names},
    )
    limit = query["limit"]
    found = await request.app[STORAGE].outbox_page(
        which, limit=limit + 1, after=query.get("cursor")
    )
    page = found[:limit]
    following = page[-1].id if len(found) > limit else None
    data = [_seen(message, request) for message in page]
    return present.json({"data": data, "pagination": {"limit": limit, "nextCursor": following}})


@about("outbox", "Read a message")
@answers(200, schemas.OutboxMessage, "The message.")
@may_fail(Code.NOT_FOUND)
@open_to(*FIGURES)
async def read(request: web.Request) -> web.Response:
    """GET /api/outbox/{id}."""
    return await _one(request)


@about(
    "outbox",
    "Send a message again",
    "At once, and with all its attempts: one that is dead, or that waits for its next attempt. A "
    "customer's goes to the address that the booking has by now, so correct that before.",
)
@answers(200, schemas.OutboxMessage, "The message, which is pending.")
@may_fail(Code.NOT_FOUND, Code.NOT_RETRYABLE)
@open_to(Scope.ADMIN)
async def retry(request: web.Request) -> web.Response:
    """POST /api/outbox/{id}/retry."""
    app = request.app
    admin_email = app[CONFIG].promises.admin_email
    await app[DESK].ask(Retry(request.match_info["id"], app[CLOCK](), admin_email))
    return await _one(request)


@about(
    "outbox",
    "Send all dead messages again",
    "Those that can be: an appointment that was moved, was cancelled or has begun leaves its own.",
)
@answers(200, schemas.Retried, "How many will be.")
@open_to(Scope.ADMIN)
async def retry_dead(request: web.Request) -> web.Response:
    """POST /api/outbox/retry."""
    app = request.app
    count = await app[DESK].ask(RetryDead(app[CLOCK](), app[CONFIG].promises.admin_email))
    return present.json({"retried": count})


async def _one(request: web.Request) -> web.Response:
    message = await request.app[STORAGE].message(request.match_info["id"])
    return present.json(_seen(message, request))


def _seen(message: Message, request: web.Request) -> dict[str, Any]:
    """The message; for an operator's key without what may name a customer."""
    whole = present.message(message)
    if request[CALLER].scope in ALL_SEEING:
        return whole
    del whole["recipient"]
    error = message.last_error
    return whole | {"lastError": error and error.partition(": ")[0]}
