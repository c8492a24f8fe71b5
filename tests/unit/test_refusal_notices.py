"""Notices of refusal: to whom one is written, and what it says (tests/golden/notice_refusal.txt)."""

import email
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email import policy
from email.message import EmailMessage
from fnmatch import fnmatchcase
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.errors import SmtpReply
from gateway.domain.evidence import DkimFinding, DkimResult, Evidence, SpfFinding, SpfResult
from gateway.domain.setting_catalog import Effective
from gateway.domain.submission import HeaderFacts, Refusal
from gateway.mail.messages import Voice
from gateway.refusal_notices import TOLD, refusal_notice
from gateway.store.outbox import NewMail

GOLDEN = Path(__file__).parents[1] / "golden" / "notice_refusal.txt"
NOW = datetime(2026, 3, 2, 15, 4, 5, tzinfo=UTC)
ANN = "ann@corp.example"
SECRET = "canary-5d1f"
VOICE = Voice("Fax gateway", "postmaster@fax.example", "fax.example")
DEFAULTS = Effective({})
SPF = SpfFinding(SpfResult.PASS, "corp.example", aligned=True)
DKIM = DkimFinding(DkimResult.PASS, "corp.example", aligned=True, signed_at=NOW, digest="ab")
PROVEN, UNPROVEN = Evidence(ANN, spf=SPF), Evidence(ANN)
FACTS = HeaderFacts((ANN,), SECRET, "<1@corp.example>", "", "", False, False, 1, "d")
REPLY = SmtpReply(
    550, "5.7.1", "ann@corp.example is not a registered sending address; ask your fax administrator to add it"
)
REFUSAL = Refusal(
    at=NOW,
    peer="192.0.2.1",
    mail_from="bounce@corp.example",
    header_from=ANN,
    recipients=("+1-202-555-0123@fax.example", f"FAX=2025550199/ATTN={SECRET}@fax.example", f"{SECRET}@fax.example"),
    rule="registered",
    reply=str(REPLY),
    evidence={"x": SECRET},
    public_id="R-7K3M9Q2P",
)


def written(
    refusal: Refusal = REFUSAL,
    facts: HeaderFacts = FACTS,
    evidence: Evidence = PROVEN,
    reply: SmtpReply = REPLY,
    settings: Effective = DEFAULTS,
) -> NewMail | None:
    """The notice of a refusal, when one is written."""
    make = refusal_notice(VOICE, refusal, reply, facts, evidence, settings)
    return make(refusal) if make else None


def parsed(mail: NewMail | None) -> EmailMessage:
    assert mail is not None
    message = email.message_from_bytes(mail.message, policy=policy.default)
    assert isinstance(message, EmailMessage)
    return message


def words(message: EmailMessage) -> str:
    body = message.get_body(("plain",))
    assert body is not None
    return str(body.get_content()).replace("\r\n", "\n")


def report(message: EmailMessage) -> str:
    part = next(part for part in message.walk() if part.get_content_type() == "message/delivery-status")
    blocks = [block.as_string(policy=policy.default.clone(max_line_length=1000)) for block in part.get_payload()]  # type: ignore[union-attr]
    return "\n".join(blocks).replace("\r\n", "\n").strip()


def test_a_refusal_reads_as_the_golden_mail() -> None:
    message = parsed(written())
    headers = "\n".join(f"{name}: {value}" for name, value in message.items())
    lines = f"{headers}\n\n{words(message)}\n{report(message)}".strip().split("\n")
    expected = GOLDEN.read_text("utf-8").strip().split("\n")

    for line, pattern in zip(lines, expected, strict=False):
        assert fnmatchcase(line, pattern.replace("[", "[[]")), f"{line!r} is not {pattern!r}"
    assert len(lines) == len(expected)


def test_the_notice_quotes_nothing_of_the_mail() -> None:
    mail = written()

    assert mail is not None
    assert SECRET.encode() not in mail.message


def test_the_notice_belongs_to_no_submission() -> None:
    mail = written()

    assert mail is not None
    assert (mail.kind, mail.submission_id, mail.job_id, mail.recipient) == ("initial-failure", None, None, ANN)
    assert mail.message_id == "<initial-failure.R-7K3M9Q2P@fax.example>"


# To whom.

OLD = replace(DKIM, signed_at=NOW - timedelta(days=4))


@pytest.mark.parametrize(
    ("evidence", "told"),
    [
        (PROVEN, True),
        (Evidence(ANN, dkim=(DKIM,)), True),
        (Evidence(ANN, spf=replace(SPF, result=SpfResult.FAIL), dkim=(DKIM,)), True),
        (UNPROVEN, False),
        (Evidence(ANN, spf=replace(SPF, aligned=False), dkim=(replace(DKIM, aligned=False),)), False),
        (Evidence(ANN, spf=replace(SPF, result=SpfResult.SOFTFAIL)), False),
        (Evidence(ANN, spf=replace(SPF, shared="spf.big.example")), False),
        (Evidence(ANN, dkim=(OLD,)), False),
        (Evidence(ANN, dkim=(replace(DKIM, result=DkimResult.POLICY),)), False),
        (Evidence(ANN, trusted_relay=True), False),
        (Evidence(ANN, authenticated_as="ben"), False),
    ],
)
def test_only_a_proven_author_is_told(evidence: Evidence, told: bool) -> None:
    assert (written(evidence=evidence) is not None) is told


