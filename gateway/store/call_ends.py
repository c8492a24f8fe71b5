"""Calls that run and end: what the far end confirmed, the last page that may be told, the end settled in one commit.

What lives here: every write on a call that is ours, each of which names the fence it was claimed with. What does not:
claiming (`calls`, through which callers import these), what broke off (`handback`), what an end means
(`gateway.domain.outcome`, `retry`).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlmodel import Session, col, select

from gateway.domain.archive import ArchiveOrder
from gateway.domain.broken_call import ReadJournal, no_journal
from gateway.domain.errors import LostClaimError
from gateway.domain.job import Attempt, Job, JobEvent, JobState
from gateway.domain.outcome import Outcome
from gateway.domain.quarantine import QuarantineRule, Standing
from gateway.store.archive_transfers import new_sent
from gateway.store.by_hand import Cursor, marked
from gateway.store.columns import in_state
from gateway.store.database import Database
from gateway.store.endings import endings
from gateway.store.fax_rows import ON_REQUEST, confirm, job_from, moved, noted
from gateway.store.fax_tables import AttemptRow, JobRow
from gateway.store.handback import ALARM, Aftermath, hand_back_job
from gateway.store.locking import locked
from gateway.store.outbox import MailClaim, MakeMail, Post
from gateway.store.posting import posting
from gateway.store.quarantine import note_by_hand

MOST_AT_ONCE = 500  # values in one question
# By hand: while it is written the far end waits. The first locks the job against who would take it away.
_LEAVE = """
UPDATE job SET pages_sent = CASE WHEN pages_sent < ? THEN ? ELSE pages_sent END
WHERE id = ? AND fence = ? AND state = 'calling' RETURNING cancel_asked, hold_asked"""
_LAST_PAGE = """
UPDATE attempt SET last_page_sent = TRUE,
pages_confirmed = CASE WHEN pages_confirmed < ? THEN ? ELSE pages_confirmed END WHERE id = ?"""
# With a cancel asked for, these do not keep a job alive.
_GOING_ON = frozenset({JobEvent.RETRY, JobEvent.HELD, JobEvent.OWNER_LOST})


@dataclass(frozen=True, slots=True)
class CallClaim:
    """A job that is ours to call, its attempt, which is committed, and the line."""

    job: Job
    attempt: Attempt

    @property
    def line(self) -> int:
        """The line of the trunk, from 1."""
        return self.attempt.line


@dataclass(frozen=True, slots=True)
class CallEnd:
    """How a call ended, and what becomes of the job: `event` moves it.

    `pages_confirmed` counts from the call's first page. `started` is when it was dialled, none for when it was
    claimed. `not_before`, `ecm` and `slower` are for the next call, which with `anew` begins at page one. `reason`
    says why there is none, `alarm` what the operator must hear of; both are kept in the history. `quarantine` is the
    rule for numbers that are gone, `archive` the copy that is wanted if the fax gets through, or may have.
    """

    event: JobEvent
    outcome: Outcome
    detail: str
    session: bool
    ended: datetime
    started: datetime | None = None
    pages_confirmed: int = 0
    report_json: str = ""
    tiff_digest: str = ""
    not_before: datetime | None = None
    ecm: bool = True
    slower: int = 0
    anew: bool = False
    route: str = ""
    reason: str = ""
    alarm: str = ""
    quarantine: QuarantineRule = field(default_factory=QuarantineRule)
    archive: ArchiveOrder | None = None


def record_page(db: Database, claim: CallClaim, index: int) -> None:
    """Keep, durably, that the far end confirmed a page; `index` counts from 0 at the call's first page.

    Raises:
        LostClaimError: the job is another process's by now: hang up.
    """

    def work(session: Session) -> None:
        job, attempt = _fenced(session, claim)
        confirm(job, attempt, index + 1)

    db.write(work)


def record_last_page(db: Database, claim: CallClaim, pages: int = 0) -> bool:
    """Keep, durably, that the far end may hold the last page from now on; called before it is told that page is over.

    `pages` is how many of this call the far end has confirmed by then. False when a cancel or a hold was asked for
    before: nothing was kept, and the call is to be hung up. This commit decides between the two.

    Raises:
        LostClaimError: the job is another process's by now: hang up.
    """
    style = db.dialect.paramstyle
    attempt = claim.attempt
    sent = attempt.first_page + pages

    def work(cursor: Cursor) -> bool:
        found = cursor.execute(marked(_LEAVE, style), (sent, sent, claim.job.id, claim.job.fence)).fetchone()
        if found is None:
            raise _lost(claim)
        if any(found):
            return False
        cursor.execute(marked(_LAST_PAGE, style), (pages, pages, attempt.id))
        return True

    return db.write_by_hand(work)


def cancel_asked(db: Database, claim: CallClaim) -> bool:
    """Whether the call should be hung up: somebody cancelled or holds the job, or it is ours no longer."""
    ours = f"id = {claim.job.id} AND fence = {claim.job.fence}"
    return db.glance(f"SELECT 1 FROM job WHERE {ours} AND NOT cancel_asked AND NOT hold_asked") is None


def finish_call(
    db: Database, claim: CallClaim, end: CallEnd, now: datetime, make_mail: MakeMail, post: Post | None = None
) -> Job:
    """Close the attempt, move the job and add its mail, in one commit; returns the job as it now is.

    A job whose cancel was asked for while the call ended otherwise is cancelled instead of tried again; one whose hold
    was asked for is held. A line that hung up for a hold, which is no outcome of the call, leaves the job as it was.

    `post`, if this process sends mails, takes the mail in the same commit.

    Raises:
        LostClaimError: the job is another process's by now; nothing was written.
    """
    hand, post_office = endings(db.dialect), posting(db.dialect)

    def work(cursor: Cursor) -> tuple[Job, list[MailClaim]]:
        owner = post_office.owner_of(cursor, post)
        found = hand.fenced(cursor, claim.job.id, claim.job.fence, claim.attempt.id)
        if found is None:
            raise _lost(claim)
        row, attempt = found
        _close(attempt.row, end)
        confirm(row.row, attempt.row, end.pages_confirmed)
        hand.keep(cursor, row, attempt, _settle(row.row, attempt.row, end, now))
        note_by_hand(
            db.dialect, cursor, Standing(row.row.number, 0, end.ended, end.outcome, end.detail), end.quarantine
        )
        hand.archive(cursor, new_sent(row.row, end.archive, now))
        job = job_from(row.row)
        return job, post_office.add(cursor, [make_mail(job)], now, owner)

    job, mails = db.write_by_hand(work)
    if post is not None:
        post.take(mails)
    return job


def settled(db: Database, call_uids: Sequence[str]) -> list[str]:
    """Those of the calls whose end is in their rows; a call that the store does not know is not among them."""

    def work(session: Session) -> list[str]:
        found: list[str] = []
        for first in range(0, len(call_uids), MOST_AT_ONCE):
            some = col(AttemptRow.call_uid).in_(call_uids[first : first + MOST_AT_ONCE])
            found += session.exec(select(AttemptRow.call_uid).where(some, col(AttemptRow.ended).is_not(None)))
        return found

    return db.read(work)


def last_endings(db: Database, trunk: str, most: int) -> list[tuple[Outcome, str]]:
    """How the last calls on a trunk ended, newest first: outcome and detail; those that a crash cut are left out."""
    mine = select(AttemptRow.outcome, AttemptRow.detail).where(
        AttemptRow.trunk == trunk, col(AttemptRow.outcome).is_not(None)
    )
    newest = mine.order_by(col(AttemptRow.id).desc()).limit(most)
    rows = db.read(lambda session: session.exec(newest).all())
    return [(Outcome(str(outcome)), detail) for outcome, detail in rows]


def give_back(
    db: Database,
    claim: CallClaim,
    now: datetime,
    make_mail: MakeMail,
    journal: ReadJournal = no_journal,
    *,
    counted: bool = True,
) -> None:
    """Close a call that broke off by a fault of ours, as if its process had died: what was confirmed decides.

    It counts as a crash of the job's unless `counted` is false, as for a full disk.

    Raises:
        LostClaimError: the job is another process's by now, or the call was settled; nothing was written.
    """

    def work(session: Session) -> None:
        row, _ = _fenced(session, claim)
        hand_back_job(session, row, now, Aftermath(make_mail, journal, counted=counted))

    db.write(work)


def _fenced(session: Session, claim: CallClaim) -> tuple[JobRow, AttemptRow]:
    statement = select(JobRow).where(
        JobRow.id == claim.job.id, JobRow.fence == claim.job.fence, in_state(JobRow.state, JobState.CALLING)
    )
    job = session.exec(locked(statement)).one_or_none()
    attempt = session.get(AttemptRow, claim.attempt.id)
    if job is None or attempt is None:
        raise _lost(claim)
    return job, attempt


def _lost(claim: CallClaim) -> LostClaimError:
    return LostClaimError(f"job {claim.job.public_id} is another process's by now")


def _close(attempt: AttemptRow, end: CallEnd) -> None:
    attempt.started = end.started or attempt.started
    attempt.ended = end.ended
    attempt.outcome = end.outcome.value
    attempt.detail = end.detail
    attempt.session = end.session
    attempt.tiff_digest = end.tiff_digest
    attempt.report = end.report_json


def _settle(row: JobRow, attempt: AttemptRow, end: CallEnd, now: datetime) -> list[dict[str, Any]]:
    """What becomes of the job; the events of it."""
    event, outcome, detail = _decided(row, end)
    row.hold_asked = False
    if outcome is None:
        attempt.outcome, attempt.detail = None, detail
        return [moved(row, event, now, detail)]
    # A later call that failed makes a fax no less doubtful that an earlier one may have delivered.
    row.outcome = Outcome.UNCONFIRMED.value if event is JobEvent.DOUBT else outcome.value
    row.outcome_detail = detail
    row.tries += end.session
    row.ecm, row.slower, row.route = end.ecm, end.slower, end.route
    row.not_before = end.not_before or row.not_before
    if end.anew:
        row.pages_sent = 0
    why = f"{detail}: {end.reason}" if end.reason and detail == end.detail else detail
    told = [moved(row, event, now, why)]
    return [*told, noted(row, ALARM, now, end.alarm)] if end.alarm else told


def _decided(row: JobRow, end: CallEnd) -> tuple[JobEvent, Outcome | None, str]:
    """What the call's end and people's wishes come to; no outcome where nothing but our hanging up ended it."""
    if row.cancel_asked and end.event in _GOING_ON:
        return JobEvent.CANCELLED, Outcome.CANCELLED, "cancelled"
    hung_up = end.outcome is Outcome.CANCELLED and not row.cancel_asked
    if row.hold_asked and (hung_up or end.event in _GOING_ON):
        return JobEvent.HELD, None if hung_up else end.outcome, ON_REQUEST
    if hung_up:
        return JobEvent.OWNER_LOST, None, "released again"
    return end.event, end.outcome, end.detail
