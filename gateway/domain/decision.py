"""May this sender send this fax? One pure function from evidence to decision.

What lives here: the rule and its reasons. What does not: gathering the evidence (`gateway.mail.proof`). SPF and DKIM
will add evidence and rules here, nowhere else.
"""

from dataclasses import dataclass
from enum import StrEnum

from gateway.domain.errors import SmtpReply
from gateway.domain.evidence import Evidence
from gateway.domain.nodes import User
from gateway.domain.submission import HeaderFacts

MAX_RECEIVED = 50  # a mail that passed so many servers is going in circles (RFC 5321 6.3)


class Action(StrEnum):
    """What is done with the envelope."""

    ACCEPT = "accept"
    REFUSE = "refuse"


@dataclass(frozen=True, slots=True)
class Decision:
    """What is done, by which rule, and what the client is told."""

    action: Action
    rule: str
    reply: SmtpReply


ACCEPTED = SmtpReply(250, "2.0.0", "accepted")


def decide(sender: User | None, facts: HeaderFacts, evidence: Evidence, mail_from: str) -> Decision:
    """Accept or refuse an envelope whose recipients are already known to be good.

    `sender` is the user whose sending address stands in the one header From, None when there is no such user.
    """
    automatic = _automatic(facts, mail_from)
    if automatic is not None:
        return automatic
    if len(facts.from_addresses) != 1:
        return _refuse("one-from", "5.7.1", "the mail must have exactly one address in its From header")
    if sender is None:
        text = f"{evidence.header_from} is not a registered sending address; ask your fax administrator to add it"
        return _refuse("registered", "5.7.1", text)
    if sender.locked:
        return _refuse("locked", "5.7.1", f"{evidence.header_from} belongs to a user who is locked")
    return _proof(sender, evidence)


def _automatic(facts: HeaderFacts, mail_from: str) -> Decision | None:
    """Mail that must never be faxed nor answered (RFC 3834 section 2)."""
    if not mail_from:
        return _refuse("null-sender", "5.7.1", "reports and bounces are not faxed")
    if facts.received_count > MAX_RECEIVED:
        return Decision(Action.REFUSE, "loop", SmtpReply(554, "5.4.6", "the mail is going in circles"))
    if facts.auto_submitted not in ("", "no", "auto-generated") or facts.is_report:
        return _refuse("automatic", "5.7.1", "automatic replies and reports are not faxed")
    if facts.is_list or facts.precedence in ("bulk", "list", "junk", "auto_reply"):
        return _refuse("bulk", "5.7.1", "mailing-list and bulk mail is not faxed")
    return None


def _proof(sender: User, evidence: Evidence) -> Decision:
    if evidence.authenticated_as:
        if evidence.authenticated_as == sender.user_name:
            return Decision(Action.ACCEPT, "smtp-auth", ACCEPTED)
        return _refuse("smtp-auth", "5.7.1", "the From address does not belong to the account that signed in")
    if evidence.trusted_relay:
        return Decision(Action.ACCEPT, "trusted-relay", ACCEPTED)
    text = "the sender is not proven: send through your own mail server, or sign in with SMTP AUTH over TLS"
    return _refuse("proof", "5.7.1", text)


def _refuse(rule: str, enhanced: str, text: str) -> Decision:
    return Decision(Action.REFUSE, rule, SmtpReply(550, enhanced, text))
