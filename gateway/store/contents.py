"""Small mails that are not in the spool yet: they come into the database with their submission, in the same commit.

What lives here: finding, and forgetting what the spool has taken over. What does not: putting them in (`entry`), files
(`spool`).

A file of its own costs a small mail more than all else: making, naming and syncing it, and the folder, before its 250.
In the commit, which is shared, it costs its octets. Who renders the mail moves it to the spool, where all contents lie.
"""

from dataclasses import dataclass, field

from sqlmodel import Session, col, delete, select

from gateway.domain.submission import SubmissionState
from gateway.store.columns import in_state
from gateway.store.database import Database
from gateway.store.fax_tables import ContentRow, SubmissionRow


@dataclass(frozen=True, slots=True)
class LeftContent:
    """The mail of a submission that nobody will render any more."""

    submission_id: int
    octets: bytes = field(repr=False)


def waiting(session: Session, submission_id: int) -> bytes:
    """The mail of a submission, empty when it is in the spool."""
    row = session.get(ContentRow, submission_id)
    return b"" if row is None else row.octets


def drop(session: Session, submission_id: int) -> None:
    """The spool has it, durably."""
    session.connection().execute(delete(ContentRow).where(col(ContentRow.submission_id) == submission_id))


def left(db: Database) -> LeftContent | None:
    """Any mail whose submission ended without being rendered, as by a cancel; None when there is none."""
    unfinished = in_state(SubmissionRow.state, SubmissionState.ACCEPTED, SubmissionState.RENDERING)
    statement = select(ContentRow).join(SubmissionRow).where(~unfinished).limit(1)
    row = db.read(lambda session: session.exec(statement).first())
    return None if row is None else LeftContent(row.submission_id, row.octets)


def forget(db: Database, submission_id: int) -> None:
    """As `drop`, in a commit of its own."""
    db.write(lambda session: drop(session, submission_id))
