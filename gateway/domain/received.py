"""A received fax: an inbound call's pages, and what became of it.

What lives here: its states, and the events that are kept of it. What does not: rows (`gateway.store`), who it is for
(`routes`), and the mails that bring it there (`gateway.mail`).
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class ReceivedState(StrEnum):
    """Where a received fax stands. Who is over is one of the last three."""

    RECEIVING = "receiving"
    RECEIVED = "received"  # every page that the caller sent, and its last end-of-page, were confirmed
    PARTIAL = "partial"  # some pages are confirmed, but the caller's end of the document never came
    FAILED = "failed"  # the call ended before any page was confirmed


class ReceivedEventName(StrEnum):
    """What happens to a received fax (the guide's message events)."""

    RECEIVED = "received"
    FORWARDED = "forwarded"
    RESUBMITTED = "resubmitted"
    ARCHIVED = "archived"
    RETRIEVED = "retrieved"
    DELETED = "deleted"


@dataclass(frozen=True, slots=True)
class ReceivedEvent:
    """One line of its history. `address` is whom it concerns; `result` is `success`, `failure`, or empty while open."""

    at: datetime
    name: ReceivedEventName
    address: str = ""
    result: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class ReceivedFax:
    """What is known of a received fax.

    `number` is ours, `caller` what the network says (E.164, empty: withheld), `remote_id` the caller's TSI, and
    `sub_address` its SUB (T.30 5.3.6.1.4). `user_id` is the node it is for: a user, or a department by a route.
    `tiff_digest` names a class F TIFF of all confirmed pages in the spool; empty while receiving, with no page, and
    once erased.
    """

    id: int
    public_id: str
    call_uid: str
    number: str
    caller: str
    remote_id: str
    sub_address: str
    user_id: int
    state: ReceivedState
    started: datetime
    ended: datetime | None
    pages: int
    tiff_digest: str
    cause: str = ""
    rate: int | None = None
    ecm: bool | None = None
    bad_rows: int = 0

    @property
    def partial(self) -> bool:
        """Whether pages may be missing at its end."""
        return self.state is ReceivedState.PARTIAL
