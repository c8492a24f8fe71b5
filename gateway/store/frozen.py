"""The sender and the settings that hold for a mail and its jobs: as frozen when it was taken.

What lives here: reading them. What does not: their text (`gateway.domain.frozen`), writing it (`entry`).
"""

from sqlmodel import Session, select

from gateway.domain.frozen import Frozen, thaw
from gateway.store import tree
from gateway.store.by_hand import marked
from gateway.store.database import Database
from gateway.store.fax_tables import SubmissionRow

_FROZEN = "SELECT frozen FROM submission WHERE id = ?"


def of_submission(db: Database, submission_id: int, user_id: int) -> Frozen:
    """What holds for a submission; of one that was taken before anything was frozen, what holds for its user now.

    Raises:
        NotFoundError: there is no such user.
    """
    query = marked(_FROZEN, db.dialect.paramstyle)
    found = db.read_by_hand(lambda cursor: cursor.execute(query, (submission_id,)).fetchone())
    return frozen_in(db, found[0] if found else "", user_id)


def frozen_in(db: Database, text: str, user_id: int) -> Frozen:
    """As `of_submission`, when its text was read already."""
    return thaw(text) if text else db.read(lambda session: _as_now(session, user_id))


def in_session(session: Session, submission_id: int, user_id: int) -> Frozen:
    """As `of_submission`, inside a transaction."""
    # The one column: a whole row costs many times as much, and this is asked for at each step of a fax.
    text = session.exec(select(SubmissionRow.frozen).where(SubmissionRow.id == submission_id)).one_or_none()
    return thawed(session, text or "", user_id)


def thawed(session: Session, text: str, user_id: int) -> Frozen:
    """As `frozen_in`, inside a transaction."""
    return thaw(text) if text else _as_now(session, user_id)


def _as_now(session: Session, user_id: int) -> Frozen:
    return Frozen(tree.user_in(session, user_id), tree.effective_in(session, user_id))
