"""Whether the store can be written: a true commit that changes nothing.

What lives here: that commit. What does not: who asks (`gateway.watch.readiness`).
"""

from collections.abc import Sequence

from sqlalchemy import update
from sqlmodel import Session

from gateway.store.columns import table_of
from gateway.store.database import Database
from gateway.store.process_tables import ProcessRow


def try_to_write(db: Database, ours: Sequence[int]) -> bool:
    """Write the rows of these processes as they are, durably; false when there is none any more: they were given up.

    Raises:
        UnavailableError: the store cannot be written now.
    """
    table = table_of(ProcessRow)
    same = update(table).where(table.c.id.in_(ours)).values(host=table.c.host)

    def work(session: Session) -> bool:
        return bool(session.connection().execute(same).rowcount)

    return db.write(work)
