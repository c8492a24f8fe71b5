"""The journal of changes as kept: appended to, listed, verified.

What lives here: the store's functions on entries. What does not: their seal (`gateway.domain.journal`), what is noted
(`gateway.admin`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from gateway.domain.journal import FIRST, Entry, Note, Signature, entry_after
from gateway.store.columns import table_of
from gateway.store.database import Database
from gateway.store.journal_tables import JournalHeadRow, JournalRow
from gateway.store.locking import locked
from gateway.store.places import ids_below

_AT_ONCE = 1000  # rows read or written by one statement


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which entries: of whom, of what (its beginning), of nodes at or below which, from when until when."""

    who: str = ""
    what: str = ""
    target: str = ""
    below: int | None = None  # None for all
    since: datetime | None = None
    until: datetime | None = None
    limit: int = 50


@dataclass(frozen=True, slots=True)
class Verified:
    """How many entries there are, and the first thing wrong with them, empty when all is well."""

    entries: int
    fault: str


def begin(db: Database) -> None:
    """Take the journal, so that whoever changes something at the same time waits; before the change itself.

    Two who had each changed something before they waited here could wait for one another for ever.
    """
    db.write(lambda session: _head(session))


def last_number(db: Database) -> int:
    """The number of the last entry, in the transaction that has begun; 0 of an empty journal."""
    return db.read(lambda session: _head(session).number)


def append(db: Database, notes: Sequence[Note], signature: Signature) -> tuple[Entry, ...]:
    """Keep notes as entries behind the last one."""

    def work(session: Session) -> tuple[Entry, ...]:
        head = _head(session)
        entries = _chained(head.number, head.digest, notes, signature)
        table = table_of(JournalRow).insert()
        for start in range(0, len(entries), _AT_ONCE):
            session.execute(table, [_values(entry) for entry in entries[start : start + _AT_ONCE]])
        if entries:
            head.number, head.digest = entries[-1].number, entries[-1].digest
            session.add(head)
        return tuple(entries)

    return db.write(work)


def listing(db: Database, wanted: Wanted) -> tuple[Entry, ...]:
    """The latest entries that are wanted, the latest first."""
    statement = select(JournalRow).order_by(col(JournalRow.number).desc()).limit(wanted.limit)
    if wanted.who:
        statement = statement.where(col(JournalRow.who).icontains(wanted.who, autoescape=True))
    if wanted.what:
        statement = statement.where(col(JournalRow.what).startswith(wanted.what, autoescape=True))
    if wanted.target:
        statement = statement.where(col(JournalRow.target).icontains(wanted.target, autoescape=True))
    if wanted.below is not None:
        statement = statement.where(col(JournalRow.node_id).in_(ids_below(wanted.below)))
    if wanted.since is not None:
        statement = statement.where(col(JournalRow.at) >= wanted.since)
    if wanted.until is not None:
        statement = statement.where(col(JournalRow.at) < wanted.until)
    return db.read(lambda session: tuple(_entry(row) for row in session.exec(statement)))


def verify(db: Database) -> Verified:
    """Look at every entry from the first to the last."""

    def work(session: Session) -> Verified:
        number, digest = 0, FIRST
        while rows := session.exec(_behind(number)).all():
            for row in rows:
                fault = _fault(_entry(row), number, digest)
                if fault:
                    return Verified(number, fault)
                number, digest = row.number, row.digest
            session.expunge_all()
        head = session.get(JournalHeadRow, 1)
        if head is None or (head.number, head.digest) != (number, digest):
            return Verified(number, f"entries are missing behind number {number}")
        return Verified(number, "")

    return db.read(work)


def _behind(number: int) -> SelectOfScalar[JournalRow]:
    """The next entries."""
    return select(JournalRow).where(JournalRow.number > number).order_by(col(JournalRow.number)).limit(_AT_ONCE)


def _fault(entry: Entry, number: int, digest: str) -> str:
    if entry.number != number + 1:
        return f"entries are missing between number {number} and {entry.number}"
    if not entry.is_sound:
        return f"entry {entry.number} was changed after it was written"
    if entry.previous != digest:
        return f"entry {entry.number} does not follow the one before it"
    return ""


def _head(session: Session) -> JournalHeadRow:
    return session.exec(locked(select(JournalHeadRow).where(JournalHeadRow.id == 1))).one()


def _chained(number: int, digest: str, notes: Sequence[Note], signature: Signature) -> list[Entry]:
    entries: list[Entry] = []
    for note in notes:
        entries.append(entry_after(number, digest, note, signature))
        number, digest = entries[-1].number, entries[-1].digest
    return entries


def _values(entry: Entry) -> dict[str, object]:
    return {name: getattr(entry, name) for name in Entry.__dataclass_fields__}


def _entry(row: JournalRow) -> Entry:
    return Entry(**{name: getattr(row, name) for name in Entry.__dataclass_fields__})
