"""Mails become submissions with their jobs: one after another, or all that wait at the moment in one commit.

What lives here: what is written before a mail's 250, the duplicate key, and the one writer that commits for many. What
does not: what becomes of a submission afterwards (`submissions`, `jobs`).

A sync of the disk is what a commit costs, so under load it is shared: while one batch is committed, the next gathers.
Nobody is told of success before the commit that holds his mail, and nobody fails for the mail of another.
"""

import threading
from collections import defaultdict
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import cast

from sqlalchemy import insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

from gateway.domain.addresses import FaxAddress, distinct, repeated_numbers
from gateway.domain.errors import UnavailableError
from gateway.domain.job import Job, JobState
from gateway.domain.replay import TakenBeforeError
from gateway.domain.submission import NewSubmission, SubmissionState
from gateway.store import signatures
from gateway.store.automatic import check_cap
from gateway.store.columns import table_of
from gateway.store.database import Database
from gateway.store.fax_rows import as_json, job_from, jobs_of
from gateway.store.fax_tables import EventRow, JobRow, SubmissionRow

DUPLICATE_WINDOW = timedelta(days=5)  # as long as servers go on trying to deliver (RFC 5321 4.5.4.1)
MOST_AT_ONCE = 200  # mails in one commit: the writer's lock is held for some milliseconds at most


@dataclass(frozen=True, slots=True)
class Accepted:
    """What a submission became; of a duplicate, what the first one became."""

    submission_id: int
    jobs: tuple[Job, ...]
    duplicate: bool


Answer = Accepted | TakenBeforeError


@dataclass(slots=True)
class _Batch:
    """Mails that will be committed together; `done` gives their answers in order."""

    mails: list[NewSubmission] = field(default_factory=list)
    done: Future[list[Answer]] = field(default_factory=Future)


