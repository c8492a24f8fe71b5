from datetime import UTC, datetime
from ipaddress import ip_network
from pathlib import Path

import pytest

from gateway.domain.evidence import Evidence
from gateway.domain.submission import Envelope, HeaderFacts
from gateway.mail.proof.gather import by_connection

RELAYS = (ip_network("192.0.2.0/28"), ip_network("2001:db8::/64"), ip_network("10.0.0.1"))


def evidence_of(peer: str, authors: tuple[str, ...] = ("a@b.example",), user: str = "") -> Evidence:
    envelope = Envelope("", (), peer, "c", Path(), 0, datetime(2026, 1, 1, tzinfo=UTC), authenticated_as=user)
    return by_connection(HeaderFacts(authors, "", "", "", "", False, False, 0, ""), envelope, RELAYS)


@pytest.mark.parametrize(
    ("peer", "trusted"),
    [
        ("192.0.2.3", True),
        ("192.0.2.16", False),
        ("::ffff:192.0.2.3", True),
        ("2001:db8::7%eth0", True),
        ("2001:db9::7", False),
        ("10.0.0.1", True),
        ("unknown", False),
        ("", False),
    ],
)
def test_relays_are_known_by_their_address(peer: str, trusted: bool) -> None:
    assert evidence_of(peer).trusted_relay is trusted


def test_who_signed_in_is_evidence() -> None:
    assert evidence_of("203.0.113.1", user="ann") == Evidence("a@b.example", "ann", False)


@pytest.mark.parametrize("authors", [(), ("a@b.example", "c@d.example")])
def test_only_a_single_author_is_one(authors: tuple[str, ...]) -> None:
    assert evidence_of("203.0.113.1", authors).header_from == ""
