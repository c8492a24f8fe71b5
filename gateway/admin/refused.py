"""What an administrator looks up of mails that were refused in the SMTP session.

What lives here: questions over the store. What does not: rows (`gateway.store.refusals`), writing answers
(`gateway.cli`).
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from gateway.admin.acts import Door
from gateway.domain.errors import UsageError
from gateway.domain.submission import Refusal
from gateway.store import named, refusals, tree
from gateway.store.paging import MAX_PAGE
from gateway.store.refusals import RefusalFilter

__all__ = ["RefusalFilter", "moment", "refused", "show"]
RIGHT = "activity.view"
_SPAN = re.compile(r"([0-9]{1,5})(m|h|d)", re.ASCII)
_UNITS = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}


def refused(door: Door, wanted: RefusalFilter) -> Sequence[Refusal]:
    """Refusals, the newest first; an administrator sees those of mails in the name of the own users.

    Raises:
        NotAllowedError: the actor may not see them.
    """
    if door.actor.place is None:
        return refusals.refusals(door.db, wanted)
    door.look(RIGHT, door.actor.place[-1])
    # Which users are below is asked of the few that are looked at: a list is a page of them at most.
    whole = refusals.refusals(door.db, replace(wanted, limit=MAX_PAGE))
    return [refusal for refusal in whole if _is_theirs(door, refusal)][: wanted.limit]


def show(door: Door, public_id: str) -> Refusal:
    """One refusal with the evidence it rests on.

    Raises:
        NotFoundError: no refusal has that id, or it was too old to be kept.
        NotAllowedError: it is not of a mail in the name of one of the actor's users.
    """
    found = refusals.refusal(door.db, public_id)
    sender = tree.user_by_address(door.db, found.header_from) if found.header_from else None
    door.look(RIGHT, sender.id if sender else None)
    return found


def _is_theirs(door: Door, refusal: Refusal) -> bool:
    sender = tree.user_by_address(door.db, refusal.header_from) if refusal.header_from else None
    place = door.actor.place or ()
    return sender is not None and named.line(door.db, sender.id)[: len(place)] == place


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
