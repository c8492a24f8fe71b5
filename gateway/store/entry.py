"""The rows that a new mail becomes: submission, jobs, the first event, and its content when that is small.

What lives here: writing them, and finding those of the same mail that came before, by statements that cost little. What
does not: transactions, and whether the mail is taken (`acceptance`).
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import timedelta
from functools import lru_cache
from types import SimpleNamespace
from typing import cast

from sqlalchemy import Dialect

from gateway.domain.addresses import FaxAddress, distinct, repeated_numbers
from gateway.domain.job import Job, JobState
from gateway.domain.numbers import Destination
from gateway.domain.submission import NewSubmission, SubmissionState
from gateway.store.by_hand import Cursor, Insertion, marks
from gateway.store.columns import EPOCH, MICROSECOND
from gateway.store.fax_rows import as_json, job_from
from gateway.store.fax_tables import ContentRow, EventRow, JobRow, SubmissionRow

DUPLICATE_WINDOW = timedelta(days=5)  # as long as servers go on trying to deliver (RFC 5321 4.5.4.1)
_EARLIER = "SELECT id, received, duplicate_key FROM submission WHERE duplicate_key IN"
_ASKED = (
    "SELECT s.mail_key, s.id, j.number, j.sub_address FROM submission AS s JOIN job AS j ON j.submission_id = s.id "
    "WHERE s.received >"
)
# A server has more than one writer: who has the key may look, and the next one sees what he wrote.
_ONE_AFTER_ANOTHER = (
    "SELECT pg_advisory_xact_lock(key) FROM (SELECT DISTINCT unnest(%s::bigint[]) AS key ORDER BY key) AS keys"
)
_GIVE_UP = "UPDATE submission SET duplicate_key = NULL WHERE id ="


class Entry:
    """What is asked and written when mails come in, for one dialect; see `entry_for`."""

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect
        self._submission = Insertion(SubmissionRow, dialect)
        self._job = Insertion(JobRow, dialect)
        self._event = Insertion(EventRow, dialect)
        self._content = Insertion(ContentRow, dialect)

    def known(self, cursor: Cursor, mails: Sequence[NewSubmission]) -> dict[str, int]:
        """By duplicate key, the submissions that the same mails became earlier.

        A key that is older than the window is given up.
        """
        by_key = {new.duplicate_key: new for new in mails}
        locked = "" if self._dialect.name == "sqlite" else " FOR NO KEY UPDATE"
        cursor.execute(f"{_EARLIER} ({marks(self._dialect, len(by_key))}){locked}", list(by_key))
        known = {}
        for number, received, key in cursor.fetchall():
            if EPOCH + received * MICROSECOND > by_key[key].received - DUPLICATE_WINDOW:
                known[key] = int(number)
            else:
                cursor.execute(f"{_GIVE_UP} {marks(self._dialect, 1)}", (number,))
        return known

    def asked_before(self, cursor: Cursor, mails: Sequence[NewSubmission]) -> dict[int, dict[str, int]]:
        """By mail key, what the same mails asked for within the window: each line, and the submission that it is in.

        Until the transaction ends no other process gets an answer for the same keys.
        """
        keys = [new.mail_key for new in mails if new.mail_key is not None]
        found: dict[int, dict[str, int]] = {}
        if keys:
            if self._dialect.name == "postgresql":
                cursor.execute(_ONE_AFTER_ANOTHER, (keys,))
            since = (min(new.received for new in mails) - DUPLICATE_WINDOW - EPOCH) // MICROSECOND
            mark, ours = marks(self._dialect, 1), marks(self._dialect, len(keys))
            cursor.execute(f"{_ASKED} {mark} AND s.mail_key IN ({ours}) ORDER BY s.id DESC", [since, *keys])
            for key, submission, number, sub_address in cursor.fetchall():
                line = FaxAddress(Destination(number), sub_address=sub_address).line
                found.setdefault(key, {})[line] = submission
        return found

    def write(self, cursor: Cursor, mails: Sequence[NewSubmission]) -> list[tuple[Job, ...]]:
        """Write the rows of mails that are not known; of each its jobs, in the order of their addresses."""
        numbers = [row["id"] for row in self._submission.add_numbered(cursor, [_submission(new) for new in mails])]
        numbered = list(zip(mails, numbers, strict=True))
        wanted = [job for new, number in numbered for job in _jobs(new, number)]
        jobs: dict[int, list[Job]] = {number: [] for number in numbers}
        for row in self._job.add_numbered(cursor, wanted):
            jobs[row["submission_id"]].append(job_from(cast(JobRow, SimpleNamespace(**row))))  # all of its attributes
        self._event.add(cursor, [_event(new, number) for new, number in numbered])
        contents = [{"submission_id": number, "octets": new.content} for new, number in numbered if new.content]
        if contents:
            self._content.add(cursor, contents)
        return [tuple(jobs[number]) for number in numbers]


@lru_cache(maxsize=8)
def entry_for(dialect: Dialect) -> Entry:
    """Made once for each engine."""
    return Entry(dialect)


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
        "mail_key": new.mail_key,
        "evidence": as_json(new.evidence),
        "resolution": new.resolution,
        "cover": new.cover,
        "billing_code": new.billing_code,
        "preview": new.preview,
        "automatic_at": new.automatic_cap.at if new.automatic_cap else None,
        "repeated": " ".join(repeated_numbers(new.addresses)),
        "frozen": new.frozen,
        "refused": as_json([(one.address, one.reply) for one in new.refused]),
        "state": SubmissionState.ACCEPTED.value,
    }


def _jobs(new: NewSubmission, submission_id: int) -> Iterator[dict[str, object]]:
    """One for each recipient; those at one number, by their sub-addresses, are copies of it."""
    copies: Counter[str] = Counter()
    for address in distinct(new.addresses):
        number = address.destination.number
        copies[number] += 1
        yield {**_job(new, submission_id, address), "copy_no": copies[number]}


def _job(new: NewSubmission, submission_id: int, address: FaxAddress) -> dict[str, object]:
    return {
        "submission_id": submission_id,
        "user_id": new.user_id,
        "number": address.destination.number,
        "number_reversed": address.destination.number[::-1],
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
