"""CORS (the Fetch standard, section 3.2): which pages may call what, from a browser."""

from collections.abc import Awaitable, Callable

from aiohttp import hdrs, web

from bookingd.config import Config
from storage.model import Scope

SENT = (
    "Authorization",
    "Content-Type",
    "Idempotency-Key",
    "If-Match",
    "If-None-Match",
    "X-Request-Id",
    "traceparent",
)
"""What a page may send beyond what any page may."""

READ = (
    "Content-Disposition",
    "ETag",
    "Idempotent-Replayed",
    "Location",
    "RateLimit",
    "RateLimit-Policy",
    "Retry-After",
    "X-Request-Id",
)
"""What a page may read of an answer beyond what any page may."""

MAX_AGE = 600
"""Seconds for which a browser need not ask again."""


def allow_origins(app: web.Application, config: Config) -> None:
    """Let pages of the configured origins call what a customer needs; administrators', all.

    What a customer needs is what is open to anybody or to publishable keys.
    """
    everything = config.admin_cors_origins
    public = (*config.cors_origins, *everything)
    allowed = {
        route: public if _for_customers(route) else everything for route in app.router.routes()
    }
    if any(allowed.values()):
        _declare(app, {route: origins for route, origins in allowed.items() if origins})
        app.on_response_prepare.append(_readable(frozenset(public)))


def is_preflight(request: web.Request) -> bool:
    """Whether a browser asks if a page may send a request (Fetch standard, section 3.2.2)."""
    return (
        request.method == hdrs.METH_OPTIONS
        and hdrs.ORIGIN in request.headers
        and hdrs.ACCESS_CONTROL_REQUEST_METHOD in request.headers
    )


def _for_customers(route: web.AbstractRoute) -> bool:
    scopes: frozenset[Scope] = route.handler.__scopes__  # type: ignore[attr-defined]
    return not scopes or Scope.PUBLISHABLE in scopes


def _readable(
    origins: frozenset[str],
) -> Callable[[web.Request, web.StreamResponse], Awaitable[None]]:
    async def readable(request: web.Request, response: web.StreamResponse) -> None:
        """Lets pages read an answer that no route gave, 404 and 405: aiohttp-cors knows routes."""
        origin = request.headers.get(hdrs.ORIGIN)
        if request.match_info.http_exception is not None and origin in origins:
            response.headers[hdrs.ACCESS_CONTROL_ALLOW_ORIGIN] = origin
            response.headers[hdrs.ACCESS_CONTROL_EXPOSE_HEADERS] = ",".join(READ)

    return readable


def _declare(app: web.Application, allowed: dict[web.AbstractRoute, tuple[str, ...]]) -> None:
    import aiohttp_cors

    options = aiohttp_cors.ResourceOptions(allow_headers=SENT, expose_headers=READ, max_age=MAX_AGE)
    cors = aiohttp_cors.setup(app)
    for resource in {route.resource for route in allowed}:
        cors.add(resource, {})  # else the first of its routes would speak for all of them
    for route, origins in allowed.items():
        cors.add(route, dict.fromkeys(origins, options))
