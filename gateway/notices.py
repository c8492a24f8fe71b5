"""Composes notices: gathers the facts of a submission and its jobs, asks whether the sender wants them told.

What lives here: from domain objects to a mail for the outbox. What does not: words and MIME (`gateway.mail.messages`),
sending (`gateway.flows.notify`). Used by flows and by commands that end a job.
"""

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

from gateway.domain.clock import Clock
from gateway.domain.errors import NotFoundError, UnavailableError
from gateway.domain.job import Attempt, Job, JobState
from gateway.domain.outcome import Outcome
from gateway.domain.setting_catalog import Effective
from gateway.domain.submission import PartPages, Submission
from gateway.mail.delay_letter import delivery_delayed
from gateway.mail.messages import (
    AttemptFacts,
    Awaited,
    Duplicate,
    FailedPart,
    Notice,
    NoticeFacts,
    NoticeKind,
    Preview,
    Private,
    Voice,
    delivery_failure,
    delivery_success,
    initial_failure,
    initial_success,
)
from gateway.part_troubles import Look
from gateway.store import frozen, jobs
from gateway.store.calls import CallClaim, CallEnd
from gateway.store.database import Database
from gateway.store.known_tree import KnownTree
from gateway.store.material import Material
from gateway.store.notice_templates import dress
from gateway.store.outbox import MakeMail, NewMail
from gateway.store.submissions import FailedRender, RenderClaim, RenderedSubmission

SETTING_OF = {
    NoticeKind.INITIAL_SUCCESS: "notify.initial_success",
    NoticeKind.INITIAL_FAILURE: "notify.initial_failure",
    NoticeKind.DELIVERY_SUCCESS: "notify.delivery_success",
    NoticeKind.DELIVERY_FAILURE: "notify.delivery_failure",
}
ENDS = (NoticeKind.DELIVERY_SUCCESS, NoticeKind.DELIVERY_FAILURE)
# A call takes about so long: set-up and release, and each page at 14400 bit/s.
CALL_SECONDS, PAGE_SECONDS = 45, 35
MINIMAL, WITH_PAGES = "minimal", "full-with-pages"  # of notify.content
MOST_OCTETS = 8_000_000  # of pages in a notice; their PDF is hardly larger, base64 makes a third more of it
COVER_WISH = "cover page"
SIGNALS_SECONDS, BETWEEN_PAGES_SECONDS, COVER_SECONDS = 20, 5, 15
NOTHING_SEEN = Look((), 0)


@dataclass(frozen=True, slots=True)
class _Addressee:
    """Whom a notice is for: the sender of this submission, by the settings that hold for it."""

    submission: Submission
    settings: Effective
    voice: Voice


