"""The rows that a new mail becomes: its submission, a job for each destination, the first event.

What lives here: writing them, and finding those of the same mail that came before, by statements that cost little. What
does not: transactions, and whether the mail is taken (`acceptance`).
"""

from datetime import timedelta
from functools import lru_cache
from types import SimpleNamespace
from typing import cast

from sqlalchemy import Dialect, bindparam, select, update

from gateway.domain.addresses import FaxAddress, distinct, repeated_numbers
from gateway.domain.job import Job, JobState
from gateway.domain.submission import NewSubmission, SubmissionState
from gateway.store.by_hand import Compiled, Cursor, Inserted
from gateway.store.columns import EPOCH, MICROSECOND, table_of
from gateway.store.fax_rows import as_json, job_from
from gateway.store.fax_tables import EventRow, JobRow, SubmissionRow

DUPLICATE_WINDOW = timedelta(days=5)  # as long as servers go on trying to deliver (RFC 5321 4.5.4.1)


class Entry:
    """What is written and asked when a mail comes in, ready for one dialect; see `entry_for`."""

    def __init__(self, dialect: Dialect) -> None:
        submission = table_of(SubmissionRow)
        key = submission.c.duplicate_key == bindparam("key")
        earlier = select(submission.c.id, submission.c.received).where(key).with_for_update(key_share=True)
        freed = update(submission).where(submission.c.id == bindparam("number")).values(duplicate_key=None)
        self._earlier = Compiled(earlier, dialect)
        self._free = Compiled(freed, dialect)
        self._submission = Inserted(SubmissionRow, dialect)
        self._job = Inserted(JobRow, dialect)
        self._event = Inserted(EventRow, dialect)

    def known(self, cursor: Cursor, new: NewSubmission) -> int | None:
        """The submission that the same mail became earlier. A key that is older than the window is given up."""
        row = self._earlier.run(cursor, {"key": new.duplicate_key}).fetchone()
        if row is None:
            return None
        number, received = row
        if EPOCH + received * MICROSECOND > new.received - DUPLICATE_WINDOW:
            return int(number)
        self._free.run(cursor, {"number": number, "duplicate_key": None})
        return None

    def write(self, cursor: Cursor, new: NewSubmission) -> tuple[Job, ...]:
        """Write the rows of a mail that is not known; its jobs in the order of their addresses."""
        number = self._submission.add(cursor, _submission(new))["id"]
        jobs = [self._job.add(cursor, _job(new, number, address)) for address in distinct(new.addresses)]
        self._event.add(cursor, _event(new, number))
        return tuple(job_from(cast(JobRow, SimpleNamespace(**row))) for row in jobs)  # it has the row's attributes


@lru_cache(maxsize=8)
def entry_for(dialect: Dialect) -> Entry:
    """The statements of one engine, compiled once."""
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
        "evidence": as_json(new.evidence),
        "resolution": new.resolution,
        "cover": new.cover,
        "billing_code": new.billing_code,
        "preview": new.preview,
        "automatic_at": new.automatic_cap.at if new.automatic_cap else None,
        "repeated": " ".join(repeated_numbers(new.addresses)),
        "refused": as_json([(one.address, one.reply) for one in new.refused]),
        "state": SubmissionState.ACCEPTED.value,
    }


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
