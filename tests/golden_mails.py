"""Mails that we write, kept as golden files: python -m tests.golden_mails writes them anew, to be read before a commit.

A file has the headers as sent, then each part under its type, decoded; of the HTML, which says the same as the text,
and of pages only the size is kept. What stands in `tests/golden/notice_*.txt` are the plain cases.
"""

import email
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from email import policy
from email.message import EmailMessage
from pathlib import Path

from gateway.domain.errors import SmtpReply
from gateway.domain.job import JobState
from gateway.domain.nodes import User
from gateway.domain.notice_templates import EVERY_KIND, Dress, NoticeTemplate
from gateway.domain.outcome import Outcome
from gateway.domain.submission import PartPages, Refusal, RefusedRecipient
from gateway.mail import messages
from gateway.mail.messages import Duplicate, FailedPart, Notice, NoticeFacts, Preview, Private, Voice
from gateway.mail.notice_facts import NOT_SENT, Problem, part_label
from gateway.mail.notice_samples import CALLS, JOB, facts_of
from gateway.mail.refusal_letter import DIRECTIVES, refusal_letter
from gateway.mail.welcome_letter import Code, Welcome, welcome_letter
from gateway.mail.wording import EXPIRED, OWNER_LOST, TEXT_OFF

FOLDER = Path(__file__).parent / "golden"
FACTS = facts_of(Voice("Fax gateway", "postmaster@fax.example", "fax.example"))
USER = User(
    7, "dorothea", "Dorothea", "Lindqvist", "Acme/dorothea", 1, "Acme", (FACTS.recipient, "d@lindqvist-brandt.example"),
    (FACTS.recipient,), fax_number="+14155550199",
)  # fmt: skip
CODE = Code("K7P2-QXM3", FACTS.written + timedelta(days=3))
FULL = replace(FACTS, private=Private("Angebot für Montag", b"%PDF-1.7 three pages"))
PDF_PART = PartPages(part_label(1, "application/pdf"), 2)
OWN = NoticeTemplate(
    "[{{ company }}] {{ title }}", "{{ company }} faxes.\n\n{{ happened }} {{ next }}\n\n{{ facts }}\n\n{{ tables }}"
)


def _begun(facts: NoticeFacts = FACTS, preview: Preview | None = None, **changed: object) -> Notice:
    return messages.initial_success(replace(facts, parts=(PDF_PART,), **changed), preview)  # type: ignore[arg-type]


def _ended(outcome: Outcome, detail: str, state: JobState = JobState.FAILED, facts: NoticeFacts = FACTS) -> Notice:
    job = replace(JOB, state=state, outcome=outcome, outcome_detail=detail, pages_sent=2)
    return messages.delivery_failure(facts, job, [replace(CALLS[1], outcome=outcome, pages=2)])


def _asked_for_too_much() -> Notice:
    reply = SmtpReply(550, "5.5.4", "%{At} takes a time, as 2026-03-31T08:00 or 08:00")
    whom = ("4155550100/ATTN=Adaeze@fax.example", "adaeze@fax.example")
    refused = Refusal(
        FACTS.received, "192.0.2.9", FACTS.recipient, FACTS.recipient, whom, DIRECTIVES, str(reply), {}, "R-7K3M9Q2P"
    )
    return refusal_letter(replace(FACTS, jobs=()), refused, reply)


MAILS: dict[str, Callable[[], Notice]] = {
    "accepted_for_later": lambda: _begun(
        start=FACTS.written + timedelta(hours=9), expected=FACTS.written + timedelta(hours=9, minutes=3)
    ),
    "accepted_with_all_there_is": lambda: _begun(
        FULL,
        refused=(
            RefusedRecipient("911@fax.example", "550 5.7.1 not permitted: emergency and service numbers take no faxes"),
            RefusedRecipient("Adaeze@fax.example", "550 5.1.3 what stands before the @ is not a fax number"),
        ),
        duplicates=(Duplicate(JOB.destination, JOB.public_id),),
        warnings=("Page 2 of the document is very dark: sending takes long, and the print may be hard to read.",),
        call=timedelta(seconds=140),
        expected=FACTS.written + timedelta(minutes=3),
    ),
    "accepted_in_part": lambda: messages.initial_success(
        replace(FACTS, parts=(PDF_PART, PartPages(part_label(2, "application/pdf"), 0, NOT_SENT + Problem.CORRUPT)))
    ),
    "preview": lambda: _begun(preview=Preview(b"%PDF-1.7 three pages", 3, 9)),
    "not_faxable": lambda: messages.initial_failure(
        FULL,
        Outcome.INVALID_ATTACHMENT,
        [
            FailedPart(
                1, "application/pdf", "Plan „Süd“.pdf", "it is damaged; save it again and resend.", Problem.CORRUPT
            ),
            FailedPart(3, "application/zip", "all.zip", "send what is in it.", Problem.UNKNOWN_TYPE, (2,)),
        ],
    ),
    "nothing_to_fax": lambda: messages.initial_failure(FACTS, Outcome.NO_ATTACHMENT, (), TEXT_OFF),
    "wish_not_met": lambda: messages.initial_failure(
        FACTS, Outcome.GENERAL_ERROR, (), "there is no such cover page here; known are plain"
    ),
    "refused_for_a_directive": _asked_for_too_much,
    "delivered_with_pages": lambda: messages.delivery_success(FULL, JOB, CALLS),
    "unconfirmed": lambda: _ended(Outcome.UNCONFIRMED, OWNER_LOST, JobState.UNCONFIRMED),
    "expired": lambda: _ended(Outcome.CANCELLED, EXPIRED, JobState.CANCELLED),
    "welcome": lambda: welcome_letter(Welcome(USER, FACTS.voice, FACTS.written, FACTS.dates)),
    "welcome_with_a_code": lambda: welcome_letter(
        Welcome(replace(USER, fax_number=""), FACTS.voice, FACTS.written, FACTS.dates, CODE)
    ),
    "in_a_companys_dress": lambda: _ended(
        Outcome.NO_ANSWER,
        "no-answer",
        facts=replace(FACTS, voice=replace(FACTS.voice, dress=Dress("Müller & Söhne", {EVERY_KIND: OWN}))),
    ),
}


def written(notice: Notice) -> str:
    """A mail as it is kept."""
    message = email.message_from_bytes(notice.message, policy=policy.default)
    assert isinstance(message, EmailMessage)
    return "\n".join(line.rstrip() for line in "\n".join(_lines(message)).split("\n")).strip() + "\n"


def _lines(message: EmailMessage) -> Iterator[str]:
    yield from (f"{name}: {value}" for name, value in message.items() if name != "Content-Type")
    yield from _parts(message)


def _parts(message: EmailMessage) -> Iterator[str]:
    """Each part under its type; a multipart's own parts follow it."""
    kind = message.get_content_type()
    yield f"\n=== {kind} {message.get_filename('')}".rstrip()
    if kind == "message/delivery-status":
        yield "\n".join(block.as_string().replace("\r\n", "\n").strip() + "\n" for block in message.iter_parts())
    elif message.is_multipart():
        for part in message.iter_parts():
            yield from _parts(part)
    elif kind not in ("text/html", "application/pdf"):
        content = message.get_payload(decode=True)
        assert isinstance(content, bytes)
        yield content.decode().replace("\r\n", "\n")


if __name__ == "__main__":
    for name, make in MAILS.items():
        (FOLDER / f"mail_{name}.txt").write_text(written(make()), encoding="utf-8")
        sys.stdout.write(f"{name} written\n")
