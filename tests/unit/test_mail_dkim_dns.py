"""DKIM and alignment with keys and records in a real DNS server, whose manners differ."""

import time
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from gateway.domain.evidence import DkimFinding, DkimResult
from gateway.mail.proof.dkim import check_dkim
from gateway.mail.proof.dns import DnsTroubleError, Resolver
from gateway.mail.proof.organizational import Mechanism, aligned
from tests.dkim_mails import NOW, Signer
from tests.dns_server import DnsServer, Manner

ALICE = Signer()
ED = Signer(selector="ed", bits=0)
LONG = Signer(selector="long", bits=4096)


@cache
def zones() -> dict[str, list[tuple[str, str | list[str]]]]:
    """Made when the first test wants them: the keys take a second."""
    record = LONG.record.decode()
    return {
        ALICE.name: [("TXT", ["v=DKIM1; ", "k=rsa; p=", ALICE.public[:200], ALICE.public[200:]])],
        ED.name: [("TXT", ED.record.decode())],
        LONG.name: [("TXT", [record[start : start + 255] for start in range(0, len(record), 255)])],
        "alias._domainkey.customer.example": [("CNAME", "s1._domainkey.provider.example")],
        "s1._domainkey.provider.example": [("TXT", ["p=" + ALICE.public[:100], ALICE.public[100:]])],
        "_dmarc.customer.example": [("TXT", "v=DMARC1; p=reject; aspf=s")],
    }


@pytest.fixture
def server() -> Iterator[DnsServer]:
    with DnsServer(zones()) as running:
        yield running


@pytest.fixture
def check(tmp_path: Path, server: DnsServer):
    resolver = Resolver([server.address], timeout=0.2, lifetime=0.4)

    def check(mail: bytes) -> DkimFinding:
        path = tmp_path / "mail"
        path.write_bytes(mail)
        (finding,) = check_dkim(path, resolver.texts, NOW)
        return finding

    return check


@pytest.mark.parametrize("signer", [ALICE, ED, LONG], ids=["strings", "ed25519", "long"])
def test_a_key_in_the_dns_is_found(check, signer: Signer) -> None:
    assert check(signer.sign()).result is DkimResult.PASS


def test_a_key_behind_an_alias_is_found(check) -> None:
    assert check(ALICE.resign(s="alias")).result is DkimResult.PASS


def test_a_key_that_is_not_there_is_no_passing_trouble(check) -> None:
    finding = check(ALICE.resign(s="gone"))

    assert (finding.result, finding.reason) == (DkimResult.PERMERROR, "there is no such key")


@pytest.mark.parametrize("manner", [Manner.SERVFAIL, Manner.REFUSED, Manner.SILENT])
def test_a_dns_that_fails_is_a_passing_trouble(check, server: DnsServer, manner: Manner) -> None:
    server.behave(manner)
    began = time.monotonic()

    assert check(ALICE.sign()).result is DkimResult.TEMPERROR
    assert time.monotonic() - began < 5

    server.behave(Manner.HONEST)
    assert check(ALICE.sign()).result is DkimResult.PASS


def test_alignment_asks_the_dns(server: DnsServer) -> None:
    texts = Resolver([server.address]).texts

    assert aligned("customer.example", "mail.customer.example", texts, Mechanism.DKIM)
    assert not aligned("customer.example", "mail.customer.example", texts, Mechanism.SPF)
    assert not aligned("other.example", "mail.other.example", texts, Mechanism.DKIM)


def test_alignment_without_a_dns_is_not_decided(server: DnsServer) -> None:
    server.behave(Manner.SERVFAIL)

    with pytest.raises(DnsTroubleError):
        aligned("customer.example", "mail.customer.example", Resolver([server.address]).texts)
