"""The processes on one store, as a list: who they are, how long their leases last, what they own.

What lives here: the list. What does not: leases (`processes`).
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session, col, func, select

from gateway.store.columns import key_of
from gateway.store.database import Database
from gateway.store.fax_tables import JobRow, OutboxRow, SubmissionRow
from gateway.store.process_tables import ProcessRow
from gateway.store.processes import Here, died
from gateway.store.received_tables import ReceivedRow


@dataclass(frozen=True, slots=True)
class KnownProcess:
    """One process. `lease` is what is left of its lease, less than nothing when it is over; `calls` are out and in.

    `died` is a process of this machine whose death shows before its lease is over.
    """

    id: int
    host: str
    pid: int
    roles: tuple[str, ...]
    version: str
    started: datetime
    lease: timedelta
    calls: int
    renders: int
    mails: int
    died: bool


def listing(db: Database, wall: datetime, here: Here | None = None) -> tuple[KnownProcess, ...]:
    """All processes that are known, the oldest first; `wall` is the time that leases go by, `here` this machine."""

    def work(session: Session) -> tuple[KnownProcess, ...]:
        tables = (JobRow, ReceivedRow, SubmissionRow, OutboxRow)
        placed, answered, renders, mails = (_owned(session, table) for table in tables)
        rows = session.exec(select(ProcessRow).order_by(col(ProcessRow.id))).all()
        return tuple(
            KnownProcess(
                id=key_of(row.id),
                host=row.host,
                pid=row.pid,
                roles=tuple(row.roles.split()),
                version=row.version,
                started=row.started,
                lease=row.lease_until - wall,
                calls=placed.get(row.id, 0) + answered.get(row.id, 0),
                renders=renders.get(row.id, 0),
                mails=mails.get(row.id, 0),
                died=here is not None and died(row, here),
            )
            for row in rows
        )

    return db.read(work)


def _owned(session: Session, table: Any) -> dict[int | None, int]:
    """How many rows of a table each process owns."""
    owned = select(table.owner, func.count()).where(table.owner.is_not(None)).group_by(table.owner)
    return dict(session.exec(owned).all())
