"""The one error body, and the one table of error codes."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from http import HTTPStatus
from itertools import islice
from typing import Any

import orjson
from aiohttp import hdrs, web

from bookingd.auth import Unauthorized
from bookingd.availability.rules import OutsideHours, TooFar, TooSoon
from bookingd.catalogue import NotOffered
from bookingd.clock import now
from bookingd.intake import Incomplete
from bookingd.links import BadLink
from bookingd.logs import request_id
from bookingd.policy import InPast, InvalidTransition, TooLate, WrongLength
from schedules.actor import MailboxFull
from storage.errors import (
    CapReached,
    HoldExpired,
    KeyReused,
    NotFound,
    NotRetryable,
    SlotTaken,
    StaleVersion,
    TooManyHolds,
    Unavailable,
)

PROBLEM = "application/problem+json"
RETRY_AFTER = 2
"""Seconds after which a client may try again what was out of reach."""

MOST_ERRORS = 50
"""How many fields an error names, though a body may have thousands that are wrong."""


class Code(Enum):
    """Every error code: its status, and what it means. A code never changes."""

    VALIDATION_ERROR = (400, "The request has fields that cannot be accepted.")
    MALFORMED_JSON = (400, "The body is not JSON.")
    UNAUTHORIZED = (401, "A valid key is needed.")
    FORBIDDEN = (403, "This key may not do that.")
    NOT_FOUND = (404, "There is nothing here.")
    METHOD_NOT_ALLOWED = (405, "This cannot be done here.")
    REQUEST_TIMEOUT_CLIENT = (408, "The request took too long to arrive.")
    SLOT_TAKEN = (409, "Another booking has this time.")
    OUTSIDE_HOURS = (409, "It does not lie within the opening hours, or on their steps.")
    TOO_SOON = (409, "It begins too soon for that.")
    TOO_FAR = (409, "It lies too far ahead.")
    CAP_REACHED = (409, "No more bookings are taken on that day or in that week.")
    HOLD_EXPIRED = (409, "This slot is no longer held for that token.")
    TOO_MANY_HOLDS = (409, "This address holds as many slots as it may.")
    INVALID_TRANSITION = (409, "The booking's status does not allow this.")
    NOT_RETRYABLE = (409, "This message cannot be sent again.")
    WEBHOOK_OFF = (409, "The webhook is not active.")
    STALE_VERSION = (412, "Somebody else changed it in the meantime.")
    PAYLOAD_TOO_LARGE = (413, "The body is too large.")
    UNSUPPORTED_MEDIA_TYPE = (415, "The body must be application/json.")
    IDEMPOTENCY_MISMATCH = (422, "Another request has used this Idempotency-Key.")
    RATE_LIMITED = (429, "Too many requests from this address.")
    INTERNAL_ERROR = (500, "Something went wrong here.")
    SERVICE_UNAVAILABLE = (503, "The service cannot do this at the moment.")
    REQUEST_TIMEOUT = (503, "The request took too long to answer.")

    @property
    def status(self) -> int:
        """The HTTP status."""
        return self.value[0]

    @property
    def meaning(self) -> str:
        """One sentence for people."""
        return self.value[1]

    @property
    def text(self) -> str:
        """The code as clients see it; a slow client and a slow server share one."""
        return self.name.removesuffix("_CLIENT")


@dataclass
class ApiError(Exception):
    """An answer that is an error. `errors` maps field names to what is wrong with them.

    `hang_up` where what follows on the connection cannot be trusted to be a request.
    """

    code: Code
    message: str = ""
    errors: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    more: Mapping[str, Any] = field(default_factory=dict)
    hang_up: bool = False


def translated(error: Exception) -> ApiError | None:
    """What the floors below say, as an answer; None for what nobody foresaw.

    Why the daemon cannot serve is no client's business, and stays in the log.
    """
    if isinstance(error, ApiError):
        return error
    if isinstance(error, _OF_FIELDS):
        return ApiError(Code.VALIDATION_ERROR, errors={error.field: str(error)})
    if isinstance(error, Incomplete):
        return ApiError(Code.VALIDATION_ERROR, errors=error.errors)
    if isinstance(error, web.HTTPException):
        return _from_aiohttp(error)
    for kind, (code, headers) in _KNOWN.items():
        if isinstance(error, kind):
            text = str(error) if code.status < Code.INTERNAL_ERROR.status else ""
            return ApiError(code, text, headers=headers)
    return None


def code_of(refusal: type[Exception]) -> Code:
    """The code that a refusal of the floors below has."""
    return Code.VALIDATION_ERROR if issubclass(refusal, _OF_FIELDS) else _KNOWN[refusal][0]


def answer(error: ApiError, accept: str = "") -> web.Response:
    """The error as a response."""
    response = web.Response(
        status=error.code.status,
        body=orjson.dumps(body(error), option=orjson.OPT_UTC_Z),
        headers=error.headers,
        content_type=PROBLEM if _accepts_problem(accept) else "application/json",
        charset="utf-8",
    )
    if error.hang_up:
        response.force_close()
    return response


def body(error: ApiError) -> dict[str, Any]:
    """The one error body: the plan's members and those of RFC 9457, section 3.1."""
    code = error.code
    message = error.message or code.meaning
    return {
        "statusCode": code.status,
        "message": message,
        "errorCode": code.text,
        "timestamp": now(),
        "requestId": request_id.get(),
        "errors": _named(error.errors),
        "type": f"urn:bookingd:error:{code.text.lower().replace('_', '-')}",
        "title": code.meaning,
        "status": code.status,
        "detail": message,
        **error.more,
    }


