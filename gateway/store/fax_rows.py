"""Faxes between rows and domain objects, and the one way a job's state changes.

What lives here: mapping, moving, recording events; shared inside the store. What does not: transactions and queries.
"""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement
from sqlmodel import Session, col, select

from gateway.domain.addresses import Destination
from gateway.domain.errors import LostClaimError, NotFoundError
from gateway.domain.job import FINAL_STATES, Attempt, Event, Job, JobEvent, JobState, advance
from gateway.domain.outcome import Outcome
from gateway.domain.submission import PartPages, RefusedRecipient, Submission, SubmissionState
from gateway.store.columns import in_state, key_of
from gateway.store.fax_tables import AttemptRow, EventRow, JobRow, PartRow, SubmissionRow
from gateway.store.locking import kept, locked
from gateway.store.process_tables import ProcessRow
from gateway.store.public_ids import job_number, public_id

ON_REQUEST = "on request"  # why a job is held that somebody holds
_JSON = json.JSONEncoder(sort_keys=True)
MAX_CRASHES = 3  # a job whose calls bring the process down so often is put aside
# Of renders more: a document is rendered in a child and cannot bring the process down, so it is most likely innocent.
MAX_RENDER_CRASHES = 10


def moved(row: JobRow, event: JobEvent, now: datetime, detail: str = "") -> dict[str, Any]:
    """Move a job along the domain's table; the values of the event that is to be written beside it.

    Raises:
        RefusedError: the table has no such move.
    """
    before = JobState(row.state)
    after = advance(before, event)
    row.state = after.value
    if after is not JobState.CALLING:
        row.owner = None
    if after in FINAL_STATES:
        row.ended = now
    return {**noted(row, event.value, now, detail), "from_state": before.value}


def noted(row: JobRow, name: str, now: datetime, detail: str) -> dict[str, Any]:
    """The values of an event that leaves the job where it is."""
    return {
        "submission_id": row.submission_id, "job_id": key_of(row.id), "at": now, "name": name,
        "from_state": row.state, "to_state": row.state, "detail": detail,
    }  # fmt: skip


def move(session: Session, row: JobRow, event: JobEvent, now: datetime, detail: str = "") -> None:
    """As `moved`, and write the event.

    Raises:
        RefusedError: the table has no such move.
    """
    session.add(EventRow(**moved(row, event, now, detail)))


def note(session: Session, row: JobRow, name: str, now: datetime, detail: str) -> None:
    """Write an event that leaves the job where it is."""
    session.add(EventRow(**noted(row, name, now, detail)))


def confirm(row: JobRow, attempt: AttemptRow, pages: int) -> None:
    """Keep that so many pages of a call were confirmed, if it is more than was known."""
    attempt.pages_confirmed = max(attempt.pages_confirmed, pages)
    row.pages_sent = max(row.pages_sent, attempt.first_page + attempt.pages_confirmed)


def held_if_asked(row: JobRow, now: datetime) -> list[dict[str, Any]]:
    """Hold a job that could be called from now on, when somebody wanted that earlier; the event of it, if any."""
    if not row.hold_asked:
        return []
    row.hold_asked = False
    return [moved(row, JobEvent.HELD, now, ON_REQUEST)]


def row_of(session: Session, public_id: str, *, lock: bool = False) -> JobRow:
    """The row of a job by the id that people see.

    Raises:
        NotFoundError: there is no such job.
    """
    number = job_number(public_id)
    statement = select(JobRow).where(JobRow.id == number)
    row = session.exec(locked(statement) if lock else statement).one_or_none()
    if number is None or row is None:
        raise NotFoundError(f"there is no job {public_id}; `faxgw outbound list` shows the ids")
    return row


def cancelled(row: JobRow, event: JobEvent, now: datetime, detail: str) -> dict[str, Any]:
    """End a job without another call, by somebody's cancel or for its time; the event of it."""
    told = moved(row, event, now, detail)
    row.outcome, row.outcome_detail = Outcome.CANCELLED.value, detail
    row.fence += 1
    return told


def cancel_row(session: Session, row: JobRow, event: JobEvent, now: datetime, detail: str) -> None:
    """As `cancelled`, and write the event."""
    session.add(EventRow(**cancelled(row, event, now, detail)))


def moved_submission(row: SubmissionRow, after: SubmissionState, now: datetime, detail: str = "") -> dict[str, Any]:
    """Move a submission; the values of the event that is to be written beside it."""
    before, row.state = row.state, after.value
    if after is not SubmissionState.RENDERING:
        row.owner = None
    return {
        "submission_id": key_of(row.id), "at": now, "name": after.value, "from_state": before, "to_state": after.value,
        "detail": detail,
    }  # fmt: skip


