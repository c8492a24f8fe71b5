"""What a level asks of SPF and DKIM before a From counts as proven, and what is answered when it does not.

What lives here: the setting's values and their rules (RFC 7208, RFC 6376, codes of RFC 7372). What does not: gathering
the findings (`gateway.mail.proof`), what is decided before them (`decision`).

Each of SPF and DKIM fails alone to another attacker: a tenant of the same provider, or who holds a signed mail.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, StrEnum

from gateway.domain.errors import SmtpReply
from gateway.domain.evidence import DkimFinding, DkimResult, Evidence, SpfFinding, SpfResult

MAX_AGE = timedelta(days=3)  # of a signature
AHEAD = timedelta(days=1)  # so far may the signer's clock, or its zone, be wrong
LONGEST_WHY = 300  # characters; a reply has 512 octets (RFC 5321 4.5.3.1.5)
REMEDY = "send through your own mail server, or sign in with SMTP AUTH over TLS"


class SenderProof(StrEnum):
    """The values of the setting fax.sender_proof."""

    SPF_AND_DKIM = "spf-and-dkim"
    SPF_OR_DKIM = "spf-or-dkim"
    DKIM = "dkim"
    SPF = "spf"
    REGISTERED = "registered"


class Standing(Enum):
    """What one check comes to for our purpose."""

    PROVEN = "proven"
    FAILED = "failed"  # surely: it will be so tomorrow
    PENDING = "pending"  # DNS is in trouble: it may yet be proven


@dataclass(frozen=True, slots=True)
class Check:
    """One check, and what is answered when it alone is missing; `why` is a clause for people."""

    standing: Standing
    enhanced: str = ""
    why: str = ""


@dataclass(frozen=True, slots=True)
class Judgement:
    """Whether the From is proven as asked; `reply` is None when it is.

    `signature` is the one to be remembered against replay; `alone` tells that nothing else proves the sender.
    """

    reply: SmtpReply | None
    signature: DkimFinding | None = None
    alone: bool = False


def judge(proof: SenderProof, evidence: Evidence, peer: str, now: datetime) -> Judgement:
    """Whether the findings prove the header From as the setting asks; `peer` is the client's address, for the words."""
    if proof is SenderProof.REGISTERED:
        return Judgement(None)
    spf = judge_spf(evidence, peer, shared_counts=proof is SenderProof.SPF_AND_DKIM)
    dkim = judge_dkim(evidence, now)
    checks = {SenderProof.SPF: (spf,), SenderProof.DKIM: (dkim,)}.get(proof, (spf, dkim))
    either = proof is SenderProof.SPF_OR_DKIM
    missing = _missing(checks, either)
    if missing:
        return Judgement(_reply(evidence.header_from, missing))
    if proof in (SenderProof.SPF, SenderProof.SPF_AND_DKIM):
        return Judgement(None)
    unshared = judge_spf(evidence, peer, shared_counts=False).standing is Standing.PROVEN
    return Judgement(None, usable_signature(evidence, now), alone=not unshared)


def is_proven(evidence: Evidence, now: datetime) -> bool:
    """Whether anything proves the author well enough to write to them of a refusal (RFC 3834 2: no backscatter)."""
    spf = judge_spf(evidence, "", shared_counts=False)
    return spf.standing is Standing.PROVEN or usable_signature(evidence, now) is not None


def usable_signature(evidence: Evidence, now: datetime) -> DkimFinding | None:
    """The first passing signature of the author's own domain that is fresh."""
    return next((one for one in _of_author(evidence) if _is_fresh(one, now)), None)


def judge_spf(evidence: Evidence, peer: str, *, shared_counts: bool) -> Check:
    """SPF for the author's own domain. A pass by addresses that strangers share counts beside DKIM alone."""
    spf = evidence.spf or SpfFinding(SpfResult.NONE, "")
    domain = shown(spf.domain) or "the envelope sender"
    hoped = _may_align(spf.aligned, spf.domain, evidence.header_from)
    if spf.result is SpfResult.TEMPERROR and hoped:
        return Check(Standing.PENDING, "4.7.24", f"SPF of {domain} cannot be looked up now")
    if spf.result is SpfResult.PERMERROR:
        return Check(Standing.FAILED, "5.7.24", f"the SPF record of {domain} is in error")
    if spf.result is SpfResult.PASS and spf.aligned:
        return _passed(spf, domain, shared_counts)
    if spf.result is SpfResult.PASS or not hoped:
        return Check(Standing.FAILED, "5.7.23", f"SPF was asked of {domain}, not of the domain in From")
    if spf.result is SpfResult.NONE:
        return Check(Standing.FAILED, "5.7.23", f"{domain} has no SPF record")
    return Check(Standing.FAILED, "5.7.23", f"SPF of {domain} says {spf.result.value} to {shown(peer)}")


