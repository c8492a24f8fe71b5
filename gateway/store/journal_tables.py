"""Rows of the journal of changes, and the triggers that let nobody change or remove one.

What lives here: tables and triggers. What does not: writing and reading (`journal`).
"""

from datetime import datetime

from sqlalchemy import Connection, text
from sqlmodel import Field

from gateway.store.columns import BIG, Row, UtcTime

_KEPT = "the journal is never changed"
_FUNCTION = f"""
CREATE OR REPLACE FUNCTION journal_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION '{_KEPT}'; END $$
"""


class JournalRow(Row, table=True):
    """One change. The node may be gone by now, so that its number points nowhere."""

    __tablename__ = "journal"

    number: int = Field(primary_key=True, sa_type=BIG, sa_column_kwargs={"autoincrement": False})
    at: datetime = Field(sa_type=UtcTime, index=True)
    who: str
    what: str
    node_id: int | None = Field(default=None, index=True, sa_type=BIG)
    target: str
    before: str  # JSON
    after: str  # JSON
    reason: str
    previous: str
    digest: str


class JournalHeadRow(Row, table=True):
    """The one row that names the last entry: who locks it may write the next, and a journal cut short shows."""

    __tablename__ = "journal_head"

    id: int = Field(primary_key=True, sa_type=BIG)
    number: int = Field(sa_type=BIG)
    digest: str


def guard_journal(connection: Connection) -> None:
    """Put the triggers in place; those that are there already stay."""
    connection.execute(text("INSERT INTO journal_head (id, number, digest) VALUES (1, 0, '') ON CONFLICT DO NOTHING"))
    if connection.dialect.name == "postgresql":
        connection.execute(text(_FUNCTION))
        events = "CREATE OR REPLACE TRIGGER journal_kept BEFORE UPDATE OR DELETE OR TRUNCATE ON journal"
        connection.execute(text(f"{events} FOR EACH STATEMENT EXECUTE FUNCTION journal_kept()"))
        return
    for event in ("UPDATE", "DELETE"):
        trigger = f"CREATE TRIGGER IF NOT EXISTS journal_{event.lower()} BEFORE {event} ON journal"
        connection.execute(text(f"{trigger} BEGIN SELECT RAISE(ABORT, '{_KEPT}'); END"))
