"""Forged mails, each with its fixed results: real mails and signatures, a real DNS server, every setting of proof.

The forger holds evil.example: SPF passes for his client, his signatures verify. He wants to be taken for
boss@victim.example, who is registered. What he may also have is a mail that the boss once signed. The shapes are those
of "Composition Kills" (USENIX Security 2020) and of section 8 of RFC 6376.
"""

import asyncio
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest

from gateway.domain.decision import Decision, decide
from gateway.domain.errors import SmtpReply
from gateway.domain.nodes import User
from gateway.domain.sender_proof import SenderProof
from gateway.domain.submission import Envelope
from gateway.mail.header import read_header
from gateway.mail.proof.dns import Resolver
from gateway.mail.proof.gather import Prover, by_connection
from gateway.mail.smtp_data import HeaderRefusedError
from tests.dkim_mails import NOW, SIGNED, Signer
from tests.dns_server import DnsServer, Manner

BOSS = "boss@victim.example"
AMY, KIM, DAN, BEN = "amy@tenant.example", "mike@kelvin.example", "dan@down.example", "ben@bare.example"
REGISTERED = {
    address: User(number, address.partition("@")[0], "", "", "Acme/x", 1, "Acme", (address,))
    for number, address in enumerate((BOSS, AMY, KIM, DAN, BEN), 10)
}
VICTIM, EVIL = Signer("victim.example"), Signer("evil.example", number=1)
SHORT, TENANT, DOWN = (
    Signer("victim.example", "short", 1024, 2),
    Signer("tenant.example", number=3),
    Signer("down.example"),
)
SUB = Signer("news.victim.example", number=4)
LOOKALIKE = Signer("victim.example.evil.example", number=5)
HOME, FORGER, CLOUD = "192.0.2.10", "203.0.113.66", "198.51.100.9"
ZONES = {
    "victim.example": [("TXT", f"v=spf1 ip4:{HOME} -all")],
    "evil.example": [("TXT", f"v=spf1 ip4:{FORGER} -all")],
    "mail.evil.example": [("TXT", f"v=spf1 ip4:{FORGER} -all")],
    "victim.example.evil.example": [("TXT", f"v=spf1 ip4:{FORGER} -all")],
    "evilvictim.example": [("TXT", f"v=spf1 ip4:{FORGER} -all")],
    "tenant.example": [("TXT", "v=spf1 include:spf.protection.outlook.com -all")],
    "spf.protection.outlook.com": [("TXT", "v=spf1 ip4:198.51.100.0/24 -all")],
    "broken.example": [("TXT", "v=spf1 ip4:999 -all")],
    "down.example": [("TXT", f"v=spf1 ip4:{HOME} -all")],
}
SIGNERS = (VICTIM, EVIL, SHORT, TENANT, DOWN, SUB, LOOKALIKE)


@pytest.fixture(scope="module")
def prover() -> Iterator[Prover]:
    keys = {signer.name: [("TXT", signer.record)] for signer in SIGNERS}  # making them takes a second
    with DnsServer({**ZONES, **keys}) as server:
        for name in ("down.example", DOWN.name):
            server.behave(Manner.SERVFAIL, name)
        asking = Prover(Resolver((server.address,)))
        yield asking
        asking.close()


def mail(author: str | bytes = f"From: <{BOSS}>", subject: str = "pay", days: float = 0, more: str = "") -> bytes:
    """An unsigned mail whose author is given as header lines."""
    lines = author if isinstance(author, bytes) else author.encode()
    date = format_datetime(NOW - timedelta(days=days))
    rest = (
        f"To: <+12025550123@fax.example>\r\nSubject: {subject}\r\nDate: {date}\r\nMessage-ID: <1@x.example>\r\n{more}"
    )
    return lines + b"\r\n" + rest.encode() + b"\r\nPlease pay.\r\n"


def evil(author: str | bytes) -> bytes:
    """The same, signed by the forger."""
    return EVIL.resign(mail(author))


ORIGINAL = VICTIM.resign(mail())


@dataclass(frozen=True)
class Forgery:
    """A mail with its envelope, and what is answered under spf-and-dkim, spf-or-dkim, dkim, spf; one for all alike."""

    name: str
    content: bytes
    answers: str
    mail_from: str = "eve@evil.example"
    peer: str = FORGER
    helo: str = "mail.evil.example"
    authenticated_as: str = ""

    def expected(self) -> list[str]:
        answers = self.answers.split()
        return answers * 4 if len(answers) == 1 else answers


