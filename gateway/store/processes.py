"""Processes and their leases: who is alive, and who takes back what the dead owned.

What lives here: registering, renewing, leaving, finding the dead. What does not: what becomes of their work
(`handback`).

A lease goes by the time of `lease_clock`, passed in as `wall`; what happens to jobs goes by the gateway's clock, which
may be virtual, passed in as `now`. On one host a death shows at once: each process holds a lock on a file, which the
system drops with the process. A lock is inherited by processes that are forked without exec, and lasts until they end.
Between hosts a lock inside PostgreSQL shows it (`guard`). A lease that is over shows what no lock does: a process that
is frozen, or cut off.
"""

import fcntl
import uuid
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import BinaryIO

from sqlmodel import Session, col, func, select
from sqlmodel.sql.expression import SelectOfScalar

from gateway.domain.broken_call import ReadJournal, no_journal
from gateway.domain.errors import ConflictError, GatewayError, LostClaimError, UnavailableError
from gateway.store.columns import key_of
from gateway.store.database import Database
from gateway.store.guard import Suspects, free_guards, proven_free
from gateway.store.handback import Aftermath, Owned, hand_back, owned_by, owns_work
from gateway.store.locking import doomed, doomed_if_free, locked
from gateway.store.outbox import MakeMail
from gateway.store.process_tables import ProcessRow
from gateway.store.shared_time import Anchor, Wish, join, one_at_a_time


@dataclass(frozen=True, slots=True)
class About:
    """What a process tells of itself."""

    roles: str = ""  # with spaces between
    version: str = ""
    pid: int = 0
    time: Wish | None = None  # none: it goes by the machine's
    place: str = ""  # where it keeps contents


_NOTHING = About()


@dataclass(frozen=True, slots=True)
class Process:
    """This process, as others know it. The lock is held as long as the file is open.

    `suspects` are others that it believes dead, until it has looked twice. `time` is the one that it has joined.
    """

    id: int
    host: str
    ttl: timedelta
    lock_path: Path
    lock: BinaryIO = field(repr=False)
    suspects: Suspects = field(default_factory=Suspects, repr=False)
    time: Anchor | None = None


@dataclass(frozen=True, slots=True)
class Here:
    """A machine by its name, and the folder where its processes keep their locks: there a death shows at once."""

    host: str
    locks: Path


def lease_clock(db: Database, wall: Callable[[], datetime]) -> Callable[[], datetime]:
    """The clock that leases go by: on PostgreSQL the server's, for the machines' may differ; else this machine's."""
    if db.dialect.name != "postgresql":
        return wall
    return lambda: db.read(lambda session: session.exec(select(func.clock_timestamp())).one())


def register(db: Database, host: str, ttl: timedelta, wall: datetime, folder: Path, about: About = _NOTHING) -> Process:
    """Become known, with a lease from now.

    Args:
        db: the store.
        host: this machine's name, the same for all processes on it.
        ttl: how long others wait after the last renewal before they take over.
        wall: the time that leases go by.
        folder: where lock files lie; processes of one host that share it learn of a death by its lock.
        about: what is told of this process.

    Raises:
        UnavailableError: the lock file or the row cannot be written.
        ConflictError: others live by a time that we cannot share, or keep contents where we do not.
    """
    path, lock = _held(folder)
    row = ProcessRow(
        host=host,
        lock_name=path.name,
        started=wall,
        lease_until=wall + ttl,
        roles=about.roles,
        version=about.version,
        pid=about.pid,
        place=about.place,
    )

    def work(session: Session) -> tuple[int, Anchor | None]:
        anchor = _join(session, about.time, row, path.parent) if about.time else None
        session.add(row)
        session.flush()
        return key_of(row.id), anchor

    try:
        number, anchor = db.write(work)
    except GatewayError:
        lock.close()
        path.unlink()
        raise
    return Process(number, host, ttl, path, lock, time=anchor)


def _join(session: Session, wish: Wish, own: ProcessRow, folder: Path) -> Anchor:
    """Share the time of those that live as far as can be seen at one look."""
    one_at_a_time(session)
    rows = session.exec(select(ProcessRow).order_by(col(ProcessRow.id))).all()
    free = free_guards(session, rows)
    living = [row for row in rows if row.guard not in free and not _is_dead(row, own.host, folder, own.started)]
    _share_contents(own, living)
    return join(session, wish, own.started, living)


def _share_contents(own: ProcessRow, living: Sequence[ProcessRow]) -> None:
    """Return when no other keeps contents elsewhere: it would claim faxes whose pages it does not have."""
    apart = [row for row in living if row.place not in ("", own.place)]
    if apart and own.place:
        raise ConflictError(
            f"process {apart[0].id} on {apart[0].host} keeps mails and pages in another place: processes on one store "
            "share a bucket ([storage] spool), or one folder of one machine"
        )


