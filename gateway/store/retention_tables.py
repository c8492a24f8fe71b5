"""Rows of what is to be erased, and was.

What lives here: tables. What does not: queries (`retention`).
"""

from datetime import datetime
from typing import Any

from sqlalchemy import Index, text
from sqlmodel import Field

from gateway.store.columns import BIG, Row, UtcTime

KEPT = text("erased IS NULL")


class ErasureRow(Row, table=True):
    """When the documents of a job that ended are to be erased, or were; `hashes` is JSON of what they were."""

    __tablename__ = "erasure"
    __table_args__: Any = (
        Index("ix_erasure_due", "due", sqlite_where=KEPT, postgresql_where=KEPT),
        Index("ix_erasure_submission_id", "submission_id"),
    )

    job_id: int = Field(primary_key=True, foreign_key="job.id", sa_type=BIG)
    submission_id: int = Field(foreign_key="submission.id", sa_type=BIG)
    kind: str
    due: datetime = Field(sa_type=UtcTime)
    erased: datetime | None = Field(default=None, sa_type=UtcTime)
    hashes: str = ""


class ErasedContentRow(Row, table=True):
    """A content that no row should name any more, and whose file may still be there."""

    __tablename__ = "erased_content"

    digest: str = Field(primary_key=True)


class ErasureMarkRow(Row, table=True):
    """The one row that says up to which event of the history ends of jobs were looked for."""

    __tablename__ = "erasure_mark"

    id: int = Field(primary_key=True, sa_type=BIG)
    event_id: int = Field(sa_type=BIG)