def _accepts_problem(accept: str) -> bool:
    """Whether problem+json is asked for by name (RFC 9110, section 12.5.1)."""
    for given in accept.lower().split(","):
        kind, *parameters = [part.strip() for part in given.split(";")]
        if kind == PROBLEM:
            return not any(re.fullmatch(r"q=0(\.0*)?", parameter) for parameter in parameters)
    return False


def _named(errors: Mapping[str, str]) -> Sequence[Mapping[str, str]]:
    """Field names come from the client, and so may hold what JSON cannot."""
    return [
        {"field": name.encode("utf-8", "backslashreplace").decode()[:200], "message": message}
        for name, message in islice(errors.items(), MOST_ERRORS)
    ]


_OF_FIELDS = (NotOffered, InPast, WrongLength)
"""What has the `field` that is to be mended."""

LATER = {"Retry-After": str(RETRY_AFTER)}
_KNOWN: Mapping[type[Exception], tuple[Code, Mapping[str, str]]] = {
    NotFound: (Code.NOT_FOUND, {}),
    BadLink: (Code.NOT_FOUND, {}),
    TooLate: (Code.TOO_SOON, {}),
    StaleVersion: (Code.STALE_VERSION, {}),
    SlotTaken: (Code.SLOT_TAKEN, {}),
    OutsideHours: (Code.OUTSIDE_HOURS, {}),
    TooSoon: (Code.TOO_SOON, {}),
    TooFar: (Code.TOO_FAR, {}),
    CapReached: (Code.CAP_REACHED, {}),
    HoldExpired: (Code.HOLD_EXPIRED, {}),
    TooManyHolds: (Code.TOO_MANY_HOLDS, {}),
    KeyReused: (Code.IDEMPOTENCY_MISMATCH, {}),
    NotRetryable: (Code.NOT_RETRYABLE, {}),
    InvalidTransition: (Code.INVALID_TRANSITION, {}),
    Unauthorized: (Code.UNAUTHORIZED, {"WWW-Authenticate": "Bearer"}),
    Unavailable: (Code.SERVICE_UNAVAILABLE, LATER),
    MailboxFull: (Code.SERVICE_UNAVAILABLE, LATER),
    TimeoutError: (Code.REQUEST_TIMEOUT, LATER),
}
_BY_STATUS = {
    code.status: code
    for code in (
        Code.NOT_FOUND,
        Code.PAYLOAD_TOO_LARGE,
        Code.UNSUPPORTED_MEDIA_TYPE,
        Code.REQUEST_TIMEOUT_CLIENT,
    )
}


def _from_aiohttp(error: web.HTTPException) -> ApiError:
    if isinstance(error, web.HTTPMethodNotAllowed):
        allowed = error.allowed_methods - {hdrs.METH_OPTIONS}  # which is for preflights alone
        return ApiError(Code.METHOD_NOT_ALLOWED, headers={"Allow": ", ".join(sorted(allowed))})
    if isinstance(error, web.HTTPForbidden):  # only aiohttp-cors raises it, at a preflight
        return ApiError(Code.FORBIDDEN, "Pages of this origin may not do that.")
    if error.status in _BY_STATUS:
        return ApiError(_BY_STATUS[error.status])
    if error.status < HTTPStatus.INTERNAL_SERVER_ERROR:
        return ApiError(Code.VALIDATION_ERROR, "This request cannot be understood.")
    return ApiError(Code.INTERNAL_ERROR)
