"""Holds: a slot that is kept for whoever fills in a form. Pure but for the token."""

from datetime import datetime, timedelta
from hashlib import sha256
from hmac import digest
from secrets import token_urlsafe

from bookingd.addresses import household
from bookingd.policy import check_length, check_start
from storage.model import Hold, Resource, Service

PATTERN = "[A-Za-z0-9_-]{43}"
"""A token: 32 random bytes in base64url (RFC 4648, section 5)."""

_PURPOSE = b"bookingd: who holds a slot\0"


def new_hold(
    service: Service,
    resource: Resource,
    start: datetime,
    length: timedelta,
    *,
    address_digest: str | None,
    now: datetime,
    keep: timedelta,
) -> tuple[str, Hold]:
    """The token, which is kept nowhere, and the hold. Raises `InPast`, `WrongLength`."""
    check_start(start, now)
    check_length(length, service)
    token, end = token_urlsafe(32), start + length
    hold = Hold(
        token_digest=token_digest(token),
        service_id=service.id,
        resource_id=resource.id,
        start_time=start,
        end_time=end,
        occupied_start=start - timedelta(minutes=service.buffer_before),
        occupied_end=end + timedelta(minutes=service.buffer_after),
        address_digest=address_digest,
        created_at=now,
        expires_at=now + keep,
    )
    return token, hold


def token_digest(token: str) -> str:
    """What is kept of a token."""
    return sha256(token.encode()).hexdigest()


def address_digest(address: str, secret: str) -> str:
    """Whose a hold is by where it came from, and nothing by which the address could be told."""
    return digest(secret.encode(), _PURPOSE + household(address).encode(), "sha256").hex()
