"""Mails become submissions with their jobs: one after another, or all that wait at the moment at one go.

What lives here: what is written before a mail's 250, the duplicate key, and mails that are written together. What does
not: what becomes of a submission afterwards (`submissions`, `jobs`), how works share commits (`writer`).

Until the writer's turn has come mails gather, and are written by the same statements: a statement for many costs hardly
more than for one. Nobody is told of success before the commit that holds his mail, and nobody fails for the mail of
another.
"""

import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field, replace

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

from gateway.domain.errors import UnavailableError
from gateway.domain.job import Job
from gateway.domain.replay import TakenBeforeError
from gateway.domain.submission import NewSubmission
from gateway.store import signatures
from gateway.store.automatic import check_cap
from gateway.store.by_hand import Cursor
from gateway.store.columns import table_of
from gateway.store.database import Database
from gateway.store.engines import driver_errors
from gateway.store.entry import DUPLICATE_WINDOW, Entry, entry_for
from gateway.store.fax_rows import job_from, jobs_of
from gateway.store.fax_tables import SubmissionRow

MOST_AT_ONCE = 200  # mails in one commit: the writer's lock is held for some milliseconds at most


@dataclass(frozen=True, slots=True)
class Accepted:
    """What a submission became; of a duplicate, what the first one became."""

    submission_id: int
    jobs: tuple[Job, ...]
    duplicate: bool


@dataclass(frozen=True, slots=True)
class _SameMail:
    """It is there already: the submission that it became."""

    submission_id: int


Answer = Accepted | _SameMail | TakenBeforeError


@dataclass(slots=True)
class _Batch:
    """Mails that will be committed together; `done` gives their answers in order.

    Those that are `bound`, since what they become depends on others, are not mixed with those that are not.
    """

    bound: bool
    mails: list[NewSubmission] = field(default_factory=list)
    done: Future[list[Answer]] = field(default_factory=Future)


@dataclass(frozen=True, slots=True)
class Entered:
    """A mail on its way into a commit: its place in the batch, and the answers of that when it is `done`."""

    mail: NewSubmission
    place: int
    done: Future[list[Answer]]


class Acceptance:
    """Adds mails for many threads; `largest` is the most that one commit held so far."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._lock = threading.Lock()
        self._open: dict[bool, _Batch] = {}
        self.largest = 0

    def add(self, new: NewSubmission) -> Accepted:
        """As `add`, in one commit with what others add at this moment. It waits for the commit.

        Raises:
            TakenBeforeError: as `add`.
            UnavailableError: it could not be written now; nothing was.
        """
        return self.answer(self.enter(new))

    def enter(self, new: NewSubmission) -> Entered:
        """Give a mail to the commit that gathers now; who comes first has it committed. It does not wait."""
        bound = is_bound(new)
        with self._lock:
            batch = self._open.get(bound)
            if batch is None or batch.done.done() or len(batch.mails) >= MOST_AT_ONCE:
                batch = _Batch(bound)
                batch.done = self._submit(batch)
                self._open[bound] = batch
            batch.mails.append(new)
            return Entered(new, len(batch.mails) - 1, batch.done)

    def answer(self, entered: Entered) -> Accepted:
        """What a mail became, once its commit is done; as `add`."""
        error = entered.done.exception()
        if error is None:
            return _accepted(self._db, entered.done.result()[entered.place])
        if isinstance(error, UnavailableError):
            raise UnavailableError(str(error))
        # One of the batch cannot be written: whose it is shows when each stands alone.
        return add(self._db, entered.mail)

    def plain_answer(self, entered: Entered) -> Accepted | None:
        """As `answer`, without waiting or asking the database; None when it takes that. The commit is done."""
        if entered.done.exception() is not None:
            return None
        found = entered.done.result()[entered.place]
        return found if isinstance(found, Accepted) else None

    def _submit(self, batch: _Batch) -> Future[list[Answer]]:
        if batch.bound:
            return self._db.submit(lambda session: add_all(session, self._closed(batch)))
        entry = entry_for(self._db.dialect)
        return self._db.submit(lambda cursor: _add_free(entry, cursor, self._closed(batch)), by_hand=True)

    def _closed(self, batch: _Batch) -> list[NewSubmission]:
        """Its mails; none comes any more. Until the writer's turn has come, there is time to gather."""
        with self._lock:
            if self._open.get(batch.bound) is batch:
                del self._open[batch.bound]
        self.largest = max(self.largest, len(batch.mails))
        return batch.mails


def add(db: Database, new: NewSubmission) -> Accepted:
    """Write a submission and one job for each distinct destination (the first address wins), in one commit.

    The same duplicate key within five days adds nothing, nor does the same mail for a number that it was to go to
    before, or a signed one for a number that it was faxed to.

    Raises:
        TakenBeforeError: 550, a signed mail was faxed to other numbers; 451, too many mails of programs in an hour.
        UnavailableError: it could not be written now; nothing was.
    """
    try:
        return _accepted(db, db.write(lambda session: add_all(session, [new])[0]))
    except IntegrityError:
        # Two processes met at a unique key: now the other's is there to be found.
        return _accepted(db, db.write(lambda session: add_all(session, [new])[0]))


