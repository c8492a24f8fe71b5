"""From an accepted mail to fax pages: claim, render in a confined process, keep the pages, tell the sender.

What lives here: the order of those steps. What does not: making pages (`gateway.pages`), rows (`gateway.store`).
"""

import asyncio
import functools
import logging
import stat
import tempfile
import time
from dataclasses import dataclass, field, replace
from pathlib import Path

from coverpages.cover import Cover
from gateway import covers
from gateway.domain.clock import Clock
from gateway.domain.errors import BadDirectiveError, LostClaimError, UnavailableError
from gateway.domain.frozen import Frozen
from gateway.domain.job import Job
from gateway.domain.nodes import User
from gateway.domain.outcome import Outcome
from gateway.domain.setting_catalog import Effective
from gateway.domain.submission import PartPages, Submission
from gateway.domain.tally import NOBODY, Metric, Tally
from gateway.gate import Gate, single
from gateway.line_pages import header_line, line_pages, write_preview
from gateway.mail.notice_facts import FailedPart, Preview
from gateway.notices import Composer
from gateway.owed import Owed
from gateway.pages import CoverWish, MailFailure, MailOrder, MailPages, lay_out_mail
from gateway.part_troubles import PROBLEMS, Look, in_work
from gateway.store import contents, frozen, submissions
from gateway.store.database import Database
from gateway.store.handback import Owned
from gateway.store.known_tree import KnownTree
from gateway.store.outbox import Post
from gateway.store.spool import Spool
from gateway.store.strands import apart, at_once
from gateway.store.submissions import FailedRender, RenderClaim, RenderedJob, RenderedSubmission
from renderers.confine import ConfinedCrashError, Limits, ParentLostError, be_ready, is_ready, preload, run_confined
from renderers.errors import Reason
from renderers.walls.landlock import Places

log = logging.getLogger(__name__)
preload(lay_out_mail.__module__)
MOST_PREVIEW = 7_000_000  # octets; in a mail a third more, and relays commonly take ten million
BROKEN_OFF = "broken-off"  # how a render ended that was not settled
MOST_GIVEN_UP = 3  # parts that end their process, before the mail is given up


@dataclass(frozen=True, slots=True)
class RenderLimits:
    """What one mail may make us do: pages, wall-clock seconds, octets of address space of one converter."""

    pages: int
    seconds: int
    memory: int


