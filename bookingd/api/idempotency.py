"""Idempotency-Key (draft-ietf-httpapi-idempotency-key-header): one booking, however often asked."""

import re
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

import orjson
from aiohttp import web

from bookingd.api.context import CALLER
from bookingd.api.errors import ApiError, Code
from storage.model import IdempotencyKey

HEADER = "Idempotency-Key"

_FORM = re.compile(r"[ -~]{1,255}")


def key(request: web.Request, details: Mapping[str, Any]) -> IdempotencyKey | None:
    """The key that a request brings, if any; `details` are what its body says.

    It is the API key's own, so that nobody reads by guessing what another site has booked. Raises
    `ApiError`.
    """
    given = request.headers.getall(HEADER, ())
    if not given:
        return None
    if len(given) > 1:
        raise _bad("Is given twice.")
    if not _FORM.fullmatch(given[0]):
        raise _bad("Must have 1 to 255 printable characters of ASCII.")
    return IdempotencyKey(
        caller=request[CALLER].id, key=given[0], fingerprint=_fingerprint(details)
    )


def _fingerprint(details: Mapping[str, Any]) -> str:
    """Equal for two bodies that say the same, however they are written."""
    canonical = orjson.dumps(details, option=orjson.OPT_SORT_KEYS, default=str)
    return sha256(canonical).hexdigest()


def _bad(why: str) -> ApiError:
    return ApiError(Code.VALIDATION_ERROR, errors={HEADER: why})
