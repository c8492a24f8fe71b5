"""A look at the queue as a whole: how much waits in each state and for how long, on one consistent view.

What lives here: counting, by indexes that hold only what has not ended, so that ten million finished jobs cost nothing.
What does not: what a look means (`gateway.domain.alarms`).
"""

from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy.orm import aliased
from sqlmodel import Session, col, func, select
from sqlmodel.sql.expression import SelectOfScalar

from gateway.domain.addresses import Destination
from gateway.domain.alarms import Depth, Lease, QueueLook, RunningLook, Totals, TrunkLook
from gateway.domain.job import JobState
from gateway.domain.received import ReceivedState
from gateway.domain.submission import SubmissionState
from gateway.store import archive_counts
from gateway.store.columns import in_state, key_of
from gateway.store.database import Database
from gateway.store.fax_tables import AttemptRow, JobRow, OutboxRow, SubmissionRow
from gateway.store.forwarding_tables import ForwardingRow
from gateway.store.forwardings import ForwardingState
from gateway.store.outbox import MailState
from gateway.store.process_tables import ProcessRow, TrunkRow
from gateway.store.public_ids import public_id
from gateway.store.received_tables import ReceivedRow

DAY = timedelta(days=1)
# Letters from anywhere that nobody is named for are no trouble of ours; and an alarm must not raise the next one.
UNCOUNTED = ("postmaster", "alarm")
OPEN = "open"  # the state of a trunk that places calls
_OPEN_JOBS = (JobState.ACCEPTED, JobState.READY, JobState.CALLING, JobState.WAITING, JobState.HELD)
_OPEN_SUBMISSIONS = (SubmissionState.ACCEPTED, SubmissionState.RENDERING)
_OPEN_MAILS = (MailState.WAITING, MailState.SENDING)


def look(db: Database, now: datetime, wall: datetime, lines: Mapping[str, int]) -> QueueLook:
    """The queue at this moment.

    Args:
        db: the store.
        now: the gateway's time, which jobs and mails go by.
        wall: the machine's, which leases go by.
        lines: of each trunk of this node, for the time before the store knows of it.

    Raises:
        UnavailableError: the store cannot be read.
    """

    def work(session: Session) -> QueueLook:
        dead = select(func.count()).select_from(OutboxRow).where(in_state(OutboxRow.state, MailState.DEAD))
        lately = dead.where(col(OutboxRow.kind).not_in(UNCOUNTED), col(OutboxRow.not_before) > now - DAY)
        leases = select(ProcessRow.id, ProcessRow.host, ProcessRow.lease_until).order_by(col(ProcessRow.id))
        return QueueLook(
            now=now,
            wall=wall,
            jobs=_jobs(session),
            submissions=_submissions(session),
            outbox=_outbox(session),
            dead=session.exec(dead).one(),
            dead_lately=session.exec(lately).one(),
            trunks=_trunks(session, lines),
            leases=tuple(Lease(*found) for found in session.execute(leases).all()),
            forwardings=_forwardings(session),
            archive=archive_counts.depths(session),
            unarchived_lately=archive_counts.failed(session, now - DAY),
            unmailed_lately=session.exec(_unmailed(now - DAY)).one(),
            received=_received(session),
        )

    return db.read(work)


def running(db: Database) -> tuple[RunningLook, ...]:
    """The calls that run, by trunk and line.

    Raises:
        UnavailableError: the store cannot be read.
    """
    calls = select(AttemptRow, JobRow).join(JobRow, col(JobRow.id) == col(AttemptRow.job_id))
    open_calls = calls.where(col(AttemptRow.ended).is_(None)).order_by(col(AttemptRow.trunk), col(AttemptRow.line))

    def work(session: Session) -> tuple[RunningLook, ...]:
        return tuple(_running(attempt, job) for attempt, job in session.exec(open_calls).all())

    return db.read(work)


def totals(db: Database) -> Totals:
    """How many there ever were, by the numbers that the newest have.

    Raises:
        UnavailableError: the store cannot be read.
    """

    def work(session: Session) -> Totals:
        tables = (JobRow, AttemptRow, OutboxRow)
        return Totals(*(session.exec(select(func.max(table.id))).one() or 0 for table in tables))

    return db.read(work)


def _running(attempt: AttemptRow, job: JobRow) -> RunningLook:
    return RunningLook(
        trunk=attempt.trunk,
        line=attempt.line,
        job=public_id(key_of(job.id)),
        destination=Destination(job.number).masked(),
        number=attempt.number,
        started=attempt.started,
        pages_sent=job.pages_sent,
        pages=job.pages,
    )


