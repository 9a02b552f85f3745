"""Refusals of requests that the document allows, each for a reason that no schema can say."""

import re
from typing import Any

FORESEEN = (
    # A format of ours is but a word to schemathesis's coverage phase.
    r"timeZone: Must be a zone of the IANA database .*",
    r"phone: Must be a telephone number\.",
    r"holidays: Must be a country, or a part of it, whose holidays are known\.",
    # Nor what a service, or the house, asks of who books.
    r"(name|company|phone): Is needed\.",
    # It compares no members.
    r"questions\.\d+\.choices: Is needed for a choice, and for nothing else\.",
    r"questions: Must not have the same label twice\.",
    r"hours(\.\w+)?: Must not have (intervals that overlap|hours that run into .*)\.",
    r"last: Must not lie before first\.",
    # A schema knows neither the time nor what is stored.
    r"timeSlot\.startTime: Must be in the future\.",
    r"(timeSlot\.)?duration: Must be a duration of the service, .*",
    r"duration: Is needed: the service comes in any length\.",
    r"(serviceId|resourceId|serviceIds\.\d+): Does not exist\.",
    r"(serviceId|resourceId): (Is archived|Is needed|There is none|Does not offer).*",
    r"cursor: Must be nextCursor of a page in the same order\.",
    r"url: Must lead to .*",
    # It compares no parameters.
    r"cursor: Use either page or cursor\.",
    r"dateTo: Must not lie before dateFrom\.",
    r"dueTo: Must not lie before dueFrom\.",
    r"to: Must be the day of from or later, .*",
)
"""Refusals of what the document allows, as field and message."""

STORED = {"STALE_VERSION", "IDEMPOTENCY_MISMATCH"}
"""Codes that tell of what is stored: a later version, another request with the same key."""


def foreseen(error: dict[str, Any]) -> bool:
    """Whether this error body says nothing but what had to be expected."""
    if error["errorCode"] in STORED:
        return True
    said = [f"{one['field']}: {one['message']}" for one in error["errors"]]
    return bool(said) and all(any(re.fullmatch(one, text) for one in FORESEEN) for text in said)
