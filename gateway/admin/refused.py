"""What an administrator looks up of mails that were refused in the SMTP session.

What lives here: questions over the store. What does not: rows (`gateway.store.refusals`), writing answers
(`gateway.cli`).
"""

import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

from gateway.domain.errors import UsageError
from gateway.domain.submission import Refusal
from gateway.store import refusals
from gateway.store.database import Database
from gateway.store.refusals import RefusalFilter

__all__ = ["RefusalFilter", "moment", "refused", "show"]
_SPAN = re.compile(r"([0-9]{1,5})(m|h|d)", re.ASCII)
_UNITS = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}


def refused(db: Database, wanted: RefusalFilter) -> Sequence[Refusal]:
    """Refusals, the newest first."""
    return refusals.refusals(db, wanted)


def show(db: Database, public_id: str) -> Refusal:
    """One refusal with the evidence it rests on.

    Raises:
        NotFoundError: no refusal has that id, or it was too old to be kept.
    """
    return refusals.refusal(db, public_id)


def moment(text: str, now: Callable[[], datetime]) -> datetime:
    """A time as people type it: a date or a time of ISO 8601, UTC unless it says else, or how long ago (90m, 2h, 7d).

    Raises:
        UsageError: it is none of these.
    """
    span = _SPAN.fullmatch(text.strip())
    try:
        if span:
            return now() - int(span[1]) * _UNITS[span[2]]
        at = datetime.fromisoformat(text.strip())
        return at if at.tzinfo else at.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        message = f"{text!r} is no time; write 2026-03-01, 2026-03-01T14:30, or how long ago: 90m, 2h, 7d"
        raise UsageError(message) from None