@dataclass(frozen=True, slots=True)
class Prepare:
    """The flow that renders; `work` is a folder for what one mail needs."""

    db: Database
    spool: Spool
    clock: Clock
    composer: Composer
    process: int
    work: Path
    limits: RenderLimits
    owed: Owed = field(default_factory=Owed)
    gate: Gate = field(default_factory=Gate)
    leftover_gate: Gate = field(default_factory=Gate)
    tally: Tally = NOBODY
    post: Post | None = None
    known: KnownTree | None = None

    async def next(self) -> bool:
        """Render one mail, if one waits."""
        if not self.owed.is_empty:
            await at_once(self.owed.settle)
        if not is_ready():
            await asyncio.to_thread(be_ready)  # what is claimed can be begun at once
        claim = await self.gate.claim(self._claim)
        if claim is None:
            return await self.leftover_gate.claim(single(self._move_left)) or False
        with self.owed.having(_owned(claim)):
            await self._work_off(claim)
        return True

    async def _claim(self, most: int) -> list[RenderClaim]:
        claims = await at_once(submissions.claim_renders, self.db, self.process, self.clock.now(), most)
        self.owed.hold(*map(_owned, claims))
        return claims

    def return_left(self) -> None:
        """Free what was claimed and will not be begun."""
        self.owed.give_back_each(self.gate.left(), functools.partial(self._give_back, counted=False))

    async def _work_off(self, claim: RenderClaim) -> None:
        counted, ended, began = True, BROKEN_OFF, time.monotonic()
        try:
            ended = await at_once(self._prepare, claim)
        except OSError as error:
            counted = error.errno is None  # libraries complain so of documents
            if counted:
                raise
            raise UnavailableError(f"the disk fails where mails are rendered: {error.strerror}") from error
        except (UnavailableError, LostClaimError, asyncio.CancelledError):
            counted = False  # our own end is no fault of the mail's
            raise
        finally:
            self.tally.tell(Metric.RENDERS, 1, ended)
            self.tally.tell(Metric.RENDER_SECONDS, time.monotonic() - began)
            if ended == BROKEN_OFF:
                await at_once(self.owed.give_back, functools.partial(self._give_back, claim, counted))

    def _give_back(self, claim: RenderClaim, counted: bool) -> None:
        """Let a render that a fault of ours broke off begin again."""
        submissions.give_back(self.db, claim, self.clock.now(), counted=counted)

    def _move_left(self) -> bool | None:
        """Bring to the spool what came with a submission that ended before it was rendered; None without any."""
        left = contents.left(self.db)
        if left is not None:
            apart(self.spool.put_bytes, left.octets)
            contents.forget(self.db, left.submission_id)
        return True if left is not None else None

    def _prepare(self, claim: RenderClaim) -> str:
        """Render and keep; how it ended, as it is counted."""
        held = frozen.frozen_in(self.db, claim.frozen, claim.submission.user_id)
        made = apart(self._make, claim, () if claim.is_poisoned else self._wishes(claim, held), held.settings)
        if isinstance(made, MailFailure):
            self._fail(claim, made)
            return "failed"
        self._settle(claim, held, made)
        return "done"

    def _make(
        self, claim: RenderClaim, wishes: tuple[CoverWish, ...], settings: Effective
    ) -> tuple[RenderedSubmission, MailPages] | MailFailure:
        """All that a mail's disk and documents have to do with, in a thread."""
        if claim.content:
            self.spool.put_bytes(claim.content)
        if claim.is_poisoned:
            return MailFailure(Outcome.GENERAL_ERROR, "render-crashes")
        with tempfile.TemporaryDirectory(dir=self.work, prefix="render-") as folder:
            made = self._laid_out(claim.submission, self._order(claim, wishes, settings, Path(folder)))
            return made if isinstance(made, MailFailure) else (self._kept(made), made)

    def _laid_out(self, submission: Submission, order: MailOrder) -> MailPages | MailFailure:
        while True:
            try:
                return self._rendered(order)
            except ParentLostError as error:
                raise ConnectionError(error.detail) from error  # it is given back, and rendered again
            except ConfinedCrashError as error:
                log.warning("render-cut-off", extra={"submission": submission.id, "detail": error.reason.value})
                part = in_work(order.workdir, error) or _whole_mail(error)
                if not order.partial or not part.position or len(order.given_up) == MOST_GIVEN_UP:
                    return MailFailure(Outcome.INVALID_ATTACHMENT, "", (*order.given_up, part))
                order = replace(order, workdir=order.workdir / "again", given_up=(*order.given_up, part))
                order.workdir.mkdir()

    def _rendered(self, order: MailOrder) -> MailPages | MailFailure:
        limits = Limits(seconds=self.limits.seconds, memory=self.limits.memory)
        places = Places(read=(order.mail,), written=(order.workdir,))
        return within(order, run_confined(lay_out_mail, order, limits=limits, places=places))

    def _order(self, claim: RenderClaim, wishes: tuple[CoverWish, ...], settings: Effective, folder: Path) -> MailOrder:
        return MailOrder(
            mail=self.spool.path(claim.submission.content_digest).absolute(),
            workdir=folder.absolute(),
            resolution=claim.submission.resolution,
            paper=settings.text("fax.paper"),
            max_pages=self.limits.pages,
            covers=wishes,
            with_text=settings.on("fax.mail_text"),
            partial=settings.text("attachments.on_failure") == "send-rest",
        )

    def _wishes(self, claim: RenderClaim, held: Frozen) -> tuple[CoverWish, ...]:
        return tuple(self._wish(claim.submission, job, held.sender, held.settings) for job in claim.jobs)

    def _wish(self, submission: Submission, job: Job, sender: User, settings: Effective) -> CoverWish:
        date = settings.date_style().write(self.clock.now())
        rule, wish = settings.cover_rule(), job.recipient_cover or submission.cover
        cover, missing = self._cover(sender, rule.named(wish))
        fields = covers.cover_fields(submission, job, sender) | {"date": date}
        return CoverWish(job.id, rule, wish, cover, fields, missing)

    def _cover(self, sender: User, name: str) -> tuple[Cover | None, str]:
        """The cover of that name, and why there is none; what was there when the mail was taken may be gone."""
        try:
            return self._shelf(sender).take(name), ""
        except BadDirectiveError as error:
            return None, error.plain.text

    def _shelf(self, sender: User) -> covers.Shelf:
        """Remembered until the tree changes, which is seldom."""
        return self.known.now().ask(covers.shelf, sender.id) if self.known else covers.shelf(self.db, sender.id)

    def _kept(self, made: MailPages) -> RenderedSubmission:
        """The pages in the spool, durably."""
        digest = kept(self.spool, made.tiff)
        own = {
            job_id: RenderedJob(kept(self.spool, cover.tiff), cover.pages + made.pages)
            for job_id, cover in made.covers.items()
        }
        return RenderedSubmission(digest, made.pages, made.parts, own)

    def _settle(self, claim: RenderClaim, held: Frozen, made: tuple[RenderedSubmission, MailPages]) -> None:
        rendered, pages = made
        notes = sorted({cover.note for cover in pages.covers.values()} - {""})
        look = Look(pages.warnings, pages.line_seconds)
        wanted = claim.submission.preview and claim.jobs
        preview = apart(self._preview, claim, held, rendered) if wanted else None
        mail = self.composer.initial_success(claim, rendered, notes, look, preview)
        submissions.finish_render(self.db, claim, rendered, self.clock.now(), [mail] if mail else [], self.post)
        extra = {"submission": claim.submission.id, "pages": pages.pages, "job": [job.public_id for job in claim.jobs]}
        log.info("submission-rendered", extra=extra)

    def _preview(self, claim: RenderClaim, held: Frozen, rendered: RenderedSubmission) -> Preview:
        """The pages as the first recipient would get them."""
        first = claim.jobs[0]
        header = header_line(held.sender, held.settings, first.destination, self.clock.now())
        digests = (rendered.jobs[first.id].cover_digest, rendered.pages_digest)
        pages = line_pages([self.spool.path(digest) for digest in digests if digest], header)
        with tempfile.TemporaryDirectory(dir=self.work, prefix="preview-") as folder:
            pdf = Path(folder) / "preview.pdf"
            shown = write_preview(pdf, pages, MOST_PREVIEW)
            return Preview(pdf.read_bytes(), shown, len(pages))

    def _fail(self, claim: RenderClaim, failure: MailFailure) -> None:
        parts = tuple(PartPages(part.name, 0, part.reason) for part in failure.failed) + failure.left_out
        failed = FailedRender(failure.outcome, failure.detail, parts)
        mail = self.composer.initial_failure(claim, failed, failure.failed)
        submissions.fail_render(self.db, claim, failed, self.clock.now(), [mail] if mail else [])
        log.info("submission-failed", extra={"submission": claim.submission.id, "outcome": failure.outcome.value})


