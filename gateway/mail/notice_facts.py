"""What a notice may say: an allow-list. Only `Private` holds words of the sender: it is there where they are wanted.

What lives here: the facts that flows gather for `messages`. What does not: wording, and the file names of parts that
were faxed: people are told "attachment 2 (PDF)". Only a failed part is called by its name, in full notices.
"""

import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from gateway.domain.addresses import Destination
from gateway.domain.dates import DateStyle
from gateway.domain.job import Job
from gateway.domain.notice_templates import Dress
from gateway.domain.outcome import Outcome
from gateway.domain.submission import PartPages, RefusedRecipient


class NoticeKind(StrEnum):
    """The four notices of the administrator guide, one between, and the welcome message.

    An initial failure may be of a refusal.
    """

    INITIAL_SUCCESS = "initial-success"
    INITIAL_FAILURE = "initial-failure"
    DELIVERY_SUCCESS = "delivery-success"
    DELIVERY_FAILURE = "delivery-failure"
    DELIVERY_DELAYED = "delivery-delayed"
    WELCOME = "welcome"


@dataclass(frozen=True, slots=True)
class Voice:
    """As whom the gateway writes: name and address in From, and its mail domain, for identities and reports.

    `dress` is how the company that is written to wants its notices to look.
    """

    name: str
    address: str
    domain: str
    dress: Dress | None = None


_NUMBER = re.compile(r"(?:/?fax=)?(\+?[0-9][0-9.\-]{0,30})(?:[/@].*)?", re.IGNORECASE | re.ASCII | re.DOTALL)
NOT_SENT = "NOT SENT: "  # before the problem of a part that is missing from a fax


class Problem(StrEnum):
    """Why a part is an Invalid Attachment: one of these, always."""

    UNKNOWN_TYPE = "unknown type"
    CORRUPT = "corrupt"
    ENCRYPTED = "password-protected"
    TOO_MANY_PAGES = "too many pages"
    TOO_LARGE = "too large"
    TOO_LONG = "took too long"
    TOOL_MISSING = "converter not installed"


@dataclass(frozen=True, slots=True)
class FailedPart:
    """A part that cannot be faxed, by name, and why, for its sender: `reason` says what to do.

    `within` is empty, or the positions of the attachments that it was unpacked from.
    """

    position: int
    media_type: str
    name: str
    reason: str
    problem: Problem = Problem.CORRUPT
    within: tuple[int, ...] = ()

    @property
    def label(self) -> str:
        """What it is called without its name."""
        return part_label(self.position, self.media_type, self.within)


@dataclass(frozen=True, slots=True)
class Duplicate:
    """A number that was asked for twice, and the one job that serves it."""

    destination: Destination
    public_id: str


@dataclass(frozen=True, slots=True)
class Preview:
    """Pages as they would be sent, as a PDF: the first `shown` ones of `pages`."""

    pdf: bytes
    shown: int
    pages: int


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
class Private:
    """What only full notices say: the subject of the sender's mail, and, with the pages, the fax as a PDF."""

    subject: str
    pdf: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True)
class Awaited:
    """Which notices of the end the sender will get: each may be switched off."""

    success: bool = True
    failure: bool = True


@dataclass(frozen=True, slots=True)
class NoticeFacts:
    """What all notices on one submission share.

    `recipient` is the sender's registered address, never a Reply-To. `message_id` and `references` are those of the
    sender's mail. `start` is given where a later time was asked for, `expected` is when the fax should be delivered,
    `call` how long a call should take. The names in `parts` are labels made by `part_label`, never those of files.
    Without `private` a notice is minimal: free of subject, text, file names and what a cover says.
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
    refused: tuple[RefusedRecipient, ...] = ()
    start: datetime | None = None
    expected: datetime | None = None
    call: timedelta | None = None
    warnings: tuple[str, ...] = ()
    private: Private | None = None
    awaited: Awaited = field(default_factory=Awaited)


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
    "application/ms-tnef": "winmail.dat",
    "application/pkcs7-mime": "encrypted mail",
    "multipart/encrypted": "encrypted mail",
    "application/applefile": "file attributes",
    "image/webp": "WEBP picture",
    "image/heic": "HEIC picture",
    "image/avif": "AVIF picture",
    "image/bmp": "BMP picture",
}
_TEXTS = frozenset({"text/plain", "text/html", "application/rtf"})


def part_label(position: int, media_type: str, within: tuple[int, ...] = ()) -> str:
    """How a part is called without its name: its place in the mail and its kind.

    `within` are the positions of the attachments it was unpacked from: "attachment 2.1" is the first one of the mail
    that is the second attachment. Position 0 is the mail's text, or something inside it.
    """
    kind = _TYPE_NAMES.get(media_type) or ("picture" if media_type.startswith("image/") else "file")
    if position:
        return f"attachment {'.'.join(map(str, (*within, position)))} ({kind})"
    if within:
        return f"inside attachment {'.'.join(map(str, within))} ({kind})"
    return "text of the mail" if media_type in _TEXTS else f"inside the mail ({kind})"


def number_alone(recipient: str) -> str:
    """The number of a recipient address as it was written; empty when it has none.

    What else such an address says, as the name in `/ATTN=`, stands on the cover and is private.
    """
    match = _NUMBER.fullmatch(recipient)
    return match[1] if match else ""
