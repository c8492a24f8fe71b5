"""Rows that processes are known by, and the trunks whose lines they share.

What lives here: tables. What does not: leases and the taking back of work (`processes`, `reaper`).
"""

from datetime import datetime
from typing import Any

from sqlmodel import Field

from gateway.store.columns import BIG, Row, UtcTime


class ProcessRow(Row, table=True):
    """One running process and its lease. Numbers are never used twice, so that a reaped process stays a stranger."""

    __tablename__ = "process"
    __table_args__: Any = ({"sqlite_autoincrement": True},)

    id: int | None = Field(default=None, primary_key=True, sa_type=BIG)
    host: str
    lock_name: str
    started: datetime = Field(sa_type=UtcTime)
    lease_until: datetime = Field(sa_type=UtcTime)


class TrunkRow(Row, table=True):
    """Lines that share a provider; the row that is locked to claim a call."""

    __tablename__ = "trunk"

    name: str = Field(primary_key=True)
