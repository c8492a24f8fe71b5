"""Claims of one at a time, for tests in which the number does not matter."""

from datetime import datetime

from gateway.store import submissions
from gateway.store.database import Database
from gateway.store.submissions import RenderClaim


def claim_render(db: Database, process_id: int, now: datetime) -> RenderClaim | None:
    """The submission that has waited longest to be rendered; None when none does."""
    found = submissions.claim_renders(db, process_id, now)
    return found[0] if found else None
