"""The headers of every answer that keep a browser from doing harm with it."""

from aiohttp import hdrs, web
from multidict import istr

from bookingd.config import Config
from bookingd.logs import request_id

A_YEAR = 365 * 24 * 60 * 60

_SAFE = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
"""What suits JSON; a handler that answers with a page sets its own."""

REQUEST_ID = istr("X-Request-Id")

Headers = tuple[tuple[istr, str], ...]


def safe_headers(config: Config) -> Headers:
    """What to add to an answer that does not say otherwise.

    Strict-Transport-Security (RFC 6797, section 7.2) only where browsers come by https.
    """
    headers = dict(_SAFE)
    if config.base_url.startswith("https:"):
        headers["Strict-Transport-Security"] = f"max-age={A_YEAR}"
    if config.cors_origins or config.admin_cors_origins:
        headers[hdrs.VARY] = "Origin"
    return tuple((istr(name), value) for name, value in headers.items())


def add_headers(response: web.StreamResponse, headers: Headers) -> None:
    """Add what the handler has not set, the id of the request, and a name without a version."""
    present = response.headers
    for name, value in headers:
        present.setdefault(name, value)
    present[hdrs.SERVER] = "bookingd"
    present[REQUEST_ID] = request_id.get() or ""