UNKNOWN = "5.7.1"  # who wrote it is not known here, or nobody can tell who did
UNALIGNED = "5.7.26 5.7.26 5.7.22 5.7.23"  # all passes, for the wrong domain
UNSIGNED = "5.7.26 5.7.26 5.7.20 5.7.23"
MALFORMED = "5.6.0"

FROM_FIELDS = [
    Forgery("only the From is forged", evil(f"From: <{BOSS}>"), UNALIGNED),
    Forgery("not even signed", mail(), UNSIGNED),
    Forgery("two From fields, the forger's first", evil(f"From: <eve@evil.example>\r\nFrom: <{BOSS}>"), UNKNOWN),
    Forgery("two From fields, the victim's first", evil(f"From: <{BOSS}>\r\nFrom: <eve@evil.example>"), UNKNOWN),
    Forgery("two From fields alike", evil(f"From: <{BOSS}>\r\nFrom: <{BOSS}>"), UNKNOWN),
    Forgery("From with a blank before its colon", evil(f"From : <{BOSS}>\r\nFrom: <eve@evil.example>"), UNKNOWN),
    Forgery("From in other letters", evil(f"FrOm: <{BOSS}>\r\nFROM: <eve@evil.example>"), UNKNOWN),
    Forgery("a first line that begins with a blank", mail(f" From: <{BOSS}>\r\nFrom: <eve@evil.example>"), MALFORMED),
    Forgery("From folded before its name", evil(f"X: y\r\n From: <{BOSS}>\r\nFrom: <eve@evil.example>"), UNKNOWN),
    Forgery("no From, but a Sender", evil(f"Sender: <{BOSS}>"), UNKNOWN),
    Forgery("no From, but a Resent-From", evil(f"Resent-From: <{BOSS}>"), UNKNOWN),
    Forgery("no From, but a Reply-To", evil(f"Reply-To: <{BOSS}>\r\nReturn-Path: <{BOSS}>"), UNKNOWN),
    Forgery(
        "X-Original-From", evil(f"From: <eve@evil.example>\r\nX-Original-From: <{BOSS}>\r\nSender: <{BOSS}>"), UNKNOWN
    ),
    Forgery("a colon in the wrong place", evil(f"From:: <{BOSS}>"), UNKNOWN),
    Forgery("a field name with a NUL", mail(f"From\0: <{BOSS}>".encode()), MALFORMED),
    Forgery("a bare LF hides a From", mail(f"X: y\nFrom: <{BOSS}>\r\nFrom: <eve@evil.example>".encode()), MALFORMED),
    Forgery("a bare CR hides a From", mail(f"X: y\rFrom: <{BOSS}>\r\nFrom: <eve@evil.example>".encode()), MALFORMED),
]
FROM_VALUES = [
    Forgery("two addresses", evil(f"From: <{BOSS}>, <eve@evil.example>"), UNKNOWN),
    Forgery("two addresses, the forger's first", evil(f"From: <eve@evil.example>, <{BOSS}>"), UNKNOWN),
    Forgery("two addresses alike", evil(f"From: {BOSS}, {BOSS}"), UNKNOWN),
    Forgery("an empty list entry", evil(f"From: ,{BOSS}"), UNKNOWN),
    Forgery("two addresses without a comma", evil(f"From: <eve@evil.example><{BOSS}>"), UNKNOWN),
    Forgery("an address before the one in brackets", evil(f"From: {BOSS} <eve@evil.example>"), UNKNOWN),
    Forgery("an address behind the one in brackets", evil(f"From: <eve@evil.example> {BOSS}"), UNKNOWN),
    Forgery("nested brackets", evil(f"From: <<{BOSS}>>"), UNKNOWN),
    Forgery("a group", evil(f"From: managers: <{BOSS}>;"), UNKNOWN),
    Forgery("an empty group", evil("From: undisclosed:;"), UNKNOWN),
    Forgery("a source route", evil(f"From: <@evil.example,@x.example:{BOSS}>"), UNKNOWN),
    Forgery("a comment in the address", evil("From: boss@(evil.example)victim.example"), UNKNOWN),
    Forgery("a comment with the victim's address", evil(f"From: eve@evil.example ({BOSS})"), UNKNOWN),
    Forgery("a comment that is not closed", evil(f"From: <{BOSS}> (<eve@evil.example>"), UNKNOWN),
    Forgery("a display name with the victim's address", evil(f'From: "{BOSS}" <eve@evil.example>'), UNKNOWN),
    Forgery("a display name with brackets", evil(f'From: "<{BOSS}>" <eve@evil.example>'), UNKNOWN),
    Forgery("a quoted pair before the comma", evil(f"From: <{BOSS}>\\,<eve@evil.example>"), UNKNOWN),
    Forgery(
        "an encoded word as address", evil(f"From: =?utf-8?b?{b64encode(f'<{BOSS}>'.encode()).decode()}?="), UNKNOWN
    ),
    Forgery(
        "an encoded word before the forger's",
        evil(f"From: =?utf-8?b?{b64encode(BOSS.encode()).decode()}?=,<eve@evil.example>"),
        UNKNOWN,
    ),
    Forgery("an encoded @", evil("From: boss=?utf-8?q?=40victim.example=3c?= <eve@evil.example>"), UNKNOWN),
    Forgery("a quoted local part", evil('From: <"boss"@victim.example>'), UNKNOWN),
    Forgery("a quoted local part with a domain", evil(f'From: <"{BOSS}"@evil.example>'), UNKNOWN),
    Forgery("two @", evil(f"From: <{BOSS}@evil.example>"), UNKNOWN),
    Forgery("a percent route", evil("From: <boss%victim.example@evil.example>"), UNKNOWN),
    Forgery("a NUL in the address", evil(f"From: <{BOSS}\0.evil.example>".encode()), MALFORMED),
    Forgery("a blank in the domain", evil("From: <boss@victim.example evil.example>"), UNKNOWN),
    Forgery("a semicolon", evil(f"From: <{BOSS};eve@evil.example>"), UNKNOWN),
    Forgery("an address literal", evil(f"From: <boss@[{FORGER}]>"), UNKNOWN),
    Forgery("no domain", evil("From: <boss>"), UNKNOWN),
]
LOOKALIKES = [
    Forgery("a trailing dot", evil("From: <boss@victim.example.>"), UNKNOWN),
    Forgery("upper case", evil("From: <BOSS@VICTIM.EXAMPLE>"), UNALIGNED),
    Forgery("a tag behind the name", evil("From: <boss+x@victim.example>"), UNKNOWN),
    Forgery("a subdomain", evil("From: <boss@mail.victim.example>"), UNKNOWN),
    Forgery("the victim's domain as a subdomain", LOOKALIKE.resign(mail(f"From: <{BOSS}.evil.example>")), UNKNOWN),
    Forgery("a domain that ends in the victim's", evil("From: <boss@evilvictim.example>"), UNKNOWN),
    Forgery("Cyrillic letters", evil("From: <b\u043ess@victim.example>"), UNKNOWN),
    Forgery("a Cyrillic domain", evil("From: <boss@vict\u0456m.example>"), UNKNOWN),
    Forgery("its A-label", evil("From: <boss@xn--victm-4ze.example>"), UNKNOWN),
    Forgery("fullwidth letters", evil("From: <boss@\uff56ictim.example>"), UNKNOWN),
    Forgery("an ideographic full stop", evil("From: <boss@victim\u3002example>"), UNKNOWN),
    Forgery("a zero-width joiner", evil("From: <bo\u200dss@victim.example>"), UNKNOWN),
    Forgery("a soft hyphen", evil("From: <boss@vic\u00adtim.example>"), UNKNOWN),
    Forgery("the Kelvin sign, whose small letter is a k", evil("From: <mi\u212ae@kelvin.example>"), UNKNOWN),
    Forgery("octets of no charset", evil(b"From: <bo\xffss@victim.example>"), UNKNOWN),
]
ENVELOPES = [
    Forgery("SPF fails for the victim's domain", mail(), UNSIGNED, mail_from=BOSS),
    Forgery("the same, signed by the forger", evil(f"From: <{BOSS}>"), UNALIGNED, mail_from=BOSS),
    Forgery("a HELO that passes, and a null sender", evil(f"From: <{BOSS}>"), UNKNOWN, mail_from=""),
    Forgery("the victim's name as HELO", evil(f"From: <{BOSS}>"), UNALIGNED, helo="victim.example"),
    Forgery("a subdomain that does not exist", mail(), UNSIGNED, mail_from="a@nobody.victim.example"),
    Forgery("a route in MAIL FROM", mail(), UNSIGNED, mail_from="@victim.example:eve@evil.example"),
    Forgery("a comment in MAIL FROM", mail(), UNSIGNED, mail_from="victim.example(.evil.example"),
    Forgery("a quotation mark in MAIL FROM", mail(), UNSIGNED, mail_from="x@victim.example'@evil.example"),
    Forgery("a NUL in MAIL FROM", mail(), UNSIGNED, mail_from="x@victim.example\0.evil.example"),
    Forgery("an SPF record in error", mail(), "5.7.26 5.7.26 5.7.20 5.7.24", mail_from="x@broken.example"),
    Forgery("signed in as somebody else", evil(f"From: <{BOSS}>"), UNKNOWN, authenticated_as="eve"),
    Forgery(
        "signed in as somebody else, all else in order", ORIGINAL, UNKNOWN, BOSS, HOME, "mx", authenticated_as="amy"
    ),
    Forgery(
        "another tenant of the provider",
        mail(f"From: <{AMY}>"),
        "5.7.20 5.7.26 5.7.20 5.7.23",
        mail_from=AMY,
        peer=CLOUD,
    ),
    Forgery("the author's DNS is down, nothing is signed", mail(f"From: <{DAN}>"), "4.7.24 4.7.24 5.7.20 4.7.24", DAN),
    Forgery(
        "the author's DNS is down, SPF is the forger's",
        DOWN.resign(mail(f"From: <{DAN}>")),
        "4.7.0 4.7.0 4.7.0 5.7.23",
    ),
    Forgery("an author without any records", mail(f"From: <{BEN}>"), UNSIGNED, mail_from=BEN),
]
SIGNATURES = [
    Forgery("the forger's domain in d=, the victim's in i=", EVIL.resign(mail(), i=f"@{VICTIM.domain}"), UNSIGNED),
    Forgery("the victim's domain in d=, the forger's key", EVIL.resign(mail(), d=VICTIM.domain), UNSIGNED),
    Forgery("a selector that is not the victim's", EVIL.resign(mail(), d="victim.example", s="s9"), UNSIGNED),
    Forgery("a NUL in d=", EVIL.resign(mail(), d="victim.example\0.evil.example"), MALFORMED),
    Forgery("a comment in d=", EVIL.resign(mail(), d="victim.example(.evil.example"), UNSIGNED),
    Forgery("a quotation mark in d=", EVIL.resign(mail(), d="victim.example'a.evil.example"), UNSIGNED),
    Forgery("a selector that leads on", EVIL.resign(mail(), d="victim.example", s="s1._domainkey.evil"), UNSIGNED),
    Forgery("d= is a top-level domain", EVIL.resign(mail(), d="example"), UNSIGNED),
    Forgery("a subdomain's key, which nothing ties to the victim", SUB.resign(mail()), UNALIGNED),
    Forgery("the victim's key, but no From in h=", VICTIM.resign(mail(), names=SIGNED[1:]), UNSIGNED),
    Forgery("no Subject in h=", VICTIM.resign(mail(), names=(b"from", b"to", b"date", b"message-id")), UNSIGNED),
    Forgery("a body length", VICTIM.resign(mail(), l="0"), UNSIGNED),
    Forgery("sha1", VICTIM.resign(mail(), a="rsa-sha1"), UNSIGNED),
    Forgery("an expired signature", VICTIM.resign(mail(), t="1700000000", x="1700000001"), UNSIGNED),
    Forgery("a broken one of the victim's above a good one of the forger's", b"".join([
        ORIGINAL.partition(b"From:")[0], EVIL.resign(mail(subject="other"))]), UNALIGNED),
]  # fmt: skip
# Whoever holds a signed mail can send it; what he changes shows, and what he does not is for the memory of signatures.
REPLAYS = [
    Forgery("a signed mail from elsewhere", ORIGINAL, "5.7.23 250 250 5.7.23"),
    Forgery("with another body", ORIGINAL.replace(b"pay.", b"PAY NOW."), UNSIGNED),
    Forgery("with more body", ORIGINAL + b"And double.\r\n", UNSIGNED),
    Forgery("with another subject", ORIGINAL.replace(b"Subject: pay", b"Subject: %{Cover}"), UNSIGNED),
    Forgery("with a second subject on top", b"Subject: %{Cover:x}\r\n" + ORIGINAL, UNSIGNED),
    Forgery("with a second subject below", ORIGINAL.replace(b"\r\n\r\n", b"\r\nSubject: x\r\n\r\n", 1), UNSIGNED),
    Forgery("with a second date", b"Date: Mon, 1 Jan 2035 00:00:00 +0000\r\n" + ORIGINAL, UNSIGNED),
    Forgery("with a second To", b"To: <+12025550199@fax.example>\r\n" + ORIGINAL, UNSIGNED),
    Forgery("with an X-Fax field", b"X-Fax-Bill: 42\r\n" + ORIGINAL, UNSIGNED),
    Forgery("with another From on top", f"From: <{AMY}>\r\n".encode() + ORIGINAL, UNKNOWN),
    Forgery("with the same From twice", f"From: <{BOSS}>\r\n".encode() + ORIGINAL, UNKNOWN),
    Forgery("four days old", VICTIM.resign(mail(days=4)), UNSIGNED),
    Forgery("four days old, with a fresh t= that is not signed", VICTIM.resign(mail(days=4)).replace(
        b"; b=", f"; t={int(NOW.timestamp())}; b=".encode(), 1), UNSIGNED),
    Forgery("dated in two days", VICTIM.resign(mail(days=-2)), UNSIGNED),
    Forgery("on a list", b"List-Id: <l.example>\r\n" + ORIGINAL, UNKNOWN),
]  # fmt: skip
FORGERIES = [*FROM_FIELDS, *FROM_VALUES, *LOOKALIKES, *ENVELOPES, *SIGNATURES, *REPLAYS]


