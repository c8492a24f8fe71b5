"""The mails that one received fax becomes: its files by somebody's settings, in as many mails as the relay wants.

What lives here: from a class F file to finished mails, one after another. What does not: words and headers
(`gateway.mail.received_mail`), files (`received_files`), the outbox, the relay.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from gateway.domain.mail_parts import Share, mailed_octets, share_out
from gateway.domain.received import ReceivedFax
from gateway.domain.setting_catalog import Effective
from gateway.fax.t4.classf import PageFile
from gateway.fax.t4.page import CodedPage
from gateway.mail.metadata_xml import (
    CallFacts,
    Delivery,
    Direction,
    End,
    FaxFacts,
    FileFacts,
    Holder,
    PageFacts,
    as_xml,
)
from gateway.mail.received_mail import Brought, FaxFile, Load, body_of, head_fields
from gateway.received_files import FileFormat, Making, make_files, octets_of, page_facts, prepared, ranged

REST = 3000  # octets by which headers, text and HTML of one part may differ from those of another, at most
FILE_WORDS = 700  # octets that one more file takes besides its content: its headers, and its line in the metadata
SPARE = 0.98  # of the relay's limit: those behind it add their headers


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the settings want of the files, and the limit of the relay in octets, None for none."""

    kind: FileFormat = FileFormat.PDF
    separate: bool = False
    metadata: bool = False
    limit: int | None = None

    @classmethod
    def of(cls, settings: Effective, limit: int | None) -> "Wishes":
        """Those of whom the fax is for."""
        kind = FileFormat(settings.text("fax.inbound_format"))
        return cls(kind, settings.on("fax.page_separation"), settings.on("fax.metadata"), limit)


@dataclass(frozen=True, slots=True)
class MadeMail:
    """One part of a fax as a mail: the body, and a head for each of those who get it."""

    load: Load
    heads: dict[str, bytes]
    body: bytes


def mails_of(
    brought: Brought, tiff: Path, owner: Holder, recipients: Sequence[str], wishes: Wishes
) -> Iterator[MadeMail]:
    """The mails with a fax, one part after another, each for all recipients.

    Raises:
        PageFileError: the fax's pages cannot be read.
    """
    book = PageFile(tiff)
    pages, facts = prepared(book, wishes.kind), facts_of(brought.fax, owner, page_facts(book))
    shares = share_out([_weight(page, wishes) for page in pages], _room(brought, facts, wishes))
    for part, share in enumerate(shares, 1):
        load = Load(part, len(shares), share.first + 1, share.count, most=wishes.limit or 0)
        if share.fits:
            load = replace(load, files=_files(brought, pages, share, wishes, whole=len(shares) == 1))
        if wishes.metadata:
            load = replace(load, metadata=_metadata(brought, facts, load))
        yield _mail(brought, load, recipients)


def facts_of(fax: ReceivedFax, owner: Holder, pages: Sequence[PageFacts]) -> FaxFacts:
    """A received fax as its metadata tell it."""
    return FaxFacts(
        direction=Direction.RECEIVED,
        id=fax.public_id,
        state=fax.state.value,
        complete=not fax.partial,
        caller=End(fax.caller, fax.remote_id),
        called=End(fax.number, sub_address=fax.sub_address),
        holder=owner,
        call=CallFacts(fax.started, fax.ended, fax.cause, fax.rate, fax.ecm, fax.bad_rows),
        pages=pages,
    )


def _room(brought: Brought, facts: FaxFacts, wishes: Wishes) -> int | None:
    """Octets for the pages of one mail: what is left beside a mail without any."""
    if wishes.limit is None:
        return None
    bare = Load(1, 2, 1, 2)
    if wishes.metadata:
        bare = replace(bare, metadata=_metadata(brought, facts, bare))
    made = _mail(brought, bare, [""])
    return max(0, int(wishes.limit * SPARE) - len(made.heads[""]) - len(made.body) - REST)


def _weight(page: CodedPage, wishes: Wishes) -> int:
    return mailed_octets(octets_of(page, wishes.kind)) + (FILE_WORDS if wishes.separate else 0)


def stem_of(brought: Brought) -> str:
    """What the files of a fax are called, without page numbers and ending."""
    return f"fax-{brought.fax.public_id}{'-incomplete' if brought.fax.partial else ''}"


def _files(brought: Brought, pages: Sequence[CodedPage], share: Share, wishes: Wishes, *, whole: bool) -> list[FaxFile]:
    stem = stem_of(brought)
    if not whole and not wishes.separate:
        stem = ranged(stem, share.first + 1, share.count)
    title = f"Fax {brought.fax.public_id}{' (incomplete)' if brought.fax.partial else ''}"
    how = Making(wishes.kind, wishes.separate, stem, title)
    return make_files(pages[share.first : share.first + share.count], share.first + 1, how)


def _metadata(brought: Brought, facts: FaxFacts, load: Load) -> tuple[str, bytes]:
    files: list[FileFacts] = [file.facts for file in load.files]
    delivery = Delivery(brought.resubmission, load.part, load.parts)
    behind = f"-part{load.part}" if load.parts > 1 else ""
    return f"{stem_of(brought)}{behind}.xml", as_xml(replace(facts, files=files, delivery=delivery))


def _mail(brought: Brought, load: Load, recipients: Sequence[str]) -> MadeMail:
    body = body_of(brought, load)
    heads = {whom: body.head(tuple(head_fields(brought, load, whom))) for whom in recipients}
    return MadeMail(load, heads, body.part.body)
