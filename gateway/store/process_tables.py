"""Rows that processes are known by, and the trunks whose lines they share.

What lives here: tables. What does not: leases and the taking back of work (`processes`, `reaper`).
"""

from datetime import datetime
from typing import Any

from sqlmodel import Field

from gateway.store.columns import BIG, Row, UtcTime


class ProcessRow(Row, table=True):
    """One running process and its lease. Numbers are never used twice, so that a reaped process stays a stranger.

    `roles` has spaces between. `guard` names a lock that a living process holds in PostgreSQL, empty for none. `place`
    is where it keeps contents, see `spools.mark_of`; empty: it did not say.
    """

    __tablename__ = "process"
    __table_args__: Any = ({"sqlite_autoincrement": True},)

    id: int | None = Field(default=None, primary_key=True, sa_type=BIG)
    host: str
    lock_name: str
    started: datetime = Field(sa_type=UtcTime)
    lease_until: datetime = Field(sa_type=UtcTime)
    roles: str = ""
    version: str = ""
    pid: int = 0
    guard: str = ""
    place: str = Field(default="", sa_column_kwargs={"server_default": ""})


class ClockRow(Row, table=True):
    """One row at most: the gateway told the time `told` when the machines' was `wall`; since then it runs at `speed`.

    A speed of 0 is a clock that leaps, of which one process only can know.
    """

    __tablename__ = "clock"

    id: int = Field(default=1, primary_key=True)
    wall: datetime = Field(sa_type=UtcTime)
    told: datetime = Field(sa_type=UtcTime)
    speed: float


class WorksForRow(Row, table=True):
    """Which older revisions' code may go on with a store at `revision`; for code that does not know that revision."""

    __tablename__ = "works_for"

    revision: str = Field(primary_key=True)
    older: str = Field(primary_key=True)


class TrunkRow(Row, table=True):
    """Lines that share a provider; the row that is locked to claim a call.

    `lines` is what a process said that uses it. `state` is a `TrunkState`. `turns` is JSON: for each priority the user
    whose turn was last.
    """

    __tablename__ = "trunk"

    name: str = Field(primary_key=True)
    lines: int = 0
    state: str = "open"
    turns: str = "{}"
