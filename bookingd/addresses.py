"""Who asks: the address of a client, and whom it stands for."""

import re
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address

from bookingd.parse import Network

KNOWN = 4096
"""How many addresses are remembered as they were read; reading one takes longer than a lookup."""

_WITH_PORT = re.compile(r"\[(.*)\](?::[0-9]+)?|([0-9.]+):[0-9]+")
"""An address as some proxies write it: IPv6 in brackets (RFC 3986, section 3.2.2), and a port."""


def client_address(peer: str, forwarded_for: str | None, proxies: tuple[Network, ...]) -> str:
    """Who really asks: `peer`, or whom the trusted proxies say they ask for.

    X-Forwarded-For is read from its end, for only what a trusted proxy wrote can be believed.
    """
    address = _plain(peer)
    hops = [_bare(hop.strip()) for hop in (forwarded_for or "").split(",") if hop.strip()]
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


def _bare(hop: str) -> str:
    found = _WITH_PORT.fullmatch(hop)
    return (found[1] or found[2] or "") if found else hop


def _plain(address: str) -> str:
    """An IPv4 address as such, also where a socket for both kinds wrote it as IPv6."""
    found = _read(address)
    return str(getattr(found, "ipv4_mapped", None) or found or address)


def _within(address: str, networks: tuple[Network, ...]) -> bool:
    found = _read(address)
    return found is not None and any(found in network for network in networks)


@lru_cache(KNOWN)
def _read(text: str) -> IPv4Address | IPv6Address | None:
    """Without its zone (RFC 4007, section 11), which names a link of some machine."""
    try:
        return ip_address(text.partition("%")[0])
    except ValueError:
        return None
