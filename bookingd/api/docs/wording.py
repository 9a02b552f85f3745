"""The words of the OpenAPI document that no handler says: of the whole, keys, paths, headers."""

from collections.abc import Mapping
from typing import Any

from bookingd import holds, links
from bookingd.api.docs.page import FILES
from bookingd.api.schemas.fields import Id
from bookingd.web.manage import PARTS

DESCRIPTION = """\
Appointments for a small business. Two live bookings of a resource never overlap, and every mail
that a booking owes is written in its own transaction.

JSON in camelCase. Instants are RFC 3339 with an offset, between the years 2000 and 2099; a time
without an offset is refused; out comes UTC. Unknown fields and parameters are refused by name.
Input is stored as it is typed, and text may not have control characters. Ids are opaque.

Every error has one body, `application/problem+json` for whoever accepts it; program against its
`errorCode`. `NOT_FOUND` and `METHOD_NOT_ALLOWED` also answer paths and methods that are not listed
here. `HEAD` works wherever `GET` does.
"""

TAGS = {
    "bookings": "Place, read and change bookings.",
    "slots": "When it can be booked, and why not at other times.",
    "holds": "Slots that are kept while a customer fills in the form.",
    "services": "What can be booked. Open to anybody; keys that read everything see more.",
    "resources": "Who or what is booked. Open to anybody; keys that read everything see more.",
    "manage": "What customers do with their booking, by the link that was mailed to them.",
    "outbox": "Mails that are owed, were sent, or could not be; send them again.",
    "calendar": "The bookings in a calendar program.",
    "webhooks": "Who is told of events by HTTP, signed as "
    "[Standard Webhooks](https://www.standardwebhooks.com) has it, and how that went.",
    "health": "Is it well, and does what is owed go out? For monitors and operators.",
    "docs": "This documentation.",
}

KEYS = {
    "type": "http",
    "scheme": "bearer",
    "description": "A key of bookingd (RFC 6750, section 2.1). A publishable key may sit in a web "
    "page; every other one belongs on a server.",
}

PATH: Mapping[str, Mapping[str, Any]] = {
    "id": Id().json_schema,
    "messageId": Id().json_schema,
    "closureId": Id().json_schema,
    "file": {"type": "string", "enum": list(FILES)},
    "part": {"type": "string", "enum": list(PARTS)},
    "key": {"type": "string", "pattern": "^bk_cal_[0-9A-Za-z]{49}$"},
    "holdToken": {"type": "string", "pattern": f"^{holds.PATTERN}$"},
    "token": {"type": "string", "pattern": f"^{links.PATTERN}$"},
}
"""What stands for each `{name}` in a path."""

TAKEN: Mapping[str, Mapping[str, Any]] = {
    "X-Request-Id": {
        "description": "A name for this request, which the answer and the log repeat: up to 100 "
        "letters, digits and `._:/+=-`. Anything else is replaced.",
        "schema": {"type": "string"},
    },
    "traceparent": {
        "description": "The trace that the request belongs to, for the log (W3C Trace Context, "
        "section 3.2). What is not well-formed is passed over.",
        "schema": {"type": "string"},
    },
    "Idempotency-Key": {
        "description": "A name of your own for this booking, such as a UUID: the same request "
        "again, within 24 hours and with the same API key, places nothing new and is answered as "
        "the first one was. With another body the answer is `422 IDEMPOTENCY_MISMATCH`. A request "
        "that failed leaves no trace and may be repeated "
        "(draft-ietf-httpapi-idempotency-key-header).",
        "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[ -~]+$"},
    },
    "If-Match": {
        "description": 'The `ETag` that the change is meant for, such as `"3"` (RFC 9110, '
        "section 13.1.1). If somebody else was faster, the answer is `412 STALE_VERSION`; without "
        "this header the change is made on the latest version.",
        "schema": {"type": "string"},
    },
    "If-None-Match": {
        "description": "The `ETag` of what the client has (RFC 9110, section 13.1.2). If it is "
        "still that, the answer is `304` without a body.",
        "schema": {"type": "string"},
        "example": '"3"',
    },
}
"""By name, what each means in a request. None is required, and none has an example:
a page to try the API on would send it."""

GIVEN: Mapping[str, Mapping[str, Any]] = {
    "X-Request-Id": {
        "description": "The name of this request, given by the client or made here.",
        "required": True,
        "schema": {"type": "string"},
    },
    "RateLimit-Policy": {
        "description": "How many requests (`q`) an address may make in how many seconds (`w`), "
        "where there is a limit (draft-ietf-httpapi-ratelimit-headers).",
        "schema": {"type": "string"},
        "example": '"default";q=100;w=60',
    },
    "RateLimit": {
        "description": "How many requests are left (`r`), and in how many seconds the quota is "
        "full again (`t`).",
        "schema": {"type": "string"},
        "example": '"default";r=99;t=60',
    },
    "Location": {
        "description": "The path of what was made.",
        "required": True,
        "schema": {"type": "string", "format": "uri-reference"},
    },
    "Idempotent-Replayed": {
        "description": "The booking was placed before, by the same request with the same "
        "`Idempotency-Key`; this is the answer of then.",
        "schema": {"type": "string", "const": "true"},
    },
    "Content-Disposition": {
        "description": "A name for the file (RFC 6266).",
        "required": True,
        "schema": {"type": "string"},
        "example": 'attachment; filename="bookings.csv"',
    },
    "ETag": {
        "description": "The version, for `If-Match` and `If-None-Match` (RFC 9110, section "
        "8.8.3); of a list, and of what customers see, for `If-None-Match` alone.",
        "required": True,
        "schema": {"type": "string"},
        "example": '"3"',
    },
    "Retry-After": {
        "description": "Seconds after which it makes sense to try again.",
        "required": True,
        "schema": {"type": "integer", "minimum": 1},
    },
    "WWW-Authenticate": {
        "description": "How to show a key (RFC 6750, section 3).",
        "required": True,
        "schema": {"type": "string"},
        "example": "Bearer",
    },
}
"""By name, what each means in a response. Those that are required are there in every response
that declares them."""

ALWAYS = ("X-Request-Id", "RateLimit", "RateLimit-Policy")
"""In every response."""

OF_STATUS: Mapping[int, tuple[str, ...]] = {
    401: ("WWW-Authenticate",),
    429: ("Retry-After",),
    503: ("Retry-After",),
}
"""In every error of that status."""
