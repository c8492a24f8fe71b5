"""The sender and the settings that hold for a mail and its jobs: as frozen when it was taken.

What lives here: reading them. What does not: their text (`gateway.domain.frozen`), writing it (`entry`).
"""

from sqlmodel import Session, select

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
    # The one column: a whole row costs many times as much, and this is asked for at each step of a fax.
    text = session.exec(select(SubmissionRow.frozen).where(SubmissionRow.id == submission_id)).one_or_none()
    if not text:
        return Frozen(tree.user_in(session, user_id), tree.effective_in(session, user_id))
    return thaw(text)
