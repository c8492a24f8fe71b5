"""Rows of numbers that the network said are gone.

What lives here: the table. What does not: counting and asking (`quarantine`).
"""

from datetime import datetime
from typing import Any

from sqlalchemy import Index, text
from sqlmodel import Field

from gateway.store.columns import Row, UtcTime

HELD = text("until IS NOT NULL")


class QuarantineRow(Row, table=True):
    """How often faxes to a number met with that since it last took one; refused `until`, none while only counted."""

    __tablename__ = "quarantine"
    __table_args__: Any = (Index("ix_quarantine_until", "until", sqlite_where=HELD, postgresql_where=HELD),)

    number: str = Field(primary_key=True)
    finals: int
    last: datetime = Field(sa_type=UtcTime)
    outcome: str
    detail: str
    until: datetime | None = Field(default=None, sa_type=UtcTime)
