"""What stands in the place of who a customer was, once that is erased."""

from collections.abc import Mapping
from typing import Any

ERASED_EMAIL = "erased@erased.invalid"
"""An address that nobody can have (RFC 2606, section 2)."""

ERASED: Mapping[str, Any] = {
    "name": "erased",
    "email": ERASED_EMAIL,
    "company": None,
    "phone": None,
    "inquiry": None,
    "answers": {},
    "time_zone": None,
    "locale": None,
}
"""The same for everybody, so that two bookings of one customer are no longer known as such."""

PERSONAL = (*ERASED, "reason")
"""What the details of an event may hold of a customer."""
