"""A cover page filled once more, for another recipient of a fax that was rendered before.

What lives here: from a submission and a job to be to the digest of its cover pages. What does not: the pages that all
jobs share, which stay as they are; which job, and whether it may be (`gateway.admin.resend`).
"""

import tempfile
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from gateway import covers
from gateway.cover_pages import COVER, FilledCover, make_cover, shape_of
from gateway.domain.errors import BadDirectiveError, NotFoundError, RefusedError
from gateway.domain.frozen import Frozen
from gateway.domain.job import Job
from gateway.domain.submission import Submission
from gateway.mail.mime import MailError
from gateway.mail.unpack import faxable_parts
from gateway.store.database import Database
from gateway.store.spool import Spool
from renderers.confine import ConfinedCrashError, Limits, run_confined
from renderers.errors import RenderError
from renderers.walls.landlock import Places


@dataclass(frozen=True, slots=True)
class Refill:
    """What a new cover says: of a submission, as it was frozen, and of a job that has its number, id and recipient."""

    submission: Submission
    frozen: Frozen
    job: Job
    now: datetime


@dataclass(frozen=True, slots=True)
class Filling:
    """Where and within which limits covers are filled."""

    db: Database
    spool: Spool
    limits: Limits
    max_pages: int

    def refill(self, wanted: Refill) -> tuple[str, int]:
        """The digest of the new cover in the spool, and its pages.

        Raises:
            RefusedError: the cover that it had is gone, or cannot be filled; says why.
            NotFoundError: the mail is not kept any more.
            UnavailableError: the spool cannot be used.
        """
        with tempfile.TemporaryDirectory(prefix="faxgw-cover-") as folder:
            order = _order(wanted, self, Path(folder))
            places = Places(read=(order.mail,), written=(order.workdir,))
            try:
                made: Made | str = run_confined(lay_out_cover, order, limits=self.limits, places=places)
            except (ConfinedCrashError, RenderError) as error:
                raise RefusedError(f"the cover page cannot be filled again: {error.text}") from None
            if isinstance(made, str):
                raise RefusedError(f"the cover page cannot be filled again: {made}")
            if not made.tiff.resolve().is_relative_to(order.workdir.resolve()):
                raise RefusedError("the cover page cannot be filled again: its pages lie elsewhere")
            return self.spool.put_copy(made.tiff), made.pages


@dataclass(frozen=True, slots=True)
class CoverOrder:
    """One cover for a fax of `others` more pages; with `with_body` the text of the mail stands on it."""

    mail: Path
    workdir: Path
    filled: FilledCover
    others: int
    with_body: bool
    resolution: str
    paper: str
    max_pages: int


@dataclass(frozen=True, slots=True)
class Made:
    """A class F TIFF and its pages."""

    tiff: Path
    pages: int


def lay_out_cover(order: CoverOrder) -> Made | str:
    """Fill and draw it, inside the confined process; or say what is wrong."""
    try:
        fields = {**order.filled.fields, "body": _body(order) if order.with_body else ""}
        shape = shape_of(order.resolution, order.paper)
        filled = FilledCover(order.filled.cover, fields)
        tiff, pages = make_cover(filled, order.others, shape, order.workdir / "cover", order.max_pages)
    except (MailError, RenderError, BadDirectiveError) as error:
        return error.text
    return Made(tiff, pages)


def _body(order: CoverOrder) -> str:
    folder = order.workdir / "mail"
    folder.mkdir()
    body = faxable_parts(order.mail, folder).body
    return body.path.read_text(encoding="utf-8").strip() if body is not None else ""


def _order(wanted: Refill, where: Filling, folder: Path) -> CoverOrder:
    submission, job = wanted.submission, wanted.job
    sender, settings = wanted.frozen.sender, wanted.frozen.settings
    name = settings.cover_rule().named(job.recipient_cover or submission.cover)
    try:
        cover = covers.shelf(where.db, sender.id).take(name)
    except (BadDirectiveError, NotFoundError) as error:
        raise RefusedError(f"the cover page cannot be filled again: {error.text}") from None
    date = settings.date_style().write(wanted.now)
    return CoverOrder(
        mail=where.spool.path(submission.content_digest).absolute(),
        workdir=folder.absolute(),
        filled=FilledCover(cover, covers.cover_fields(submission, job, sender) | {"date": date}),
        others=submission.pages,
        with_body=any(part.left_out == f"on the {COVER}" for part in submission.part_pages),
        resolution=submission.resolution,
        paper=settings.text("fax.paper"),
        max_pages=where.max_pages,
    )