def envelope_of(forgery: Forgery, folder: Path) -> Envelope:
    path = folder / "mail.eml"
    path.write_bytes(forgery.content)
    to = ("+12025550123@fax.example",)
    size = len(forgery.content)
    return Envelope(forgery.mail_from, to, forgery.peer, forgery.helo, path, size, NOW, forgery.authenticated_as)


def decisions(forgery: Forgery, folder: Path, prover: Prover) -> list[Decision]:
    """What is decided of it under each setting but `registered`, as the front desk would."""
    envelope = envelope_of(forgery, folder)
    try:
        facts = read_header(envelope.content)
    except HeaderRefusedError as error:
        return [Decision(action=None, rule="header", reply=error.reply)] * 4  # type: ignore[arg-type]
    evidence = by_connection(facts, envelope, ())
    if evidence.header_from:
        evidence = asyncio.run(prover.ask(evidence, envelope, NOW))
    sender = REGISTERED.get(evidence.header_from)
    settings = [proof for proof in SenderProof if proof is not SenderProof.REGISTERED]
    return [decide(sender, proof, facts, evidence, envelope, NOW) for proof in settings]


def code(reply: SmtpReply) -> str:
    return "250" if reply.code == 250 else reply.enhanced


@pytest.mark.parametrize("forgery", FORGERIES, ids=lambda forgery: forgery.name)
def test_a_forged_mail_has_its_answer(forgery: Forgery, tmp_path: Path, prover: Prover) -> None:
    found = decisions(forgery, tmp_path, prover)

    assert [code(decision.reply) for decision in found] == forgery.expected()


