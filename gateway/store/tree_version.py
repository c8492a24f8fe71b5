"""A number that changes with every change of the tree, in the same transaction, so that answers may be remembered.

Numbers in quarantine and blocked ones count as a part of the tree: the same commands ask for them.

What lives here: the triggers that count, and reading the number. What does not: what is remembered (`known_tree`).

The database counts and not our functions: whatever changes a row, be it a new command or somebody by hand, none can
forget it. Triggers stand outside the history of migrations, for a rebuilt table loses its own; they are put in place
after every migration.
"""

from itertools import count

from sqlalchemy import Connection, text

from gateway.store.admin_tables import BlockRow
from gateway.store.columns import table_of
from gateway.store.database import Database
from gateway.store.quarantine_tables import QuarantineRow
from gateway.store.tree_tables import (
    CoverRow,
    NodeRow,
    NoticeTemplateRow,
    ReceivingAddressRow,
    SendingAddressRow,
    SettingLockRow,
    SettingRow,
    UserRow,
)  # fmt: skip

WATCHED = (NodeRow, UserRow, SendingAddressRow, ReceivingAddressRow, SettingRow, SettingLockRow,
           CoverRow, NoticeTemplateRow, QuarantineRow, BlockRow)  # fmt: skip
_VERSION = "SELECT version FROM tree_version"
_COUNT = "UPDATE tree_version SET version = version + 1"
_FUNCTION = f"""
CREATE OR REPLACE FUNCTION tree_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN {_COUNT}; RETURN NULL; END $$
"""


def watch_tree(connection: Connection) -> None:
    """Put the counting triggers in place; those that are there already stay."""
    connection.execute(text("INSERT INTO tree_version (id, version) VALUES (1, 1) ON CONFLICT DO NOTHING"))
    if connection.dialect.name == "postgresql":
        connection.execute(text(_FUNCTION))
    for row in WATCHED:
        _watch(connection, table_of(row).name)


def _watch(connection: Connection, table: str) -> None:
    """PostgreSQL's trigger comes before the statement: who changes the tree takes the number first, so none wait round.

    SQLite has no triggers for statements, and one writer only.
    """
    if connection.dialect.name == "postgresql":
        events = "BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE"
        trigger = f"CREATE OR REPLACE TRIGGER tree_changed {events} ON {table}"
        connection.execute(text(f"{trigger} FOR EACH STATEMENT EXECUTE FUNCTION tree_changed()"))
        return
    for event in ("INSERT", "UPDATE", "DELETE"):
        trigger = f"CREATE TRIGGER IF NOT EXISTS tree_{event.lower()}_{table} AFTER {event} ON {table}"
        connection.execute(text(f"{trigger} BEGIN {_COUNT}; END"))


class TreeVersion:
    """Tells the number, in microseconds where the database is a file: it is asked for with every command of a mail."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._unlike = count(-1, -1)

    def read(self) -> int:
        """The number as committed last; one that never comes again where nobody counts.

        Raises:
            UnavailableError: the database is out of reach.
        """
        found = self._db.glance(_VERSION)
        return found if isinstance(found, int) else next(self._unlike)
