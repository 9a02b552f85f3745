"""The history of a booking over HTTP."""

from collections.abc import Sequence
from datetime import datetime
from itertools import groupby
from operator import attrgetter
from typing import Any

from aiohttp import web

from bookingd.api import present
from bookingd.api.conditions import unless_known
from bookingd.api.context import STORAGE
from bookingd.api.declare import about, answers, may_be_known, may_fail, open_to
from bookingd.api.errors import Code
from bookingd.api.schemas import responses
from storage.model import Event, Message, Scope


@about(
    "bookings",
    "Read a booking's history",
    "What happened to it, oldest first: when, by which key, what changed, which mails that caused "
    "and how they went.",
)
@answers(200, responses.History, "The events.", headers=("ETag",))
@may_be_known()
@may_fail(Code.NOT_FOUND)
@open_to(Scope.READ_ONLY, Scope.ADMIN)
async def events(request: web.Request) -> web.Response:
    """GET /api/bookings/{id}/events."""
    storage, booking_id = request.app[STORAGE], request.match_info["id"]
    found = await storage.events(booking_id)
    data = told(found, await storage.messages([booking_id]))
    return unless_known(request, present.json({"data": data}))


def told(found: Sequence[Event], messages: Sequence[Message]) -> list[dict[str, Any]]:
    """The events of a booking's history, each with the messages that it caused."""
    version = attrgetter("version")
    by_version = {
        made: list(some) for made, some in groupby(sorted(messages, key=version), version)
    }
    return [_event(event, by_version.get(event.version, [])) for event in found]


def _event(record: Event, messages: Sequence[Message]) -> dict[str, Any]:
    """An event of a booking's history, with the messages that it caused."""
    changes = dict(record.detail)
    reason = changes.pop("reason", None)
    return {
        "version": record.version,
        "kind": record.kind,
        "at": record.at,
        "actor": record.actor,
        "reason": reason,
        "changes": {
            present.camel_case(name): dict(zip(("before", "after"), _pair(name, pair), strict=True))
            for name, pair in changes.items()
        },
        "messages": [_message(message) for message in messages],
    }


def _pair(name: str, pair: Any) -> Any:
    """What was and what is; instants are kept as text."""
    return map(datetime.fromisoformat, pair) if name.endswith("_time") else pair


def _message(record: Message) -> dict[str, Any]:
    return {
        "id": record.id,
        "kind": record.kind,
        "audience": record.audience,
        "recipient": record.recipient,
        "state": record.state,
        "dueAt": record.due_at,
        "attempts": record.attempts,
        "sentAt": record.sent_at,
        "lastError": record.last_error,
    }
