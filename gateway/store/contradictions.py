"""Rows that contradict one another: what no order of our writes can leave behind, in plain words.

What lives here: the questions. What does not: the database's own soundness and contents (`check`).
"""

import functools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from sqlmodel import Session

from gateway.domain.job import FINAL_STATES
from gateway.domain.received import ReceivedState
from gateway.store.database import Database
from gateway.store.public_ids import public_id, received_id

MOST_NAMED = 10  # rows of one kind


@dataclass(frozen=True, slots=True)
class Contradiction:
    """A kind of row that must not be: what the rows are, why they are wrong, and a query for their numbers."""

    noun: str
    words: str
    query: str


_FINAL = ", ".join(f"'{state.value}'" for state in sorted(FINAL_STATES))
_OPEN_ATTEMPT = "EXISTS (SELECT 1 FROM attempt WHERE attempt.job_id = job.id AND attempt.ended IS NULL)"
_ACCEPTED_JOB = "EXISTS (SELECT 1 FROM job WHERE job.submission_id = submission.id AND job.state = 'accepted')"
_LAST_EVENT = "SELECT max(id) FROM event WHERE event.job_id = job.id"
RECEIVED, _COMES_IN = "received fax", f"'{ReceivedState.RECEIVING.value}'"
CONTRADICTIONS = (
    Contradiction("job", "is in a call that nobody makes",
                  "SELECT id FROM job WHERE state = 'calling' AND owner IS NULL"),
    Contradiction("job", "is in no call, and a process owns it",
                  "SELECT id FROM job WHERE state <> 'calling' AND owner IS NOT NULL"),
    Contradiction("job", "is in a call without an attempt",
                  f"SELECT id FROM job WHERE state = 'calling' AND NOT {_OPEN_ATTEMPT}"),
    Contradiction("job", "is in no call, and an attempt goes on: its line stays taken",
                  f"SELECT id FROM job WHERE state <> 'calling' AND {_OPEN_ATTEMPT}"),
    Contradiction("job", "has ended, and no time says when",
                  f"SELECT id FROM job WHERE state IN ({_FINAL}) AND ended IS NULL"),
    Contradiction("job", "has not ended, and a time says when it did",
                  f"SELECT id FROM job WHERE state NOT IN ({_FINAL}) AND ended IS NOT NULL"),
    Contradiction("job", "has ended without an outcome",
                  f"SELECT id FROM job WHERE state IN ({_FINAL}) AND outcome IS NULL"),
    Contradiction("job", "counts as sent, and not all of its pages were confirmed",
                  "SELECT id FROM job WHERE state = 'sent' AND pages_sent < pages"),
    Contradiction("job", "has more pages confirmed than it has", "SELECT id FROM job WHERE pages_sent > pages"),
    Contradiction("job", "waits for pages of a mail that is not rendered any more",
                  "SELECT job.id FROM job JOIN submission ON submission.id = job.submission_id "
                  "WHERE job.state = 'accepted' AND submission.state NOT IN ('accepted', 'rendering')"),
    Contradiction("job", "waits for a call, and its mail is not rendered",
                  "SELECT job.id FROM job JOIN submission ON submission.id = job.submission_id "
                  "WHERE job.state IN ('ready', 'waiting', 'calling') AND submission.state <> 'rendered'"),
    Contradiction("job", "is in another state than its history says",
                  "SELECT job.id FROM job JOIN event ON event.job_id = job.id "
                  f"WHERE event.id = ({_LAST_EVENT}) AND event.to_state <> job.state"),
    Contradiction("job", "has no history",
                  "SELECT id FROM job WHERE NOT EXISTS (SELECT 1 FROM event WHERE event.job_id = job.id) "
                  "AND state <> 'accepted'"),
    Contradiction("submission", "is being rendered by nobody",
                  "SELECT id FROM submission WHERE state = 'rendering' AND owner IS NULL"),
    Contradiction("submission", "is not being rendered, and a process owns it",
                  "SELECT id FROM submission WHERE state <> 'rendering' AND owner IS NOT NULL"),
    Contradiction("submission", "waits to be rendered for no job",
                  f"SELECT id FROM submission WHERE state = 'accepted' AND NOT {_ACCEPTED_JOB}"),
    Contradiction("submission", "has no job",
                  "SELECT id FROM submission WHERE NOT EXISTS "
                  "(SELECT 1 FROM job WHERE job.submission_id = submission.id)"),
    Contradiction("mail", "is being sent by nobody", "SELECT id FROM outbox WHERE state = 'sending' AND owner IS NULL"),
    Contradiction("mail", "is not being sent, and a process owns it",
                  "SELECT id FROM outbox WHERE state <> 'sending' AND owner IS NOT NULL"),
    Contradiction("mail", "was sent, and no time says when",
                  "SELECT id FROM outbox WHERE state = 'sent' AND sent IS NULL"),
    Contradiction("user", "has a number that is not in the inventory",
                  "SELECT node_id FROM user_profile WHERE fax_number <> '' AND NOT EXISTS "
                  "(SELECT 1 FROM number WHERE number.number = user_profile.fax_number)"),
    Contradiction("forwarding", "is worked on by nobody",
                  "SELECT id FROM forwarding WHERE state = 'working' AND owner IS NULL"),
    Contradiction("forwarding", "is not worked on, and a process owns it",
                  "SELECT id FROM forwarding WHERE state <> 'working' AND owner IS NOT NULL"),
    Contradiction("copy", "is being made by nobody",
                  "SELECT id FROM archive_transfer WHERE state = 'copying' AND owner IS NULL"),
    Contradiction("copy", "is not being made, and a process owns it",
                  "SELECT id FROM archive_transfer WHERE state <> 'copying' AND owner IS NOT NULL"),
    Contradiction("copy", "is of no fax, or of two",
                  "SELECT id FROM archive_transfer WHERE (job_id IS NULL) = (received_id IS NULL)"),
    Contradiction(RECEIVED, "has pages that nobody was to be mailed",
                  f"SELECT id FROM received WHERE state <> {_COMES_IN} AND pages > 0 AND NOT EXISTS "
                  "(SELECT 1 FROM forwarding WHERE forwarding.received_id = received.id)"),
    Contradiction(RECEIVED, "comes in no more, and a process owns it",
                  f"SELECT id FROM received WHERE state <> {_COMES_IN} AND owner IS NOT NULL"),
    Contradiction(RECEIVED, "is over, and no time says since when",
                  f"SELECT id FROM received WHERE state <> {_COMES_IN} AND ended IS NULL"),
    Contradiction(RECEIVED, "is over without a history", f"SELECT id FROM received WHERE state <> {_COMES_IN} "
                  "AND NOT EXISTS (SELECT 1 FROM received_event WHERE received_event.received_id = received.id)"),
    Contradiction(RECEIVED, "has more or fewer pages than are kept",
                  "SELECT id FROM received WHERE pages <> "
                  "(SELECT count(*) FROM received_page WHERE received_page.received_id = received.id)"),
    Contradiction(RECEIVED, "has pages, and no file of them",
                  f"SELECT id FROM received WHERE state <> {_COMES_IN} AND pages > 0 AND tiff_digest = '' "
                  "AND erased IS NULL"),
)  # fmt: skip

_NAMED: Mapping[str, Callable[[int], str]] = {"job": public_id, RECEIVED: received_id}


def contradictions(db: Database) -> Iterator[str]:
    """What is wrong, a line for each kind, which names some of the rows.

    Raises:
        UnavailableError: the database is out of reach.
    """
    for kind in CONTRADICTIONS:
        found = db.read(functools.partial(_some, kind=kind))
        if found:
            named = ", ".join(_NAMED.get(kind.noun, str)(number) for number in found[:MOST_NAMED])
            yield f"{kind.noun} {named}{' and more' if len(found) > MOST_NAMED else ''} {kind.words}"


def _some(session: Session, kind: Contradiction) -> list[int]:
    query = f"SELECT * FROM ({kind.query}) AS wrong ORDER BY 1 LIMIT {MOST_NAMED + 1}"
    return [int(number) for number in session.connection().exec_driver_sql(query).scalars()]
