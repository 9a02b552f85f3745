"""Origins of web pages, as browsers write them."""

import re

from yarl import URL

_LABEL = "[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?"
_ORIGIN = re.compile(rf"https?://({_LABEL}(\.{_LABEL})*|\[[0-9a-f:.]+\])(:[0-9]+)?")


def origin(text: str) -> str:
    """In small letters, without a default port (RFC 6454, section 6.2). Raises `ValueError`.

    Exactly one origin: a browser sends no wildcard, so one would let nobody in.
    """
    try:
        url = URL(text)
        found = str(url.origin()) if url == url.origin() else ""
    except ValueError:
        found = ""
    if not _ORIGIN.fullmatch(found):
        raise ValueError("must be an exact origin such as https://www.example.com")
    return found
