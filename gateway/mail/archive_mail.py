"""The mail that brings a copy of a fax to an archive: a few words, the pages as a file, the facts for programs.

What lives here: words and headers. What does not: sharing the pages out among mails (`gateway.archive_mails`), mails to
people who get a fax (`received_mail`). The same copy makes the same octets, so one that is sent twice is known by its
Message-ID.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime, formataddr

from gateway.domain.dates import DateStyle
from gateway.mail.letter import Letter, as_html, as_text
from gateway.mail.metadata_xml import MEDIA_TYPE, Direction, FaxFacts
from gateway.mail.mime_writing import Part, attachment, multipart, text
from gateway.mail.notice_facts import Voice
from gateway.mail.notice_tables import spoken
from gateway.mail.received_mail import FaxFile

KIND = "archive"
NOBODY_KNOWN = "a withheld number"


@dataclass(frozen=True, slots=True)
class ArchiveMail:
    """One of `parts` mails with a copy: the file, if its page fits into any mail, and XML, which may be empty."""

    facts: FaxFacts
    recipient: str
    voice: Voice
    written: datetime
    dates: DateStyle
    part: int
    parts: int
    file: FaxFile | None
    metadata: tuple[str, bytes] = ("", b"")

    @property
    def message_id(self) -> str:
        """The fax, the part and the address make it."""
        whom = hashlib.sha256(self.recipient.encode()).hexdigest()[:16]
        return f"<{KIND}.{self.facts.id}.{self.part}.{whom}@{self.voice.domain}>"

    def octets(self) -> bytes:
        """The whole mail, with CRLF line ends."""
        return Part(self._body().fields, self._body().body).octets(("MIME-Version", "1.0"), after=self._fields())

    def _body(self) -> Part:
        letter = self._letter()
        words = (text(as_text(letter), "plain"), text(as_html(letter), "html"))
        parts = [multipart("alternative", self._boundary("a"), words)]
        if self.file is not None:
            parts.append(attachment(self.file.content, self.file.media_type, self.file.name))
        name, xml = self.metadata
        parts += [attachment(xml, MEDIA_TYPE, name)] if xml else []
        return multipart("mixed", self._boundary("m"), parts)

    def _fields(self) -> Iterator[tuple[str, str]]:
        part = f", part {self.part} of {self.parts}" if self.parts > 1 else ""
        yield "From", formataddr((self.voice.name, self.voice.address))
        yield "To", self.recipient
        yield "Subject", f"Copy of the fax {self.facts.id} {_way(self.facts)}{part}"
        yield "Date", format_datetime(self.written)
        yield "Message-ID", self.message_id
        yield "Auto-Submitted", "auto-generated"
        yield "X-Fax-Archive", self.facts.id

    def _letter(self) -> Letter:
        facts = self.facts
        return Letter(
            title=f"Copy of the fax {facts.id}",
            happened=f"{facts.holder.name} {_done(facts)} a fax of {_pages(len(facts.pages))}.",
            means=self._carried(),
            next="Nothing. The settings archive.* of the fax gateway say that copies go to this address.",
            good=facts.complete and self.file is not None,
            rows=tuple(self._rows()),
        )

    def _carried(self) -> str:
        if self.file is None:
            return "One page is not attached: it is larger than any mail that leaves this gateway."
        if self.parts == 1:
            return "The attached file is the whole fax." if self.facts.complete else "The attached file is all of it."
        last = self.file.first_page + self.file.pages - 1
        return f"It is too large for one mail. The attached file has pages {self.file.first_page} to {last}."

    def _rows(self) -> Iterator[tuple[str, str]]:
        facts = self.facts
        yield "From", _caller(facts)
        yield "To", spoken(facts.called.number)
        yield "Of", facts.holder.path
        yield "Call ended", self.dates.write(facts.call.ended or facts.call.started)
        yield "State", facts.state
        yield "Pages", str(len(facts.pages))
        yield "Fax", facts.id

    def _boundary(self, which: str) -> str:
        return "=_" + hashlib.sha256(f"{which}{self.message_id}".encode()).hexdigest()[:32]


def _way(facts: FaxFacts) -> str:
    if facts.direction is Direction.SENT:
        return f"to {spoken(facts.called.number)}"
    return f"from {_caller(facts)}"


def _caller(facts: FaxFacts) -> str:
    """The number that called; who sends may have none of his own, who calls us may withhold it."""
    if facts.caller.number:
        return spoken(facts.caller.number)
    return facts.holder.name if facts.direction is Direction.SENT else NOBODY_KNOWN


def _done(facts: FaxFacts) -> str:
    return "sent" if facts.direction is Direction.SENT else "received"


def _pages(count: int) -> str:
    return "1 page" if count == 1 else f"{count} pages"
