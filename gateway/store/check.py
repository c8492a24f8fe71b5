"""Whether a store is sound: the database itself, what its rows say, and every content that they name.

What lives here: the round of questions, and each finding in plain words. What does not: repairing; what a query asks
(`contradictions`), contents that no row names (`sweep`).
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import text
from sqlmodel import Session

from gateway.domain.errors import NotFoundError, UnavailableError
from gateway.store.contradictions import contradictions
from gateway.store.database import Database
from gateway.store.engines import sqlite_is_safe, sqlite_module
from gateway.store.migrate import METADATA
from gateway.store.references import Reference, references
from gateway.store.revisions import known_revisions, revision_of
from gateway.store.spool import Spool
from gateway.store.sweep import Swept, sweep

MOST_TOLD = 20  # findings of one kind of SQLite's own


class Kind(StrEnum):
    """What was looked at."""

    LIBRARY = "library"
    SCHEMA = "schema"
    DATABASE = "database"
    POINTER = "pointer"
    STATE = "state"
    CONTENT = "content"
    ORPHAN = "orphan"
    STEP = "step"  # not a finding: how far it is


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was found. `bad` is false for what is worth knowing and no fault."""

    kind: Kind
    words: str
    bad: bool = True


def check(db: Database, spool: Spool, now: float) -> Iterator[Finding]:
    """Look at everything; findings come as they are made, and steps between them.

    Args:
        db: the store; it is only read.
        spool: its contents.
        now: seconds since 1970, as files are stamped.

    Raises:
        UnavailableError: the store or the bucket is out of reach.
    """
    yield from _library(db)
    yield from _schema(db)
    damaged = False
    for finding in _database(db):
        damaged = damaged or finding.kind is Kind.DATABASE
        yield finding
    if damaged:
        return  # what else could be read is not to be believed
    yield from (Finding(Kind.STATE, words) for words in contradictions(db))
    yield from _waiting_mails(db)
    yield from _contents(db, spool)
    yield from _orphans(db, spool, now)


def _library(db: Database) -> Iterator[Finding]:
    if db.is_near:
        version = sqlite_module().sqlite_version_info
        safe, named = sqlite_is_safe(version), ".".join(map(str, version))
        yield Finding(Kind.LIBRARY, f"SQLite {named}{'' if safe else ' can corrupt the store'}", bad=not safe)
        return
    [(server,)] = _rows(db, "SHOW server_version")
    yield Finding(Kind.LIBRARY, f"PostgreSQL {server}", bad=False)


def _schema(db: Database) -> Iterator[Finding]:
    found, (newest, *older) = revision_of(db), known_revisions()
    if found == newest:
        yield Finding(Kind.SCHEMA, f"revision {found}", bad=False)
    elif found in older:
        yield Finding(Kind.SCHEMA, f"revision {found} is older than this gateway ({newest}): faxgw db upgrade")
    else:
        yield Finding(Kind.SCHEMA, f"revision {found} is another gateway's: this one knows {newest}")


def _database(db: Database) -> Iterator[Finding]:
    if not db.is_near:
        yield from _of_postgresql(db)
        return
    for (said,) in _rows(db, f"PRAGMA integrity_check({MOST_TOLD})"):
        if said != "ok":
            yield Finding(Kind.DATABASE, f"the file is damaged: {said}")
    for table, row, parent, _ in _rows(db, "PRAGMA foreign_key_check"):
        yield Finding(Kind.POINTER, f"{table} {row} points to a row of {parent} that is not there")


