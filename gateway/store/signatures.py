"""The memory of DKIM signatures: which mail was faxed to which numbers, so that nobody sends it to others.

What lives here: asking and adding, inside the transaction of acceptance. What does not: the rule
(`gateway.domain.replay`).
"""

import json
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, func
from sqlmodel import Session, col, select

from gateway.domain.addresses import FaxAddress
from gateway.domain.errors import RefusedError
from gateway.domain.replay import MEMORY, REPLAYED, is_replay
from gateway.domain.submission import NewSubmission
from gateway.store.database import Database
from gateway.store.fax_rows import as_json
from gateway.store.locking import locked
from gateway.store.proof_tables import SignatureRow


@dataclass(frozen=True, slots=True)
class Unsent:
    """What a mail still asks for. `first` is the submission that was its first use, None when this is it.

    `addresses` are those that it was not yet faxed to; with none left it is a duplicate of `first`.
    """

    addresses: tuple[FaxAddress, ...]
    first: int | None = None


def unsent(session: Session, new: NewSubmission) -> Unsent:
    """What is left to be faxed of a submission, by the signature that it relies on.

    Raises:
        RefusedError: 550 5.7.1, the signed mail was faxed to other numbers and does not name these.
    """
    use = new.signature
    row = None if use is None else _row(session, use.digest)
    if use is None or row is None or not use.alone:
        return Unsent(new.addresses)
    earlier = frozenset(json.loads(row.numbers))
    if is_replay(use, earlier, _numbers(new)):
        raise RefusedError(REPLAYED.text, reply=REPLAYED)
    left = tuple(address for address in new.addresses if address.destination.number not in earlier)
    return Unsent(left, row.submission_id)


def remember(session: Session, new: NewSubmission, submission_id: int) -> None:
    """Note the signature that a submission relies on.

    Two first uses at once meet at the primary key: the later one fails, and finds the other when it is tried again.
    """
    use = new.signature
    if use is None:
        return
    row = _row(session, use.digest)
    if row is None:
        numbers = as_json(sorted(_numbers(new)))
        session.add(
            SignatureRow(digest=use.digest, submission_id=submission_id, numbers=numbers, first_seen=new.received)
        )
    else:
        row.numbers = as_json(sorted({*json.loads(row.numbers), *_numbers(new)}))


def used_for(db: Database, digest: str) -> frozenset[str]:
    """The numbers (E.164) that a signed mail was faxed to."""
    row = db.read(lambda session: session.get(SignatureRow, digest))
    return frozenset(() if row is None else json.loads(row.numbers))


def sweep(db: Database, now: datetime) -> int:
    """Forget signatures that are too old to be taken again; how many there were."""
    oldest = db.read(lambda session: session.exec(select(func.min(SignatureRow.first_seen))).one())
    if oldest is None or oldest > now - MEMORY:
        return 0
    statement = delete(SignatureRow).where(col(SignatureRow.first_seen) <= now - MEMORY)
    return db.write(lambda session: session.connection().execute(statement).rowcount)


def _row(session: Session, digest: str) -> SignatureRow | None:
    return session.exec(locked(select(SignatureRow).where(SignatureRow.digest == digest))).one_or_none()


def _numbers(new: NewSubmission) -> frozenset[str]:
    return frozenset(address.destination.number for address in new.addresses)
