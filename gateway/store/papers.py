"""What a call needs of its fax, as the store has it: read for many calls by few statements.

What lives here: the submission with its parts, the text of what holds for it, and the calls before. What does not: what
that text says (`frozen`), and who asks: the claim itself (`claims`), or a call whose claim did not (`material`).
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from sqlalchemy import Dialect

from gateway.domain.job import Attempt, Job
from gateway.domain.submission import PartPages, Submission
from gateway.store.by_hand import Cursor, Found, Rows, among
from gateway.store.columns import key_of
from gateway.store.fax_rows import attempt_from, part_from, submission_from
from gateway.store.fax_tables import AttemptRow, PartRow, SubmissionRow


@dataclass(frozen=True, slots=True)
class Papers:
    """The fax of one call. `frozen` is what holds for it, as text; `before` are its earlier attempts, oldest first."""

    submission: Submission
    frozen: str
    before: tuple[Attempt, ...] = ()


def papers_of(dialect: Dialect, cursor: Cursor, calls: Sequence[tuple[Job, int]]) -> dict[int, Papers]:
    """Of jobs that are called, each with the number of this call's attempt: by the job's number.

    A job whose submission is gone is left out.
    """
    hand = _statements(dialect)
    numbers = sorted({job.submission_id for job, _ in calls})
    parts = hand.parts_of(cursor, numbers)
    found = {one.row.id: one for one in hand.submissions.find(cursor, among("id", len(numbers)), numbers)}
    made = {number: submission_from(one.row, tuple(parts[key_of(number)])) for number, one in found.items()}
    before = hand.before(cursor, calls)
    return {
        job.id: Papers(made[job.submission_id], found[job.submission_id].row.frozen, tuple(before[job.id]))
        for job, _ in calls
        if job.submission_id in made
    }


class _Statements:
    """What is asked of one kind of database."""

    def __init__(self, dialect: Dialect) -> None:
        self.submissions = Rows(SubmissionRow, dialect)
        self._parts = Rows(PartRow, dialect, "submission_id")
        self._attempts = Rows(AttemptRow, dialect)

    def parts_of(self, cursor: Cursor, submissions: Sequence[int]) -> dict[int, list[PartPages]]:
        """What became of the parts of mails, in their order."""
        asked = f"{among('submission_id', len(submissions))} ORDER BY submission_id, position"
        parts: dict[int, list[PartPages]] = defaultdict(list)
        for one in self._parts.find(cursor, asked, submissions):
            parts[one.row.submission_id].append(part_from(one.row))
        return parts

    def before(self, cursor: Cursor, calls: Sequence[tuple[Job, int]]) -> dict[int, list[Attempt]]:
        """The attempts before these, oldest first; most jobs have none."""
        again = [job.id for job, _ in calls if job.dials > 1]
        present = {number for _, number in calls}
        attempts: dict[int, list[Attempt]] = defaultdict(list)
        for one in self._of_jobs(cursor, again):
            if one.row.id not in present:
                attempts[one.row.job_id].append(attempt_from(one.row))
        return attempts

    def _of_jobs(self, cursor: Cursor, jobs: Sequence[int]) -> list[Found[AttemptRow]]:
        return self._attempts.find(cursor, f"{among('job_id', len(jobs))} ORDER BY number", jobs) if jobs else []


@lru_cache(maxsize=8)
def _statements(dialect: Dialect) -> _Statements:
    """Made once for each engine."""
    return _Statements(dialect)
