"""Webhooks over HTTP: who is told of events, and how that went."""

from collections.abc import Callable
from datetime import timedelta
from http import HTTPStatus
from typing import Any

from aiohttp import web

from bookingd.api import present
from bookingd.api.conditions import check_version, unless_known
from bookingd.api.context import CLOCK, DESK, STORAGE, WEBHOOKS
from bookingd.api.declare import (
    Handler,
    about,
    answers,
    may_be_known,
    may_fail,
    open_to,
    takes_headers,
    takes_json,
    takes_query,
)
from bookingd.api.errors import ApiError, Code
from bookingd.api.schemas import webhooks as schemas
from bookingd.webhooks import created, edited, rolled
from schedules.webhooks import call_to_test, event_of
from storage.errors import NotFound, StaleVersion
from storage.interface import MessageFilter
from storage.model import Message, MessageState, Scope, Webhook
from storage.writes import DeleteWebhook, OweCall, Replay, SaveWebhook, Write

TRIES = 3
"""How often a change is made anew on the webhook as somebody else has just left it."""


def creating(schema: schemas.NewWebhook) -> Handler:
    """POST /api/webhooks."""

    @about(
        "webhooks",
        "Make a webhook",
        "The answer has its `secret`, and no other answer ever has.",
    )
    @takes_json(schema)
    @answers(
        201,
        schemas.MadeWebhook,
        "The webhook.",
        headers=("Location", "ETag"),
        links=("webhooksRead", "webhooksChange", "webhooksDelete", "webhooksDeliveries"),
    )
    @open_to(Scope.ADMIN)
    async def create(request: web.Request) -> web.Response:
        webhook = created(request["json"], request.app[CLOCK]())
        await _carry_out(request, SaveWebhook(webhook))
        response = _made(webhook)
        response.headers["Location"] = f"/api/webhooks/{webhook.id}"
        response.set_status(HTTPStatus.CREATED)
        return response

    return create


@about("webhooks", "List webhooks", "All of them, oldest first.")
@answers(200, schemas.WebhookList, "The webhooks.", headers=("ETag",))
@may_be_known()
@open_to(Scope.READ_ONLY, Scope.ADMIN)
async def every(request: web.Request) -> web.Response:
    """GET /api/webhooks."""
    found = (await request.app[WEBHOOKS].latest()).values()
    return unless_known(request, present.json({"data": [*map(present.webhook, found)]}))


@about("webhooks", "Read a webhook")
@answers(200, schemas.Webhook, "The webhook.", headers=("ETag",))
@may_be_known()
@may_fail(Code.NOT_FOUND)
@open_to(Scope.READ_ONLY, Scope.ADMIN)
async def read(request: web.Request) -> web.Response:
    """GET /api/webhooks/{id}."""
    return unless_known(request, _one(await _found(request)))


def changing(schema: schemas.NewWebhook) -> Handler:
    """PATCH /api/webhooks/{id}: whatever is given."""

    @about(
        "webhooks",
        "Change a webhook, switch it off or on",
        "Whatever is left out stays. Switched off, it is owed nothing: calls that wait are "
        "`superseded`, and of what happens meanwhile it is never told.",
    )
    @takes_json(schema)
    @takes_headers("If-Match")
    @answers(200, schemas.Webhook, "The webhook as it is now.", headers=("ETag",))
    @may_fail(Code.NOT_FOUND, Code.STALE_VERSION)
    @open_to(Scope.ADMIN)
    async def change(request: web.Request) -> web.Response:
        details, now = request["json"], request.app[CLOCK]()
        return _one(await _changed(request, lambda webhook: edited(webhook, details, now)))

    return change


@about(
    "webhooks",
    "Give a webhook a new secret",
    "The answer has it, and no other answer ever has. For the hours of `grace` calls have two "
    "signatures, one by the secret before; a secret before that one is forgotten.",
)
@takes_json(schemas.Roll())
@takes_headers("If-Match")
@answers(200, schemas.MadeWebhook, "The webhook.", headers=("ETag",))
@may_fail(Code.NOT_FOUND, Code.STALE_VERSION)
@open_to(Scope.ADMIN)
async def roll(request: web.Request) -> web.Response:
    """POST /api/webhooks/{id}/roll."""
    grace, now = timedelta(hours=request["json"]["grace"]), request.app[CLOCK]()
    return _made(await _changed(request, lambda webhook: rolled(webhook, grace, now)))


