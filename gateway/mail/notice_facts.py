"""What a notice may say: an allow-list. No field here holds a subject, a text or a cover's words.

What lives here: the facts that flows gather for `messages`. What does not: wording, and the file names of parts that
were faxed: people are told "attachment 2 (PDF)". Only a part that failed is called by its name.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from gateway.domain.addresses import Destination
from gateway.domain.dates import DateStyle
from gateway.domain.job import Job
from gateway.domain.outcome import Outcome
from gateway.domain.submission import PartPages


class NoticeKind(StrEnum):
    """The four notices of the administrator guide."""

    INITIAL_SUCCESS = "initial-success"
    INITIAL_FAILURE = "initial-failure"
    DELIVERY_SUCCESS = "delivery-success"
    DELIVERY_FAILURE = "delivery-failure"


@dataclass(frozen=True, slots=True)
class Voice:
    """As whom the gateway writes: name and address in From, and its mail domain, for identities and reports."""

    name: str
    address: str
    domain: str


@dataclass(frozen=True, slots=True)
class FailedPart:
    """A part that cannot be faxed, by name, and why, for its sender."""

    position: int
    media_type: str
    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class Duplicate:
    """A number that was asked for twice, and the one job that serves it."""

    destination: Destination
    public_id: str


@dataclass(frozen=True, slots=True)
class AttemptFacts:
    """One attempt, as it is told. `rate` is in bit/s; None where there was no fax session."""

    number: int
    started: datetime
    outcome: Outcome
    duration: timedelta
    pages: int = 0
    rate: int | None = None
    ecm: bool | None = None
    remote_id: str = ""


@dataclass(frozen=True, slots=True)
class NoticeFacts:
    """What all notices on one submission share.

    `recipient` is the sender's registered address, never a Reply-To. `message_id` and `references` are those of the
    sender's mail. `expected` is when the fax should be delivered. The names in `parts` are labels made by
    `part_label`, never those of files.
    """

    recipient: str
    voice: Voice
    submission_id: int
    received: datetime
    written: datetime
    jobs: tuple[Job, ...]
    message_id: str = ""
    references: str = ""
    dates: DateStyle = field(default_factory=DateStyle)
    parts: tuple[PartPages, ...] = ()
    duplicates: tuple[Duplicate, ...] = ()
    expected: datetime | None = None


_TYPE_NAMES = {
    "application/pdf": "PDF",
    "image/tiff": "TIFF",
    "image/jpeg": "JPEG picture",
    "image/png": "PNG picture",
    "image/gif": "GIF picture",
    "text/plain": "text",
    "text/html": "HTML",
    "text/csv": "CSV",
    "text/calendar": "calendar entry",
    "text/vcard": "contact card",
    "application/rtf": "RTF",
    "application/msword": "Word",
    "application/vnd.ms-excel": "Excel",
    "application/vnd.ms-powerpoint": "PowerPoint",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "Word",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "Excel",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation": "PowerPoint",
    "application/vnd.oasis.opendocument.text": "OpenDocument text",
    "application/vnd.oasis.opendocument.spreadsheet": "OpenDocument spreadsheet",
    "application/vnd.oasis.opendocument.presentation": "OpenDocument presentation",
    "application/vnd.visio": "Visio",
    "application/zip": "archive",
    "application/pkcs7-signature": "signature",
    "message/rfc822": "mail",
}


def part_label(position: int, media_type: str) -> str:
    """How a part is called without its name: its place in the mail and its kind."""
    if position == 0 and media_type in ("text/plain", "text/html"):
        return "text of the mail"
    kind = _TYPE_NAMES.get(media_type) or ("picture" if media_type.startswith("image/") else "file")
    return f"attachment {position} ({kind})" if position else f"inside the mail ({kind})"