def test_there_are_forgeries_enough_and_each_has_a_name() -> None:
    names = [forgery.name for forgery in FORGERIES]

    assert len(names) == len(set(names)) >= 40


def test_only_an_untouched_signed_mail_is_ever_taken() -> None:
    assert [forgery.name for forgery in FORGERIES if "250" in forgery.expected()] == ["a signed mail from elsewhere"]


HONEST = [
    Forgery("from home, signed", ORIGINAL, "250", BOSS, HOME),
    Forgery("from home, unsigned", mail(), "5.7.20 250 5.7.20 250", BOSS, HOME),
    Forgery("by a mailer's bounce address", ORIGINAL, "5.7.23 250 250 5.7.23", "bounce@evil.example"),
    Forgery("upper case and a name", VICTIM.resign(mail("From: The Boss <Boss@Victim.Example>")), "250", BOSS, HOME),
    Forgery("with a foreign signature on top", EVIL.resign(ORIGINAL), "250", BOSS, HOME),
    Forgery("with a short key", SHORT.resign(mail()), "250", BOSS, HOME),
    Forgery("two days old", VICTIM.resign(mail(days=2)), "250", BOSS, HOME),
    Forgery("a tenant who signs", TENANT.resign(mail(f"From: {AMY}")), "250 250 250 5.7.23", AMY, CLOUD),
]


@pytest.mark.parametrize("honest", HONEST, ids=lambda honest: honest.name)
def test_an_honest_mail_is_taken(honest: Forgery, tmp_path: Path, prover: Prover) -> None:
    found = decisions(honest, tmp_path, prover)

    assert [code(decision.reply) for decision in found] == honest.expected()


@pytest.mark.parametrize("honest", [HONEST[0], HONEST[1]], ids=["signed", "unsigned"])
def test_where_a_registered_address_is_enough_it_must_still_be_the_author(honest: Forgery, tmp_path: Path) -> None:
    envelope = envelope_of(honest, tmp_path)
    facts = read_header(envelope.content)
    evidence = by_connection(facts, envelope, ())

    taken = decide(REGISTERED[BOSS], SenderProof.REGISTERED, facts, evidence, envelope, NOW)
    foreign = decide(REGISTERED[AMY], SenderProof.REGISTERED, facts, evidence, envelope, NOW)

    assert (taken.reply.code, foreign.rule) == (250, "registered")
