"""Which faxes somebody wants to see, and in what order.

What lives here: the filter, and what of it is a plain condition on a row. What does not: finding them (`job_lists`).
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlmodel import col, select

from gateway.domain.job import FINAL_STATES, JobState, status_word
from gateway.domain.outcome import Outcome
from gateway.store.columns import in_state
from gateway.store.fax_tables import NOT_SENT, JobRow, SubmissionRow
from gateway.store.paging import between, part_of_address, so_many
from gateway.store.public_ids import job_number


class Sort(StrEnum):
    """What a list goes by. Lists by any but the first two read all that the filters leave."""

    ACCEPTED = "accepted"
    NUMBER = "number"
    ENDED = "ended"
    OUTCOME = "outcome"
    STATE = "state"
    PAGES = "pages"
    DIALS = "dials"
    PRIORITY = "priority"


@dataclass(frozen=True, slots=True)
class Filter:
    """Which jobs to list; what is empty does not filter.

    `status` is one of the words of `gateway.domain.job.status_word`. A number may be given whole, by its beginning, its
    end or a part, each in digits with the plus where it has one. `user_id` is one user, `user_ids` several. Times are
    those of acceptance, `until` not included. Pages are those to be sent. `after` is the public id of the last job
    seen: the next page follows it.
    """

    state: JobState | None = None
    status: str = ""
    outcome: Outcome | None = None
    number: str = ""
    number_begins: str = ""
    number_ends: str = ""
    number_contains: str = ""
    user_id: int | None = None
    user_ids: tuple[int, ...] | None = None
    jobs: tuple[str, ...] = ()
    since: datetime | None = None
    until: datetime | None = None
    least_pages: int | None = None
    most_pages: int | None = None
    sender: str = ""
    reference: str = ""
    billing_code: str = ""
    recipient: str = ""
    sort: Sort = Sort.ACCEPTED
    ascending: bool = False
    after: str = ""
    limit: int = 100


def states_of(wanted: Filter) -> list[JobState]:
    """The states that are asked for; empty for any."""
    if wanted.state is not None:
        return [wanted.state] if not wanted.status or status_word(wanted.state) == wanted.status else [wanted.state][:0]
    return [state for state in JobState if status_word(state) == wanted.status]


def of_state(state: JobState) -> list[Any]:
    """The condition that finds a state by its index, of jobs that are over or of those that are not."""
    over = col(JobRow.ended).is_not(None) if state in FINAL_STATES else col(JobRow.ended).is_(None)
    return [in_state(JobRow.state, state), over]


def conditions(wanted: Filter) -> list[Any]:
    """All but state, user and parts of numbers, for which there are several ways."""
    found = [*_exact(wanted), *_ranges(wanted), *_parts(wanted)]
    if wanted.number_contains:
        found.append(col(JobRow.number).contains(wanted.number_contains, autoescape=True))
    return found


def _exact(wanted: Filter) -> list[Any]:
    found: list[Any] = []
    if wanted.outcome is not None:
        found.append(JobRow.outcome == wanted.outcome.value)
        if wanted.outcome is not Outcome.SUCCESS:
            found.append(NOT_SENT)
    if wanted.number:
        found.append(JobRow.number == wanted.number)
    if wanted.jobs:
        found.append(col(JobRow.id).in_([job_number(job) or 0 for job in wanted.jobs]))
    return found


def _ranges(wanted: Filter) -> list[Any]:
    times = between(col(JobRow.accepted), wanted.since, wanted.until)
    return times + so_many(col(JobRow.pages), wanted.least_pages, wanted.most_pages)


def _parts(wanted: Filter) -> list[Any]:
    """What stands in texts, some of them in the submission's row."""
    found: list[Any] = []
    if wanted.recipient:
        name, company = col(JobRow.recipient_name), col(JobRow.recipient_company)
        found.append((name + " " + company).icontains(wanted.recipient, autoescape=True))
    if wanted.sender:
        mine = select(SubmissionRow.id).where(SubmissionRow.id == JobRow.submission_id)
        found.append(mine.where(part_of_address(col(SubmissionRow.sender_address), wanted.sender)).exists())
    texts = {
        SubmissionRow.reference: wanted.reference,
        SubmissionRow.billing_code: wanted.billing_code,
    }
    for column, part in texts.items():
        if part:
            mine = select(SubmissionRow.id).where(SubmissionRow.id == JobRow.submission_id)
            found.append(mine.where(col(column).icontains(part, autoescape=True)).exists())
    return found
