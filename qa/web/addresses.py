"""Addresses: which clients count as one."""

from collections.abc import Sequence
from ipaddress import IPv6Address, ip_address


def network_of(client: Sequence[object] | None) -> str:
    """The address of a client, of IPv6 the first half: one household has all of the other.

    >>> network_of(("192.0.2.7", 80)), network_of(("2001:db8:1:2::7", 80)), network_of(None)
    ('192.0.2.7', '2001:db8:1:2::', '')

    Args:
        client: Its address and port, as a server has them; none where there is no network.
    """
    if not client:
        return ""
    try:
        address = ip_address(str(client[0]))
    except ValueError:
        return str(client[0])
    if isinstance(address, IPv6Address) and address.ipv4_mapped is None:
        return str(IPv6Address(int(address) >> 64 << 64))
    return str(address)
