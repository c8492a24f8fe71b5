"""Holding jobs and letting them go on.

What lives here: hold and release, each in one commit. What does not: the end of a job (`jobs.cancel`), and why a job is
held that nobody held (`handback`).
"""

from datetime import datetime

from sqlmodel import Session

from gateway.domain.errors import RefusedError
from gateway.domain.job import FINAL_STATES, JobEvent, JobState
from gateway.store.database import Database
from gateway.store.fax_rows import ON_REQUEST, move, row_of
from gateway.store.fax_tables import JobRow

_AT_ONCE = frozenset({JobState.READY.value, JobState.WAITING.value})
_OVER = frozenset(state.value for state in FINAL_STATES)


def hold(db: Database, public_id: str, now: datetime) -> bool:
    """Hold a job: at once (true) when it waits for its call; else when it is rendered, or its line has hung up.

    Raises:
        NotFoundError: there is no such job.
        RefusedError: it has ended, or is held already; says so.
    """

    def work(session: Session) -> bool:
        row = _open_row(session, public_id, "held")
        if row.state == JobState.HELD.value or row.hold_asked:
            raise RefusedError(f"job {public_id} is held already")
        if row.state in _AT_ONCE:
            move(session, row, JobEvent.HELD, now, ON_REQUEST)
            return True
        row.hold_asked = True
        return False

    return db.write(work)


def release(db: Database, public_id: str, now: datetime) -> JobState:
    """Let a held job go on; returns its state, which is `waiting` when its time has not come.

    One whose hold was asked for and not carried out yet stays what it is. It may crash as often again as any other.

    Raises:
        NotFoundError: there is no such job.
        RefusedError: it has ended, or is not held; says so.
    """

    def work(session: Session) -> JobState:
        row = _open_row(session, public_id, "released")
        if row.state == JobState.HELD.value:
            row.crashes = 0
            move(session, row, JobEvent.RELEASED if row.not_before <= now else JobEvent.SCHEDULED, now, ON_REQUEST)
        elif row.hold_asked:
            row.hold_asked = False
        else:
            raise RefusedError(f"job {public_id} is {row.state} and not held")
        return JobState(row.state)

    return db.write(work)


def _open_row(session: Session, public_id: str, deed: str) -> JobRow:
    row = row_of(session, public_id, lock=True)
    if row.state in _OVER:
        raise RefusedError(f"job {public_id} is {row.state} already and cannot be {deed}")
    return row
