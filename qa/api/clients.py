"""Clients: which of them are counted together."""

from collections.abc import Sequence
from ipaddress import IPv6Address, ip_address


def client_network(client: Sequence[object] | None) -> str:
    """The client's address; of IPv6 only the /64 network, which is what one household has.

    >>> client_network(("192.0.2.7", 80)), client_network(("2001:db8:1:2::7", 80))
    ('192.0.2.7', '2001:db8:1:2::')
    >>> client_network(None)
    ''

    Args:
        client: Address and port, as an ASGI server gives them; None where there is no network.
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
