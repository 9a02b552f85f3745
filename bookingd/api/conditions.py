"""Conditional requests: a change of the version that was read, an answer only if it is news."""

from hashlib import sha256

from aiohttp import web

from storage.errors import StaleVersion

ANY = "*"

_TOLD = ("Cache-Control", "ETag", "Vary")
"""What a 304 says as the answer itself would (RFC 9110, section 15.4.5)."""


def check_version(request: web.Request, version: int) -> None:
    """If-Match (RFC 9110, section 13.1.1): no weak tag matches. Raises `StaleVersion`."""
    if "If-Match" not in request.headers:
        return
    wanted = request.if_match or ()  # aiohttp takes an empty header for none
    if not any(tag.value in {ANY, str(version)} and not tag.is_weak for tag in wanted):
        raise StaleVersion


def unless_known(request: web.Request, response: web.Response) -> web.Response:
    """The response, or 304 if the client has it (If-None-Match, RFC 9110, section 13.1.2).

    A response without an entity tag gets one by its content.
    """
    if "ETag" not in response.headers:
        response.headers["ETag"] = f'"{_digest(response)}"'
    tag = response.headers["ETag"]
    known = request.if_none_match or ()
    if not any(one.value in {ANY, tag.strip('"')} for one in known):
        return response
    told = {name: response.headers[name] for name in _TOLD if name in response.headers}
    return web.Response(status=304, headers=told)


def kept(response: web.Response) -> web.Response:
    """One that anybody may see: a browser keeps it, and asks each time whether it is news.

    So says `no-cache` (RFC 9111, section 5.2.2.4).
    """
    response.headers["Cache-Control"] = "no-cache"
    return response


def _digest(response: web.Response) -> str:
    body = response.body
    if not isinstance(body, bytes):
        raise TypeError("only a response whose body is there can be compared")
    return sha256(body).hexdigest()
