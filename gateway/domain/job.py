"""A job, its states, and the one table of how it may move between them.

What lives here: states, events, the transition table, the frozen job, attempts and events. What does not: rows and
claims (`gateway.store.jobs`), outcomes (`outcome`) and delays (`retry`).
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from gateway.domain.addresses import Destination
from gateway.domain.errors import RefusedError
from gateway.domain.outcome import Outcome


class JobState(StrEnum):
    """Where a job is; the names are those of lists and logs."""

    ACCEPTED = "accepted"
    READY = "ready"
    CALLING = "calling"
    WAITING = "waiting"
    HELD = "held"
    SENT = "sent"
    FAILED = "failed"
    UNCONFIRMED = "unconfirmed"
    CANCELLED = "cancelled"


class JobEvent(StrEnum):
    """What can happen to a job."""

    RENDERED = "rendered"
    SCHEDULED = "scheduled"
    REFUSED = "refused"
    CLAIMED = "claimed"
    CONFIRMED = "confirmed"
    RETRY = "retry"
    GAVE_UP = "gave-up"
    DOUBT = "doubt"
    OWNER_LOST = "owner-lost"
    DUE = "due"
    HELD = "held"
    RELEASED = "released"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


State = JobState
# What is not listed cannot happen. A held job is one whose pages are ready: one that is `accepted` is held, when it was
# asked for, as soon as it is rendered; and one that is calling when its line has hung up.
TRANSITIONS: dict[JobState, dict[JobEvent, JobState]] = {
    State.ACCEPTED: {
        JobEvent.RENDERED: State.READY,
        JobEvent.SCHEDULED: State.WAITING,
        JobEvent.REFUSED: State.FAILED,
        JobEvent.CANCELLED: State.CANCELLED,
        JobEvent.EXPIRED: State.CANCELLED,
    },
    State.READY: {
        JobEvent.CLAIMED: State.CALLING,
        JobEvent.HELD: State.HELD,
        JobEvent.CANCELLED: State.CANCELLED,
        JobEvent.EXPIRED: State.CANCELLED,
    },
    State.CALLING: {
        JobEvent.CONFIRMED: State.SENT,
        JobEvent.RETRY: State.WAITING,
        JobEvent.GAVE_UP: State.FAILED,
        JobEvent.DOUBT: State.UNCONFIRMED,
        JobEvent.OWNER_LOST: State.READY,
        JobEvent.HELD: State.HELD,
        JobEvent.CANCELLED: State.CANCELLED,
    },
    State.WAITING: {
        JobEvent.DUE: State.READY,
        JobEvent.HELD: State.HELD,
        JobEvent.CANCELLED: State.CANCELLED,
        JobEvent.EXPIRED: State.CANCELLED,
    },
    State.HELD: {
        JobEvent.RELEASED: State.READY,
        JobEvent.SCHEDULED: State.WAITING,
        JobEvent.CANCELLED: State.CANCELLED,
        JobEvent.EXPIRED: State.CANCELLED,
    },
    State.SENT: {},
    State.FAILED: {},
    State.UNCONFIRMED: {},
    State.CANCELLED: {},
}

FINAL_STATES = frozenset(state for state, moves in TRANSITIONS.items() if not moves)


def advance(state: JobState, event: JobEvent) -> JobState:
    """The state that follows.

    Raises:
        RefusedError: when the table has no such move.
    """
    try:
        return TRANSITIONS[state][event]
    except KeyError:
        raise RefusedError(f"a job that is {state.value} cannot be {event.value}") from None


def status_word(state: JobState) -> str:
    """The administrator guide's three words for lists."""
    if state is JobState.SENT:
        return "Success"
    return "Failed" if state in FINAL_STATES else "In Progress"


@dataclass(frozen=True, slots=True)
class Job:
    """One submission's delivery to one destination.

    `public_id` is what people see: short, unique, never reused. `pages` counts cover pages and document pages, and
    is 0 until they are rendered. `pages_sent` counts the pages confirmed over all attempts, from the first page on.
    `cover_digest` names this job's own cover pages, empty for none; the document is the submission's. `fence` grows
    with each claim. `hold_asked` holds a job when its pages are ready, or its call is over. `route` names the trunk
    that the next call goes by first, empty for any.
    """

    id: int
    public_id: str
    submission_id: int
    user_id: int
    destination: Destination
    state: JobState
    accepted: datetime
    not_before: datetime
    expires: datetime
    sub_address: str = ""
    recipient_name: str = ""
    recipient_company: str = ""
    recipient_cover: str = ""
    sender_name: str = ""
    priority: int = 5
    pages: int = 0
    pages_sent: int = 0
    cover_digest: str = ""
    dials: int = 0
    tries: int = 0
    ecm: bool = True
    slower: int = 0
    outcome: Outcome | None = None
    outcome_detail: str = ""
    ended: datetime | None = None
    fence: int = 0
    cancel_asked: bool = False
    hold_asked: bool = False
    route: str = ""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try at a job, at most one call.

    `last_page_sent` is true from just before the command that ends the last page was first sent: from then on the far
    end may hold the whole fax. `report` is the call report as JSON, empty while the call runs.
    """

    id: int
    job_id: int
    number: int
    call_uid: str
    trunk: str
    line: int
    first_page: int
    pages_confirmed: int
    started: datetime
    last_page_sent: bool = False
    ended: datetime | None = None
    outcome: Outcome | None = None
    detail: str = ""
    session: bool = False
    tiff_digest: str = ""
    report: str = ""


@dataclass(frozen=True, slots=True)
class Event:
    """One line of a job's or a submission's history."""

    at: datetime
    name: str
    from_state: str
    to_state: str
    detail: str = ""
