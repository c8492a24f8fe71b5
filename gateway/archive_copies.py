"""A fax as it goes to an archive: its pages as a file, its name there, its facts.

What lives here: gathering these from the store and the spool, for faxes that were sent and that came in. What does not:
bringing them there (`gateway.archiving`), mails (`archive_mails`), when (`gateway.flows.archive`).
"""

import json
from dataclasses import dataclass, replace
from pathlib import Path

from gateway.archiving.parcel import Parcel
from gateway.domain.archive import ArchiveOrder
from gateway.domain.archive_names import Subject, stem_of
from gateway.domain.dates import DateStyle
from gateway.domain.errors import NotFoundError
from gateway.domain.job import JobState
from gateway.fax.t4.classf import PageFile
from gateway.line_pages import header_line, line_pages, station_of
from gateway.mail import metadata_xml
from gateway.mail.attachment_name import first_attachment_name
from gateway.mail.metadata_xml import CallFacts, End, FaxFacts, Holder, as_xml
from gateway.mail.received_mail import FaxFile
from gateway.received_files import FileFormat, Making, make_files, page_facts, prepared
from gateway.received_mails import facts_of
from gateway.store import jobs, received, retention
from gateway.store.activity import JobDetail
from gateway.store.addressees import addressee_of
from gateway.store.archive_transfers import TransferClaim
from gateway.store.database import Database
from gateway.store.public_ids import public_id
from gateway.store.spool import Spool
from renderers.faxpage import write_tiff

FORMATS = {"pdf": FileFormat.PDF, "tif": FileFormat.TIF_HIRES}


@dataclass(frozen=True, slots=True)
class Copy:
    """A fax to be copied: `tiff` has its pages, `facts` tells all but the files. `company` is whose logins are used."""

    order: ArchiveOrder
    facts: FaxFacts
    stem: str
    company: str
    dates: DateStyle
    tiff: Path
    turn: int

    @property
    def kind(self) -> FileFormat:
        """What its pages are copied as."""
        return FORMATS[self.order.format]

    @property
    def title(self) -> str:
        """What the document calls itself."""
        return f"Fax {self.facts.id}"


class ErasedError(NotFoundError):
    """The pages of the fax are not kept any more."""


def copy_of(db: Database, spool: Spool, claim: TransferClaim, folder: Path) -> Copy:
    """The fax of a claim; `folder` is for what must be made first.

    Raises:
        ErasedError: retention was faster.
        NotFoundError: the spool has lost the pages.
    """
    if claim.job_id is not None:
        if retention.erased_at(db, claim.job_id) is not None:
            raise ErasedError("the pages of the fax were erased")
        return _of_sent(spool, claim, jobs.detail(db, public_id(claim.job_id)), folder)
    return _of_received(db, spool, claim)


def parcel_of(copy: Copy, folder: Path) -> Parcel:
    """The files for a server, of which the document is written into `folder`.

    Raises:
        PageFileError: the pages cannot be read.
    """
    [made] = make_files(prepared(PageFile(copy.tiff), copy.kind), 1, Making(copy.kind, False, "document", copy.title))
    document = folder / made.name
    document.write_bytes(made.content)

    def describe(name: str) -> bytes:
        return as_xml(replace(copy.facts, files=[replace(made, name=name).facts]))

    return Parcel(copy.stem, document, _ending(made), describe if copy.order.metadata else None, copy.turn)


def _ending(made: FaxFile) -> str:
    return made.name.rpartition(".")[2]


def _of_sent(spool: Spool, claim: TransferClaim, detail: JobDetail, folder: Path) -> Copy:
    job, sender, settings = detail.job, detail.frozen.sender, detail.frozen.settings
    tiff = _pages_as_sent(spool, detail, folder)
    original = _original(spool, detail.submission.content_digest) if claim.order.naming == "original" else ""
    last = detail.attempts[-1]
    report = json.loads(last.report) if last.report else {}
    about = Subject(job.public_id, job.ended or claim.created, str(job.destination), original)
    facts = FaxFacts(
        direction=metadata_xml.Direction.SENT,
        id=job.public_id,
        state=job.state.value,
        complete=job.state is JobState.SENT,
        caller=End(sender.fax_number, station_of(sender, settings)),
        called=End(str(job.destination), report.get("remote_id", ""), job.sub_address),
        holder=Holder(sender.path, sender.full_name),
        call=CallFacts(
            last.started,
            last.ended,
            job.outcome.value if job.outcome else "",
            report.get("rate"),
            report.get("ecm"),
        ),
        pages=page_facts(PageFile(tiff)),
    )
    stem = stem_of(claim.order, about)
    return Copy(claim.order, facts, stem, sender.company, settings.date_style(), tiff, claim.fence)


def _pages_as_sent(spool: Spool, detail: JobDetail, folder: Path) -> Path:
    """The pages with their header lines: of a call from page one, else of the last; of one that a crash cut, anew.

    Raises:
        NotFoundError: as `copy_of`.
    """
    kept = [attempt for attempt in detail.attempts if attempt.tiff_digest]
    whole = [attempt for attempt in kept if attempt.first_page == 0] or kept
    if whole:
        return spool.path(whole[-1].tiff_digest)
    parts = [digest for digest in (detail.job.cover_digest, detail.submission.pages_digest) if digest]
    sender, settings = detail.frozen.sender, detail.frozen.settings
    header = header_line(sender, settings, detail.job.destination, detail.attempts[-1].started)
    tiff = folder / "sent.tif"
    write_tiff(tiff, line_pages([spool.path(digest) for digest in parts], header))
    return tiff


def _original(spool: Spool, digest: str) -> str:
    """The name that the first attachment came under; empty for none, or when the mail is not kept any more."""
    try:
        return first_attachment_name(spool.path(digest)) if digest else ""
    except NotFoundError:
        return ""


def _of_received(db: Database, spool: Spool, claim: TransferClaim) -> Copy:
    assert claim.received_id is not None  # it is one of the two
    fax = received.by_number(db, claim.received_id)
    if not fax.tiff_digest:
        raise ErasedError(f"the pages of fax {fax.public_id} were erased")
    tiff, whom = spool.path(fax.tiff_digest), addressee_of(db, fax)
    facts = facts_of(fax, Holder(whom.path, whom.name), page_facts(PageFile(tiff)))
    stem = stem_of(claim.order, Subject(fax.public_id, fax.ended or fax.started, fax.caller))
    company = whom.path.partition("/")[0]
    return Copy(claim.order, facts, stem, company, whom.settings.date_style(), tiff, claim.fence)
