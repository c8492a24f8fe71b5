"""Alarms that are known: each is raised once, by whichever node sees it first, and ended once.

What lives here: what changes, and the mail that tells of it, in one commit. What does not: the judgement
(`gateway.domain.alarms`), the words (`gateway.mail.alarm_letter`).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, or_, select
from sqlmodel.sql.expression import SelectOfScalar

from gateway.domain.alarms import OF_A_HOST, Alarm, AlarmKind
from gateway.store.alarm_tables import AlarmRow
from gateway.store.database import Database
from gateway.store.locking import locked
from gateway.store.outbox import NewMail, add_mails


@dataclass(frozen=True, slots=True)
class Mailing:
    """Who is written to: `each` is the least time between two mails of a kind; `make` composes one."""

    each: timedelta
    make: Callable[[Alarm], NewMail]


@dataclass(frozen=True, slots=True)
class Changes:
    """What was not so before: alarms that began, and those that are over."""

    raised: tuple[Alarm, ...] = ()
    ended: tuple[Alarm, ...] = ()


def note(
    db: Database, host: str, seen: Sequence[Alarm], wall: datetime, mailing: Mailing | None, now: datetime
) -> Changes:
    """Write down what is stuck as `host` sees it; what it does not see any more is over.

    Args:
        db: the store.
        host: this machine; alarms that are no machine's own are shared by all.
        seen: what is stuck now.
        wall: the machine's time.
        mailing: for mails to administrators; None when nobody is to be written to.
        now: the time by the clock of the outbox.

    Raises:
        UnavailableError: it cannot be written now.
    """
    if not _differs(db, host, seen, wall, mailing):
        return Changes()
    try:
        return db.write(lambda session: _note(session, host, seen, wall, mailing, now))
    except IntegrityError:
        return Changes()  # another node has just raised the same


def raised(db: Database) -> tuple[tuple[Alarm, datetime], ...]:
    """What is stuck by all that is written down, each since when, the oldest first."""
    rows = select(AlarmRow).where(col(AlarmRow.since).is_not(None)).order_by(col(AlarmRow.since))

    def work(session: Session) -> tuple[tuple[Alarm, datetime], ...]:
        return tuple((_alarm(row), row.since) for row in session.exec(rows) if row.since is not None)

    return db.read(work)


def _differs(db: Database, host: str, seen: Sequence[Alarm], wall: datetime, mailing: Mailing | None) -> bool:
    """Whether there is something to write: most looks find what the last one found."""
    rows = db.read(lambda session: {row.kind: row for row in session.exec(_mine(host))})
    for alarm in seen:
        row = rows.pop(alarm.kind.value, None)
        if row is None or row.since is None or _is_mail_due(row, wall, mailing):
            return True
    return any(row.since is not None for row in rows.values())


def _note(
    session: Session, host: str, seen: Sequence[Alarm], wall: datetime, mailing: Mailing | None, now: datetime
) -> Changes:
    rows = {row.kind: row for row in session.exec(locked(_mine(host).order_by(col(AlarmRow.kind))))}
    began = []
    for alarm in seen:
        row = rows.pop(alarm.kind.value, None) or _new(session, alarm.kind, host)
        if row.since is None:
            row.since = wall
            began.append(alarm)
        row.detail = alarm.detail
        if mailing is not None and _is_mail_due(row, wall, mailing):
            row.mailed = wall
            add_mails(session, [mailing.make(alarm)], now)
    over = [row for row in rows.values() if row.since is not None]
    ended = tuple(_alarm(row) for row in over)
    for row in over:
        row.since = None
    return Changes(tuple(began), ended)


def _mine(host: str) -> SelectOfScalar[AlarmRow]:
    return select(AlarmRow).where(or_(col(AlarmRow.host) == "", col(AlarmRow.host) == host))


def _new(session: Session, kind: AlarmKind, host: str) -> AlarmRow:
    row = AlarmRow(kind=kind.value, host=host if kind in OF_A_HOST else "")
    session.add(row)
    session.flush()
    return row


def _is_mail_due(row: AlarmRow, wall: datetime, mailing: Mailing | None) -> bool:
    """Once for an occurrence, and never sooner than `each` after the mail before."""
    if mailing is None or row.since is None:
        return False
    return row.mailed is None or (row.mailed < row.since and wall - row.mailed >= mailing.each)


def _alarm(row: AlarmRow) -> Alarm:
    return Alarm(AlarmKind(row.kind), row.detail)
