"""The aiohttp application: its routes, and what stands around them."""

from collections.abc import Callable, Iterable
from functools import cache
from typing import Any

import orjson
from aiohttp import web
from aiohttp_apispec import validation_middleware

from bookingd.api import (
    bookings,
    calendar,
    catalogue,
    closures,
    exporting,
    health,
    history,
    holds,
    listing,
    manage,
    metrics,
    outbox,
    parser,
    slots,
    webhooks,
)
from bookingd.api.context import DOCUMENT, DRAIN, HEADERS
from bookingd.api.cors import allow_origins
from bookingd.api.docs import page as docs
from bookingd.api.headers import safe_headers
from bookingd.api.middleware import (
    answering,
    authorizing,
    checking_query,
    dressing,
    limiting_rate,
)
from bookingd.api.schemas import webhooks as webhook_schemas
from bookingd.api.schemas.bookings import NewBooking
from bookingd.config import Config
from bookingd.draining import Drain
from bookingd.web import manage as manage_page
from storage.ids import FORM

ID = f"{{id:{FORM.pattern}}}"
"""An id in a path. What has not its form is another path, such as that of the export."""


def application(config: Config) -> web.Application:
    """The application, yet without what its handlers work with."""
    app = web.Application(
        client_max_size=parser.LARGEST,
        middlewares=[
            answering,
            limiting_rate,
            authorizing,
            checking_query,
            validation_middleware,
        ],
    )
    creating = bookings.creating(NewBooking(config.required_fields))
    app.add_routes(
        [
            web.post("/api/bookings", creating, expect_handler=_encourage),
            web.get("/api/bookings", listing.listing, expect_handler=_encourage),
            web.get("/api/bookings/export", exporting.export, expect_handler=_encourage),
            web.get(f"/api/bookings/{ID}/events", history.events, expect_handler=_encourage),
            web.get(f"/api/bookings/{ID}", bookings.read, expect_handler=_encourage),
            web.put(f"/api/bookings/{ID}", bookings.edit, expect_handler=_encourage),
            web.patch(f"/api/bookings/{ID}", bookings.step, expect_handler=_encourage),
            web.delete(f"/api/bookings/{ID}", bookings.cancel, expect_handler=_encourage),
            web.get("/api/slots", slots.free, expect_handler=_encourage),
            web.get("/api/slots/explain", slots.explanation, expect_handler=_encourage),
            web.post("/api/holds", holds.keep, expect_handler=_encourage),
            web.post("/api/holds/{holdToken}/extend", holds.extend, expect_handler=_encourage),
            web.delete("/api/holds/{holdToken}", holds.let_go, expect_handler=_encourage),
            web.get("/api/outbox", outbox.listing, expect_handler=_encourage),
            web.get(f"/api/outbox/{ID}", outbox.read, expect_handler=_encourage),
            web.post("/api/outbox/retry", outbox.retry_dead, expect_handler=_encourage),
            web.post(f"/api/outbox/{ID}/retry", outbox.retry, expect_handler=_encourage),
            web.get("/api/calendar/{key}.ics", calendar.feed, expect_handler=_encourage),
            web.get("/api/manage/{token}", manage.read, expect_handler=_encourage),
            web.get("/api/manage/{token}/slots", manage.slots, expect_handler=_encourage),
            web.post("/api/manage/{token}/move", manage.move, expect_handler=_encourage),
            web.post("/api/manage/{token}/cancel", manage.cancel, expect_handler=_encourage),
            web.get("/manage", manage_page.page, expect_handler=_encourage),
            web.get("/manage/{part}", manage_page.part, expect_handler=_encourage),
            web.get("/api/health", health.health, expect_handler=_encourage),
            web.get("/api/health/db", health.database, expect_handler=_encourage),
            web.get("/api/health/jobs", health.jobs, expect_handler=_encourage),
            web.get("/livez", health.alive, expect_handler=_encourage),
            web.get("/readyz", health.ready, expect_handler=_encourage),
            web.get("/metrics", metrics.metrics, expect_handler=_encourage),
            web.get("/api/docs", docs.document, expect_handler=_encourage),
            web.get("/api/docs/ui", docs.page, expect_handler=_encourage),
            web.get("/api/docs/ui/{file}", docs.file, expect_handler=_encourage),
        ]
    )
    for noun in (catalogue.SERVICES, catalogue.RESOURCES):
        app.add_routes(_catalogue(noun))
    app.add_routes(_openings())
    app.add_routes(_webhooks(config))
    _check_scopes(app.router.routes())
    app[DRAIN] = Drain()
    app[DOCUMENT] = _document(app)
    app[HEADERS] = safe_headers(config)
    app.on_response_prepare.append(dressing)
    # What aiohttp-apispec's middleware works with; its set-up would make a Swagger 2.0 document.
    app["_apispec_parser"] = parser.StrictParser()
    app["_apispec_request_data_name"] = "data"
    allow_origins(app, config)
    return app


