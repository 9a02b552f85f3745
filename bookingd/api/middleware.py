"""What happens to every request, outermost first."""

import asyncio
import itertools
import logging
import os
import re
import time

from aiohttp import web

from bookingd.api.context import CALLER, CONFIG, KEYRING, LIMITER
from bookingd.api.declare import Handler
from bookingd.api.errors import ApiError, Code, answer, translated
from bookingd.limiter import client_address
from bookingd.logs import request_id
from storage.model import Scope

log = logging.getLogger("bookingd.requests")

LIMIT = 30.0
"""Seconds that a request may take."""

_REQUEST_ID = re.compile(r"[A-Za-z0-9._:/+=-]{1,100}")
_numbers = (f"{start}-{number}" for start in [os.urandom(6).hex()] for number in itertools.count(1))
"""Ids for requests that bring none: a mark of this start of the daemon, and a number."""

_SAFE = {
    "Server": "bookingd",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}


@web.middleware
async def answering(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Gives every request an id, an answer whatever happens, and a line in the log."""
    begun = time.monotonic()
    given = request.headers.get("X-Request-Id", "")
    request_id.set(given if _REQUEST_ID.fullmatch(given) else next(_numbers))
    try:
        response = await handler(request)
    except asyncio.CancelledError:
        raise
    except Exception as error:  # noqa: BLE001 - everything has to be answered
        response = _failed(request, error)
    response.headers.update(_SAFE)
    response.headers["X-Request-Id"] = request_id.get() or ""
    log.info(
        "request",
        extra={
            "method": request.method,
            "route": route(request),
            "status": response.status,
            "durationMs": round((time.monotonic() - begun) * 1000, 1),
        },
    )
    return response


@web.middleware
async def limiting_time(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Gives up on a request that takes too long."""
    try:
        async with asyncio.timeout(LIMIT):
            return await handler(request)
    except TimeoutError as error:
        raise ApiError(Code.REQUEST_TIMEOUT, headers={"Retry-After": "5"}) from error


@web.middleware
async def limiting_rate(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refuses an address that asks too often; health is always answered."""
    limiter = request.app[LIMITER]
    if limiter is None or request.path.startswith("/api/health"):
        return await handler(request)
    proxies = request.app[CONFIG].trusted_proxies
    forwarded = request.headers.get("X-Forwarded-For")
    standing = limiter.hit(client_address(request.remote or "", forwarded, proxies))
    if not standing.allowed:
        raise ApiError(Code.RATE_LIMITED, headers=standing.headers)
    try:
        response = await handler(request)
    except Exception as error:  # noqa: BLE001 - whatever the answer, it says how many are left
        response = _failed(request, error)
    response.headers.update(standing.headers)
    return response


@web.middleware
async def authorizing(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Lets through only whom the handler is open to; a handler open to nobody is open to none."""
    if request.match_info.http_exception is not None:
        return await handler(request)
    scopes: frozenset[Scope] = request.match_info.handler.__scopes__  # type: ignore[attr-defined]
    if scopes:
        caller = await request.app[KEYRING].caller(request.headers.get("Authorization"))
        if caller.scope not in scopes:
            raise ApiError(Code.FORBIDDEN)
        request[CALLER] = caller
    return await handler(request)


def route(request: web.Request) -> str:
    """The route's pattern; a path as it came may hold anything."""
    resource = request.match_info.route.resource
    return resource.canonical if resource is not None else "none"


def _failed(request: web.Request, error: Exception) -> web.Response:
    known = translated(error)
    if known is None:
        log.error("unforeseen fault", exc_info=error, extra={"route": route(request)})
        known = ApiError(Code.INTERNAL_ERROR)
    elif known.code.status >= Code.INTERNAL_ERROR.status:
        log.warning("not served", extra={"route": route(request), "reason": str(error)})
    return answer(known, request.headers.get("Accept", ""))
