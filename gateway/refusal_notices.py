"""Who is written to when a mail was refused: its author alone, when it is sure that it is theirs (RFC 3834 2).

What lives here: that decision. What does not: the words (`gateway.mail.refusal_letter`), how often
(`gateway.store.refusals`). Anybody else is answered in the SMTP session alone: we send nobody what he did not cause.
"""

from gateway.domain.decision import is_automatic
from gateway.domain.errors import SmtpReply
from gateway.domain.evidence import Evidence
from gateway.domain.sender_proof import is_proven
from gateway.domain.setting_catalog import Effective
from gateway.domain.submission import HeaderFacts, Refusal
from gateway.mail.messages import NoticeFacts, NoticeKind, Voice
from gateway.mail.refusal_letter import DIRECTIVES, refusal_letter
from gateway.store.outbox import NewMail
from gateway.store.refusals import MakeNotice

TOLD = frozenset({"registered", "locked", "proof", "smtp-auth", "replay", DIRECTIVES})


def refusal_notice(
    voice: Voice, refusal: Refusal, reply: SmtpReply, facts: HeaderFacts, evidence: Evidence, settings: Effective
) -> MakeNotice | None:
    """What writes the notice of a refusal, for `add_refusal`; None when nobody is to be told.

    `settings` are the author's, the defaults for a stranger. Temporary refusals are not told: the mail comes again.
    """
    wanted = settings.on("notify.initial_failure") and refusal.rule in TOLD and reply.code >= 500
    if not wanted or not _may_be_answered(voice, refusal, facts) or not _is_sure(refusal, evidence):
        return None
    return lambda kept: _mail(voice, kept, reply, facts, settings)


def _may_be_answered(voice: Voice, refusal: Refusal, facts: HeaderFacts) -> bool:
    """No program, no list, none of our own; and an address that can be written down."""
    author = refusal.header_from
    if is_automatic(facts, refusal.mail_from) or facts.auto_submitted not in ("", "no"):
        return False
    return author.isprintable() and facts.from_addresses == (author,) and author != voice.address.lower()


def _is_sure(refusal: Refusal, evidence: Evidence) -> bool:
    """Whether the author has sent it. Who may send, but asks for what cannot be, may be sure by the connection, too."""
    known = evidence.trusted_relay or bool(evidence.authenticated_as)
    return is_proven(evidence, refusal.at) or (refusal.rule == DIRECTIVES and known)


def _mail(voice: Voice, refusal: Refusal, reply: SmtpReply, facts: HeaderFacts, settings: Effective) -> NewMail:
    told = NoticeFacts(
        recipient=refusal.header_from,
        voice=voice,
        submission_id=0,  # there is none
        received=refusal.at,
        written=refusal.at,
        jobs=(),
        message_id=facts.message_id if facts.message_id.isprintable() else "",
        dates=settings.date_style(),
    )
    notice = refusal_letter(told, refusal, reply)
    return NewMail(
        kind=NoticeKind.INITIAL_FAILURE.value,
        submission_id=None,
        job_id=None,
        attempt_no=0,
        recipient=notice.recipient,
        message=notice.message,
        message_id=notice.message_id,
    )
