"""The links by which customers see, move and cancel what they have booked.

A link is the page's address and, as its fragment, a token; nothing is kept of it. A fragment stays
in the browser (RFC 3986, section 3.5): neither the log of a web server nor a Referer has it.
"""

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from datetime import datetime
from hmac import compare_digest, digest
from struct import Struct
from uuid import UUID

from storage.model import Booking

_PURPOSE = b"bookingd: manage a booking\0"
"""So that what is signed with the same secret for something else opens nothing here."""

_NAMED = Struct(">16sL")
"""A booking's id and its version."""

_CODE = 16
"""Bytes of the code: half of an HMAC-SHA256, the least that RFC 2104, section 5, allows."""

PATTERN = f"[A-Za-z0-9_-]{{{(_CODE + _NAMED.size) * 4 // 3}}}"
"""A token: base64url (RFC 4648, section 5) that its bytes fill, so that no two mean the same."""

OLD = "The booking was changed or cancelled since; the latest mail says how it stands."


class BadLink(Exception):
    """A token that opens nothing."""


class Forged(BadLink):
    """One that was not made here, or is not whole."""


@dataclass(frozen=True, slots=True)
class Links:
    """Makes and reads the links. All daemons on a database have to have the same `secret`.

    A token is a code (HMAC, RFC 2104) of the id and the version, and then these. The version
    comes last, because it is small: so a token ends with a letter or a digit, and no mail program
    leaves out its last character as the end of a sentence.
    """

    base_url: str
    secret: str

    def to(self, booking: Booking) -> str:
        """The link to the booking at its version; the next version will have another."""
        named = _NAMED.pack(bytes.fromhex(booking.id.replace("-", "")), booking.version)
        token = urlsafe_b64encode(self._code(named) + named).decode()
        return f"{self.base_url.rstrip('/')}/manage#{token}"

    def named(self, token: str) -> tuple[str, int]:
        """The booking's id and the version that a token is for. Raises `Forged`."""
        content = urlsafe_b64decode(token) if re.fullmatch(PATTERN, token) else b""
        code, named = content[:_CODE], content[_CODE:]
        if not content or not compare_digest(code, self._code(named)):
            raise Forged("This link is not whole: open it from the mail once more.")
        booking_id, version = _NAMED.unpack(named)
        return str(UUID(bytes=booking_id)), version

    def _code(self, named: bytes) -> bytes:
        return digest(self.secret.encode(), _PURPOSE + named, "sha256")[:_CODE]


def check_link(booking: Booking, version: int, now: datetime) -> None:
    """A link lives as long as the version it was made for, and the appointment.

    Raises `BadLink`.
    """
    if booking.version != version:
        raise BadLink(OLD)
    if now >= booking.end_time:
        raise BadLink("The appointment is over.")
