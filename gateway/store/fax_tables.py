"""Rows of faxes: submissions, their parts, jobs, attempts, events, and mails to be sent.

What lives here: tables and the indexes that make the database itself refuse a second call to a number or on a line.
What does not: queries (`submissions`, `renders`, `calls`, `jobs`).
"""

from datetime import datetime
from typing import Any

from sqlalchemy import Index, LargeBinary, UniqueConstraint, text
from sqlmodel import Field

from gateway.store.columns import BIG, PLAIN_TEXT, Row, UtcTime

CALLING = text("state = 'calling'")
READY = text("state = 'ready'")
WAITING = text("state = 'waiting'")
BUSY = text("state = 'waiting' AND outcome = 'Busy'")
OPEN = text("ended IS NULL")
OVER = text("ended IS NOT NULL")
NAMED = text("outcome IS NOT NULL")
NOT_SENT = text("outcome <> 'Success'")  # in a query, too, literally: else its index is not believed to fit
ACCEPTED = text("state = 'accepted'")
OWNED = text("owner IS NOT NULL")
DEAD = text("state = 'dead'")
AUTOMATIC = text("automatic_at IS NOT NULL")
WITH_TIFF, WITH_PDF = text("tiff_digest <> ''"), text("pdf_digest <> ''")
WITH_COVER, WITH_PAGES = text("cover_digest <> ''"), text("pages_digest <> ''")


class SubmissionRow(Row, table=True):
    """An accepted envelope. `duplicate_key` is emptied when its window is over; `crashes` counts renders cut short."""

    __tablename__ = "submission"
    __table_args__: Any = (
        Index("ix_submission_accepted", "id", sqlite_where=ACCEPTED, postgresql_where=ACCEPTED),
        Index("ix_submission_owner", "owner", sqlite_where=OWNED, postgresql_where=OWNED),
        Index("ix_submission_automatic", "user_id", "automatic_at", sqlite_where=AUTOMATIC, postgresql_where=AUTOMATIC),
        Index("ix_submission_pages", "pages_digest", sqlite_where=WITH_PAGES, postgresql_where=WITH_PAGES),
        {"sqlite_autoincrement": True},
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=BIG)
    user_id: int = Field(foreign_key="node.id", index=True, sa_type=BIG)
    sender_address: str
    subject: str
    reference: str
    message_id: str
    reference_ids: str  # the References of the sender's mail
    content_digest: str = Field(index=True)
    received: datetime = Field(sa_type=UtcTime)
    duplicate_key: str | None = Field(default=None, unique=True)
    mail_key: int | None = Field(default=None, index=True, sa_type=BIG)  # of the same mail, whoever it goes to
    evidence: str  # JSON
    automatic_at: datetime | None = Field(default=None, sa_type=UtcTime)  # when a program sent it, by the wall's clock
    resolution: str
    cover: str | None = None
    state: str
    billing_code: str = ""
    preview: bool = False
    repeated: str = ""  # numbers that were asked for more than once, with spaces between
    refused: str = "[]"  # JSON list of recipients that were not taken, each with the reply
    frozen: str = Field(default="", sa_column_kwargs={"server_default": ""})  # JSON; see gateway.domain.frozen
    pages_digest: str = ""
    pages: int = 0
    fence: int = 0
    crashes: int = 0
    owner: int | None = Field(default=None, foreign_key="process.id", sa_type=BIG)


class ContentRow(Row, table=True):
    """A small mail, until the spool has it; see `contents`."""

    __tablename__ = "content"

    submission_id: int = Field(primary_key=True, foreign_key="submission.id", sa_type=BIG)
    octets: bytes = Field(sa_type=LargeBinary)


class PartRow(Row, table=True):
    """What became of one part of a submission's mail."""

    __tablename__ = "part"

    submission_id: int = Field(primary_key=True, foreign_key="submission.id", sa_type=BIG)
    position: int = Field(primary_key=True)
    name: str
    pages: int
    left_out: str


