"""Notices on faxes that never were, one of each kind: for looking at a template before its company uses it.

What lives here: facts made up for that. What does not: what becomes of them (`messages`, `refusal_letter`). The people
and numbers do not exist (RFC 2606; the 555 01xx range of the North American plan).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from types import MappingProxyType

from gateway.domain.addresses import Destination
from gateway.domain.errors import SmtpReply
from gateway.domain.job import Job, JobState
from gateway.domain.nodes import User
from gateway.domain.outcome import Outcome
from gateway.domain.received import ReceivedFax, ReceivedState
from gateway.domain.submission import PartPages, Refusal
from gateway.mail.delay_letter import delivery_delayed
from gateway.mail.messages import (
    AttemptFacts,
    FailedPart,
    Notice,
    NoticeFacts,
    NoticeKind,
    Voice,
    delivery_failure,
    delivery_success,
    initial_failure,
    initial_success,
    part_label,
)
from gateway.mail.notice_facts import Problem
from gateway.mail.notice_looks import Look
from gateway.mail.received_mail import Brought, FaxFile, Load, body_of, head_fields, look_brought
from gateway.mail.refusal_letter import refusal_letter
from gateway.mail.welcome_letter import Welcome, welcome_letter

REFUSAL = "refusal"  # an initial failure of another make
_AT = datetime(2026, 3, 2, 15, 4, tzinfo=UTC)
_WHO = "dorothea.lindqvist@lindqvist-brandt.example"
JOB = Job(
    id=1,
    public_id="K7P2QX",
    submission_id=7,
    user_id=1,
    destination=Destination("+14155550100"),
    state=JobState.SENT,
    accepted=_AT - timedelta(minutes=9),
    not_before=_AT,
    expires=_AT + timedelta(hours=3),
    pages=3,
    pages_sent=3,
    outcome=Outcome.SUCCESS,
    outcome_detail="done",
    ended=_AT,
)
READY = replace(JOB, state=JobState.READY, pages_sent=0, outcome=None, outcome_detail="", ended=None)
CALLS = (
    AttemptFacts(1, _AT - timedelta(minutes=8), Outcome.BUSY, timedelta(seconds=12)),
    AttemptFacts(2, _AT - timedelta(minutes=2), Outcome.SUCCESS, timedelta(seconds=95), 3, 14400, True, "+14155550100"),
)


FAX = ReceivedFax(
    id=1,
    public_id="IN-7K3M9Q2P",
    call_uid="",
    number="+14155550199",
    caller="+14155550100",
    remote_id="+14155550100",
    sub_address="",
    user_id=1,
    state=ReceivedState.RECEIVED,
    started=_AT - timedelta(minutes=2),
    ended=_AT,
    pages=1,
    tiff_digest="",
)
# A page without a word on it.
_PAGE = b"""%PDF-1.4
1 0 obj << /Type /Catalog /Pages 2 0 R >> endobj
2 0 obj << /Type /Pages /Kids [3 0 R] /Count 1 >> endobj
3 0 obj << /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] >> endobj
trailer << /Root 1 0 R >>
%%EOF
"""


@dataclass(frozen=True, slots=True)
class Brief:
    """A mail for looking at."""

    look: Look
    message: bytes


def received_sample(voice: Voice) -> Brief:
    """The mail that brings a fax, in this voice."""
    brought = Brought(FAX, "Dorothea Lindqvist", voice, _AT, facts_of(voice).dates)
    load = Load(1, 1, 1, 1, (FaxFile("IN-7K3M9Q2P.pdf", "application/pdf", _PAGE, 1, 1),))
    body = body_of(brought, load)
    return Brief(look_brought(brought, load), body.head(tuple(head_fields(brought, load, _WHO))) + body.part.body)


def sample(kind: str, voice: Voice) -> Notice:
    """A notice of that kind, one of SAMPLES, in this voice."""
    return SAMPLES[kind](facts_of(voice))


def facts_of(voice: Voice) -> NoticeFacts:
    """What all samples share."""
    return NoticeFacts(
        recipient=_WHO,
        voice=voice,
        submission_id=7,
        received=_AT - timedelta(minutes=10),
        written=_AT,
        jobs=(READY,),
        message_id="<offer@lindqvist-brandt.example>",
    )


def _accepted(facts: NoticeFacts) -> Notice:
    other = replace(READY, id=2, public_id="M3W9AB", destination=Destination("+493012345678"), pages=4)
    parts = (
        PartPages(part_label(0, "text/plain"), 1),
        PartPages(part_label(1, "application/pdf"), 2),
        PartPages(part_label(2, "text/vcard"), 0, "contact card, not faxed"),
    )
    return initial_success(replace(facts, jobs=(READY, other), parts=parts, expected=_AT + timedelta(minutes=5)))


def _not_faxable(facts: NoticeFacts) -> Notice:
    reason = "it is protected by a password; remove the password and resend."
    part = FailedPart(2, "application/pdf", "plan.pdf", reason, Problem.ENCRYPTED)
    return initial_failure(facts, Outcome.INVALID_ATTACHMENT, [part])


def _refused(facts: NoticeFacts) -> Notice:
    reply = SmtpReply(550, "5.7.1", f"{_WHO} is not a registered sending address; ask your fax administrator to add it")
    refusal = Refusal(
        _AT, "192.0.2.9", _WHO, _WHO, ("4155550100@fax.example",), "registered", str(reply), {}, "R-7K3M9Q2P"
    )
    return refusal_letter(replace(facts, jobs=()), refusal, reply)


def _failed(facts: NoticeFacts) -> Notice:
    job = replace(JOB, state=JobState.FAILED, pages_sent=0, outcome=Outcome.BUSY, outcome_detail="busy")
    return delivery_failure(facts, job, [CALLS[0], replace(CALLS[0], number=2)])


def _delayed(facts: NoticeFacts) -> Notice:
    job = replace(JOB, state=JobState.WAITING, pages_sent=0, outcome=Outcome.BUSY, outcome_detail="busy", ended=None)
    expected = replace(facts, expected=_AT - timedelta(minutes=62))
    return delivery_delayed(expected, job, [CALLS[0], replace(CALLS[0], number=2)])


def _welcome(facts: NoticeFacts) -> Notice:
    user = User(1, "dorothea", "Dorothea", "Lindqvist", "", 0, "", (_WHO,), (_WHO,), fax_number="+14155550199")
    return welcome_letter(Welcome(user, facts.voice, _AT, facts.dates))


SAMPLES: Mapping[str, Callable[[NoticeFacts], Notice]] = MappingProxyType(
    {
        NoticeKind.INITIAL_SUCCESS.value: _accepted,
        NoticeKind.INITIAL_FAILURE.value: _not_faxable,
        REFUSAL: _refused,
        NoticeKind.DELIVERY_SUCCESS.value: lambda facts: delivery_success(facts, JOB, CALLS),
        NoticeKind.DELIVERY_FAILURE.value: _failed,
        NoticeKind.DELIVERY_DELAYED.value: _delayed,
        NoticeKind.WELCOME.value: _welcome,
    }
)
