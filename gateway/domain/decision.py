"""May this sender send this fax? One pure function from evidence to decision.

What lives here: the order of the rules, and the record of what was known. What does not: gathering the evidence
(`gateway.mail.proof`), what SPF and DKIM prove (`sender_proof`), the memory of what was signed (`replay`).
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import datetime
from enum import StrEnum

from gateway.domain.addresses import FaxAddress
from gateway.domain.errors import RefusedError, SmtpReply
from gateway.domain.evidence import DkimFinding, Evidence
from gateway.domain.nodes import User
from gateway.domain.replay import MEMORY, SignatureUse
from gateway.domain.sender_proof import SenderProof, judge, shown
from gateway.domain.submission import Envelope, HeaderFacts

MAX_RECEIVED = 50  # a mail that passed so many servers is going in circles (RFC 5321 6.3)


class Action(StrEnum):
    """What is done with the envelope."""

    ACCEPT = "accept"
    REFUSE = "refuse"
    DEFER = "defer"  # answered with 451: the client tries again


@dataclass(frozen=True, slots=True)
class Decision:
    """What is done, by which rule, and what the client is told.

    `evidence` is what was known, as JSON for the record. `signature` is to be remembered with the submission, see
    `signature_use`; `alone` tells that it is all the proof there is.
    """

    action: Action
    rule: str
    reply: SmtpReply
    evidence: dict[str, object] = field(default_factory=dict)
    signature: DkimFinding | None = None
    alone: bool = False


ACCEPTED = SmtpReply(250, "2.0.0", "accepted")
GOING_IN_CIRCLES = SmtpReply(554, "5.4.6", "the mail is going in circles")


@dataclass(frozen=True, slots=True)
class _Verdict:
    """A decision without its record."""

    rule: str
    reply: SmtpReply = ACCEPTED
    signature: DkimFinding | None = None
    alone: bool = False


def decide(
    sender: User | None,
    proof: SenderProof,
    facts: HeaderFacts,
    evidence: Evidence,
    envelope: Envelope,
    now: datetime,
) -> Decision:
    """Accept, refuse or put off an envelope whose recipients are already known to be good.

    `sender` is the user whose sending address stands in the one header From, None when there is no such user; `proof`
    is what holds for that user.
    """
    verdict = (
        _automatic(facts, envelope.mail_from)
        or _author(sender, facts, evidence)
        or _connection(sender, evidence)
        or _findings(proof, evidence, envelope.peer, now)
    )
    record = {**record_of(evidence, envelope), "rule": verdict.rule, "setting": proof.value if sender else ""}
    return Decision(_action(verdict.reply), verdict.rule, verdict.reply, record, verdict.signature, verdict.alone)


def record_of(evidence: Evidence, envelope: Envelope) -> dict[str, object]:
    """What was known of the sender, as JSON; says nothing of the mail's content.

    `aligned` tells whether anything that passes is of the author's own domain.
    """
    return {
        "peer": envelope.peer,
        "helo": envelope.helo,
        "mail_from": envelope.mail_from,
        "header_from": evidence.header_from,
        "authenticated_as": evidence.authenticated_as,
        "trusted_relay": evidence.trusted_relay,
        "spf": None if evidence.spf is None else asdict(evidence.spf),
        "dkim": [_signature_record(one) for one in evidence.dkim],
        "aligned": evidence.spf_passes or evidence.signature is not None,
    }


def signature_use(
    decision: Decision, evidence: Evidence, facts: HeaderFacts, parse: Callable[[str], FaxAddress]
) -> SignatureUse | None:
    """What the submission must remember of the signature that it relies on; None when it relies on none.

    `parse` reads a fax address as the sender's recipients are read, and raises RefusedError where it is none.
    """
    signature = decision.signature
    if signature is None:
        return None
    named = [("to", facts.to_addresses), ("cc", facts.cc_addresses)]
    texts = [text for field_name, addresses in named if field_name in signature.signed for text in addresses]
    numbers = {number for number in (_number(text, parse) for text in texts) if number}
    assert signature.signed_at is not None  # or it would not be fresh
    latest = max((one.signed_at for one in evidence.signatures if one.signed_at), default=signature.signed_at)
    beside = frozenset(one.digest for one in evidence.signatures if one.digest != signature.digest)
    return SignatureUse(signature.digest, decision.alone, latest + MEMORY, frozenset(numbers), beside)


def is_automatic(facts: HeaderFacts, mail_from: str) -> bool:
    """Whether the mail is never faxed, whoever sent it."""
    return _automatic(facts, mail_from) is not None


def _automatic(facts: HeaderFacts, mail_from: str) -> _Verdict | None:
    """Mail that must never be faxed nor answered (RFC 3834 section 2)."""
    if not mail_from:
        return _refuse("null-sender", "5.7.1", "reports and bounces are not faxed")
    if facts.received_count > MAX_RECEIVED:
        return _Verdict("loop", GOING_IN_CIRCLES)
    if facts.auto_submitted not in ("", "no", "auto-generated") or facts.is_report:
        return _refuse("automatic", "5.7.1", "automatic replies and reports are not faxed")
    if facts.is_list or facts.precedence in ("bulk", "list", "junk", "auto_reply"):
        return _refuse("bulk", "5.7.1", "mailing-list and bulk mail is not faxed")
    return None


def _author(sender: User | None, facts: HeaderFacts, evidence: Evidence) -> _Verdict | None:
    """Who the header says has written it, and whether they are known here."""
    author = evidence.header_from
    if facts.from_addresses != (author,):
        return _refuse("one-from", "5.7.1", "the mail must have exactly one address in its From header")
    if sender is None or author not in sender.sending_addresses:
        text = f"{shown(author)} is not a registered sending address; ask your fax administrator to add it"
        return _refuse("registered", "5.7.1", text)
    if sender.locked:
        return _refuse(
            "locked", "5.7.1", f"{shown(author)} belongs to a user who is locked; ask your fax administrator"
        )
    return None


def _connection(sender: User | None, evidence: Evidence) -> _Verdict | None:
    """What the connection itself proves; user names differ by case as little as when signing in."""
    if evidence.authenticated_as:
        if sender is not None and evidence.authenticated_as.casefold() == sender.user_name.casefold():
            return _Verdict("smtp-auth")
        return _refuse("smtp-auth", "5.7.1", f"{shown(evidence.header_from)} is not of the account that signed in")
    return _Verdict("trusted-relay") if evidence.trusted_relay else None


def _findings(proof: SenderProof, evidence: Evidence, peer: str, now: datetime) -> _Verdict:
    found = judge(proof, evidence, peer, now)
    if found.reply is None:
        return _Verdict(proof.value, ACCEPTED, found.signature, found.alone)
    return _Verdict("dns" if found.reply.code < 500 else "proof", found.reply)


def _action(reply: SmtpReply) -> Action:
    if reply.code < 300:
        return Action.ACCEPT
    return Action.DEFER if reply.code < 500 else Action.REFUSE


def _signature_record(finding: DkimFinding) -> dict[str, object]:
    at = finding.signed_at
    return {**asdict(finding), "signed": list(finding.signed), "signed_at": at.isoformat() if at else None}


def _number(text: str, parse: Callable[[str], FaxAddress]) -> str:
    try:
        return parse(text).destination.number
    except RefusedError:
        return ""


def _refuse(rule: str, enhanced: str, text: str) -> _Verdict:
    return _Verdict(rule, SmtpReply(550, enhanced, text))
