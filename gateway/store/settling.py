"""What the end of a call makes of its job and its attempt: of their rows as they are, or as they were claimed.

What lives here: that decision, and the rows of a claim. What does not: statements (`endings`), the transaction
(`call_ends`), which event a call's outcome is (`gateway.domain.retry`).
"""

from dataclasses import dataclass, field
from datetime import datetime
from types import SimpleNamespace
from typing import Any, cast

from gateway.domain.archive import ArchiveOrder
from gateway.domain.job import Attempt, Job, JobEvent
from gateway.domain.outcome import Outcome
from gateway.domain.quarantine import QuarantineRule
from gateway.store.by_hand import Found
from gateway.store.fax_rows import ON_REQUEST, confirm, job_from, moved, noted
from gateway.store.fax_tables import AttemptRow, JobRow
from gateway.store.handback import ALARM

# With a cancel asked for, these do not keep a job alive.
_GOING_ON = frozenset({JobEvent.RETRY, JobEvent.HELD, JobEvent.OWNER_LOST})
_SOMEBODY = 0  # that a job in a call has an owner is known; which, does not matter
_NOTED = {"pages_sent": None}  # pages are noted while a call goes on: what is to hold is written even if as claimed


@dataclass(frozen=True, slots=True)
class CallEnd:
    """How a call ended, and what becomes of the job: `event` moves it.

    `pages_confirmed` counts from the call's first page. `started` is when it was dialled, none for when it was
    claimed. `not_before`, `ecm` and `slower` are for the next call, which with `anew` begins at page one. `reason`
    says why there is none, `alarm` what the operator must hear of; both are kept in the history. `quarantine` is the
    rule for numbers that are gone, `archive` the copy that is wanted if the fax gets through, or may have.
    """

    event: JobEvent
    outcome: Outcome
    detail: str
    session: bool
    ended: datetime
    started: datetime | None = None
    pages_confirmed: int = 0
    report_json: str = ""
    tiff_digest: str = ""
    not_before: datetime | None = None
    ecm: bool = True
    slower: int = 0
    anew: bool = False
    route: str = ""
    reason: str = ""
    alarm: str = ""
    quarantine: QuarantineRule = field(default_factory=QuarantineRule)
    archive: ArchiveOrder | None = None


@dataclass(frozen=True, slots=True)
class Settled:
    """Rows that were changed and are to be written, with the events of it; `fax` is the job as it is then.

    `pages_sent` is how many of its pages have gone by the end of this call.
    """

    job: Found[JobRow]
    attempt: Found[AttemptRow]
    events: tuple[dict[str, Any], ...]
    fax: Job
    pages_sent: int


def as_claimed(job: Job, attempt: Attempt) -> tuple[Found[JobRow], Found[AttemptRow]]:
    """The rows of a claim, as far as the end of its call looks at them or changes them."""
    row = {name: getattr(job, name) for name in Job.__slots__ if name not in ("public_id", "destination")}
    row |= {"number": job.destination.number, "state": job.state.value, "owner": _SOMEBODY}
    row["outcome"] = job.outcome.value if job.outcome else None
    call = {name: getattr(attempt, name) for name in Attempt.__slots__}
    job_row, call_row = cast(JobRow, SimpleNamespace(**row)), cast(AttemptRow, SimpleNamespace(**call))
    return Found(job_row, row | _NOTED), Found(call_row, call)


def settled(job: Found[JobRow], attempt: Found[AttemptRow], end: CallEnd, now: datetime) -> Settled:
    """Change both rows as this end of the call wants it."""
    row, call = job.row, attempt.row
    _close(call, end)
    confirm(row, call, end.pages_confirmed)
    sent = row.pages_sent
    events = tuple(_settle(row, call, end, now))
    return Settled(job, attempt, events, job_from(row), sent)


def _close(attempt: AttemptRow, end: CallEnd) -> None:
    attempt.started = end.started or attempt.started
    attempt.ended = end.ended
    attempt.outcome = end.outcome.value
    attempt.detail = end.detail
    attempt.session = end.session
    attempt.tiff_digest = end.tiff_digest
    attempt.report = end.report_json


def _settle(row: JobRow, attempt: AttemptRow, end: CallEnd, now: datetime) -> list[dict[str, Any]]:
    """What becomes of the job; the events of it."""
    event, outcome, detail = _decided(row, end)
    row.hold_asked = False
    if outcome is None:
        attempt.outcome, attempt.detail = None, detail
        return [moved(row, event, now, detail)]
    # A later call that failed makes a fax no less doubtful that an earlier one may have delivered.
    row.outcome = Outcome.UNCONFIRMED.value if event is JobEvent.DOUBT else outcome.value
    row.outcome_detail = detail
    row.tries += end.session
    row.ecm, row.slower, row.route = end.ecm, end.slower, end.route
    row.not_before = end.not_before or row.not_before
    if end.anew:
        row.pages_sent = 0
    why = f"{detail}: {end.reason}" if end.reason and detail == end.detail else detail
    told = [moved(row, event, now, why)]
    return [*told, noted(row, ALARM, now, end.alarm)] if end.alarm else told


def _decided(row: JobRow, end: CallEnd) -> tuple[JobEvent, Outcome | None, str]:
    """What the call's end and people's wishes come to; no outcome where nothing but our hanging up ended it."""
    if row.cancel_asked and end.event in _GOING_ON:
        return JobEvent.CANCELLED, Outcome.CANCELLED, "cancelled"
    hung_up = end.outcome is Outcome.CANCELLED and not row.cancel_asked
    if row.hold_asked and (hung_up or end.event in _GOING_ON):
        return JobEvent.HELD, None if hung_up else end.outcome, ON_REQUEST
    if hung_up:
        return JobEvent.OWNER_LOST, None, "released again"
    return end.event, end.outcome, end.detail
