"""How many requests an address may make, by the `limits` library, in this process's memory."""

import time
from dataclasses import dataclass
from functools import cached_property
from ipaddress import ip_address
from typing import Any

from bookingd.config import Network


@dataclass(frozen=True, slots=True)
class Standing:
    """How an address stands: what is left of how many, and for how many seconds."""

    allowed: bool
    quota: int
    window: int
    remaining: int
    reset: int

    @property
    def headers(self) -> dict[str, str]:
        """The fields of draft-ietf-httpapi-ratelimit-headers, and Retry-After when refused."""
        headers = {
            "RateLimit-Policy": f'"default";q={self.quota};w={self.window}',
            "RateLimit": f'"default";r={self.remaining};t={self.reset}',
        }
        return headers if self.allowed else {**headers, "Retry-After": str(self.reset)}


class Limiter:
    """Counts requests by address; IPv6 by its first 64 bits, which one customer commonly has."""

    def __init__(self, rate: str) -> None:
        self._rate = rate

    def hit(self, address: str) -> Standing:
        """Count one request."""
        strategy, item = self._window
        subject = _subject(address)
        allowed = strategy.hit(item, subject)
        reset_at, remaining = strategy.get_window_stats(item, subject)
        return Standing(
            allowed=allowed,
            quota=item.amount,
            window=item.get_expiry(),
            remaining=remaining,
            reset=max(1, round(reset_at - time.time())),
        )

    @cached_property
    def _window(self) -> tuple[Any, Any]:
        """The library takes a tenth of a second to load, which the start is spared."""
        from limits import parse
        from limits.storage import MemoryStorage
        from limits.strategies import MovingWindowRateLimiter

        return MovingWindowRateLimiter(MemoryStorage()), parse(self._rate)


def client_address(peer: str, forwarded_for: str | None, proxies: tuple[Network, ...]) -> str:
    """Who really asks: `peer`, or whom the trusted proxies say they ask for.

    X-Forwarded-For is read from its end, for only what a trusted proxy wrote can be believed.
    """
    peer = _plain(peer)
    hops = [hop.strip() for hop in (forwarded_for or "").split(",") if hop.strip()]
    address = peer
    while hops and _within(address, proxies) and _is_address(hops[-1]):
        address = _plain(hops.pop())
    return address


def _plain(address: str) -> str:
    """An IPv4 address as such, also where a socket for both kinds wrote it as IPv6."""
    if not _is_address(address):
        return address
    found = ip_address(address)
    return str(getattr(found, "ipv4_mapped", None) or found)


def _within(address: str, networks: tuple[Network, ...]) -> bool:
    return _is_address(address) and any(ip_address(address) in network for network in networks)


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def _subject(address: str) -> str:
    address = _plain(address)
    if ":" not in address:
        return address
    return ":".join(ip_address(address).exploded.split(":")[:4])
