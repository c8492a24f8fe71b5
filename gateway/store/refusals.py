"""Mails that were refused in the SMTP session: who, by which rule, on what evidence; never what they said.

What lives here: adding them, with the notice that tells of one, and listing them. What does not: the rules
(`gateway.domain.decision`), the words (`gateway.notices`).
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, func, or_
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from gateway.domain.errors import NotFoundError
from gateway.domain.submission import Refusal
from gateway.store.columns import key_of
from gateway.store.database import Database
from gateway.store.fax_rows import as_json
from gateway.store.locking import locked
from gateway.store.outbox import NewMail, add_mails
from gateway.store.paging import MAX_PAGE, part_of_address
from gateway.store.proof_tables import RefusalNoticeRow, RefusalRow
from gateway.store.public_ids import job_number, public_id

KEPT = timedelta(days=90)
NOTICE_EACH = timedelta(hours=1)  # an address is written to at most once in so long

PREFIX = "R-"  # tells a refusal from a job at first sight

# Composes the notice of a refusal that has its public id by now. It is called inside the transaction that adds the
# refusal, once it is known that one may be sent: it must not read or write the store.
MakeNotice = Callable[[Refusal], NewMail]


@dataclass(frozen=True, slots=True)
class RefusalFilter:
    """Which refusals to list; what is empty does not filter.

    `rule` and `peer` are exact; `sender` is a part of the envelope sender or the header From, in any case.
    """

    since: datetime | None = None
    rule: str = ""
    peer: str = ""
    sender: str = ""
    limit: int = 100


ALL = RefusalFilter()


def add_refusal(
    db: Database, refusal: Refusal, make_notice: MakeNotice | None = None, now: datetime | None = None
) -> Refusal:
    """Keep a refused mail; returned with its public id.

    With `make_notice` the author is written to, in the same commit, unless that was done within the hour. `now` is the
    time by the clock of the outbox, where that is not the one that refusals go by.
    """
    try:
        return db.write(lambda session: _add(session, refusal, make_notice, now or refusal.at))
    except IntegrityError:
        # Another process has just written to the same address for the first time: now that is there to be found.
        return db.write(lambda session: _add(session, refusal, make_notice, now or refusal.at))


def refusals(db: Database, wanted: RefusalFilter = ALL) -> tuple[Refusal, ...]:
    """The newest refusals that fit, newest first, at most a thousand."""
    newest = select(RefusalRow).where(*_conditions(wanted)).order_by(col(RefusalRow.id).desc())
    statement = newest.limit(min(wanted.limit, MAX_PAGE))
    return db.read(lambda session: tuple(_refusal_from(row) for row in session.exec(statement)))


def refusal(db: Database, wanted: str) -> Refusal:
    """One refusal by its public id.

    Raises:
        NotFoundError: there is no such refusal, or it was too old to be kept.
    """
    number = job_number(wanted.strip().upper().removeprefix(PREFIX))
    row = None if number is None else db.read(lambda session: session.get(RefusalRow, number))
    if row is None:
        raise NotFoundError(f"there is no refusal {wanted}; `faxgw refused list` shows the ids")
    return _refusal_from(row)


def sweep(db: Database, now: datetime) -> int:
    """Forget refusals after 90 days, and who was written to more than an hour ago; how many refusals there were."""
    _forget(db, RefusalNoticeRow, now - NOTICE_EACH)
    return _forget(db, RefusalRow, now - KEPT)


def _forget(db: Database, table: Any, limit: datetime) -> int:
    """Delete rows at least as old as the limit; nobody is kept waiting where there are none."""
    oldest = db.read(lambda session: session.exec(select(func.min(table.at))).one())
    if oldest is None or oldest > limit:
        return 0
    return db.write(lambda session: session.connection().execute(delete(table).where(table.at <= limit)).rowcount)


def _add(session: Session, refusal: Refusal, make_notice: MakeNotice | None, now: datetime) -> Refusal:
    row = RefusalRow(
        at=refusal.at,
        peer=_clean(refusal.peer),
        mail_from=_clean(refusal.mail_from),
        header_from=_clean(refusal.header_from),
        recipients=as_json(list(refusal.recipients)),
        rule=refusal.rule,
        reply=refusal.reply,
        evidence=as_json(refusal.evidence),
    )
    session.add(row)
    session.flush()
    kept = _refusal_from(row)
    if make_notice is not None and _may_be_written_to(session, kept):
        add_mails(session, [make_notice(kept)], now)
    return kept


def _may_be_written_to(session: Session, refusal: Refusal) -> bool:
    """Whether the author was left in peace for an hour; from now on that hour begins anew."""
    mine = select(RefusalNoticeRow).where(RefusalNoticeRow.address == refusal.header_from)
    row = session.exec(locked(mine)).one_or_none()
    if row is None:
        session.add(RefusalNoticeRow(address=refusal.header_from, at=refusal.at))
        session.flush()
        return True
    if row.at > refusal.at - NOTICE_EACH:
        return False
    row.at = refusal.at
    return True


def _conditions(wanted: RefusalFilter) -> list[Any]:
    conditions: list[Any] = []
    if wanted.since is not None:
        conditions.append(col(RefusalRow.at) >= wanted.since)
    if wanted.rule:
        conditions.append(RefusalRow.rule == wanted.rule)
    if wanted.peer:
        conditions.append(RefusalRow.peer == wanted.peer)
    if wanted.sender:
        columns = (RefusalRow.mail_from, RefusalRow.header_from)
        conditions.append(or_(*(part_of_address(col(one), wanted.sender) for one in columns)))
    return conditions


def _refusal_from(row: RefusalRow) -> Refusal:
    return Refusal(
        at=row.at,
        peer=row.peer,
        mail_from=row.mail_from,
        header_from=row.header_from,
        recipients=tuple(json.loads(row.recipients)),
        rule=row.rule,
        reply=row.reply,
        evidence=json.loads(row.evidence),
        public_id=PREFIX + public_id(key_of(row.id)),
    )


def _clean(text: str) -> str:
    """What a column of text can hold: no half of a surrogate pair, no NUL."""
    return text.encode("utf-8", "replace").decode().replace("\0", "?")
