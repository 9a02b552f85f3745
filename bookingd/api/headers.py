"""The headers of every answer that keep a browser from doing harm with it."""

from aiohttp import hdrs, web
from multidict import istr

from bookingd.config import Config

A_YEAR = 365 * 24 * 60 * 60

_SAFE = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "Server": "bookingd",
    "X-Content-Type-Options": "nosniff",
}
"""What suits JSON; a handler that answers with a page sets its own."""

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
    """Add what the handler has not set."""
    present = response.headers
    for name, value in headers:
        present.setdefault(name, value)
