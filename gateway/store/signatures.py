"""The memory of DKIM signatures: which mail was faxed to which numbers, so that nobody sends it to others.

What lives here: asking and adding, inside the transaction of acceptance. What does not: the rule
(`gateway.domain.replay`).
"""

import json
from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import delete, func
from sqlmodel import Session, col, select

from gateway.domain.replay import REPLAYED, SignatureUse, TakenBeforeError, is_replay
from gateway.domain.submission import NewSubmission
from gateway.store.database import Database
from gateway.store.fax_rows import as_json
from gateway.store.locking import locked
from gateway.store.proof_tables import SignatureRow


def earlier_uses(session: Session, new: NewSubmission) -> Mapping[str, int]:
    """The numbers that the very same mail was faxed to, where its signature is all the proof, and the submissions.

    Raises:
        TakenBeforeError: 550 5.7.1, it was faxed to other numbers and does not name these.
    """
    use = new.signature
    if use is None or not use.alone:
        return {}
    uses = _uses(_rows(session, use))
    _refuse_replay(use, uses, new)
    return {number: uses[number] for number in uses if number in _numbers(new)}


def remember(session: Session, new: NewSubmission, submission_id: int) -> None:
    """Note the signature that a submission relies on, and those that others could rely on.

    Two first uses at once meet at the primary key: the later one fails, and finds the other when it is tried again. One
    that came in between is found here.

    Raises:
        TakenBeforeError: as `earlier_uses`.
    """
    use = new.signature
    if use is None:
        return
    uses = dict.fromkeys(_numbers(new), submission_id)
    rows = _rows(session, use)
    if use.alone:
        _refuse_replay(use, _uses(rows), new)
    for digest in use.digests:
        row = rows.get(digest)
        if row is None:
            session.add(SignatureRow(digest=digest, uses=as_json(uses), until=use.until))
        else:
            row.uses = as_json({**uses, **json.loads(row.uses)})
    session.flush()


def used_for(db: Database, digest: str) -> frozenset[str]:
    """The numbers (E.164) that a signed mail was faxed to."""
    row = db.read(lambda session: session.get(SignatureRow, digest))
    return frozenset(() if row is None else json.loads(row.uses))


def sweep(db: Database, now: datetime) -> int:
    """Forget signatures that are too old to be taken again, by the world's time; how many there were."""
    oldest = db.read(lambda session: session.exec(select(func.min(SignatureRow.until))).one())
    if oldest is None or oldest > now:
        return 0
    statement = delete(SignatureRow).where(col(SignatureRow.until) <= now)
    return db.write(lambda session: session.connection().execute(statement).rowcount)


def _uses(rows: Mapping[str, SignatureRow]) -> dict[str, int]:
    """The numbers of all of them, each with the submission that was first."""
    uses: dict[str, int] = {}
    for row in rows.values():
        uses = {**json.loads(row.uses), **uses}
    return uses


def _refuse_replay(use: SignatureUse, uses: Mapping[str, int], new: NewSubmission) -> None:
    if is_replay(use, frozenset(uses), _numbers(new)):
        raise TakenBeforeError("replay", REPLAYED)


def _rows(session: Session, use: SignatureUse) -> Mapping[str, SignatureRow]:
    """Those that are known, by digest; locked in its order."""
    wanted = col(SignatureRow.digest).in_(use.digests)
    statement = select(SignatureRow).where(wanted).order_by(col(SignatureRow.digest))
    return {row.digest: row for row in session.exec(locked(statement))}


def _numbers(new: NewSubmission) -> frozenset[str]:
    return frozenset(address.destination.number for address in new.addresses)
