"""Which network addresses a call on somebody else's behalf may reach.

Sources: the IANA special-purpose registries (by `ipaddress`), RFC 6052 (NAT64), RFC 4291 (IPv4 inside IPv6).
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Final

Address = IPv4Address | IPv6Address

#: answer inside clouds although they are public by number
_CLOUD: Final = frozenset({ip_address("168.63.129.16")})
#: set apart in the registries, and unknown to older versions of Python: RFC 8215, RFC 9602, RFC 9637
_SET_APART: Final = (IPv6Network("64:ff9b:1::/48"), IPv6Network("5f00::/16"), IPv6Network("3fff::/20"))
#: the last 32 bits are an IPv4 address, to which such a packet goes in the end
_CARRIERS: Final = (IPv6Network("64:ff9b::/96"), IPv6Network("::/96"))


def is_public(text: str) -> bool:
    """Return whether this is an address of the public internet, also where it wraps an IPv4 address.

    False for private, loopback, link-local (with the clouds' metadata), unique-local, multicast, reserved
    and unspecified ones, and for what is no address.
    """
    address = _read(text)
    return address is not None and _is_public(address)


def is_loopback(text: str) -> bool:
    """Return whether this is the machine itself: 127.0.0.0/8 or ::1."""
    address = _read(text)
    return address is not None and address.is_loopback


def _read(text: str) -> Address | None:
    """Read an address, and the IPv4 address that an IPv6 one stands for. None for anything else."""
    try:
        address = ip_address(text)
    except ValueError:
        return None
    return _carried(address) if isinstance(address, IPv6Address) else address


def _carried(address: IPv6Address) -> Address:
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address.sixtofour is not None:
        return address.sixtofour
    low = int(address) & 0xFFFFFFFF
    if low > 1 and any(address in carrier for carrier in _CARRIERS):  # :: and ::1 are themselves
        return IPv4Address(low)
    return address


def _is_public(address: Address) -> bool:
    if not address.is_global or address in _CLOUD:
        return False
    if isinstance(address, IPv6Address) and (
        address.is_site_local or any(address in network for network in _SET_APART)
    ):
        return False
    return not (address.is_multicast or address.is_reserved or address.is_unspecified or address.is_private)