def judge_dkim(evidence: Evidence, now: datetime) -> Check:
    """A fresh, passing signature of the author's own domain."""
    if usable_signature(evidence, now) is not None:
        return Check(Standing.PROVEN)
    hoped = [one for one in evidence.dkim if one.result is DkimResult.TEMPERROR]
    for one in hoped:
        if _may_align(one.aligned, one.domain, evidence.header_from):
            return Check(Standing.PENDING, "4.7.0", f"the DKIM key of {shown(one.domain)} cannot be looked up now")
    if not evidence.dkim:
        return Check(Standing.FAILED, "5.7.20", "the mail has no DKIM signature")
    if any(_of_author(evidence)):
        days = f"{MAX_AGE.days} days"
        return Check(Standing.FAILED, "5.7.20", f"its DKIM signature is not of the last {days}; write the mail anew")
    passing = [shown(one.domain) for one in evidence.dkim if one.result is DkimResult.PASS]
    if passing:
        return Check(Standing.FAILED, "5.7.22", f"its DKIM signature is of {passing[0]}, not of the domain in From")
    return Check(Standing.FAILED, "5.7.20", f"no DKIM signature of it passes ({_told(evidence)})")


def shown(text: str, most: int = 100) -> str:
    """What somebody else wrote, fit for one line of a reply: printable ASCII without blanks, not long."""
    safe = "".join(sign if "!" <= sign <= "~" else "?" for sign in text[: most + 1])
    return safe if len(safe) <= most else f"{safe[: most - 3]}..."


def _passed(spf: SpfFinding, domain: str, shared_counts: bool) -> Check:
    if not spf.shared or shared_counts:
        return Check(Standing.PROVEN)
    why = f"SPF of {domain} passes by {shown(spf.shared)}, whose addresses strangers share, which is no proof"
    return Check(Standing.FAILED, "5.7.23", why)


def _missing(checks: tuple[Check, ...], either: bool) -> tuple[Check, ...]:
    """The checks to be named in the reply; none when enough is proven.

    What DNS still owes outweighs what has surely failed: no mail is refused while DNS is in trouble.
    """
    open_ones = tuple(check for check in checks if check.standing is not Standing.PROVEN)
    if either and len(open_ones) < len(checks):
        return ()
    failed = tuple(check for check in open_ones if check.standing is Standing.FAILED)
    pending = tuple(check for check in open_ones if check.standing is Standing.PENDING)
    return pending or failed


def _reply(author: str, missing: tuple[Check, ...]) -> SmtpReply:
    why = _plain(", and ".join(check.why for check in missing), LONGEST_WHY)
    if missing[0].standing is Standing.PENDING:
        return SmtpReply(451, missing[0].enhanced, f"{shown(author)} is not proven yet: {why}; send it again later")
    enhanced = missing[0].enhanced if len(missing) == 1 else "5.7.26"
    return SmtpReply(550, enhanced, f"{shown(author)} is not proven: {why}; {REMEDY}")


def _of_author(evidence: Evidence) -> list[DkimFinding]:
    return [one for one in evidence.dkim if one.result is DkimResult.PASS and one.aligned]


def _is_fresh(signature: DkimFinding, now: datetime) -> bool:
    at = signature.signed_at
    return at is not None and now - MAX_AGE <= at <= now + AHEAD


def _may_align(aligned: bool, domain: str, author: str) -> bool:
    """Whether a domain is the author's, or could turn out to be: what DNS did not tell is not held against it.

    The domain is empty where time was up before anything was known. An author's domain in other letters than ASCII is
    not compared: findings name A-labels (RFC 5890 2.3.2.1).
    """
    ours, theirs = (name.lower().rstrip(".").split(".")[-2:] for name in (author.rpartition("@")[2], domain))
    return aligned or not domain or not author.isascii() or ours == theirs


def _told(evidence: Evidence) -> str:
    """The first signatures in few words; the reasons are our own."""
    first = evidence.dkim[:2]
    return ", ".join(f"{shown(one.domain, 60) or 'one'}: {_plain(one.reason) or one.result.value}" for one in first)


def _plain(text: str, most: int = 80) -> str:
    return " ".join(shown(word, most) for word in text.split())[:most]
