"""A notice as a mail: headers, plain text beside HTML, and the report that machines read (RFC 3464, RFC 3834).

What lives here: MIME and headers. What does not: wording (`wording`) and what is told (`messages`). The same facts make
the same octets, so that a mail sent twice after a lost reply is recognised by its Message-ID.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from email import policy
from email.message import EmailMessage, Message
from email.utils import format_datetime, formataddr

from gateway.domain.addresses import Destination
from gateway.mail.notice_facts import NoticeFacts, NoticeKind

_POLICY = policy.SMTP
_JSON = "notice.json"
_WIRE = _POLICY.clone(max_line_length=200)  # else a long subject leaves its field's first line empty


@dataclass(frozen=True, slots=True)
class Notice:
    """A finished mail for the outbox."""

    kind: NoticeKind
    recipient: str
    message: bytes
    message_id: str


@dataclass(frozen=True, slots=True)
class Draft:
    """What one notice says. `key` names the job or submission and the attempt, and makes the Message-ID.

    `machine` is the same in JSON, for programs; empty for none.
    """

    kind: NoticeKind
    key: str
    subject: str
    text: str
    html: str
    job_ids: tuple[str, ...] = ()
    machine: str = ""


@dataclass(frozen=True, slots=True)
class Reported:
    """One recipient's block of a report (RFC 3464 2.3). `diagnostic` is ASCII, with its type before a semicolon.

    Where no number was read, `destination` is what was written for it.
    """

    destination: Destination | str
    status: str
    diagnostic: str
    job_id: str = ""


def plain_notice(draft: Draft, facts: NoticeFacts, preview: bytes = b"") -> Notice:
    """A notice of good news: text and HTML, and behind them what is for programs, and pages where there are any."""
    message_id = _message_id(draft, facts)
    message = _whole_body(draft, facts, message_id, preview)
    _address(message, draft, facts, message_id)
    return Notice(draft.kind, facts.recipient, message.as_bytes(policy=_WIRE), message_id)


def report_notice(draft: Draft, facts: NoticeFacts, reported: Sequence[Reported]) -> Notice:
    """A notice of bad news: text and HTML for people, delivery-status for machines (RFC 3464 2)."""
    message_id = _message_id(draft, facts)
    bodies = _whole_body(draft, facts, message_id)
    del bodies["MIME-Version"]
    message = EmailMessage(policy=_POLICY)
    message["Content-Type"] = f'multipart/report; report-type=delivery-status; boundary="{_boundary(message_id, "r")}"'
    message["MIME-Version"] = "1.0"
    message.set_payload([bodies, _delivery_status(facts, reported)])
    _address(message, draft, facts, message_id)
    return Notice(draft.kind, facts.recipient, message.as_bytes(policy=_WIRE), message_id)


def _whole_body(draft: Draft, facts: NoticeFacts, message_id: str, preview: bytes = b"") -> EmailMessage:
    """What people read; behind it the pages as PDF, where they are wanted, and the part for programs."""
    message = _bodies(draft, message_id)
    if preview:
        message.add_attachment(preview, maintype="application", subtype="pdf", filename="preview.pdf")
    elif facts.private is not None and facts.private.pdf:
        message.add_attachment(facts.private.pdf, maintype="application", subtype="pdf", filename="fax.pdf")
    if draft.machine:
        message.add_attachment(draft.machine.encode("ascii"), maintype="application", subtype="json", filename=_JSON)
    if message.get_content_type() == "multipart/mixed":
        message.set_boundary(_boundary(message_id, "m"))
        for part in message.iter_parts():
            del part["MIME-Version"]
    return message


def _bodies(draft: Draft, message_id: str) -> EmailMessage:
    message = EmailMessage(policy=_POLICY)
    message.set_content(draft.text, cte="quoted-printable")
    message.add_alternative(draft.html, subtype="html", cte="quoted-printable")
    message.set_boundary(_boundary(message_id, "a"))
    for part in message.iter_parts():
        del part["MIME-Version"]  # belongs to the whole mail alone (RFC 2045 4)
    return message


def _address(message: EmailMessage, draft: Draft, facts: NoticeFacts, message_id: str) -> None:
    message["From"] = formataddr((facts.voice.name, facts.voice.address))
    message["To"] = facts.recipient
    message["Subject"] = draft.subject
    message["Date"] = format_datetime(facts.written)
    message["Message-ID"] = message_id
    if facts.message_id:
        message["In-Reply-To"] = facts.message_id
        message["References"] = f"{facts.references} {facts.message_id}".strip()
    message["Auto-Submitted"] = "auto-replied"
    for job_id in draft.job_ids:
        message["X-Fax-Job"] = job_id


def _message_id(draft: Draft, facts: NoticeFacts) -> str:
    return f"<{draft.kind.value}.{draft.key}@{facts.voice.domain}>"


def _boundary(message_id: str, part: str) -> str:
    return "=_" + hashlib.sha256(f"{part}{message_id}".encode()).hexdigest()[:32]


def _delivery_status(facts: NoticeFacts, reported: Sequence[Reported]) -> Message:
    whole = Message()
    whole["Reporting-MTA"] = f"dns; {facts.voice.domain}"
    whole["Arrival-Date"] = format_datetime(facts.received)
    status = Message(policy=_POLICY)
    status["Content-Type"] = "message/delivery-status"
    status.set_payload([whole, *(_block(facts, one) for one in reported)])
    return status


def _block(facts: NoticeFacts, reported: Reported) -> Message:
    block = Message()
    block["Final-Recipient"] = f"rfc822; {reported.destination}@{facts.voice.domain}"
    block["Action"] = "failed"
    block["Status"] = reported.status
    block["Diagnostic-Code"] = reported.diagnostic
    block["Last-Attempt-Date"] = format_datetime(facts.written)
    if reported.job_id:
        block["X-Fax-Job"] = reported.job_id
    return block
