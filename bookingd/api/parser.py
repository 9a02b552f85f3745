"""From a request to what its schema makes of it; used by aiohttp-apispec's middleware."""

import asyncio
import json
from collections.abc import Iterator
from typing import Any, NoReturn

from aiohttp import hdrs, http_exceptions, web
from marshmallow import Schema, ValidationError
from marshmallow.exceptions import SCHEMA
from webargs.aiohttpparser import AIOHTTPParser

from bookingd.api.context import DRAIN
from bookingd.api.errors import ApiError, Code

LARGEST = 64 * 1024
"""Bytes that a body may have."""

ARRIVAL = 10.0
"""Seconds in which it has to arrive."""


class StrictParser(AIOHTTPParser):
    """Takes JSON as RFC 8259 means it, every key once, and tells every bad field by its path."""

    async def load_json(self, req: web.Request, schema: Schema) -> Any:
        """The body. Raises `ApiError`."""
        if req.content_type != "application/json":
            raise ApiError(Code.UNSUPPORTED_MEDIA_TYPE)
        if hdrs.CONTENT_ENCODING in req.headers:  # RFC 9110, section 15.5.16
            headers = {"Accept-Encoding": "identity"}
            raise ApiError(Code.UNSUPPORTED_MEDIA_TYPE, "Send it uncompressed.", headers=headers)
        return parse_json(await read_body(req))

    def handle_error(
        self, error: ValidationError, req: web.Request, schema: Schema, **_: Any
    ) -> NoReturn:
        """Turn marshmallow's tree of messages into fields with paths."""
        raise ApiError(Code.VALIDATION_ERROR, errors=paths(error.messages)) from error


async def read_body(request: web.Request) -> bytes:
    """All of the body. Raises `ApiError` when it is too large or dawdles."""
    try:
        if request.content.is_eof():  # the common case needs no clock
            return await request.read()
        if (request.content_length or 0) > LARGEST:
            raise ApiError(Code.PAYLOAD_TOO_LARGE, hang_up=True)
        with request.app[DRAIN].arriving():
            async with asyncio.timeout(ARRIVAL):
                return await request.read()
    except TimeoutError as error:
        raise ApiError(Code.REQUEST_TIMEOUT_CLIENT, hang_up=True) from error
    except (web.RequestPayloadError, http_exceptions.HttpProcessingError, OSError) as error:
        raise ApiError(Code.MALFORMED_JSON, "The body cannot be read.", hang_up=True) from error


def parse_json(body: bytes) -> Any:
    """JSON from UTF-8. Raises `ApiError`."""
    try:
        return _DECODER.decode(body.decode())
    except _Twice as error:
        twice = {str(error): "Is given twice."}
        raise ApiError(Code.VALIDATION_ERROR, errors=twice) from error
    except (ValueError, RecursionError) as error:
        raise ApiError(Code.MALFORMED_JSON, _why(error)) from error


def paths(messages: Any) -> dict[str, str]:
    """`{"json": {"timeSlot": {"duration": ["Bad."]}}}` as `{"timeSlot.duration": "Bad."}`."""
    found = (leaf for location in messages.values() for leaf in leaves(location))
    return {".".join(path) if path else "body": text for path, text in found}


def leaves(messages: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], str]]:
    """Each bad field of marshmallow's tree by its path, and the first that is wrong with it."""
    if isinstance(messages, dict):
        for name, inner in messages.items():
            yield from leaves(inner, path if name == SCHEMA else (*path, str(name)))
    else:
        yield path, str(messages[0])


class _Twice(ValueError):
    """A key that stands twice in one object."""


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise _Twice(name)
        found[name] = value
    return found


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


_DECODER = json.JSONDecoder(object_pairs_hook=_once, parse_constant=_no_number)


def _why(error: Exception) -> str:
    match error:
        case json.JSONDecodeError():
            return f"The body is not JSON: {error.msg} at character {error.pos}."
        case UnicodeDecodeError():
            return "The body is not JSON: it is not UTF-8."
        case RecursionError():
            return "The body is not JSON that can be read: it is nested too deeply."
    told = str(error).partition(";")[0]  # Python goes on with advice for the programmer
    return f"The body is not JSON: {told}."
