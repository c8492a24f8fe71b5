"""The mails that a copy for an archive becomes, as many as the relay's limit asks for.

What lives here: sharing out pages, and their files. What does not: words (`gateway.mail.archive_mail`), sending them
(`gateway.flows.archive`).
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from gateway.archive_copies import Copy
from gateway.domain.mail_parts import Share, mailed_octets, share_out
from gateway.fax.t4.classf import PageFile
from gateway.fax.t4.page import CodedPage
from gateway.mail.archive_mail import ArchiveMail
from gateway.mail.metadata_xml import Delivery, as_xml
from gateway.mail.notice_facts import Voice
from gateway.mail.received_mail import FaxFile
from gateway.received_files import Making, make_files, octets_of, prepared, ranged

REST = 3000  # octets by which headers, words and metadata of one part may differ from those of another, at most
SPARE = 0.98  # of the relay's limit: those behind it add their headers


def mails_of(copy: Copy, recipient: str, voice: Voice, written: datetime, limit: int | None) -> Iterator[ArchiveMail]:
    """One mail after another; `limit` is the relay's in octets, None for none.

    Raises:
        PageFileError: the pages cannot be read.
    """
    pages = prepared(PageFile(copy.tiff), copy.kind)
    bare = ArchiveMail(copy.facts, recipient, voice, written, copy.dates, 1, 2, None)
    room = None if limit is None else max(0, int(limit * SPARE) - len(_described(copy, bare).octets()) - REST)
    shares = share_out([mailed_octets(octets_of(page, copy.kind)) for page in pages], room)
    for part, share in enumerate(shares, 1):
        file = _file(copy, pages, share, whole=len(shares) == 1) if share.fits else None
        yield _described(copy, replace(bare, part=part, parts=len(shares), file=file))


def _file(copy: Copy, pages: list[CodedPage], share: Share, *, whole: bool) -> FaxFile:
    stem = copy.stem if whole else ranged(copy.stem, share.first + 1, share.count)
    some = pages[share.first : share.first + share.count]
    [file] = make_files(some, share.first + 1, Making(copy.kind, False, stem, copy.title))
    return file


def _described(copy: Copy, mail: ArchiveMail) -> ArchiveMail:
    """With its metadata, if they are wanted."""
    if not copy.order.metadata:
        return mail
    files = [mail.file.facts] if mail.file else []
    xml = as_xml(replace(copy.facts, files=files, delivery=Delivery(0, mail.part, mail.parts)))
    behind = f"-part{mail.part}" if mail.parts > 1 else ""
    return replace(mail, metadata=(f"{copy.stem}{behind}.xml", xml))
