"""The addresses of clients, in the forms in which they are compared and counted.

What lives here: plain text in, plain text out. What does not: counting (`front_door`), trust (`gateway.mail.proof`).
"""

from ipaddress import IPv6Address, ip_address, ip_network

SITE_BITS = 64  # of an IPv6 address name a site; it chooses the rest as it likes (RFC 6177)


def plain_address(text: str) -> str:
    """An IP address as it is compared: no zone, and an IPv4 address in IPv6 clothes as IPv4; other text stays."""
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return text
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return str(mapped or address)


def neighborhood(peer: str) -> str:
    """What counts as one client: an IPv4 address, or a site's network of IPv6 addresses."""
    return str(ip_network(f"{peer}/{SITE_BITS}", strict=False)) if ":" in peer else peer