class JobRow(Row, table=True):
    """A submission's delivery to one destination; the ready rows are the queue. Sent again, `copy_no` grows."""

    __tablename__ = "job"
    __table_args__: Any = (
        UniqueConstraint("submission_id", "number", "copy_no"),
        Index("uq_job_calling", "number", unique=True, sqlite_where=CALLING, postgresql_where=CALLING),
        # The queue: in each priority users take turns, and what one user sent goes by time; see `ready`.
        Index(
            "ix_job_ready", "priority", "user_id", "not_before", "id", "number",
            sqlite_where=READY, postgresql_where=READY,
        ),
        Index(
            "ix_job_ready_number", "priority", "number", "not_before", "id",
            sqlite_where=READY, postgresql_where=READY,
        ),
        Index("ix_job_due", "not_before", sqlite_where=WAITING, postgresql_where=WAITING),
        Index("ix_job_expires", "expires", sqlite_where=OPEN, postgresql_where=OPEN),
        Index("ix_job_owner", "owner", sqlite_where=OWNED, postgresql_where=OWNED),
        Index("ix_job_busy", "number", sqlite_where=BUSY, postgresql_where=BUSY),
        # The lists of `activity`, each from its newest end; no two of them are needed for one page.
        Index("ix_job_accepted", "accepted", "id"),
        Index("ix_job_user_id", "user_id", "accepted", "id"),
        Index("ix_job_number", "number", "accepted", "id"),
        Index("ix_job_number_reversed", "number_reversed", "accepted", "id"),
        Index("ix_job_outcome", "outcome", "accepted", "id", sqlite_where=NAMED, postgresql_where=NAMED),
        Index(
            "ix_job_user_outcome", "user_id", "outcome", "accepted", "id",
            sqlite_where=NOT_SENT, postgresql_where=NOT_SENT,
        ),
        Index("ix_job_open", "state", "accepted", "id", sqlite_where=OPEN, postgresql_where=OPEN),
        Index("ix_job_over", "state", "accepted", "id", sqlite_where=OVER, postgresql_where=OVER),
        Index("ix_job_cover", "cover_digest", sqlite_where=WITH_COVER, postgresql_where=WITH_COVER),
        {"sqlite_autoincrement": True},
    )  # fmt: skip

    id: int | None = Field(default=None, primary_key=True, sa_type=BIG)
    submission_id: int = Field(foreign_key="submission.id", sa_type=BIG)
    user_id: int = Field(foreign_key="node.id", sa_type=BIG)
    number: str = Field(sa_type=PLAIN_TEXT)
    number_reversed: str = Field(default="", sa_type=PLAIN_TEXT)  # for those that look for a number's last digits
    copy_no: int = 1
    state: str
    accepted: datetime = Field(sa_type=UtcTime)
    not_before: datetime = Field(sa_type=UtcTime)
    expires: datetime = Field(sa_type=UtcTime)
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
    outcome: str | None = None
    outcome_detail: str = ""
    ended: datetime | None = Field(default=None, sa_type=UtcTime)
    fence: int = 0
    crashes: int = 0
    cancel_asked: bool = False
    hold_asked: bool = False
    route: str = ""  # the trunk that the next call should go by first; empty: any
    owner: int | None = Field(default=None, foreign_key="process.id", sa_type=BIG)


