"""A notice as a mail: headers, plain text beside HTML, and the report that machines read (RFC 3464, RFC 3834).

What lives here: parts and headers. What does not: octets (`mime_writing`), wording (`wording`) and what is told
(`messages`). The same facts make the same octets, so that a mail sent twice after a lost reply is recognised by its
Message-ID.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime, formataddr

from gateway.domain.addresses import Destination
from gateway.mail.mime_writing import Part, attachment, blocks, multipart, text
from gateway.mail.notice_facts import NoticeFacts, NoticeKind
from gateway.mail.notice_looks import Look

_JSON = "notice.json"


@dataclass(frozen=True, slots=True)
class Notice:
    """A finished mail for the outbox; `look` is what people read of it."""

    kind: NoticeKind
    recipient: str
    message: bytes
    message_id: str
    look: Look


@dataclass(frozen=True, slots=True)
class Draft:
    """What one notice says. `key` names the job or submission and the attempt, and makes the Message-ID.

    `machine` is the same in JSON, for programs; empty for none.
    """

    kind: NoticeKind
    key: str
    look: Look
    job_ids: tuple[str, ...] = ()
    machine: str = ""


@dataclass(frozen=True, slots=True)
class Reported:
    """One recipient's block of a report (RFC 3464 2.3). `diagnostic` is ASCII, with its type before a semicolon.

    Where no number was read, `destination` is what was written for it. `retried_until` is given while we go on trying,
    with when we `attempted` it last.
    """

    destination: Destination | str
    status: str
    diagnostic: str
    job_id: str = ""
    sub_address: str = ""
    retried_until: datetime | None = None
    attempted: datetime | None = None


def plain_notice(draft: Draft, facts: NoticeFacts, preview: bytes = b"") -> Notice:
    """A notice of good news: text and HTML, and behind them what is for programs, and pages where there are any."""
    message_id = _message_id(draft, facts)
    return _notice(draft, facts, _whole_body(draft, facts, message_id, preview))


def report_notice(draft: Draft, facts: NoticeFacts, reported: Sequence[Reported]) -> Notice:
    """A notice of bad news: text and HTML for people, delivery-status for machines (RFC 3464 2)."""
    message_id = _message_id(draft, facts)
    parts = [_whole_body(draft, facts, message_id), _delivery_status(facts, reported), *_returned(facts)]
    return _notice(draft, facts, multipart('report; report-type="delivery-status"', _boundary(message_id, "r"), parts))


def _notice(draft: Draft, facts: NoticeFacts, body: Part) -> Notice:
    message_id = _message_id(draft, facts)
    octets = body.octets(("MIME-Version", "1.0"), after=_address(draft, facts, message_id))
    return Notice(draft.kind, facts.recipient, octets, message_id, draft.look)


def _whole_body(draft: Draft, facts: NoticeFacts, message_id: str, preview: bytes = b"") -> Part:
    """What people read; behind it the pages as PDF, where they are wanted, and the part for programs."""
    parts = [
        multipart(
            "alternative", _boundary(message_id, "a"), (text(draft.look.text, "plain"), text(draft.look.html, "html"))
        )
    ]
    if preview:
        parts.append(attachment(preview, "application/pdf", "preview.pdf"))
    elif facts.private is not None and facts.private.pdf:
        parts.append(attachment(facts.private.pdf, "application/pdf", "fax.pdf"))
    if draft.machine:
        parts.append(attachment(draft.machine.encode("ascii"), "application/json", _JSON))
    return parts[0] if len(parts) == 1 else multipart("mixed", _boundary(message_id, "m"), parts)


def _address(draft: Draft, facts: NoticeFacts, message_id: str) -> Iterator[tuple[str, str]]:
    yield "From", formataddr((facts.voice.name, facts.voice.address))
    yield "To", facts.recipient
    yield "Subject", draft.look.subject
    yield "Date", format_datetime(facts.written)
    yield "Message-ID", message_id
    if known := _plain_ids(facts.message_id):
        yield "In-Reply-To", known
        yield "References", _plain_ids(f"{facts.references} {facts.message_id}")
    # RFC 3834 5.1: nobody wrote to us before a welcome.
    yield "Auto-Submitted", "auto-generated" if draft.kind is NoticeKind.WELCOME else "auto-replied"
    yield from (("X-Fax-Job", job_id) for job_id in draft.job_ids)


def _plain_ids(written: str) -> str:
    """Those Message-IDs that may stand in any mail: in one with other letters nothing can be encoded (RFC 2047 5)."""
    return " ".join(one for one in written.split() if one.isascii())


def _message_id(draft: Draft, facts: NoticeFacts) -> str:
    return f"<{draft.kind.value}.{draft.key}@{facts.voice.domain}>"


def _boundary(message_id: str, part: str) -> str:
    return "=_" + hashlib.sha256(f"{part}{message_id}".encode()).hexdigest()[:32]


def _returned(facts: NoticeFacts) -> Iterator[Part]:
    """What identifies the sender's mail (RFC 6522 3): so that mail programs show the report beside it."""
    if _plain_ids(facts.message_id):
        subject = facts.private.subject if facts.private is not None else ""
        fields = [("Message-ID", facts.message_id)]
        # What has other letters would make of this part another type, which few programs know (RFC 6533 4).
        fields = [("From", facts.recipient), *fields] if facts.recipient.isascii() else fields
        fields += [("Subject", subject)] if subject else []
        yield blocks("text/rfc822-headers", [fields])


def _delivery_status(facts: NoticeFacts, reported: Sequence[Reported]) -> Part:
    whole = (("Reporting-MTA", f"dns; {facts.voice.domain}"), ("Arrival-Date", format_datetime(facts.received)))
    return blocks("message/delivery-status", [whole, *(tuple(_block(facts, one)) for one in reported)])


def _block(facts: NoticeFacts, reported: Reported) -> Iterator[tuple[str, str]]:
    lodger = f"/T33S={reported.sub_address}" if reported.sub_address else ""
    yield "Final-Recipient", f"rfc822; {reported.destination}{lodger}@{facts.voice.domain}"
    yield "Action", "failed" if reported.retried_until is None else "delayed"
    yield "Status", reported.status
    yield "Diagnostic-Code", reported.diagnostic
    attempted = facts.written if reported.retried_until is None else reported.attempted
    if attempted is not None:
        yield "Last-Attempt-Date", format_datetime(attempted)
    if reported.retried_until is not None:
        yield "Will-Retry-Until", format_datetime(reported.retried_until)
    if reported.job_id:
        yield "X-Fax-Job", reported.job_id
