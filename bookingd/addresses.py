"""Who asks: the address of a client, and whom it stands for."""

from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address

from bookingd.config import Network

KNOWN = 4096
"""How many addresses are remembered as they were read; reading one takes longer than a lookup."""


def client_address(peer: str, forwarded_for: str | None, proxies: tuple[Network, ...]) -> str:
    """Who really asks: `peer`, or whom the trusted proxies say they ask for.

    X-Forwarded-For is read from its end, for only what a trusted proxy wrote can be believed.
    """
    address = _plain(peer)
    hops = [hop.strip() for hop in (forwarded_for or "").split(",") if hop.strip()]
    while hops and _within(address, proxies) and _read(hops[-1]):
        address = _plain(hops.pop())
    return address


@lru_cache(KNOWN)
def household(address: str) -> str:
    """An address as it is counted: IPv6 by its first 64 bits, which one customer commonly has."""
    address = _plain(address)
    if ":" not in address:
        return address
    return ":".join(ip_address(address).exploded.split(":")[:4])


def _plain(address: str) -> str:
    """An IPv4 address as such, also where a socket for both kinds wrote it as IPv6."""
    found = _read(address)
    return str(getattr(found, "ipv4_mapped", None) or found or address)


def _within(address: str, networks: tuple[Network, ...]) -> bool:
    found = _read(address)
    return found is not None and any(found in network for network in networks)


@lru_cache(KNOWN)
def _read(text: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(text)
    except ValueError:
        return None
