"""Numbers in quarantine: counted with the end of a call, asked for at every RCPT, lifted by hand or by a success.

What lives here: rows and questions. What does not: the rule (`gateway.domain.quarantine`).
"""

from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache

from sqlalchemy import Dialect, delete
from sqlmodel import Session, col, func, select

from gateway.domain.errors import NotFoundError
from gateway.domain.outcome import Outcome
from gateway.domain.quarantine import QuarantineRule, Standing, after_final, speaks_of_number
from gateway.store.by_hand import LOCKED, Cursor, Insertion, Rows, joined_cursor, marked
from gateway.store.database import Database
from gateway.store.locking import locked
from gateway.store.quarantine_tables import QuarantineRow


def note_end(session: Session, met: Standing, rule: QuarantineRule) -> None:
    """Count a final that speaks of the number, or forget all on a success; other endings change nothing.

    Args:
        session: the transaction that settles the call.
        met: the number, when, and how the call ended.
        rule: of the user whose fax it was.
    """
    with joined_cursor(session) as cursor:
        note_by_hand(session.get_bind().dialect, cursor, met, rule)


def note_by_hand(dialect: Dialect, cursor: Cursor, met: Standing, rule: QuarantineRule) -> None:
    """As `note_end`, on the driver's cursor."""
    forget, rows, new = _statements(dialect)
    if met.outcome is not Outcome.SUCCESS and not speaks_of_number(met.outcome, met.detail):
        return
    found = rows.find(cursor, "number = ?", [met.number], LOCKED)
    if met.outcome is not Outcome.SUCCESS:
        values = _values(after_final(_standing(found[0].row) if found else None, met, rule))
        if not found:
            new.add(cursor, [values])
            return
        vars(found[0].row).update(values)
        rows.keep(cursor, found[0])
    elif found:  # PostgreSQL's trigger counts a deletion of nothing, too, and the whole tree would be read again
        cursor.execute(forget, (met.number,))


def quarantined(db: Database) -> Mapping[str, Standing]:
    """All numbers that were put under quarantine, by number; those whose time is over may still be among them."""
    rows = select(QuarantineRow).where(col(QuarantineRow.until).is_not(None)).order_by(col(QuarantineRow.last).desc())
    return db.read(lambda session: {row.number: _standing(row) for row in session.exec(rows)})


def release(db: Database, number: str) -> Standing:
    """Lift a number's quarantine and forget what was counted; how it stood.

    Raises:
        NotFoundError: the number is not in quarantine.
    """

    def work(session: Session) -> Standing:
        row = session.exec(locked(select(QuarantineRow).where(QuarantineRow.number == number))).one_or_none()
        if row is None or row.until is None:
            raise NotFoundError(f"{number} is not in quarantine; `faxgw quarantine list` shows the numbers that are")
        session.delete(row)
        return _standing(row)

    return db.write(work)


def sweep(db: Database, now: datetime) -> int:
    """Forget numbers whose quarantine is over; how many. Those that are only counted stay for their next fax."""
    over = col(QuarantineRow.until) <= now
    first = db.read(lambda session: session.exec(select(func.min(QuarantineRow.until))).one())
    if first is None or first > now:
        return 0
    return db.write(lambda session: session.connection().execute(delete(QuarantineRow).where(over)).rowcount)


def _values(of: Standing) -> dict[str, object]:
    """A standing as the columns of its row."""
    return {
        "number": of.number, "finals": of.finals, "last": of.last, "outcome": of.outcome.value, "detail": of.detail,
        "until": of.until,
    }  # fmt: skip


@lru_cache(maxsize=8)
def _statements(dialect: Dialect) -> tuple[str, Rows[QuarantineRow], Insertion]:
    """Made once for each engine."""
    forget = marked("DELETE FROM quarantine WHERE number = ?", dialect.paramstyle)
    return forget, Rows(QuarantineRow, dialect, "number"), Insertion(QuarantineRow, dialect)


def _standing(row: QuarantineRow) -> Standing:
    return Standing(row.number, row.finals, row.last, Outcome(row.outcome), row.detail, row.until)
