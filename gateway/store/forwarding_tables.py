"""Rows of the work of forwarding: each received fax that is to be mailed, and each time that somebody wants it again.

What lives here: the table. What does not: queries (`forwardings`), the mails that come of it (`OutboxRow`).
"""

from datetime import datetime
from typing import Any

from sqlalchemy import Index, UniqueConstraint, text
from sqlmodel import Field

from gateway.store.columns import BIG, Row, UtcTime

WAITING = text("state = 'waiting'")
OWNED = text("owner IS NOT NULL")
FAILED = text("state = 'failed'")


class ForwardingRow(Row, table=True):
    """A received fax that is to become mails; `resubmission` is 0 for the first time. `tries` counts faults of ours."""

    __tablename__ = "forwarding"
    __table_args__: Any = (
        UniqueConstraint("received_id", "resubmission"),
        Index("ix_forwarding_waiting", "not_before", "id", sqlite_where=WAITING, postgresql_where=WAITING),
        Index("ix_forwarding_owner", "owner", sqlite_where=OWNED, postgresql_where=OWNED),
        Index("ix_forwarding_failed", "ended", sqlite_where=FAILED, postgresql_where=FAILED),
        {"sqlite_autoincrement": True},
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=BIG)
    received_id: int = Field(foreign_key="received.id", sa_type=BIG)
    resubmission: int
    state: str
    created: datetime = Field(sa_type=UtcTime)
    not_before: datetime = Field(sa_type=UtcTime)
    ended: datetime | None = Field(default=None, sa_type=UtcTime)
    tries: int = 0
    detail: str = ""
    fence: int = 0
    owner: int | None = Field(default=None, foreign_key="process.id", sa_type=BIG)
