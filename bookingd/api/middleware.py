"""What happens to every request, outermost first."""

import asyncio
import logging
import re
import time
from collections import Counter
from collections.abc import Iterable
from urllib.parse import unquote_to_bytes

from aiohttp import hdrs, web

from bookingd.api.context import (
    CALLER,
    DRAIN,
    HEADERS,
    KEYRING,
    LIMITER,
    MEASURES,
    STANDING,
    TIME_LIMIT,
    address_of,
)
from bookingd.api.cors import is_preflight
from bookingd.api.declare import Handler, is_always_answered, is_opened_by_link, is_unlimited
from bookingd.api.errors import LATER, ApiError, Code, answer, translated
from bookingd.api.headers import add_headers
from bookingd.auth import Unauthorized
from bookingd.draining import Drain
from bookingd.links import Forged
from bookingd.logs import new_request_id, request_id, trace_id
from bookingd.trace import trace_of
from storage.model import Scope

log = logging.getLogger("bookingd.requests")

LIMIT = 30.0
"""Seconds that a request may take."""

TOO_MANY_KEYS = "Too many wrong keys or links came from this address."

NOWHERE = "none"
"""Instead of a route, for a request that fits none."""

_REQUEST_ID = re.compile(r"[A-Za-z0-9._:/+=-]{1,100}")


@web.middleware
async def answering(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Gives every request an id, an answer in time, whatever happens, and a line in the log."""
    begun = time.monotonic()
    drain = request.app[DRAIN]
    given = request.headers.get("X-Request-Id", "")
    request_id.set(given if _REQUEST_ID.fullmatch(given) else new_request_id())
    trace_id.set(trace_of(request.headers.getall("traceparent", ())))
    drain.enter()
    try:
        _check_room(request, drain)
        async with asyncio.timeout(LIMIT) as request[TIME_LIMIT]:
            response = await handler(request)
    except Exception as error:  # noqa: BLE001 - everything has to be answered
        response = failed(request, error)
    finally:
        drain.leave()
    if drain.stopping:
        response.force_close()
    seconds, where = time.monotonic() - begun, route(request)
    method = request.method if where != NOWHERE else "any"
    request.app[MEASURES].request(method, where, response.status, seconds)
    log.info(
        "request",
        extra={
            "method": request.method,
            "route": where,
            "status": response.status,
            "durationMs": round(seconds * 1000, 1),
        },
    )
    return response


async def dressing(request: web.Request, response: web.StreamResponse) -> None:
    """Adds the headers of every answer, before the first byte of a streamed one leaves."""
    add_headers(response, request.app[HEADERS])
    response.headers.update(request.get(STANDING, ()))


@web.middleware
async def limiting_rate(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refuses an address that asks too often, or that has shown too many wrong keys or links.

    A page could not read the refusal of its preflight (Fetch standard, 4.8), so none is refused.
    """
    limiter = request.app[LIMITER]
    if limiter is None or is_preflight(request) or is_unlimited(request.match_info.handler):
        return await handler(request)
    address = address_of(request)
    standing = await limiter.request(address)
    if not standing.allowed:
        raise ApiError(Code.RATE_LIMITED, headers=standing.headers)
    keyed = "Authorization" in request.headers or is_opened_by_link(request.match_info.handler)
    if keyed and (locked_out := await limiter.locked_out(address)):
        raise ApiError(Code.RATE_LIMITED, TOO_MANY_KEYS, headers=locked_out.headers)
    request[STANDING] = standing.headers
    try:
        return await handler(request)
    except (Unauthorized, Forged):
        if keyed:
            await limiter.wrong_key(address)
        raise


@web.middleware
async def authorizing(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Lets through only whom the handler is open to; a handler open to nobody is open to none."""
    if _is_not_ours(request):
        return await handler(request)
    if request.method == hdrs.METH_OPTIONS:  # aiohttp-cors takes it for a broken preflight
        raise web.HTTPMethodNotAllowed(hdrs.METH_OPTIONS, _methods(request))
    if len(request.headers.getall("Authorization", ())) > 1:
        raise ApiError(Code.VALIDATION_ERROR, errors={"Authorization": "Is given twice."})
    scopes: frozenset[Scope] = request.match_info.handler.__scopes__  # type: ignore[attr-defined]
    if scopes:
        caller = await request.app[KEYRING].caller(request.headers.get("Authorization"))
        if caller.scope not in scopes:
            raise ApiError(Code.FORBIDDEN)
        if not caller.welcome_from(request.headers.get("Origin")):
            raise ApiError(Code.FORBIDDEN, "This key works only on the pages it was made for.")
        request[CALLER] = caller
    return await handler(request)


@web.middleware
async def checking_query(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refuses parameters where none are taken, any given twice, and what is not UTF-8."""
    if request.query_string and not _is_not_ours(request):
        _check_utf8(request)
        names = Counter(name for name, _ in request.query.items())
        if not getattr(request.match_info.handler, "__query__", False):
            errors = dict.fromkeys(names, "Unknown parameter.")
        else:
            errors = {name: "Is given twice." for name, times in names.items() if times > 1}
        if errors:
            raise ApiError(Code.VALIDATION_ERROR, errors=errors)
    return await handler(request)


def _check_utf8(request: web.Request) -> None:
    """Refuses octets that are no text, of which aiohttp makes U+FFFD."""
    try:
        unquote_to_bytes(request.rel_url.raw_query_string).decode()
    except UnicodeDecodeError as error:
        strange = (name for name, value in request.query.items() if "\ufffd" in name + value)
        errors = dict.fromkeys(strange, "Is not UTF-8.")
        raise ApiError(Code.VALIDATION_ERROR, errors=errors) from error


def route(request: web.Request) -> str:
    """The route's pattern; a path as it came may hold anything."""
    resource = request.match_info.route.resource
    return resource.canonical if resource is not None else NOWHERE


def _check_room(request: web.Request, drain: Drain) -> None:
    """A queue would only make everybody late (design: at once, with Retry-After)."""
    if drain.crowded and not is_always_answered(request.match_info.handler):
        raise ApiError(Code.SERVICE_UNAVAILABLE, headers=LATER)


def _is_not_ours(request: web.Request) -> bool:
    """Whether aiohttp answers, 404 or 405, or aiohttp-cors, a preflight."""
    return request.match_info.http_exception is not None or is_preflight(request)


def _methods(request: web.Request) -> Iterable[str]:
    resource = request.match_info.route.resource
    return [route.method for route in resource] if resource is not None else []


def failed(request: web.Request, error: Exception) -> web.Response:
    """The error as an answer; what nobody foresaw is logged with its traceback."""
    known = translated(error)
    if known is None:
        log.error("unforeseen fault", exc_info=error, extra={"route": route(request)})
        known = ApiError(Code.INTERNAL_ERROR)
    elif known.code.status >= Code.INTERNAL_ERROR.status:
        log.warning("not served", extra={"route": route(request), "reason": str(error)})
    return answer(known, request.headers.get("Accept", ""))