def renew(db: Database, process: Process, wall: datetime) -> None:
    """Prolong the lease.

    Raises:
        LostClaimError: this process was given up for dead; all it owned is somebody else's, and it must start anew.
    """

    def work(session: Session) -> None:
        row = session.exec(locked(_row(process.id))).one_or_none()
        if row is None:
            raise LostClaimError("this process was given up for dead: it must start anew")
        row.lease_until = wall + process.ttl

    db.write(work)


def leave(db: Database, process: Process) -> None:
    """End gracefully. Work that is still owned is found by the next process, which sees that the lock is free."""

    def work(session: Session) -> None:
        row = session.exec(doomed(_row(process.id))).one_or_none()
        if row is not None and not owns_work(session, process.id):
            session.delete(row)

    db.write(work)
    process.lock.close()
    if not db.read(lambda session: session.get(ProcessRow, process.id)):
        process.lock_path.unlink(missing_ok=True)


def reap(
    db: Database,
    process: Process,
    wall: datetime,
    now: datetime,
    make_mail: MakeMail,
    journal: ReadJournal = no_journal,
) -> int:
    """Take back what dead processes owned, each in one commit; returns how many processes that were.

    Dead is whose lease is over, on this host whose lock is free, and on PostgreSQL who has let go of its guard.
    `journal` is asked what became of their calls.
    """
    if db.glance(f"SELECT 1 FROM process WHERE id <> {process.id} LIMIT 1") is None:
        return 0
    others = db.read(lambda session: session.exec(select(ProcessRow).where(ProcessRow.id != process.id)).all())
    dead = [row for row in others if _is_dead(row, process.host, process.lock_path.parent, wall)]
    dead += proven_free(db, [row for row in others if row not in dead], process.suspects)
    after = Aftermath(make_mail, journal)
    return sum(_take_over(db, process, row, now, after) for row in dead)


def owned(db: Database, process: Process) -> frozenset[Owned]:
    """All that the store says is this process's."""
    return db.read(lambda session: owned_by(session, process.id))


def release(db: Database, process: Process, strays: frozenset[Owned], now: datetime, after: Aftermath) -> None:
    """Let go of these, as if a process had died that owned them; what was settled meanwhile stays as it is."""
    db.write(lambda session: hand_back(session, process.id, now, after, strays))


def alive(db: Database, wall: datetime, here: Here | None = None) -> int:
    """How many processes hold a lease, less those `here` that are seen to be dead."""
    statement = select(ProcessRow).where(col(ProcessRow.lease_until) > wall)
    rows = db.read(lambda session: session.exec(statement).all())
    return sum(here is None or not died(row, here) for row in rows)


def died(row: ProcessRow, here: Here) -> bool:
    """Whether a process of this machine has dropped its lock, whatever its lease says."""
    return row.host == here.host and _is_free(here.locks / row.lock_name)


def _take_over(db: Database, process: Process, seen: ProcessRow, now: datetime, after: Aftermath) -> bool:
    def work(session: Session) -> bool:
        row = session.exec(doomed_if_free(_row(key_of(seen.id)))).one_or_none()
        if row is None or row.lease_until != seen.lease_until or row.guard != seen.guard:
            return False  # another reaper is at it or was first, or it lives after all
        hand_back(session, key_of(row.id), now, after)
        session.delete(row)
        return True

    taken = db.write(work)
    if taken and seen.host == process.host:
        (process.lock_path.parent / seen.lock_name).unlink(missing_ok=True)
    return taken


def sweep_locks(db: Database, process: Process) -> None:
    """Remove lock files that no process is known by: whoever took over from them died before it came to that."""
    for path in process.lock_path.parent.glob("*.lock"):
        with suppress(OSError), path.open("rb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if not _is_known(db, path.name):
                path.unlink()


def _is_known(db: Database, lock_name: str) -> bool:
    statement = select(ProcessRow).where(ProcessRow.lock_name == lock_name)
    return db.read(lambda session: session.exec(statement).first()) is not None


def _row(process_id: int) -> SelectOfScalar[ProcessRow]:
    return select(ProcessRow).where(ProcessRow.id == process_id)


def _is_dead(row: ProcessRow, host: str, folder: Path, wall: datetime) -> bool:
    return row.lease_until <= wall or died(row, Here(host, folder))


def _held(folder: Path) -> tuple[Path, BinaryIO]:
    """A new lock file, and its lock. A sweep may have it before it is locked: then another is made."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        while True:
            path = folder / f"{uuid.uuid4().hex}.lock"
            lock = path.open("ab")
            with suppress(BlockingIOError, FileNotFoundError):
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                path.stat()
                return path, lock
            lock.close()
    except OSError as error:
        raise UnavailableError(f"{folder}: no lock file can be made there ({error.strerror})") from error


def _is_free(path: Path) -> bool:
    """Whether nobody holds the lock. A file that is missing proves nothing: then only the lease counts."""
    try:
        with path.open("rb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