@dataclass(frozen=True, slots=True)
class Composer:
    """Writes notices in the gateway's voice; `place` tells where the spool has a content, for those with the pages.

    `known` is the tree as far as it is remembered; without one it is read each time.
    """

    db: Database
    clock: Clock
    voice: Voice
    place: Callable[[str], Path] | None = None
    known: KnownTree | None = None

    def voice_for(self, user_id: int) -> Voice:
        """As whom we write to a user: in the dress of the company, which is remembered until the tree changes."""
        found = self.known.now().ask(dress, user_id) if self.known else dress(self.db, user_id)
        return replace(self.voice, dress=found) if found else self.voice

    def initial_success(
        self,
        claim: RenderClaim,
        rendered: RenderedSubmission,
        notes: Sequence[str],
        look: Look = NOTHING_SEEN,
        preview: Preview | None = None,
    ) -> NewMail | None:
        """The mail was taken and rendered; `notes` tell what wishes were not honoured, `look` how the pages look.

        A preview was asked for: it is sent whatever the settings say of notices.
        """
        whom = self._addressee(claim)
        if not whom.settings.on(SETTING_OF[NoticeKind.INITIAL_SUCCESS]) and preview is None:
            return None
        ready = tuple(replace(job, pages=rendered.jobs[job.id].pages) for job in claim.jobs)
        longest = max((job.pages for job in ready), default=0)
        facts = replace(
            self._facts(whom, ready),
            parts=(*rendered.part_pages, *(PartPages(COVER_WISH, 0, note) for note in notes)),
            call=_call_length(look.line_seconds, rendered.pages, longest),
            warnings=look.warnings,
        )
        if preview is None:
            facts = self._timed(facts, longest)
        return _mail(initial_success(facts, preview), claim.submission, None, 0)

    def _timed(self, facts: NoticeFacts, longest: int) -> NoticeFacts:
        """With the time of the first call where it is a later one, and when the fax should be there."""
        now = self.clock.now()
        start = max((job.not_before for job in facts.jobs), default=now)
        return replace(facts, start=start if start > now else None, expected=expected_by(max(start, now), longest))

    def initial_failure(self, claim: RenderClaim, failed: FailedRender, parts: Sequence[FailedPart]) -> NewMail | None:
        """The mail cannot be faxed; `parts` are the ones to blame."""
        whom = self._addressee(claim)
        if not whom.settings.on(SETTING_OF[NoticeKind.INITIAL_FAILURE]):
            return None
        facts = self._facts(whom, claim.jobs)
        return _mail(initial_failure(facts, failed.outcome, parts, failed.detail), claim.submission, None, 0)

    def after_call(self, claim: CallClaim, end: CallEnd, fax: Material) -> MakeMail:
        """What tells of a job when this call has ended it; nothing while the job goes on."""
        confirmed = max(claim.attempt.pages_confirmed, end.pages_confirmed)
        last = replace(
            claim.attempt,
            started=end.started or claim.attempt.started,
            ended=end.ended,
            outcome=end.outcome,
            detail=end.detail,
            session=end.session,
            pages_confirmed=confirmed,
            tiff_digest=end.tiff_digest,
            report=end.report_json,
        )
        # Asked for now: what is returned runs inside a transaction, where nothing is read beside it.
        whom = _Addressee(fax.submission, fax.held.settings, self.voice_for(fax.submission.user_id))
        return lambda job: self._ended(job, [*fax.before, last], whom)

    def after_end(self, job: Job) -> NewMail | None:
        """What tells of a job that ended outside a call: cancelled, expired, or found delivered after a crash."""
        whole = jobs.detail(self.db, job.public_id)
        voice = self.voice_for(whole.submission.user_id)
        return self._ended(job, whole.attempts, _Addressee(whole.submission, whole.frozen.settings, voice))

    def delayed(self, job: Job, expected: datetime) -> NewMail:
        """What tells, once, that a job has not ended long after it was expected to be delivered."""
        whole = jobs.detail(self.db, job.public_id)
        voice = self.voice_for(whole.submission.user_id)
        facts = self._facts(_Addressee(whole.submission, whole.frozen.settings, voice), (job,))
        told = [_told(attempt, attempt.outcome) for attempt in whole.attempts if attempt.outcome is not None]
        return _mail(delivery_delayed(replace(facts, expected=expected), job, told), whole.submission, job, 0)

    def _ended(self, job: Job, attempts: Sequence[Attempt], whom: _Addressee) -> NewMail | None:
        kind = _kind_of(job)
        if kind is None or not whom.settings.on(SETTING_OF[kind]):
            return None
        facts = self._facts(whom, (job,), attempts)
        told = [_told(attempt, attempt.outcome) for attempt in attempts if attempt.outcome is not None]
        write = delivery_success if kind is NoticeKind.DELIVERY_SUCCESS else delivery_failure
        return _mail(write(facts, job, told), whom.submission, job, attempts[-1].number if attempts else 0)

    def _addressee(self, claim: RenderClaim) -> _Addressee:
        submission = claim.submission
        held = frozen.frozen_in(self.db, claim.frozen, submission.user_id)
        return _Addressee(submission, held.settings, self.voice_for(submission.user_id))

    def _facts(self, whom: _Addressee, about: Sequence[Job], attempts: Sequence[Attempt] = ()) -> NoticeFacts:
        submission, settings = whom.submission, whom.settings
        content = settings.text("notify.content")
        pdf, missing = self._pages(attempts) if content == WITH_PAGES else (b"", ())
        return NoticeFacts(
            recipient=submission.sender_address,
            voice=whom.voice,
            submission_id=submission.id,
            received=submission.received,
            written=self.clock.now(),
            jobs=tuple(about),
            message_id=submission.message_id,
            references=submission.references,
            dates=settings.date_style(),
            parts=submission.part_pages,
            refused=submission.refused,
            duplicates=tuple(
                Duplicate(job.destination, job.public_id) for job in about if job.destination in submission.repeated
            ),
            warnings=missing,
            private=None if content == MINIMAL else Private(submission.subject, pdf),
            awaited=Awaited(*(settings.on(SETTING_OF[kind]) for kind in ENDS)),
        )

    def _pages(self, attempts: Sequence[Attempt]) -> tuple[bytes, tuple[str, ...]]:
        """The fax as it was sent from its first page on, and why it is not there when it is not."""
        from gateway.sent_pages import as_pdf  # loads much that most notices can do without

        whole = [attempt.tiff_digest for attempt in attempts if attempt.first_page == 0 and attempt.tiff_digest]
        if not whole or self.place is None:
            return b"", ()
        try:
            file = self.place(whole[-1])
            if file.stat().st_size > MOST_OCTETS:
                return b"", ("the pages are not attached: they are too large for a mail",)
            return as_pdf(file), ()
        except (NotFoundError, UnavailableError, OSError):
            return b"", ("the pages are not attached: they are not kept any more",)


def expected_by(start: datetime, pages: int) -> datetime:
    """When a fax that may be called from `start` on should be delivered, if nothing goes wrong."""
    return start + timedelta(seconds=CALL_SECONDS + PAGE_SECONDS * pages)


def _call_length(line_seconds: int, pages: int, longest: int) -> timedelta | None:
    """How long a call takes when nothing goes wrong, in tens of seconds; `longest` counts the cover pages, too."""
    if not longest:
        return None
    seconds = SIGNALS_SECONDS + line_seconds + BETWEEN_PAGES_SECONDS * longest + COVER_SECONDS * (longest - pages)
    return timedelta(seconds=10 * math.ceil(seconds / 10))


def _kind_of(job: Job) -> NoticeKind | None:
    if job.state is JobState.SENT:
        return NoticeKind.DELIVERY_SUCCESS
    if job.state in (JobState.FAILED, JobState.UNCONFIRMED, JobState.CANCELLED):
        return NoticeKind.DELIVERY_FAILURE
    return None


def _told(attempt: Attempt, outcome: Outcome) -> AttemptFacts:
    """An attempt as notices tell it; rate and correction come from its call report."""
    report = json.loads(attempt.report) if attempt.report else {}
    return AttemptFacts(
        number=attempt.number,
        started=attempt.started,
        outcome=outcome,
        duration=(attempt.ended or attempt.started) - attempt.started,
        pages=attempt.pages_confirmed,
        rate=report.get("rate") if attempt.session else None,
        ecm=report.get("ecm") if attempt.session else None,
        remote_id=report.get("remote_id", ""),
    )


def _mail(notice: Notice, submission: Submission, job: Job | None, attempt: int) -> NewMail:
    return NewMail(
        kind=notice.kind.value,
        submission_id=submission.id,
        job_id=job.id if job else None,
        attempt_no=attempt,
        recipient=notice.recipient,
        message=notice.message,
        message_id=notice.message_id,
    )
