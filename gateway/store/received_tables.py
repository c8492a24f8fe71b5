"""Rows of faxes that come in: the call, its pages, and what happened to it.

What lives here: tables. What does not: queries (`received`, `received_lists`).
"""

from datetime import datetime
from typing import Any

from sqlalchemy import Index, UniqueConstraint, text
from sqlmodel import Field

from gateway.store.columns import BIG, PLAIN_TEXT, Row, UtcTime

OWNED = text("owner IS NOT NULL")
KEPT = text("erased IS NULL")
WITH_TIFF, WITH_PAGE = text("tiff_digest <> ''"), text("page_digest <> ''")


class ReceivedRow(Row, table=True):
    """An inbound call that we answered. `whole` is true when its last confirmed page was marked as the last (EOP).

    While it comes in, `owner` is the process whose call it is. `due` is when its documents are to be erased, `erased`
    when they were; `hashes` is JSON of what they were.
    """

    __tablename__ = "received"
    __table_args__: Any = (
        UniqueConstraint("call_uid"),
        # The lists of `received_lists`, each from its newest end.
        Index("ix_received_started", "started", "id"),
        Index("ix_received_user_id", "user_id", "started", "id"),
        Index("ix_received_number", "number", "started", "id"),
        Index("ix_received_number_reversed", "number_reversed", "started", "id"),
        Index("ix_received_caller", "caller", "started", "id"),
        Index("ix_received_caller_reversed", "caller_reversed", "started", "id"),
        Index("ix_received_state", "state", "started", "id", "user_id"),  # few of a state are those of a company
        Index("ix_received_owner", "owner", sqlite_where=OWNED, postgresql_where=OWNED),
        Index("ix_received_tiff", "tiff_digest", sqlite_where=WITH_TIFF, postgresql_where=WITH_TIFF),
        Index("ix_received_due", "due", sqlite_where=KEPT, postgresql_where=KEPT),
        {"sqlite_autoincrement": True},
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=BIG)
    call_uid: str
    number: str = Field(sa_type=PLAIN_TEXT)
    number_reversed: str = Field(sa_type=PLAIN_TEXT)  # for those that look for a number's last digits
    caller: str = Field(default="", sa_type=PLAIN_TEXT)
    caller_reversed: str = Field(default="", sa_type=PLAIN_TEXT)
    remote_id: str = ""
    sub_address: str = ""
    user_id: int = Field(foreign_key="node.id", sa_type=BIG)
    state: str
    started: datetime = Field(sa_type=UtcTime)
    ended: datetime | None = Field(default=None, sa_type=UtcTime)
    pages: int = 0
    bad_rows: int = 0
    whole: bool = False
    tiff_digest: str = ""
    cause: str = ""
    rate: int | None = None
    ecm: bool | None = None
    report: str = ""  # JSON
    due: datetime | None = Field(default=None, sa_type=UtcTime)
    erased: datetime | None = Field(default=None, sa_type=UtcTime)
    hashes: str = ""
    fence: int = 0
    owner: int | None = Field(default=None, foreign_key="process.id", sa_type=BIG)


class ReceivedPageRow(Row, table=True):
    """One confirmed page, counted from 1: a class F TIFF of its own in the spool. Densities are in lines an inch."""

    __tablename__ = "received_page"
    __table_args__: Any = (
        UniqueConstraint("received_id", "number"),
        Index("ix_received_page_page", "page_digest", sqlite_where=WITH_PAGE, postgresql_where=WITH_PAGE),
        {"sqlite_autoincrement": True},
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=BIG)
    received_id: int = Field(foreign_key="received.id", sa_type=BIG)
    number: int
    width: int
    rows: int
    across: int
    down: int
    bad_rows: int = 0
    at: datetime = Field(sa_type=UtcTime)
    page_digest: str


class ReceivedEventRow(Row, table=True):
    """One line of a received fax's history. Only ever added to."""

    __tablename__ = "received_event"
    __table_args__: Any = ({"sqlite_autoincrement": True},)

    id: int | None = Field(default=None, primary_key=True, sa_type=BIG)
    received_id: int = Field(foreign_key="received.id", index=True, sa_type=BIG)
    at: datetime = Field(sa_type=UtcTime)
    name: str
    address: str = ""
    result: str = ""
    detail: str = ""
