"""The aiohttp application: its routes, and what stands around them."""

from collections.abc import Iterable

from aiohttp import web
from aiohttp_apispec import setup_aiohttp_apispec, validation_middleware

from bookingd import __version__
from bookingd.api import bookings, health, parser
from bookingd.api.context import DRAIN, HEADERS
from bookingd.api.cors import allow_origins
from bookingd.api.headers import safe_headers
from bookingd.api.middleware import (
    answering,
    authorizing,
    checking_query,
    dressing,
    limiting_rate,
)
from bookingd.api.schemas import new_booking
from bookingd.config import Config
from bookingd.draining import Drain


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
    creating = bookings.creating(new_booking(config.required_fields))
    app.add_routes(
        [
            web.post("/api/bookings", creating, expect_handler=_encourage),
            web.get("/api/bookings", bookings.listing, expect_handler=_encourage),
            web.get("/api/bookings/{id}", bookings.read, expect_handler=_encourage),
            web.put("/api/bookings/{id}", bookings.edit, expect_handler=_encourage),
            web.patch("/api/bookings/{id}", bookings.step, expect_handler=_encourage),
            web.delete("/api/bookings/{id}", bookings.cancel, expect_handler=_encourage),
            web.get("/api/health", health.health, expect_handler=_encourage),
            web.get("/api/health/db", health.database, expect_handler=_encourage),
        ]
    )
    _check_scopes(app.router.routes())
    app[DRAIN] = Drain()
    app[HEADERS] = safe_headers(config)
    app.on_response_prepare.append(dressing)
    setup_aiohttp_apispec(app, title="bookingd", version=__version__, url=None, in_place=True)
    app["_apispec_parser"] = parser.StrictParser()
    allow_origins(app, config)
    return app


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