class Acceptance:
    """Adds mails for many threads; `largest` is the most that one commit held so far."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="acceptance")
        self._lock = threading.Lock()
        self._open: _Batch | None = None
        self.largest = 0

    def add(self, new: NewSubmission) -> Accepted:
        """As `add`, in one commit with what other threads add at this moment.

        Raises:
            TakenBeforeError: as `add`.
            UnavailableError: it could not be written now; nothing was.
        """
        batch, place = self._join(new)
        error = batch.done.exception()
        if error is None:
            return _accepted(batch.done.result()[place])
        if isinstance(error, UnavailableError):
            raise UnavailableError(str(error))
        return add(self._db, new)  # one of the batch cannot be written: whose it is shows when each stands alone

    def close(self) -> None:
        """End the writer when all is written."""
        self._writer.shutdown(wait=True)

    def _join(self, new: NewSubmission) -> tuple[_Batch, int]:
        """The batch that gathers now, and our place in it; who comes first has it committed."""
        with self._lock:
            batch = self._open
            if batch is None or len(batch.mails) >= MOST_AT_ONCE:
                batch = self._open = _Batch()
                batch.done = self._writer.submit(self._commit, batch)
            batch.mails.append(new)
            return batch, len(batch.mails) - 1

    def _commit(self, batch: _Batch) -> list[Answer]:
        with self._lock:
            if self._open is batch:
                self._open = None
        self.largest = max(self.largest, len(batch.mails))
        return self._db.write(lambda session: add_all(session, batch.mails))


def add(db: Database, new: NewSubmission) -> Accepted:
    """Write a submission and one job for each distinct destination (the first address wins), in one commit.

    The same duplicate key within five days adds nothing, nor does a signed mail for a number that it was faxed to.

    Raises:
        TakenBeforeError: 550, a signed mail was faxed to other numbers; 451, too many mails of programs in an hour.
        UnavailableError: it could not be written now; nothing was.
    """
    try:
        return _accepted(db.write(lambda session: add_all(session, [new])[0]))
    except IntegrityError:
        # Two processes met at a unique key: now the other's is there to be found.
        return _accepted(db.write(lambda session: add_all(session, [new])[0]))


def check(db: Database, new: NewSubmission) -> None:
    """Return when `add` would take a mail just now, before its content is kept; nothing is written.

    Raises:
        TakenBeforeError: as `add`.
        UnavailableError: the store cannot be read.
    """
    if _is_bound(new) and not db.read(lambda session: _is_known(session, new)):
        db.read(lambda session: signatures.earlier_uses(session, new))
        db.read(lambda session: check_cap(session, new))


def add_all(session: Session, mails: Sequence[NewSubmission]) -> list[Answer]:
    """Write mails inside a transaction; of those that bear the same duplicate key, the first one.

    Who is refused is answered with the error; nothing is written of him, and the others are none the worse for it.
    """
    free = _add_free(session, [new for new in mails if not _is_bound(new)])
    return [_add_bound(session, new) if _is_bound(new) else free[new.duplicate_key].pop(0) for new in mails]


def _accepted(answer: Answer) -> Accepted:
    if isinstance(answer, TakenBeforeError):
        raise answer
    return answer


def _is_bound(new: NewSubmission) -> bool:
    """Whether it depends on what was taken before, so that it must be looked at alone."""
    return new.signature is not None or new.automatic_cap is not None


def _add_free(session: Session, mails: Sequence[NewSubmission]) -> dict[str, list[Answer]]:
    """Write mails at one go; by duplicate key, the answers in order."""
    known = _known(session, mails) if mails else {}
    fresh = {new.duplicate_key: new for new in reversed(mails) if new.duplicate_key not in known}  # the first wins
    added = _insert(session, list(fresh.values())[::-1]) if fresh else {}
    answers: dict[str, list[Answer]] = defaultdict(list)
    for new in mails:
        first = known.get(new.duplicate_key) or added[new.duplicate_key]
        duplicate = fresh.get(new.duplicate_key) is not new
        answers[new.duplicate_key].append(Accepted(first.submission_id, first.jobs, duplicate))
    return answers


def _add_bound(session: Session, new: NewSubmission) -> Answer:
    """Write one mail, of what it asks for only what was not faxed yet."""
    known = _known(session, [new])
    if known:
        return known[new.duplicate_key]
    try:
        uses = signatures.earlier_uses(session, new)
        check_cap(session, new)
    except TakenBeforeError as error:
        return error
    left = tuple(address for address in new.addresses if address.destination.number not in uses)
    if not left:
        return _earlier_jobs(session, uses)
    rest = replace(new, addresses=left)
    accepted = _insert(session, [rest])[new.duplicate_key]
    signatures.remember(session, rest, accepted.submission_id)
    return accepted


def _earlier_jobs(session: Session, uses: Mapping[str, int]) -> Accepted:
    """What the same mail became for these numbers."""
    jobs = [job_from(row) for number in sorted(set(uses.values())) for row in jobs_of(session, number)]
    mine = tuple(job for job in jobs if uses.get(job.destination.number) == job.submission_id)
    return Accepted(min(uses.values()), mine, duplicate=True)


def _is_known(session: Session, new: NewSubmission) -> bool:
    table = table_of(SubmissionRow)
    recent = table.c.received > new.received - DUPLICATE_WINDOW
    wanted = select(table.c.id).where(table.c.duplicate_key == new.duplicate_key, recent)
    return session.execute(wanted).first() is not None


def _known(session: Session, mails: Sequence[NewSubmission]) -> dict[str, Accepted]:
    """By key, what the same mails became earlier. A key that is older than the window is given up."""
    table = table_of(SubmissionRow)
    by_key = {new.duplicate_key: new for new in mails}
    wanted = select(table.c.id, table.c.received, table.c.duplicate_key).where(table.c.duplicate_key.in_(by_key))
    known = {}
    for row in session.execute(wanted.with_for_update(key_share=True)).all():
        if row.received <= by_key[row.duplicate_key].received - DUPLICATE_WINDOW:
            session.execute(update(table).where(table.c.id == row.id).values(duplicate_key=None))
        else:
            jobs = tuple(job_from(job) for job in jobs_of(session, row.id))
            known[row.duplicate_key] = Accepted(row.id, jobs, duplicate=True)
    return known


def _insert(session: Session, mails: list[NewSubmission]) -> dict[str, Accepted]:
    """Write the rows of mails that are new, kind by kind; by duplicate key, what they became."""
    submission = table_of(SubmissionRow)
    added = insert(submission).returning(submission.c.id, submission.c.duplicate_key)
    numbers = {row.duplicate_key: row.id for row in session.execute(added, [_submission(new) for new in mails])}
    jobs = _insert_jobs(session, [job for new in mails for job in _jobs(new, numbers[new.duplicate_key])])
    session.execute(insert(table_of(EventRow)), [_event(new, numbers[new.duplicate_key]) for new in mails])
    return {key: Accepted(number, tuple(jobs[number]), duplicate=False) for key, number in numbers.items()}


def _insert_jobs(session: Session, rows: list[dict[str, object]]) -> dict[int, list[Job]]:
    """Write jobs; by submission, in the order of their addresses."""
    table = table_of(JobRow)
    found = session.execute(insert(table).returning(table), rows).all()
    made = [job_from(cast(JobRow, row)) for row in found]  # an answer's row has the columns of the table
    by_place: dict[tuple[object, object], Job] = {(job.submission_id, job.destination.number): job for job in made}
    jobs: dict[int, list[Job]] = defaultdict(list)
    for row in rows:
        job = by_place[row["submission_id"], row["number"]]
        jobs[job.submission_id].append(job)
    return jobs


def _submission(new: NewSubmission) -> dict[str, object]:
    return {
        "user_id": new.user_id,
        "sender_address": new.sender_address,
        "subject": new.subject,
        "reference": new.reference,
        "message_id": new.facts.message_id,
        "reference_ids": new.facts.references,
        "content_digest": new.content_digest,
        "received": new.received,
        "duplicate_key": new.duplicate_key,
        "evidence": as_json(new.evidence),
        "resolution": new.resolution,
        "cover": new.cover,
        "billing_code": new.billing_code,
        "preview": new.preview,
        "automatic": new.automatic_cap is not None,
        "repeated": " ".join(repeated_numbers(new.addresses)),
        "state": SubmissionState.ACCEPTED.value,
    }


def _jobs(new: NewSubmission, submission_id: int) -> list[dict[str, object]]:
    return [_job(new, submission_id, address) for address in distinct(new.addresses)]


def _job(new: NewSubmission, submission_id: int, address: FaxAddress) -> dict[str, object]:
    return {
        "submission_id": submission_id,
        "user_id": new.user_id,
        "number": address.destination.number,
        "state": JobState.ACCEPTED.value,
        "accepted": new.received,
        "not_before": new.start or new.received,
        "expires": new.expires,
        "sub_address": address.sub_address,
        "recipient_name": address.name,
        "recipient_company": address.company,
        "recipient_cover": address.cover,
        "sender_name": address.sender,
        "priority": new.priority,
    }


def _event(new: NewSubmission, submission_id: int) -> dict[str, object]:
    name = SubmissionState.ACCEPTED.value
    return {"submission_id": submission_id, "at": new.received, "name": name, "from_state": "", "to_state": name}