def check(db: Database, new: NewSubmission) -> None:
    """Return when `add` would take a mail just now, before its content is kept; nothing is written.

    Raises:
        TakenBeforeError: as `add`.
        UnavailableError: the store cannot be read.
    """
    if is_bound(new) and not db.read(lambda session: _is_known(session, new)):
        db.read(lambda session: signatures.earlier_uses(session, new))
        db.read(lambda session: check_cap(session, new))


def add_all(session: Session, mails: Sequence[NewSubmission]) -> list[Answer]:
    """Write mails inside a transaction; of those that bear the same duplicate key, the first one.

    Who is refused is answered with the error; nothing is written of him, and the others are none the worse for it.
    """
    connection = session.connection()
    entry, cursor = entry_for(connection.dialect), connection.connection.cursor()
    with driver_errors(connection.dialect):
        return [_add_bound(session, entry, cursor, new) for new in mails]


def _accepted(db: Database, answer: Answer) -> Accepted:
    if isinstance(answer, TakenBeforeError):
        raise answer
    if isinstance(answer, _SameMail):
        number = answer.submission_id
        jobs = db.read(lambda session: tuple(job_from(row) for row in jobs_of(session, number)))
        return Accepted(number, jobs, duplicate=True)
    return answer


def is_bound(new: NewSubmission) -> bool:
    """Whether it depends on what was taken before, so that it must be looked at alone."""
    return new.signature is not None or new.automatic_cap is not None


def _add_free(entry: Entry, cursor: Cursor, mails: Sequence[NewSubmission]) -> list[Answer]:
    """Write mails at one go, each unless it is there already or comes twice."""
    known = entry.known(cursor, mails)
    first: dict[str, int] = {}
    for place, new in enumerate(mails):
        first.setdefault(new.duplicate_key, place)
    places = [place for key, place in first.items() if key not in known]
    if _meet([mails[place] for place in places]) or entry.asked_before(cursor, [mails[place] for place in places]):
        return [_add_one(entry, cursor, new) for new in mails]
    written = entry.write(cursor, [mails[place] for place in places]) if places else []
    jobs = dict(zip(places, written, strict=True))
    known |= {mails[place].duplicate_key: made[0].submission_id for place, made in jobs.items()}
    return [
        Accepted(jobs[place][0].submission_id, jobs[place], duplicate=False)
        if place in jobs
        else _SameMail(known[new.duplicate_key])
        for place, new in enumerate(mails)
    ]


def _meet(mails: Sequence[NewSubmission]) -> bool:
    """Whether one of them is another, to other numbers."""
    keys = [new.mail_key for new in mails if new.mail_key is not None]
    return len(set(keys)) < len(keys)


def _add_one(entry: Entry, cursor: Cursor, new: NewSubmission) -> Answer:
    """Write one mail, of what it asks for only what the same mail did not ask for before."""
    known = entry.known(cursor, [new])
    if known:
        return _SameMail(known[new.duplicate_key])
    asked = _asked(entry, cursor, new)
    left = tuple(address for address in new.addresses if address.line not in asked)
    if not left:
        return _SameMail(min(asked[address.line] for address in new.addresses))
    [jobs] = entry.write(cursor, [replace(new, addresses=left)])
    return Accepted(jobs[0].submission_id, jobs, duplicate=False)


def _asked(entry: Entry, cursor: Cursor, new: NewSubmission) -> Mapping[str, int]:
    """What the same mail asked for before: each line, and the submission that it is in."""
    return {} if new.mail_key is None else entry.asked_before(cursor, [new]).get(new.mail_key, {})


def _add_bound(session: Session, entry: Entry, cursor: Cursor, new: NewSubmission) -> Answer:
    """Write one mail, of what it asks for only what was not faxed yet."""
    known = entry.known(cursor, [new])
    if known:
        return _SameMail(known[new.duplicate_key])
    try:
        uses = signatures.earlier_uses(session, new)
        check_cap(session, new)
    except TakenBeforeError as error:
        return error
    unused = tuple(address for address in new.addresses if address.destination.number not in uses)
    if not unused:
        return _earlier_jobs(session, uses)
    asked = _asked(entry, cursor, new)
    left = tuple(address for address in unused if address.line not in asked)
    if not left:
        return _SameMail(min(asked[address.line] for address in unused))
    rest = replace(new, addresses=left)
    [jobs] = entry.write(cursor, [rest])
    signatures.remember(session, rest, jobs[0].submission_id)
    return Accepted(jobs[0].submission_id, jobs, duplicate=False)


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
