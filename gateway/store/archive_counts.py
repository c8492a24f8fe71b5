"""How many copies for archives wait, and how many of the last day never got there.

What lives here: counting, by indexes that leave out what is over. What does not: lists (`archive_lists`), what the
figures mean (`gateway.domain.alarms`).
"""

from datetime import datetime

from sqlmodel import Session, col, func, select

from gateway.domain.alarms import Depth
from gateway.domain.archive import TransferState
from gateway.store.archive_tables import ArchiveTransferRow
from gateway.store.columns import in_state


def depths(session: Session) -> dict[str, Depth]:
    """By state; a copy that is put off waits from its beginning."""
    found = {}
    for state in (TransferState.WAITING, TransferState.COPYING):
        mine = select(func.count(), func.min(ArchiveTransferRow.created)).where(
            in_state(ArchiveTransferRow.state, state)
        )
        if state is TransferState.COPYING:
            mine = mine.where(col(ArchiveTransferRow.owner).is_not(None))  # the index that finds them
        found[state.value] = Depth(*session.exec(mine).one())
    return found


def failed(session: Session, since: datetime) -> int:
    """Copies that were given up, or whose fax was erased first, since then."""
    over = in_state(ArchiveTransferRow.state, TransferState.DEAD, TransferState.LOST)
    return session.exec(select(func.count()).where(over, col(ArchiveTransferRow.not_before) > since)).one()
