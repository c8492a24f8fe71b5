"""Who sent an envelope: the evidence, gathered for one pure decision.

What lives here: trusted relays and SMTP AUTH; the findings of SPF (`spf`) and DKIM (`dkim`) join here. What does not:
the judgement (`gateway.domain.decision`).
"""

from collections.abc import Sequence
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address

from gateway.domain.evidence import Evidence
from gateway.domain.submission import Envelope, HeaderFacts

Network = IPv4Network | IPv6Network


def gather(facts: HeaderFacts, envelope: Envelope, trusted_relays: Sequence[Network]) -> Evidence:
    """What speaks for the author that the header names; `trusted_relays` are networks of the company's own servers."""
    return Evidence(
        header_from=facts.from_addresses[0] if len(facts.from_addresses) == 1 else "",
        authenticated_as=envelope.authenticated_as,
        trusted_relay=_within(envelope.peer, trusted_relays),
    )


def _within(peer: str, networks: Sequence[Network]) -> bool:
    try:
        address = ip_address(peer.partition("%")[0])  # a zone is this machine's own business (RFC 4007)
    except ValueError:
        return False
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    return any(address in network for network in networks)
