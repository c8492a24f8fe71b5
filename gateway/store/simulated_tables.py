"""Rows of calls that commands ask the running gateway to receive, on the simulated line.

What lives here: tables. What does not: queries (`simulated_calls`), received faxes (`received_tables`).
"""

from datetime import datetime
from typing import Any

from sqlalchemy import Index, UniqueConstraint, text
from sqlmodel import Field

from gateway.store.columns import BIG, Row, UtcTime

WITH_PAGES = text("pages_digest <> ''")


class SimulatedCallRow(Row, table=True):
    """A far end's call to a number of ours: who calls whom with what. Whoever asked for it takes the row away.

    `report` is the caller's, JSON; `fault` says why there is none. `owner` is the process that carries the call.
    """

    __tablename__ = "simulated_call"
    __table_args__: Any = (
        UniqueConstraint("call_uid"),
        Index("ix_simulated_call_pages", "pages_digest", sqlite_where=WITH_PAGES, postgresql_where=WITH_PAGES),
        {"sqlite_autoincrement": True},
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=BIG)
    call_uid: str
    called: str
    caller: str = ""
    far_end: str = ""
    station_id: str = ""
    sub_address: str = ""
    seed: int = Field(default=0, sa_type=BIG)
    pages_digest: str = ""
    state: str
    asked: datetime = Field(sa_type=UtcTime)
    owner: int | None = Field(default=None, sa_type=BIG)
    report: str = ""
    fault: str = ""