def _jobs(session: Session) -> dict[str, Depth]:
    """By state. A job that is ready or waits is due from its time on; one without pages has waited since it came."""
    counted = select(JobRow.state, func.count()).where(col(JobRow.ended).is_(None)).group_by(JobRow.state)
    found: dict[str, int] = dict(session.execute(counted).all())
    accepted = select(func.min(JobRow.accepted)).where(in_state(JobRow.state, JobState.ACCEPTED))
    earliest = {
        JobState.READY: select(func.min(JobRow.not_before)).where(in_state(JobRow.state, JobState.READY)),
        JobState.WAITING: select(func.min(JobRow.not_before)).where(in_state(JobRow.state, JobState.WAITING)),
        JobState.ACCEPTED: accepted.where(col(JobRow.ended).is_(None)),  # as the index has it
        JobState.CALLING: select(func.min(AttemptRow.started)).where(col(AttemptRow.ended).is_(None)),
    }
    since = {state: session.exec(first).one() for state, first in earliest.items()}
    return {state.value: Depth(found.get(state.value, 0), since.get(state)) for state in _OPEN_JOBS}


def _submissions(session: Session) -> dict[str, Depth]:
    found = {}
    for state in _OPEN_SUBMISSIONS:
        mine = select(func.count(), func.min(SubmissionRow.received)).where(in_state(SubmissionRow.state, state))
        if state is SubmissionState.RENDERING:
            mine = mine.where(col(SubmissionRow.owner).is_not(None))  # the index that finds them
        found[state.value] = Depth(*session.exec(mine).one())
    return found


def _outbox(session: Session) -> dict[str, Depth]:
    """Since when: a mail that is put off waits from its beginning."""
    found = {}
    for state in _OPEN_MAILS:
        mine = select(func.count(), func.min(OutboxRow.created)).where(in_state(OutboxRow.state, state))
        if state is MailState.SENDING:
            mine = mine.where(col(OutboxRow.owner).is_not(None))
        found[state.value] = Depth(*session.exec(mine).one())
    return found


def _received(session: Session) -> dict[str, Depth]:
    """Calls that come in; one that nobody ends, for its pages are lost, has gone on since it began."""
    coming = in_state(ReceivedRow.state, ReceivedState.RECEIVING)
    found = session.exec(select(func.count(), func.min(ReceivedRow.started)).where(coming)).one()
    return {ReceivedState.RECEIVING.value: Depth(*found)}


def _forwardings(session: Session) -> dict[str, Depth]:
    """Received faxes that are to become mails; one that is put off waits from its beginning."""
    found = {}
    for state in (ForwardingState.WAITING, ForwardingState.WORKING):
        mine = select(func.count(), func.min(ForwardingRow.created)).where(in_state(ForwardingRow.state, state))
        if state is ForwardingState.WORKING:
            mine = mine.where(col(ForwardingRow.owner).is_not(None))
        found[state.value] = Depth(*session.exec(mine).one())
    return found


def _unmailed(since: datetime) -> SelectOfScalar[int]:
    """Faxes that no mail was made of since then, and that nobody has had mailed again."""
    later = aliased(ForwardingRow)
    again = select(later.id).where(
        later.received_id == ForwardingRow.received_id, later.resubmission > ForwardingRow.resubmission
    )
    failed = in_state(ForwardingRow.state, ForwardingState.FAILED), col(ForwardingRow.ended) > since
    return select(func.count()).select_from(ForwardingRow).where(*failed, ~again.exists())


def _trunks(session: Session, lines: Mapping[str, int]) -> tuple[TrunkLook, ...]:
    running = select(AttemptRow.trunk, func.count(), func.min(AttemptRow.started))
    open_calls = running.where(col(AttemptRow.ended).is_(None)).group_by(AttemptRow.trunk)
    calls = {name: Depth(count, since) for name, count, since in session.execute(open_calls).all()}
    known = {row.name: row for row in session.exec(select(TrunkRow)).all()}
    return tuple(
        TrunkLook(
            name,
            lines=known[name].lines if name in known and known[name].lines else lines.get(name, 0),
            calls=calls.get(name, Depth()),
            paused=name in known and known[name].state != OPEN,
        )
        for name in sorted({*lines, *known})
    )
