"""Which addresses are public: open to whoever names an address that the daemon is to call."""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

_GLOBAL_UNICAST = IPv6Network("2000::/3")
"""All that is given away of IPv6 (RFC 4291, section 2.4)."""

_TRANSLATED = IPv6Network("64:ff9b::/96")
"""An IPv4 address in its last 32 bits (RFC 6052, section 2.1)."""

_OF_CLOUDS = (IPv4Network("168.63.129.16/32"), IPv4Network("192.0.0.0/24"))
"""Answered by the host of the machine: Azure's, public by its number, and what older Pythons take
for public of the IETF's own (Oracle's)."""


def is_public(text: str) -> bool:
    """Whether the address leads into the Internet, and not into this machine or its network.

    Not public are loopback, private and link-local addresses, so those of cloud metadata, too,
    and whatever else IANA's registries of special-purpose addresses have, also where an IPv6
    address carries them.
    """
    address = _carried(ip_address(text))
    if isinstance(address, IPv6Address) and address not in _GLOBAL_UNICAST:
        return False
    inside = address.is_multicast or any(address in network for network in _OF_CLOUDS)
    return address.is_global and not inside


def _carried(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """The IPv4 address in an IPv6 one: mapped, 6to4 (RFC 3056), or translated."""
    if isinstance(address, IPv4Address):
        return address
    if address in _TRANSLATED:
        return IPv4Address(int(address) & 0xFFFF_FFFF)
    return address.ipv4_mapped or address.sixtofour or address
