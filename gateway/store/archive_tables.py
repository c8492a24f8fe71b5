"""Rows of copies that go to an archive, one for each fax that one is wanted of.

What lives here: the table. What does not: queries (`archive_transfers`, `archive_lists`).
"""

from datetime import datetime
from typing import Any

from sqlalchemy import Index, UniqueConstraint, text
from sqlmodel import Field

from gateway.store.columns import BIG, Row, UtcTime

WAITING = text("state = 'waiting'")
OWNED = text("owner IS NOT NULL")
FAILED = text("state IN ('dead', 'lost')")


class ArchiveTransferRow(Row, table=True):
    """A copy of a fax. `tries` counts those that reached its server; `reply` says why the last failed.

    `file_name` is what the document is called at its place, once it is there.
    """

    __tablename__ = "archive_transfer"
    __table_args__: Any = (
        UniqueConstraint("job_id"),
        UniqueConstraint("received_id"),
        Index("ix_archive_transfer_waiting", "not_before", "id", sqlite_where=WAITING, postgresql_where=WAITING),
        Index("ix_archive_transfer_owner", "owner", sqlite_where=OWNED, postgresql_where=OWNED),
        Index("ix_archive_transfer_failed", "not_before", sqlite_where=FAILED, postgresql_where=FAILED),
        Index("ix_archive_transfer_user_id", "user_id", "id"),
        {"sqlite_autoincrement": True},
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=BIG)
    direction: str
    job_id: int | None = Field(default=None, foreign_key="job.id", sa_type=BIG)
    received_id: int | None = Field(default=None, foreign_key="received.id", sa_type=BIG)
    user_id: int = Field(foreign_key="node.id", sa_type=BIG)
    place: str
    naming: str
    format: str
    metadata_too: bool
    state: str
    created: datetime = Field(sa_type=UtcTime)
    not_before: datetime = Field(sa_type=UtcTime)
    ended: datetime | None = Field(default=None, sa_type=UtcTime)
    tries: int = 0
    reply: str = ""
    file_name: str = ""
    fence: int = 0
    owner: int | None = Field(default=None, foreign_key="process.id", sa_type=BIG)
