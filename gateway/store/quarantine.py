"""Numbers in quarantine: counted with the end of a call, asked for at every RCPT, lifted by hand or by a success.

What lives here: rows and questions. What does not: the rule (`gateway.domain.quarantine`).
"""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import delete
from sqlmodel import Session, col, func, select

from gateway.domain.errors import NotFoundError
from gateway.domain.outcome import Outcome
from gateway.domain.quarantine import QuarantineRule, Standing, after_final, speaks_of_number
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
    row = session.exec(locked(select(QuarantineRow).where(QuarantineRow.number == met.number))).one_or_none()
    if met.outcome is Outcome.SUCCESS:
        if row is not None:
            session.delete(row)
    elif speaks_of_number(met.outcome, met.detail):
        after = after_final(_standing(row) if row else None, met, rule)
        session.merge(_row(after))


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


def _row(of: Standing) -> QuarantineRow:
    return QuarantineRow(
        number=of.number,
        finals=of.finals,
        last=of.last,
        outcome=of.outcome.value,
        detail=of.detail,
        until=of.until,
    )


def _standing(row: QuarantineRow) -> Standing:
    return Standing(row.number, row.finals, row.last, Outcome(row.outcome), row.detail, row.until)
