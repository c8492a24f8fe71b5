"""Mails that were refused in the SMTP session, kept for the activity list.

What lives here: adding and listing them. What does not: the rules (`gateway.domain.decision`).
"""

import json
from datetime import datetime

from sqlmodel import col, select

from gateway.domain.submission import Refusal
from gateway.store.database import Database
from gateway.store.fax_rows import as_json
from gateway.store.fax_tables import RefusalRow


def add_refusal(db: Database, refusal: Refusal) -> None:
    """Keep a refused mail for the activity list."""
    row = RefusalRow(
        at=refusal.at,
        peer=refusal.peer,
        mail_from=refusal.mail_from,
        header_from=refusal.header_from,
        recipients=as_json(list(refusal.recipients)),
        rule=refusal.rule,
        reply=refusal.reply,
        evidence=as_json(refusal.evidence),
    )
    db.write(lambda session: session.add(row))


def refusals(db: Database, *, since: datetime | None = None, limit: int = 100) -> tuple[Refusal, ...]:
    """The newest refusals, newest first."""
    statement = select(RefusalRow).order_by(col(RefusalRow.id).desc()).limit(limit)
    if since is not None:
        statement = statement.where(col(RefusalRow.at) >= since)
    return db.read(lambda session: tuple(_refusal_from(row) for row in session.exec(statement)))


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
    )