@pytest.mark.parametrize(
    "facts",
    [
        replace(FACTS, auto_submitted="auto-replied"),
        replace(FACTS, auto_submitted="auto-generated"),
        replace(FACTS, precedence="bulk"),
        replace(FACTS, is_list=True),
        replace(FACTS, is_report=True),
        replace(FACTS, received_count=99),
        replace(FACTS, from_addresses=()),
        replace(FACTS, from_addresses=(ANN, ANN)),
    ],
)
def test_programs_lists_and_loops_are_never_answered(facts: HeaderFacts) -> None:
    assert written(facts=facts) is None


@pytest.mark.parametrize(
    "refusal",
    [
        replace(REFUSAL, mail_from=""),
        replace(REFUSAL, rule="recipient"),
        replace(REFUSAL, rule="header"),
        replace(REFUSAL, rule="automatic"),
        replace(REFUSAL, rule="null-sender"),
        replace(REFUSAL, rule="one-from", header_from=""),
        replace(REFUSAL, header_from="postmaster@fax.example"),
    ],
)
def test_some_refusals_are_told_in_the_session_alone(refusal: Refusal) -> None:
    facts = replace(FACTS, from_addresses=(refusal.header_from,))

    assert written(refusal, facts, replace(PROVEN, header_from=refusal.header_from)) is None


def test_an_author_reads_his_own_address_in_the_reason() -> None:
    author = "jörg@xn--bcher-kva.example"
    reply = SmtpReply(550, "5.7.1", "j?rg@xn--bcher-kva.example is not a registered sending address")
    facts, evidence = replace(FACTS, from_addresses=(author,)), replace(PROVEN, header_from=author)

    mail = written(replace(REFUSAL, header_from=author), facts, evidence, reply=reply)

    assert "Reason: jörg@bücher.example is not a registered sending address\n" in words(parsed(mail))


@pytest.mark.parametrize(("author", "told"), [("jörg@corp.example", True), ("a\x0cb@corp.example", False)])
def test_an_address_that_cannot_be_written_down_is_not_written_to(author: str, told: bool) -> None:
    evidence = replace(PROVEN, header_from=author)

    mail = written(replace(REFUSAL, header_from=author), replace(FACTS, from_addresses=(author,)), evidence)

    assert (mail is not None) == told
    assert mail is None or f"To: {author}\r\n".encode() in mail.message


def test_what_may_yet_be_taken_is_not_told() -> None:
    assert written(reply=SmtpReply(451, "4.7.1", "later")) is None


def test_who_wants_no_initial_failures_gets_none() -> None:
    assert written(settings=Effective({"notify.initial_failure": "off"})) is None


# What it says.


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ("registered", "Your address may not send faxes here."),
        ("locked", "the user it belongs to is locked"),
        ("proof", "We could not be sure that a mail in your name came from you."),
        ("smtp-auth", "We could not be sure"),
        ("replay", "somebody has a copy of your mail"),
        ("directives", "asks for something that cannot be done"),
    ],
)
def test_each_rule_has_its_words(rule: str, said: str) -> None:
    message = parsed(written(replace(REFUSAL, rule=rule)))

    assert said in words(message)
    assert f"Reason: {REPLY.text}" in words(message)
    assert rule in TOLD


def test_a_directive_is_no_matter_of_the_address() -> None:
    reply = SmtpReply(550, "5.5.4", "unknown directive %{Covr}")

    message = parsed(written(replace(REFUSAL, rule="directives"), reply=reply))

    assert message["Subject"].startswith("Fax to 2 numbers could not be sent: General Error")
    assert "Status: 5.5.4" in report(message)


@pytest.mark.parametrize("evidence", [Evidence(ANN, trusted_relay=True), Evidence(ANN, authenticated_as="ann")])
def test_who_is_sure_by_the_connection_is_told_of_directives(evidence: Evidence) -> None:
    assert written(replace(REFUSAL, rule="directives"), evidence=evidence) is not None
    assert written(replace(REFUSAL, rule="directives"), evidence=UNPROVEN) is None


@pytest.mark.parametrize(
    ("recipients", "title"),
    [
        (("+12025550123@fax.example",), "Fax to +12025550123 could"),
        (("+12025550123@fax.example", "fax=+12025550123/T33S=1@fax.example"), "Fax to +12025550123 could"),
        (("ann@fax.example",), "Fax to your number could"),
        (tuple(f"+120255501{number:02}@fax.example" for number in range(30)), "Fax to 20 numbers could"),
    ],
)
def test_numbers_are_told_as_they_were_written(recipients: tuple[str, ...], title: str) -> None:
    message = parsed(written(replace(REFUSAL, recipients=recipients)))

    assert message["Subject"].startswith(title)
    assert "Final-Recipient" in report(message)


HOSTILE = st.text(st.characters(min_codepoint=1, exclude_characters="\r\n"), min_size=1, max_size=300)


@given(HOSTILE, HOSTILE, HOSTILE)
def test_whatever_a_sender_writes_the_notice_is_a_sound_mail(recipient: str, message_id: str, local: str) -> None:
    author = f"{local}@corp.example"
    refusal = replace(REFUSAL, recipients=(recipient, "+1@x"), header_from=author, rule="proof")
    facts = replace(FACTS, from_addresses=(author,), message_id=f"<{''.join(message_id.split())}>")

    mail = written(refusal, facts, replace(PROVEN, header_from=author))

    if mail is not None:
        assert all(b"\n" not in line and b"\r" not in line for line in mail.message.split(b"\r\n"))
        assert parsed(mail)["Auto-Submitted"] == "auto-replied"