class AttemptRow(Row, table=True):
    """One call; written, with its uid, before it is dialled."""

    __tablename__ = "attempt"
    __table_args__: Any = (
        UniqueConstraint("job_id", "number"),
        Index("uq_attempt_line", "trunk", "line", unique=True, sqlite_where=OPEN, postgresql_where=OPEN),
        Index("ix_attempt_tiff", "tiff_digest", sqlite_where=WITH_TIFF, postgresql_where=WITH_TIFF),
        Index("ix_attempt_pdf", "pdf_digest", sqlite_where=WITH_PDF, postgresql_where=WITH_PDF),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=BIG)
    job_id: int = Field(foreign_key="job.id", sa_type=BIG)
    number: int
    call_uid: str = Field(unique=True)
    trunk: str = Field(foreign_key="trunk.name")
    line: int
    first_page: int
    pages_confirmed: int = 0
    last_page_sent: bool = False
    started: datetime = Field(sa_type=UtcTime)
    ended: datetime | None = Field(default=None, sa_type=UtcTime)
    outcome: str | None = None
    detail: str = ""
    session: bool = False
    tiff_digest: str = ""
    pdf_digest: str = ""  # of a PDF that earlier versions kept beside the TIFF: it goes when the TIFF goes
    report: str = ""  # JSON


class EventRow(Row, table=True):
    """One line of a submission's history; of one job's when `job_id` is given. Only ever added to."""

    __tablename__ = "event"

    id: int | None = Field(default=None, primary_key=True, sa_type=BIG)
    submission_id: int = Field(foreign_key="submission.id", index=True, sa_type=BIG)
    job_id: int | None = Field(default=None, foreign_key="job.id", index=True, sa_type=BIG)
    at: datetime = Field(sa_type=UtcTime)
    name: str
    from_state: str
    to_state: str
    detail: str = ""


JOB_AND_SUBMISSION = text("job_id IS NOT NULL")
SUBMISSION_ONLY = text("job_id IS NULL")
OF_RECEIVED = text("received_id IS NOT NULL")
WITH_MESSAGE = text("message_digest <> ''")


class OutboxRow(Row, table=True):
    """One mail to be sent, committed with the change that it reports; of a refusal, there is no submission.

    With a received fax, `attempt_no` counts its resubmissions and `part` its parts. `message_digest` names the rest of
    a message that is large: `message` is its beginning.
    """

    __tablename__ = "outbox"
    __table_args__: Any = (
        Index(
            "uq_outbox_job", "submission_id", "job_id", "kind", "attempt_no",
            unique=True, sqlite_where=JOB_AND_SUBMISSION, postgresql_where=JOB_AND_SUBMISSION,
        ),
        Index(
            "uq_outbox_submission", "submission_id", "kind", "attempt_no",
            unique=True, sqlite_where=SUBMISSION_ONLY, postgresql_where=SUBMISSION_ONLY,
        ),
        Index("ix_outbox_waiting", "not_before", "id", sqlite_where=WAITING, postgresql_where=WAITING),
        Index("ix_outbox_owner", "owner", sqlite_where=OWNED, postgresql_where=OWNED),
        Index("ix_outbox_dead", "not_before", "kind", sqlite_where=DEAD, postgresql_where=DEAD),
        Index(
            "uq_outbox_received", "received_id", "kind", "attempt_no", "recipient", "part",
            unique=True, sqlite_where=OF_RECEIVED, postgresql_where=OF_RECEIVED,
        ),
        Index("ix_outbox_message", "message_digest", sqlite_where=WITH_MESSAGE, postgresql_where=WITH_MESSAGE),
    )  # fmt: skip

    id: int | None = Field(default=None, primary_key=True, sa_type=BIG)
    submission_id: int | None = Field(default=None, foreign_key="submission.id", sa_type=BIG)
    job_id: int | None = Field(default=None, foreign_key="job.id", sa_type=BIG)
    kind: str
    attempt_no: int
    recipient: str
    message: bytes = Field(sa_type=LargeBinary)
    message_id: str
    state: str
    created: datetime = Field(sa_type=UtcTime)
    not_before: datetime = Field(sa_type=UtcTime)
    tries: int = 0
    reply: str = ""
    sent: datetime | None = Field(default=None, sa_type=UtcTime)
    fence: int = 0
    owner: int | None = Field(default=None, foreign_key="process.id", sa_type=BIG)
    received_id: int | None = Field(default=None, foreign_key="received.id", sa_type=BIG)
    part: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    message_digest: str = Field(default="", sa_column_kwargs={"server_default": ""})
