"""What one mail asks for: the envelope as SMTP gave it, what its header says, and the submission made of it.

What lives here: frozen types and the duplicate key. What does not: parsing (`gateway.mail.parse`), the evidence of its
sender (`evidence`), the decision on it (`decision`).
"""

import hashlib
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path

from gateway.domain.addresses import Destination, FaxAddress
from gateway.domain.replay import SignatureUse


@dataclass(frozen=True, slots=True)
class RefusedRecipient:
    """An address that RCPT refused for good while others of its mail were taken, and why, in no words of the sender."""

    address: str
    reply: str


@dataclass(frozen=True, slots=True)
class Envelope:
    """One SMTP transaction (RFC 5321 3.3): content lies in `content`, already synced to disk."""

    mail_from: str  # empty for the null sender
    recipients: tuple[str, ...]
    peer: str  # the client's IP address
    helo: str
    content: Path
    size: int  # octets
    received: datetime
    authenticated_as: str = ""  # user name, after SMTP AUTH
    tls: bool = False
    refused: tuple[RefusedRecipient, ...] = ()


@dataclass(frozen=True, slots=True)
class HeaderFacts:
    """What the header block says, decoded.

    `body_digest` is the SHA-256 of all that follows the header, `content_digest` that of the whole mail.
    """

    from_addresses: tuple[str, ...]
    subject: str
    message_id: str
    auto_submitted: str
    precedence: str
    is_list: bool
    is_report: bool
    received_count: int
    body_digest: str
    references: str = ""
    date: str = ""  # as written
    content_digest: str = ""
    to_addresses: tuple[str, ...] = ()  # of the one To and the one Cc; empty where one is malformed or stands twice
    cc_addresses: tuple[str, ...] = ()
    fax_fields: tuple[tuple[str, str], ...] = ()  # X-Fax-*, names as written; of one name from top to bottom


class SubmissionState(StrEnum):
    """Where a submission is."""

    ACCEPTED = "accepted"
    RENDERING = "rendering"
    RENDERED = "rendered"
    FAILED = "failed"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Submission:
    """An envelope that was accepted: a sender asks that documents go to destinations.

    `content_digest` names the raw mail in the spool; `pages_digest` and `pages` the rendered document pages, without
    cover pages, as a class F TIFF. `part_pages` tells which part became which pages. `evidence` is JSON. A `preview` is
    rendered and shown to its sender, and never called. `repeated` are numbers that were asked for more than once,
    `refused` those of its recipients that were not taken.
    """

    id: int
    user_id: int
    sender_address: str
    subject: str
    reference: str
    message_id: str
    references: str
    content_digest: str
    received: datetime
    state: SubmissionState
    resolution: str
    cover: str | None
    pages_digest: str = ""
    pages: int = 0
    part_pages: tuple["PartPages", ...] = ()
    fence: int = 0
    billing_code: str = ""
    preview: bool = False
    repeated: tuple[Destination, ...] = ()
    refused: tuple[RefusedRecipient, ...] = ()
    evidence: dict[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PartPages:
    """What became of one part of a mail: so many pages, or left out and why."""

    name: str
    pages: int
    left_out: str = ""


@dataclass(frozen=True, slots=True)
class AutomaticCap:
    """A mail of a program came `at` this time, by the world's clock; its user may send so many in an hour."""

    most: int
    at: datetime


@dataclass(frozen=True, slots=True)
class NewSubmission:
    """What is written at acceptance, in the transaction before 250.

    No job is called before `start`, by default `received`. `addresses` may name a number twice: it gets one job, and
    the first address wins. `signature` is to be remembered against replay. `content` is the whole mail when it is small
    and not in the spool yet.
    """

    user_id: int
    sender_address: str
    facts: HeaderFacts
    content_digest: str
    received: datetime
    duplicate_key: str
    addresses: tuple[FaxAddress, ...]
    subject: str
    reference: str
    resolution: str
    cover: str | None
    priority: int
    expires: datetime
    evidence: dict[str, object] = field(default_factory=dict)
    signature: SignatureUse | None = None
    start: datetime | None = None
    billing_code: str = ""
    preview: bool = False
    refused: tuple[RefusedRecipient, ...] = ()
    automatic_cap: AutomaticCap | None = None  # None for the mail of a person
    frozen: str = field(default="", repr=False)  # the sender and the settings that hold; see `frozen`
    content: bytes = field(default=b"", repr=False)
    mail_key: int | None = None  # None for a mail that cannot be told from the next one like it


@dataclass(frozen=True, slots=True)
class Refusal:
    """A mail that was refused in the SMTP session: who wanted to send to whom, by which rule, and what was answered.

    `header_from` is empty where there is no usable one. `evidence` is JSON. `public_id` is given by the store.
    """

    at: datetime
    peer: str
    mail_from: str
    header_from: str
    recipients: tuple[str, ...]
    rule: str
    reply: str
    evidence: dict[str, object] = field(default_factory=dict)
    public_id: str = ""


def duplicate_key(facts: HeaderFacts, mail_from: str, destinations: tuple[str, ...]) -> str:
    """The same mail delivered again has the same key: Message-ID, envelope and body, but not Received lines.

    Without a Message-ID the date and the subject stand in for it. Empty when there is neither identity nor date: such a
    mail cannot be told from the next one like it, and a fax that is dropped is worse than one that comes twice.
    """
    identity = _identity(facts)
    if not identity:
        return ""
    return _digest(identity, mail_from.lower(), ",".join(sorted(destinations)), facts.body_digest).hex()


def mail_key(facts: HeaderFacts, mail_from: str) -> int | None:
    """The same mail has the same key whoever it goes to: 63 bits, none where `duplicate_key` is empty."""
    identity = _identity(facts)
    return int.from_bytes(_digest(identity, mail_from.lower(), facts.body_digest)[:8]) >> 1 if identity else None


def _identity(facts: HeaderFacts) -> str:
    if not facts.message_id and not facts.date:
        return ""
    return facts.message_id or f"{facts.date}\0{facts.subject}\0{','.join(facts.from_addresses)}"


def _digest(*parts: str) -> bytes:
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogateescape")).digest()
