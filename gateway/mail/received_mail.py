"""The mail that brings a received fax: what came, from whom, when; the pages as files, and the facts for programs.

What lives here: words, headers, and the two halves that a mail is kept in. What does not: making the files
(`gateway.received_files`), how the pages are shared out among mails (`gateway.received_mails`), the look (`letter`).

All mails of one part differ in their headers alone: the body is written and kept once for all who get it. The same
facts make the same octets, so a mail that is made or sent twice is known by its Message-ID.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from email.utils import format_datetime, formataddr

from gateway.domain.dates import DateStyle
from gateway.domain.received import ReceivedFax
from gateway.mail.letter import Letter
from gateway.mail.metadata_xml import MEDIA_TYPE, FileFacts
from gateway.mail.mime_writing import Part, attachment, multipart, text
from gateway.mail.notice_facts import Voice
from gateway.mail.notice_looks import Look, look_of, subject_line
from gateway.mail.notice_tables import spoken

KIND = "received-fax"
NOBODY_KNOWN = "a withheld number"


@dataclass(frozen=True, slots=True)
class FaxFile:
    """A file with pages of a fax: the first of them by its number in the fax, counted from 1, and how many."""

    name: str
    media_type: str
    content: bytes
    first_page: int
    pages: int

    @property
    def facts(self) -> FileFacts:
        """What the metadata tell of it."""
        sha256 = hashlib.sha256(self.content).hexdigest()
        return FileFacts(self.name, self.media_type, self.first_page, self.pages, len(self.content), sha256)


@dataclass(frozen=True, slots=True)
class Brought:
    """What all mails with one fax share. `full` tells all of the call; without it, who, when and how many pages.

    `owner` is the name of whom the fax is for, `written` when it became mails.
    """

    fax: ReceivedFax
    owner: str
    voice: Voice
    written: datetime
    dates: DateStyle
    full: bool = False
    resubmission: int = 0


@dataclass(frozen=True, slots=True)
class Load:
    """What one of `parts` mails carries: pages by their numbers in the fax, as files; `metadata` is XML or empty.

    Without files its one page is larger than any mail that the relay takes: `most` octets.
    """

    part: int
    parts: int
    first_page: int
    pages: int
    files: Sequence[FaxFile] = ()
    metadata: tuple[str, bytes] = ("", b"")
    most: int = 0

    @property
    def span(self) -> str:
        """Its pages in words."""
        last = self.first_page + self.pages - 1
        return f"page {self.first_page}" if self.pages == 1 else f"pages {self.first_page} to {last}"


@dataclass(frozen=True, slots=True)
class Body:
    """A body with the fields that describe it: the same for all who get it."""

    part: Part

    def head(self, fields: Sequence[tuple[str, str]]) -> bytes:
        """What stands before the body in one mail."""
        return Part(self.part.fields, b"").octets(("MIME-Version", "1.0"), after=fields)


def subject_of(brought: Brought, load: Load) -> str:
    """From whom, how many pages, whether some are missing, which part, and the id."""
    fax = brought.fax
    partial = " (incomplete)" if fax.partial else ""
    part = f", part {load.part} of {load.parts}" if load.parts > 1 else ""
    again = ", sent again" if brought.resubmission else ""
    title = f"Fax from {_caller(fax)}: {_pages(fax.pages)}{partial}{part}{again}"
    letter = replace(_letter(brought, load), title=title)
    return subject_line(letter, KIND, f"fax {fax.public_id}", brought.voice.dress)


def message_id(brought: Brought, part: int, recipient: str) -> str:
    """The fax, the resubmission, the part and the address make it."""
    whom = hashlib.sha256(recipient.encode()).hexdigest()[:16]
    return f"<{KIND}.{brought.fax.public_id}.{brought.resubmission}.{part}.{whom}@{brought.voice.domain}>"


def look_brought(brought: Brought, load: Load) -> Look:
    """What people read of it."""
    return look_of(_letter(brought, load), KIND, f"fax {brought.fax.public_id}", brought.voice.dress)


def body_of(brought: Brought, load: Load) -> Body:
    """The words for people, in text and HTML, behind them the files, and last the metadata."""
    look = look_of(_letter(brought, load), KIND, "", brought.voice.dress)
    words = (text(look.text, "plain"), text(look.html, "html"))
    parts = [multipart("alternative", _boundary(brought, load, "a"), words)]
    parts += [attachment(file.content, file.media_type, file.name) for file in load.files]
    name, xml = load.metadata
    parts += [attachment(xml, MEDIA_TYPE, name)] if xml else []
    return Body(multipart("mixed", _boundary(brought, load, "m"), parts))


def head_fields(brought: Brought, load: Load, recipient: str) -> Iterator[tuple[str, str]]:
    """The headers of one mail, but for those that describe its body."""
    voice = brought.voice
    yield "From", formataddr((voice.name, voice.address))
    yield "To", recipient
    yield "Subject", subject_of(brought, load)
    yield "Date", format_datetime(brought.written)
    yield "Message-ID", message_id(brought, load.part, recipient)
    if load.part > 1:
        yield "In-Reply-To", message_id(brought, 1, recipient)
        yield "References", message_id(brought, 1, recipient)
    yield "Auto-Submitted", "auto-generated"
    yield "X-Fax-Received", brought.fax.public_id


def _letter(brought: Brought, load: Load) -> Letter:
    fax = brought.fax
    return Letter(
        title=f"Fax from {_caller(fax)}: {_pages(fax.pages)}{' (incomplete)' if fax.partial else ''}",
        happened=_happened(brought),
        means=f"{_missing(fax)}{_carried(fax, load)}",
        next=_next(fax, load),
        good=not fax.partial and bool(load.files),
        rows=tuple(_rows(brought, load)),
    )


def _happened(brought: Brought) -> str:
    fax, again = brought.fax, " An administrator had it sent again." if brought.resubmission else ""
    if fax.partial:
        return f"A fax came in for {brought.owner}, but perhaps not all of it.{again}"
    return f"A fax of {_pages(fax.pages)} came in for {brought.owner}.{again}"


def _missing(fax: ReceivedFax) -> str:
    if not fax.partial:
        return ""
    return f"The call ended after {_pages(fax.pages)}, before the sender's machine said that it was the last. "


def _carried(fax: ReceivedFax, load: Load) -> str:
    """What of the fax is in this mail."""
    if not load.files:
        size = f"{load.most / 1_000_000:.1f} MB"
        return (
            f"{load.span.capitalize()} is not attached: as a file it is larger than {size}, and no larger mail leaves"
            " this gateway. The gateway has kept the page."
        )
    what = "the whole fax" if load.parts == 1 else f"{load.span} of the fax"
    what = "all of the fax that came" if load.parts == 1 and fax.partial else what
    verb = "is" if len(load.files) == 1 else "are"
    count = "the attached file" if len(load.files) == 1 else f"the {len(load.files)} attached files"
    others = f" The fax is too large for one mail and comes in {load.parts} mails." if load.parts > 1 else ""
    return f"{count.capitalize()} {verb} {what}.{others}"


def _next(fax: ReceivedFax, load: Load) -> str:
    if not load.files:
        return f"Ask your fax administrator for the page: `faxgw inbound save {fax.public_id}` writes it to a file."
    if fax.partial:
        return "Look at the last page. If something is missing, ask the sender to send the fax again."
    return "Nothing: the sender's machine was told that all pages arrived."


def _rows(brought: Brought, load: Load) -> Iterator[tuple[str, str]]:
    fax, write = brought.fax, brought.dates.write
    yield "From", _caller(fax)
    yield "To", spoken(fax.number)
    yield "Received", write(fax.ended or fax.started)
    yield "Pages", f"{fax.pages}{', perhaps not all' if fax.partial else ''}"
    if load.parts > 1:
        yield "This mail", f"part {load.part} of {load.parts}: {load.span}"
    yield "Fax", fax.public_id
    if brought.full:
        yield from _call_rows(fax)


def _call_rows(fax: ReceivedFax) -> Iterator[tuple[str, str]]:
    """What only full mails tell: what the sender's machine calls itself, and how the call went."""
    if fax.remote_id:
        yield "Sender's machine", fax.remote_id
    if fax.sub_address:
        yield "Sub-address", fax.sub_address
    if fax.ended is not None:
        yield "Call", f"{round((fax.ended - fax.started).total_seconds())} s"
    if fax.rate is not None:
        yield "Speed", f"{fax.rate} bit/s"
    if fax.ecm is not None:
        yield "Error correction", "on" if fax.ecm else "off"
    if fax.bad_rows:
        yield "Damaged rows", str(fax.bad_rows)
    if fax.partial and fax.cause:
        yield "The call ended", fax.cause.replace("-", " ")


def _caller(fax: ReceivedFax) -> str:
    return spoken(fax.caller) if fax.caller else NOBODY_KNOWN


def _pages(count: int) -> str:
    return "1 page" if count == 1 else f"{count} pages"


def _boundary(brought: Brought, load: Load, part: str) -> str:
    named = f"{part}{message_id(brought, load.part, '')}"
    return "=_" + hashlib.sha256(named.encode()).hexdigest()[:32]
