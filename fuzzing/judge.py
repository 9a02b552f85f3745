"""What has to hold, whatever is sent; found out without the daemon's own rules."""

import json
import re
import unicodedata
from datetime import datetime
from typing import Any

from fuzzing.wire import Answer

GOOD = {200, 201, 202, 204, 304}
BAD = {400, 401, 403, 404, 405, 408, 409, 412, 413, 415, 422}
MEMBERS = {
    *("statusCode", "message", "errorCode", "timestamp", "requestId", "errors"),
    *("type", "title", "status", "detail"),
}
HEADERS = {
    "server": "bookingd",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
}
LONGEST = {"name": 200, "company": 200, "email": 254, "phone": 40, "inquiry": 5000, "locale": 35}
SEVERAL_LINES = {"inquiry", "answers"}
STATUSES = {"PENDING", "CONFIRMED", "CANCELLED", "COMPLETED", "NO_SHOW"}


def complaint(answer: Answer) -> str | None:
    """Say what is wrong with an answer, if anything."""
    for name, value in HEADERS.items():
        if answer.headers.get(name) != value:
            return f"{name} is {answer.headers.get(name)!r}"
    if not answer.headers.get("x-request-id"):
        return "no X-Request-Id"
    if answer.status in GOOD:
        return None
    return _of_error(answer) if answer.status in BAD else f"status {answer.status}"


def _of_error(answer: Answer) -> str | None:
    try:
        body = json.loads(answer.body)
    except ValueError:
        return f"not JSON: {answer.body[:100]!r}"
    if not body.keys() >= MEMBERS:
        return f"not the one error body: {body}"
    if (body["statusCode"], body["status"]) != (answer.status, answer.status):
        return f"another status inside: {body}"
    if body["requestId"] != answer.headers["x-request-id"]:
        return "another request id inside"
    return None


def written(booking: dict[str, Any], before: datetime) -> str | None:
    """Say what should never have been stored in a booking, if anything."""
    for name, longest in LONGEST.items():
        if len(booking[name] or "") > longest:
            return f"{name} is too long"
    texts = {name: booking[name] for name in LONGEST} | {
        "answers": json.dumps(booking["answers"], ensure_ascii=False)
    }
    strange = [name for name, text in texts.items() if text is not None and _strange(name, text)]
    if strange:
        return f"control characters in {strange}"
    if not (
        booking["name"].strip() and re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", booking["email"])
    ):
        return "no name, or no address"
    start, end = (datetime.fromisoformat(booking[name]) for name in ("startTime", "endTime"))
    if start < before or not 60 <= (end - start).total_seconds() <= 24 * 3600:
        return f"from {start} to {end}"
    return None if booking["status"] in STATUSES else f"status {booking['status']}"


def _strange(name: str, text: str) -> bool:
    allowed = "\n\r\t\u2028\u2029" if name in SEVERAL_LINES else ""
    bad = {"Cc", "Cs", "Zl", "Zp"}
    return any(
        (unicodedata.category(one) in bad and one not in allowed) or one in "\u202e\u2066"
        for one in text
    )
