"""The store's functions on calls, of which those that callers use have their names here.

What lives here: the claim of one call. What does not: claims (`claims`), calls that run and end (`call_ends`), placing
them (`gateway.fax`).
"""

from datetime import datetime

from gateway.domain.trunks import Route
from gateway.store.call_ends import (
    CallClaim,
    cancel_asked,
    finish_call,
    give_back,
    last_endings,
    record_last_page,
    record_page,
    settled_calls,
)
from gateway.store.claims import claim_calls
from gateway.store.database import Database
from gateway.store.settling import CallEnd

__all__ = [
    "CallClaim", "CallEnd", "cancel_asked", "claim_call", "claim_calls", "finish_call", "give_back", "last_endings",
    "record_last_page", "record_page", "settled_calls",
]  # fmt: skip


def claim_call(db: Database, process_id: int, trunk: str, lines: int, now: datetime) -> CallClaim | None:
    """As `claim_calls`, one call by the only trunk; None when there is none.

    Raises:
        LostClaimError: this process was given up for dead.
    """
    claims = claim_calls(db, process_id, (Route(trunk, lines),), now)
    return claims[0] if claims else None
