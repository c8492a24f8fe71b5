"""Calls that run and end: what the far end confirmed, the last page that may be told, the end settled in one commit.

What lives here: every write on a call that is ours, each of which names the fence it was claimed with. What does not:
claiming (`calls`, through which callers import these), what broke off (`handback`), what an end means
(`gateway.domain.outcome`, `retry`).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlmodel import Session, col, select

from gateway.domain.broken_call import ReadJournal, no_journal
from gateway.domain.errors import LostClaimError
from gateway.domain.job import Attempt, Job, JobState
from gateway.domain.outcome import Outcome
from gateway.domain.quarantine import Standing
from gateway.store.archive_transfers import new_sent
from gateway.store.by_hand import Cursor, Found, marked
from gateway.store.columns import in_state
from gateway.store.database import Database
from gateway.store.endings import Endings, endings
from gateway.store.fax_rows import confirm
from gateway.store.fax_tables import AttemptRow, JobRow
from gateway.store.handback import Aftermath, hand_back_job
from gateway.store.locking import locked
from gateway.store.outbox import MailClaim, MakeMail, Post
from gateway.store.papers import Papers
from gateway.store.posting import posting
from gateway.store.quarantine import note_by_hand
from gateway.store.settling import CallEnd, as_claimed, settled

MOST_AT_ONCE = 500  # values in one question
# By hand: while it is written the far end waits. The first locks the job against who would take it away.
_LEAVE = """
UPDATE job SET pages_sent = CASE WHEN pages_sent < ? THEN ? ELSE pages_sent END
WHERE id = ? AND fence = ? AND state = 'calling' RETURNING cancel_asked, hold_asked"""
_LAST_PAGE = """
UPDATE attempt SET last_page_sent = TRUE,
pages_confirmed = CASE WHEN pages_confirmed < ? THEN ? ELSE pages_confirmed END WHERE id = ?"""


@dataclass(frozen=True, slots=True)
class CallClaim:
    """A job that is ours to call, its attempt, which is committed, and the line; `papers` if they were read with it."""

    job: Job
    attempt: Attempt
    papers: Papers | None = field(default=None, repr=False, compare=False)

    @property
    def line(self) -> int:
        """The line of the trunk, from 1."""
        return self.attempt.line


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

    A job seldom changes while it is called. So all that is to be written is made beforehand, of what was claimed, and
    the mail, too: nobody waits for the store meanwhile. Only if the job did change it is made again.

    `post`, if this process sends mails, takes the mail in the same commit.

    Raises:
        LostClaimError: the job is another process's by now; nothing was written.
    """
    hand, post_office = endings(db.dialect), posting(db.dialect)
    number = claim.job.destination.number
    expected = settled(*as_claimed(claim.job, claim.attempt), end, now)
    expected_mail = make_mail(expected.fax)

    def work(cursor: Cursor) -> tuple[Job, list[MailClaim]]:
        owner, counted = hand.asked(cursor, post, number)
        done, mail = expected, expected_mail
        if not hand.keep_expected(cursor, done):
            done = settled(*_found(hand, cursor, claim), end, now)
            hand.keep(cursor, done)
            mail = make_mail(done.fax)
        if counted or end.outcome is not Outcome.SUCCESS:
            note_by_hand(db.dialect, cursor, Standing(number, 0, end.ended, end.outcome, end.detail), end.quarantine)
        hand.archive(cursor, new_sent(done.job.row, end.archive, now))
        return done.fax, post_office.add(cursor, [mail], now, owner)

    job, mails = db.write_by_hand(work)
    if post is not None:
        post.take(mails)
    return job


def _found(hand: Endings, cursor: Cursor, claim: CallClaim) -> tuple[Found[JobRow], Found[AttemptRow]]:
    found = hand.fenced(cursor, claim.job.id, claim.job.fence, claim.attempt.id)
    if found is None:
        raise _lost(claim)
    return found


def settled_calls(db: Database, call_uids: Sequence[str]) -> list[str]:
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
