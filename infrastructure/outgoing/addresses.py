"""Which IP addresses requests may go to. The list is our own: what Python calls global includes ways into private nets.

An IPv6 address must lie in 2000::/3, where all public ones do; NAT64 (64:ff9b::/96 and 64:ff9b:1::/48), IPv4-mapped,
-compatible and -translated addresses, unique-local, site-local, link-local and multicast ones lie elsewhere.
Sources: the special-purpose registries of IANA; the addresses of metadata services are their clouds' documentation's.
"""

import ipaddress
from collections.abc import Mapping
from typing import Final, Literal

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Allowance = Literal["none", "loopback", "private"]
"""What may be called beside public addresses; private includes loopback."""

_Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def _networks(*texts: str) -> tuple[_Network, ...]:
    return tuple(ipaddress.ip_network(text) for text in texts)


_LOOPBACK: Final = _networks("127.0.0.0/8", "::1/128")
_PRIVATE: Final = _networks("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7")
# No setting opens these. Some lie in private or even in public ranges, so they are asked about first.
_METADATA: Final = _networks(
    "169.254.0.0/16",  # link-local; Amazon's, Google's, Azure's and others' metadata
    "100.100.100.200/32",  # Alibaba
    "168.63.129.16/32",  # Azure's host
    "192.0.0.192/32",  # Oracle
    "fd00:ec2::/32",  # Amazon
    "fd20:ce::/32",  # Google
    "fe80::/10",  # link-local
)
_UNUSABLE: Final[Mapping[str, tuple[_Network, ...]]] = {
    "unspecified": _networks("0.0.0.0/8", "::/128"),
    "reserved for protocols": _networks("192.0.0.0/24", "2001::/23"),  # the latter with Teredo and ORCHID
    "for documentation": _networks("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32", "3fff::/20"),
    "for benchmarks": _networks("198.18.0.0/15"),
    "6to4, which leads to IPv4 addresses": _networks("192.88.99.0/24", "2002::/16"),
    "multicast": _networks("224.0.0.0/4", "ff00::/8"),
    "reserved": _networks("240.0.0.0/4"),
}
_PUBLIC_V6: Final = ipaddress.IPv6Network("2000::/3")


def objection(address: Address, allowance: Allowance) -> str | None:
    """Say what kind of address it is, when it is one that must not be called; None when it may be."""
    if _within(address, _METADATA):
        return "link-local or of a metadata service"
    if _within(address, _LOOPBACK):
        return "loopback" if allowance == "none" else None
    if _within(address, _PRIVATE):
        return "private" if allowance != "private" else None
    for kind, networks in _UNUSABLE.items():
        if _within(address, networks):
            return kind
    if address.version == 6 and address not in _PUBLIC_V6:
        return "outside 2000::/3, where public IPv6 addresses are"
    return None


def _within(address: Address, networks: tuple[_Network, ...]) -> bool:
    return any(address.version == network.version and address in network for network in networks)