def _of_postgresql(db: Database) -> Iterator[Finding]:
    """Every row is read once, every pointer followed; indexes and constraints must count as sound."""
    for (index,) in _rows(db, "SELECT indexrelid::regclass::text FROM pg_index WHERE NOT indisvalid"):
        yield Finding(Kind.DATABASE, f"the index {index} is not valid: REINDEX INDEX {index}")
    for (name,) in _rows(db, "SELECT conname FROM pg_constraint WHERE NOT convalidated"):
        yield Finding(Kind.DATABASE, f"the constraint {name} was never checked: ALTER TABLE ... VALIDATE CONSTRAINT")
    for table in METADATA.sorted_tables:
        _rows(db, f"SELECT count(t.*) FROM {table.name} AS t")  # reads all of it: what cannot be read raises here
        for key in table.foreign_keys:
            here, there = f"t.{key.parent.name}", key.column
            lost = f"SELECT {here} FROM {table.name} AS t LEFT JOIN {there.table.name} AS p ON p.{there.name} = {here} "
            for (value,) in _rows(db, f"{lost}WHERE {here} IS NOT NULL AND p.{there.name} IS NULL LIMIT {MOST_TOLD}"):
                words = f"{table.name}.{key.parent.name} points to {there.table.name} {value}, which is not there"
                yield Finding(Kind.POINTER, words)
        yield Finding(Kind.STEP, table.name, bad=False)


def _waiting_mails(db: Database) -> Iterator[Finding]:
    """Small mails in the store: each is what its digest says."""
    last = 0
    while rows := _rows(
        db,
        "SELECT c.submission_id, s.content_digest, c.octets FROM content AS c JOIN submission AS s "
        f"ON s.id = c.submission_id WHERE c.submission_id > {last} ORDER BY 1 LIMIT {MOST_TOLD}",
    ):
        for number, digest, octets in rows:
            if hashlib.sha256(octets).hexdigest() != digest:
                yield Finding(Kind.CONTENT, f"the mail of submission {number} in the store is not what it was")
        last = rows[-1][0]


def _contents(db: Database, spool: Spool) -> Iterator[Finding]:
    """Every content that rows name, read whole, once."""
    seen: set[str] = set()
    for page in references(db):
        for reference in page:
            if reference.digest not in seen:
                seen.add(reference.digest)
                yield from _content(db, spool, reference)
        yield Finding(Kind.STEP, f"{len(seen)} contents", bad=False)
    yield Finding(Kind.CONTENT, f"{len(seen)} contents are named by rows", bad=False)


def _content(db: Database, spool: Spool, reference: Reference) -> Iterator[Finding]:
    try:
        if not spool.check(reference.digest):
            yield Finding(Kind.CONTENT, f"{reference.digest}, named by {reference}, is damaged")
    except NotFoundError:
        if not db.read(lambda session: _is_in_store(session, reference)):
            yield Finding(Kind.CONTENT, f"{reference.digest}, named by {reference}, is not in the spool")
    except UnavailableError as error:
        yield Finding(Kind.CONTENT, f"{reference.digest}, named by {reference}, cannot be read: {error.text}")


def _is_in_store(session: Session, reference: Reference) -> bool:
    """Whether it is a mail that comes to the spool when it is rendered; or whose row is gone by now."""
    query = text(
        "SELECT 1 FROM submission AS s JOIN content AS c ON c.submission_id = s.id WHERE s.content_digest = :digest"
    )
    return session.connection().execute(query, {"digest": reference.digest}).first() is not None


def _orphans(db: Database, spool: Spool, now: float) -> Iterator[Finding]:
    swept = Swept()
    for _ in sweep(db, spool, now, swept, dry_run=True):
        yield Finding(Kind.STEP, "contents that no row names", bad=False)
    for count, words in (
        (len(swept.orphans), "contents are named by no row: the next sweep puts them aside"),
        (len(swept.forgotten), "contents were put aside, and go with the next sweep"),
        (len(swept.brought_back), "contents were put aside, and are named after all: the next sweep brings them back"),
        (swept.half_written, "files were left half-written, and go with the next sweep"),
    ):
        if count:
            yield Finding(Kind.ORPHAN, f"{count} {words}", bad=False)


def _rows(db: Database, query: str) -> list[tuple[Any, ...]]:
    return db.read(lambda session: [tuple(row) for row in session.connection().exec_driver_sql(query)])
