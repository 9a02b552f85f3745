"""W3C Trace Context: by it a request is followed through several services."""

import re
from collections.abc import Sequence

_TRACEPARENT = re.compile(
    r"(?!ff)(?P<version>[0-9a-f]{2})-(?!0{32})(?P<trace>[0-9a-f]{32})-(?!0{16})[0-9a-f]{16}"
    r"-[0-9a-f]{2}(?P<more>-.*)?"
)


def trace_of(traceparent: Sequence[str]) -> str | None:
    """The trace id in the `traceparent` headers of a request; None where there is no valid one.

    Trace Context, section 3.2: what is invalid is ignored, and so are two at once. Later versions
    than 00 may have more behind a dash.
    """
    if len(traceparent) != 1:
        return None
    found = _TRACEPARENT.fullmatch(traceparent[0])
    if not found or (found["more"] and found["version"] == "00"):
        return None
    return found["trace"]
