"""Jobs whose time has come: they become ready, many in one statement.

What lives here: promotion. What does not: jobs whose time is over (`jobs.expire_due`), calls (`claims`).

Jobs that wait are not in the index that a claim walks, so it stays small; a hundred thousand that were put off come
back in a few hundred commits.
"""

from datetime import datetime
from functools import lru_cache
from typing import cast

from sqlalchemy import Dialect

from gateway.domain.job import JobEvent, JobState
from gateway.store.by_hand import Cursor, Insertion, marked
from gateway.store.columns import EPOCH, MICROSECOND
from gateway.store.database import Database
from gateway.store.fax_tables import EventRow

MOST = 500  # made ready in one transaction
_DUE = f"SELECT id FROM job WHERE state = 'waiting' AND not_before <= ? ORDER BY not_before LIMIT {MOST}"
_FIRST_DUE = "SELECT min(not_before) FROM job WHERE state = 'waiting'"


def promote_due(db: Database, now: datetime) -> int:
    """Make waiting jobs ready whose time has come; returns how many, `MOST` at once."""
    due = next_due(db)
    if due is None or due > now:
        return 0
    statements = _statements(db.dialect)

    def work(cursor: Cursor) -> int:
        moved = cursor.execute(statements.promote, ((now - EPOCH) // MICROSECOND,)).fetchall()
        statements.tell(cursor, [(int(job_id), int(submission_id)) for job_id, submission_id in moved], now)
        return len(moved)

    return db.write_by_hand(work)


def next_due(db: Database) -> datetime | None:
    """When the first waiting job falls due; None when none waits."""
    due = db.glance(_FIRST_DUE)
    return None if due is None else EPOCH + cast(int, due) * MICROSECOND


class _Statements:
    """What promotion says to one kind of database."""

    def __init__(self, dialect: Dialect) -> None:
        self._event = Insertion(EventRow, dialect)
        # Steps over jobs that are being cancelled or held just now.
        first = _DUE if dialect.name == "sqlite" else f"{_DUE} FOR NO KEY UPDATE SKIP LOCKED"
        whole = f"UPDATE job SET state = 'ready' WHERE id IN ({first}) RETURNING id, submission_id"
        self.promote = marked(whole, dialect.paramstyle)

    def tell(self, cursor: Cursor, moved: list[tuple[int, int]], now: datetime) -> None:
        """The events, as `fax_rows.move` would write them."""
        events = [
            {
                "submission_id": submission_id, "job_id": job_id, "at": now, "name": JobEvent.DUE.value,
                "from_state": JobState.WAITING.value, "to_state": JobState.READY.value,
            }
            for job_id, submission_id in moved
        ]  # fmt: skip
        if events:
            self._event.add(cursor, events)


@lru_cache(maxsize=8)
def _statements(dialect: Dialect) -> _Statements:
    """Made once for each engine."""
    return _Statements(dialect)
