"""Whether the store can be written: a true commit that changes nothing.

What lives here: that commit. What does not: who asks (`gateway.watch.readiness`).
"""

from sqlalchemy import update
from sqlmodel import Session

from gateway.store.columns import table_of
from gateway.store.database import Database
from gateway.store.process_tables import ProcessRow


def try_to_write(db: Database, process: int) -> bool:
    """Write this process's row as it is, durably; false when there is no such row any more, for it was given up.

    Raises:
        UnavailableError: the store cannot be written now.
    """
    table = table_of(ProcessRow)
    same = update(table).where(table.c.id == process).values(host=table.c.host)

    def work(session: Session) -> bool:
        return bool(session.connection().execute(same).rowcount)

    return db.write(work)