@about(
    "webhooks",
    "Delete a webhook",
    "It is owed nothing more; its log of calls goes with it.",
)
@takes_headers("If-Match")
@answers(204, None, "It is gone.", media=())
@may_fail(Code.NOT_FOUND, Code.STALE_VERSION)
@open_to(Scope.ADMIN)
async def delete(request: web.Request) -> web.Response:
    """DELETE /api/webhooks/{id}."""
    for _ in range(TRIES):
        webhook = await _found(request)
        check_version(request, webhook.version)
        try:
            await _carry_out(request, DeleteWebhook(webhook.id, webhook.version))
        except StaleVersion:
            continue
        return web.Response(status=HTTPStatus.NO_CONTENT)
    raise StaleVersion


@about(
    "webhooks",
    "Read how the calls of a webhook went",
    "Newest first. Each is a message of the outbox.",
)
@takes_query(schemas.DeliveriesQuery())
@answers(200, schemas.DeliveryList, "The calls.", headers=("ETag",))
@may_be_known()
@may_fail(Code.NOT_FOUND)
@open_to(Scope.READ_ONLY, Scope.ADMIN)
async def deliveries(request: web.Request) -> web.Response:
    """GET /api/webhooks/{id}/deliveries."""
    webhook, query = await _found(request), request["querystring"]
    limit: int = query["limit"]
    which = MessageFilter(webhook_id=webhook.id, states=query.get("state"))
    found = await request.app[STORAGE].outbox_page(
        which, limit=limit + 1, after=query.get("cursor")
    )
    more = found[limit - 1].id if len(found) > limit else None
    body = {
        "data": [*map(_delivery, found[:limit])],
        "pagination": {"limit": limit, "nextCursor": more},
    }
    return unless_known(request, present.json(body))


@about(
    "webhooks",
    "Make a call once more",
    "Whatever became of it: the same call with the same `webhook-id`, and all its attempts again.",
)
@answers(202, schemas.Delivery, "The call, which is due now.")
@may_fail(Code.NOT_FOUND, Code.WEBHOOK_OFF)
@open_to(Scope.ADMIN)
async def replay(request: web.Request) -> web.Response:
    """POST /api/webhooks/{id}/deliveries/{messageId}/replay."""
    webhook = await _active(request)
    again = Replay(webhook.id, request.match_info["messageId"], request.app[CLOCK]())
    return _accepted(await request.app[DESK].ask(again))


@about(
    "webhooks",
    "Try a webhook",
    "A call of type `webhook.test`, by the way that all calls go; its log tells how it went.",
)
@answers(202, schemas.Delivery, "The call, which is due now.")
@may_fail(Code.NOT_FOUND, Code.WEBHOOK_OFF)
@open_to(Scope.ADMIN)
async def test(request: web.Request) -> web.Response:
    """POST /api/webhooks/{id}/test."""
    message = call_to_test(await _active(request), request.app[CLOCK]())
    await request.app[DESK].ask(OweCall(message))
    return _accepted(message)


async def _found(request: web.Request) -> Webhook:
    """The webhook as it is now. Raises `NotFound`."""
    found = (await request.app[WEBHOOKS].latest()).get(request.match_info["id"])
    if found is None:
        raise NotFound
    return found


async def _changed(request: web.Request, change: Callable[[Webhook], Webhook]) -> Webhook:
    """The webhook after `change`, made on the version that If-Match names, or on the latest."""
    for _ in range(TRIES):
        webhook = await _found(request)
        check_version(request, webhook.version)
        after = change(webhook)
        if after is webhook:
            return webhook
        try:
            await _carry_out(request, SaveWebhook(after))
        except StaleVersion:
            continue
        return after
    raise StaleVersion


async def _active(request: web.Request) -> Webhook:
    webhook = await _found(request)
    if not webhook.active:
        raise ApiError(Code.WEBHOOK_OFF)
    return webhook


async def _carry_out(request: web.Request, write: Write[None]) -> None:
    """Have it done; whoever asks from now on sees it."""
    try:
        await request.app[DESK].ask(write)
    finally:
        request.app[WEBHOOKS].forget()


def _made(webhook: Webhook) -> web.Response:
    body = present.webhook(webhook) | {"secret": webhook.secret}
    return present.json(body, headers={"ETag": present.etag(webhook)})


def _one(webhook: Webhook) -> web.Response:
    return present.json(present.webhook(webhook), headers={"ETag": present.etag(webhook)})


def _accepted(message: Message) -> web.Response:
    response = present.json(_delivery(message))
    response.set_status(HTTPStatus.ACCEPTED)
    return response


def _delivery(record: Message) -> dict[str, Any]:
    waits = record.state is MessageState.PENDING
    return {
        "id": record.id,
        "event": event_of(record),
        "bookingId": record.booking_id,
        "bookingVersion": record.version,
        "state": record.state,
        "createdAt": record.created_at,
        "attempts": record.attempts,
        "nextAttemptAt": record.next_attempt_at if waits else None,
        "sentAt": record.sent_at,
        "lastError": record.last_error,
    }