def within(order: MailOrder, made: MailPages | MailFailure) -> MailPages | MailFailure:
    """What was made, where all of it lies in the mail's own folder.

    Raises:
        ConfinedCrashError: it names other files. What was taken over by a document would have us fax them.
    """
    if isinstance(made, MailPages):
        files = [file for file in (made.tiff, *(cover.tiff for cover in made.covers.values())) if file is not None]
        if not all(_lies_in(order.workdir, file) for file in files):
            raise ConfinedCrashError(Reason.CRASHED, "the document", "pages that lie elsewhere")
    return made


def _lies_in(folder: Path, file: Path) -> bool:
    if file.parent == folder and not file.is_symlink():
        return file.is_file()  # as nearly always; to resolve each name on the way costs more
    file = file.resolve()
    return file.is_relative_to(folder.resolve()) and file.is_file()


def kept(spool: Spool, tiff: Path | None) -> str:
    """The digest of pages that the spool has taken over; empty for none.

    They are moved: to make a file anew costs more than all else. What has another name, or is a link, is copied.

    Raises:
        UnavailableError: as the spool does.
    """
    if tiff is None:
        return ""
    seen, there = tiff.lstat(), spool.incoming.stat()
    can_move = stat.S_ISREG(seen.st_mode) and seen.st_nlink == 1 and seen.st_dev == there.st_dev
    return spool.put_file(tiff) if can_move else spool.put_copy(tiff)


def _whole_mail(error: ConfinedCrashError) -> FailedPart:
    """What is to blame when no part was begun."""
    return FailedPart(0, "message/rfc822", "", error.nameless, PROBLEMS[error.reason])


def _owned(claim: RenderClaim) -> Owned:
    return Owned("submission", claim.submission.id, claim.submission.fence)