def move_submission(
    session: Session, row: SubmissionRow, after: SubmissionState, now: datetime, detail: str = ""
) -> None:
    """As `moved_submission`, and write the event."""
    session.add(EventRow(**moved_submission(row, after, now, detail)))


def behind_busy() -> ColumnElement[bool]:
    """Jobs that wait after a busy tone: until their time others for the same number are not called either."""
    return in_state(JobRow.state, JobState.WAITING) & in_state(JobRow.outcome, Outcome.BUSY)


def check_process(session: Session, process_id: int) -> None:
    """Only a process that holds a lease may claim; the row stays until our commit, so no reaper comes between.

    Raises:
        LostClaimError: the process was given up for dead.
    """
    row = session.exec(kept(select(ProcessRow).where(ProcessRow.id == process_id))).one_or_none()
    if row is None:
        raise LostClaimError("this process was given up for dead: it must start anew")


def jobs_of(session: Session, submission_id: int, *, lock: bool = False) -> Sequence[JobRow]:
    """The rows of a submission's jobs, oldest first. Who locks both locks jobs before their submission."""
    statement = select(JobRow).where(JobRow.submission_id == submission_id).order_by(col(JobRow.id))
    return session.exec(locked(statement) if lock else statement).all()


def parts_of(session: Session, submission_id: int) -> tuple[PartPages, ...]:
    """What became of the parts of a submission's mail."""
    rows = session.exec(select(PartRow).where(PartRow.submission_id == submission_id).order_by(col(PartRow.position)))
    return tuple(part_from(row) for row in rows)


def part_from(row: PartRow) -> PartPages:
    """A part's row as a domain object."""
    return PartPages(row.name, row.pages, row.left_out)


def submission_from(row: SubmissionRow, parts: tuple[PartPages, ...] = ()) -> Submission:
    """A submission's row as a domain object."""
    return Submission(
        id=key_of(row.id),
        user_id=row.user_id,
        sender_address=row.sender_address,
        subject=row.subject,
        reference=row.reference,
        message_id=row.message_id,
        references=row.reference_ids,
        content_digest=row.content_digest,
        received=row.received,
        state=SubmissionState(row.state),
        resolution=row.resolution,
        cover=row.cover,
        pages_digest=row.pages_digest,
        pages=row.pages,
        part_pages=parts,
        fence=row.fence,
        evidence=json.loads(row.evidence),
        billing_code=row.billing_code,
        preview=row.preview,
        repeated=tuple(Destination(number) for number in row.repeated.split()),
        refused=tuple(RefusedRecipient(*one) for one in json.loads(row.refused)),
    )


def job_from(row: JobRow) -> Job:
    """A job's row as a domain object."""
    return Job(
        id=key_of(row.id),
        public_id=public_id(key_of(row.id)),
        submission_id=row.submission_id,
        user_id=row.user_id,
        destination=Destination(row.number),
        state=JobState(row.state),
        accepted=row.accepted,
        not_before=row.not_before,
        expires=row.expires,
        sub_address=row.sub_address,
        recipient_name=row.recipient_name,
        recipient_company=row.recipient_company,
        recipient_cover=row.recipient_cover,
        sender_name=row.sender_name,
        priority=row.priority,
        pages=row.pages,
        pages_sent=row.pages_sent,
        cover_digest=row.cover_digest,
        dials=row.dials,
        tries=row.tries,
        ecm=row.ecm,
        slower=row.slower,
        outcome=Outcome(row.outcome) if row.outcome else None,
        outcome_detail=row.outcome_detail,
        ended=row.ended,
        fence=row.fence,
        cancel_asked=row.cancel_asked,
        hold_asked=row.hold_asked,
        route=row.route,
    )


def attempt_from(row: AttemptRow) -> Attempt:
    """An attempt's row as a domain object."""
    return Attempt(
        id=key_of(row.id),
        job_id=row.job_id,
        number=row.number,
        call_uid=row.call_uid,
        trunk=row.trunk,
        line=row.line,
        first_page=row.first_page,
        pages_confirmed=row.pages_confirmed,
        last_page_sent=row.last_page_sent,
        started=row.started,
        ended=row.ended,
        outcome=Outcome(row.outcome) if row.outcome else None,
        detail=row.detail,
        session=row.session,
        tiff_digest=row.tiff_digest,
        report=row.report,
    )


def event_from(row: EventRow) -> Event:
    """An event's row as a domain object."""
    return Event(row.at, row.name, row.from_state, row.to_state, row.detail)


def as_json(value: object) -> str:
    """JSON for a text column, all ASCII; the same value gives the same text."""
    return _JSON.encode(value)