def _catalogue(noun: catalogue.Noun[Any]) -> list[web.RouteDef]:
    every, one = f"/api/{noun.several}", f"/api/{noun.several}/{ID}"
    return [
        web.post(every, catalogue.creating(noun), expect_handler=_encourage),
        web.get(every, catalogue.listing(noun), expect_handler=_encourage),
        web.get(one, catalogue.reading(noun), expect_handler=_encourage),
        web.patch(one, catalogue.changing(noun), expect_handler=_encourage),
        web.delete(one, catalogue.archiving(noun), expect_handler=_encourage),
    ]


def _openings() -> list[web.RouteDef]:
    hours, every = f"/api/resources/{ID}/hours", f"/api/resources/{ID}/closures"
    one = f"{every}/{{closureId:{FORM.pattern}}}"
    return [
        web.get(hours, closures.hours, expect_handler=_encourage),
        web.put(hours, closures.set_hours, expect_handler=_encourage),
        web.get(every, closures.closures, expect_handler=_encourage),
        web.post(every, closures.close, expect_handler=_encourage),
        web.delete(one, closures.reopen, expect_handler=_encourage),
    ]


def _webhooks(config: Config) -> list[web.RouteDef]:
    anywhere = config.webhook_allow_private
    new = webhook_schemas.reaching(webhook_schemas.NewWebhook(), anywhere=anywhere)
    edit = webhook_schemas.reaching(webhook_schemas.EditedWebhook(), anywhere=anywhere)
    every, one = "/api/webhooks", f"/api/webhooks/{ID}"
    calls = f"{one}/deliveries"
    again = f"{calls}/{{messageId:{FORM.pattern}}}/replay"
    return [
        web.post(every, webhooks.creating(new), expect_handler=_encourage),
        web.get(every, webhooks.every, expect_handler=_encourage),
        web.get(one, webhooks.read, expect_handler=_encourage),
        web.patch(one, webhooks.changing(edit), expect_handler=_encourage),
        web.delete(one, webhooks.delete, expect_handler=_encourage),
        web.post(f"{one}/roll", webhooks.roll, expect_handler=_encourage),
        web.post(f"{one}/test", webhooks.test, expect_handler=_encourage),
        web.get(calls, webhooks.deliveries, expect_handler=_encourage),
        web.post(again, webhooks.replay, expect_handler=_encourage),
    ]


async def _encourage(request: web.Request) -> None:
    """Ask for a body that waits to be asked for; other expectations may be met with silence.

    RFC 9110, section 10.1.1.
    """
    if request.headers.get("Expect", "").lower() == "100-continue" and request.transport:
        request.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")


def _check_scopes(routes: Iterable[web.AbstractRoute]) -> None:
    """Default deny: a route that does not say whom it is open to does not start."""
    for route in routes:
        if not hasattr(route.handler, "__scopes__"):
            raise TypeError(f"{route} does not say whom it is open to")


def _document(app: web.Application) -> Callable[[], bytes]:
    """The document of `app`, made when it is first called for."""

    @cache
    def made() -> bytes:
        from bookingd.api.docs.openapi import document

        return orjson.dumps(document(app))

    return made
