"""The aiohttp application: its routes, and what stands around them."""

from collections.abc import Iterable

from aiohttp import web
from aiohttp_apispec import setup_aiohttp_apispec, validation_middleware

from bookingd import __version__
from bookingd.api import bookings, health
from bookingd.api.middleware import (
    answering,
    authorizing,
    checking_query,
    limiting_rate,
    limiting_time,
)
from bookingd.api.parser import StrictParser
from bookingd.api.schemas import new_booking
from bookingd.config import Config

LARGEST_BODY = 64 * 1024


def application(config: Config) -> web.Application:
    """The application, yet without what its handlers work with."""
    app = web.Application(
        client_max_size=LARGEST_BODY,
        middlewares=[
            answering,
            limiting_time,
            limiting_rate,
            authorizing,
            checking_query,
            validation_middleware,
        ],
    )
    routes = app.add_routes(
        [
            web.post("/api/bookings", bookings.creating(new_booking(config.required_fields))),
            web.get("/api/bookings", bookings.listing),
            web.get("/api/bookings/{id}", bookings.read),
            web.put("/api/bookings/{id}", bookings.edit),
            web.patch("/api/bookings/{id}", bookings.step),
            web.delete("/api/bookings/{id}", bookings.cancel),
            web.get("/api/health", health.health),
            web.get("/api/health/db", health.database),
        ]
    )
    _check_scopes(routes)
    setup_aiohttp_apispec(app, title="bookingd", version=__version__, url=None, in_place=True)
    app["_apispec_parser"] = StrictParser()
    _allow_origins(app, config.cors_origins)
    return app


def _check_scopes(routes: Iterable[web.AbstractRoute]) -> None:
    """Default deny: a route that does not say whom it is open to does not start."""
    for route in routes:
        if not hasattr(route.handler, "__scopes__"):
            raise TypeError(f"{route} does not say whom it is open to")


def _allow_origins(app: web.Application, origins: Iterable[str]) -> None:
    """CORS (the Fetch standard) for these origins, on what a web page may need."""
    if not origins:
        return
    import aiohttp_cors

    options = aiohttp_cors.ResourceOptions(
        allow_headers=("Authorization", "Content-Type", "If-Match", "X-Request-Id"),
        expose_headers=("ETag", "Location", "Retry-After", "X-Request-Id"),
        max_age=600,
    )
    cors = aiohttp_cors.setup(app, defaults=dict.fromkeys(origins, options))
    for route in list(app.router.routes()):
        cors.add(route)
