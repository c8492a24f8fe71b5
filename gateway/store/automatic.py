"""How many mails of programs a user has sent: a cap for each hour keeps a program that runs wild from our lines.

What lives here: the count, inside the transaction of acceptance. What does not: what an automatic mail is
(`gateway.domain.decision`).
"""

from datetime import timedelta

from sqlalchemy import func, text
from sqlmodel import Session, col, select

from gateway.domain.errors import SmtpReply
from gateway.domain.replay import TakenBeforeError
from gateway.domain.submission import NewSubmission
from gateway.store.fax_tables import AUTOMATIC, SubmissionRow

HOUR = timedelta(hours=1)


def check_cap(session: Session, new: NewSubmission) -> None:
    """Return when the user may send another automatic mail now; mail of a person is never counted.

    Raises:
        TakenBeforeError: 451 4.7.1, the cap is reached; the same mail is taken later.
    """
    cap = new.automatic_cap
    if cap is None:
        return
    recent = col(SubmissionRow.automatic_at) > cap.at - HOUR
    # As in the index's own condition, or the index would not be used.
    counted = select(func.count()).select_from(SubmissionRow).where(text(AUTOMATIC.text), recent)
    if session.exec(counted.where(SubmissionRow.user_id == new.user_id)).one() >= cap.most:
        words = f"more than {cap.most} automatic faxes in an hour ({new.sender_address}); they are taken later"
        raise TakenBeforeError("automatic-cap", SmtpReply(451, "4.7.1", words))
