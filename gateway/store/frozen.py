"""The sender and the settings that hold for a mail and its jobs: as frozen when it was taken.

What lives here: reading them. What does not: their text (`gateway.domain.frozen`), writing it (`entry`).
"""

from sqlmodel import Session

from gateway.domain.frozen import Frozen, thaw
from gateway.store import tree
from gateway.store.database import Database
from gateway.store.fax_tables import SubmissionRow


def of_submission(db: Database, submission_id: int, user_id: int) -> Frozen:
    """What holds for a submission; of one that was taken before anything was frozen, what holds for its user now.

    Raises:
        NotFoundError: there is no such user.
    """
    return db.read(lambda session: in_session(session, submission_id, user_id))


def in_session(session: Session, submission_id: int, user_id: int) -> Frozen:
    """As `of_submission`, inside a transaction."""
    row = session.get(SubmissionRow, submission_id)
    if row is None or not row.frozen:
        return Frozen(tree.user_in(session, user_id), tree.effective_in(session, user_id))
    return thaw(row.frozen)
