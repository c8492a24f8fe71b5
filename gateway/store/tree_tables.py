"""Rows of the tree: nodes, what only users have, addresses, settings and their locks, contacts, and uploaded covers.

What lives here: tables. What does not: queries (`tree`, `people`, `covers`).
"""

from datetime import datetime
from typing import Any

from sqlalchemy import Index, UniqueConstraint, text
from sqlmodel import Field

from gateway.store.columns import BIG, Row, UtcTime

TOP = text("parent_id IS NULL")
NUMBERED = text("fax_number <> ''")


class NodeRow(Row, table=True):
    """A company, a department or a user. `name_key` is the case-folded name that siblings are told apart by.

    What was deleted stays, for the faxes that it sent; its `name_key` is none that a name could have.
    """

    __tablename__ = "node"
    __table_args__: Any = (
        UniqueConstraint("parent_id", "name_key"),
        # Companies have no parent, and NULLs are all different to a unique constraint.
        Index("uq_node_company", "name_key", unique=True, sqlite_where=TOP, postgresql_where=TOP),
        {"sqlite_autoincrement": True},
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=BIG)
    parent_id: int | None = Field(default=None, foreign_key="node.id", sa_type=BIG)
    kind: str
    name: str
    name_key: str
    locked: bool = False
    created: datetime = Field(sa_type=UtcTime)
    deleted: datetime | None = Field(default=None, sa_type=UtcTime)


class TreeVersionRow(Row, table=True):
    """The one row that counts the changes of all the others; see `tree_version`."""

    __tablename__ = "tree_version"

    id: int = Field(primary_key=True, sa_type=BIG)
    version: int = Field(sa_type=BIG)


class UserRow(Row, table=True):
    """What only a user has. `user_name_key` is the case-folded user name, unique in the system."""

    __tablename__ = "user_profile"
    __table_args__: Any = (
        Index("uq_user_profile_fax_number", "fax_number", unique=True, sqlite_where=NUMBERED,
              postgresql_where=NUMBERED),
    )  # fmt: skip

    node_id: int = Field(primary_key=True, foreign_key="node.id", sa_type=BIG)
    user_name: str
    user_name_key: str = Field(unique=True)
    first_name: str
    last_name: str
    password_hash: str = ""
    fax_number: str = ""
    address1: str = ""
    address2: str = ""
    city: str = ""
    state: str = ""
    postal_code: str = ""
    country: str = ""
    phone: str = ""
    custom1: str = ""
    custom2: str = ""
    custom3: str = ""
    custom4: str = ""


class SendingAddressRow(Row, table=True):
    """An address that its user may send from; it belongs to one user of the whole system."""

    __tablename__ = "sending_address"

    address: str = Field(primary_key=True)
    user_id: int = Field(foreign_key="node.id", index=True, sa_type=BIG)
    position: int


class ReceivingAddressRow(Row, table=True):
    """An address that received faxes are mailed to; users may share one."""

    __tablename__ = "receiving_address"

    user_id: int = Field(primary_key=True, foreign_key="node.id", sa_type=BIG)
    position: int = Field(primary_key=True)
    address: str


class SettingRow(Row, table=True):
    """One explicit value at one node."""

    __tablename__ = "setting"

    node_id: int = Field(primary_key=True, foreign_key="node.id", sa_type=BIG)
    name: str = Field(primary_key=True)
    value: str


class SettingLockRow(Row, table=True):
    """No node below this one may override the setting."""

    __tablename__ = "setting_lock"

    node_id: int = Field(primary_key=True, foreign_key="node.id", sa_type=BIG)
    name: str = Field(primary_key=True)


class ContactRow(Row, table=True):
    """Whom to call at a company in an emergency."""

    __tablename__ = "contact"

    company_id: int = Field(primary_key=True, foreign_key="node.id", sa_type=BIG)
    name_key: str = Field(primary_key=True)
    name: str
    email: str
    voice_phone: str
    extension: str


class NoticeTemplateRow(Row, table=True):
    """How notices of one kind look for a company, as it has uploaded; empty where they look as they ship."""

    __tablename__ = "notice_template"

    node_id: int = Field(primary_key=True, foreign_key="node.id", sa_type=BIG)
    kind: str = Field(primary_key=True)
    subject: str = ""
    text: str = ""
    html: str = ""
    added: datetime = Field(sa_type=UtcTime)


class CoverRow(Row, table=True):
    """An uploaded cover page of a company or department; `name_key` tells a node's covers apart."""

    __tablename__ = "cover"
    __table_args__: Any = (UniqueConstraint("node_id", "name_key"), {"sqlite_autoincrement": True})

    id: int | None = Field(default=None, primary_key=True, sa_type=BIG)
    node_id: int = Field(foreign_key="node.id", sa_type=BIG)
    name: str
    name_key: str
    title: str
    description: str
    paper: str
    html: str
    added: datetime = Field(sa_type=UtcTime)
