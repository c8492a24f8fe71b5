"""Rows of alarms: what is stuck, and when somebody was written to of it.

What lives here: the table. What does not: raising and ending (`alarms`), the judgement (`gateway.domain.alarms`).
"""

from datetime import datetime

from sqlmodel import Field

from gateway.store.columns import Row, UtcTime


class AlarmRow(Row, table=True):
    """A kind of alarm, on one host or, with an empty one, of the whole store; `since` is empty when all is well."""

    __tablename__ = "alarm"

    kind: str = Field(primary_key=True)
    host: str = Field(primary_key=True)
    since: datetime | None = Field(default=None, sa_type=UtcTime)
    mailed: datetime | None = Field(default=None, sa_type=UtcTime)
    detail: str = ""
