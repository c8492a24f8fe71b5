"""Rows of administrators, their rights, password policies, what is known of passwords, and blocked numbers.

What lives here: tables. What does not: queries (`administrators`, `policies`, `sign_in`, `blocks`).
"""

from datetime import datetime
from typing import Any

from sqlalchemy import Index, UniqueConstraint, text
from sqlmodel import Field

from gateway.store.columns import BIG, Row, UtcTime

EVERYWHERE = text("node_id IS NULL")


class AdministratorRow(Row, table=True):
    """Somebody who administers a company or a department and all below it."""

    __tablename__ = "administrator"
    __table_args__: Any = ({"sqlite_autoincrement": True},)

    id: int | None = Field(default=None, primary_key=True, sa_type=BIG)
    node_id: int = Field(foreign_key="node.id", index=True, sa_type=BIG)
    user_name: str
    user_name_key: str = Field(unique=True)
    first_name: str
    last_name: str
    email: str
    time_zone: str
    language: str
    password_hash: str = ""
    read_only: bool = False
    locked: bool = False
    created: datetime = Field(sa_type=UtcTime)


class AdministratorRightRow(Row, table=True):
    """One right, or one part of the rights, that an administrator was granted."""

    __tablename__ = "administrator_right"

    administrator_id: int = Field(primary_key=True, foreign_key="administrator.id", sa_type=BIG)
    name: str = Field(primary_key=True)


class PolicyRow(Row, table=True):
    """A named password policy of a company or department; without a node it is one for the whole system."""

    __tablename__ = "policy"
    __table_args__: Any = (
        UniqueConstraint("node_id", "name_key"),
        Index("uq_policy_everywhere", "name_key", unique=True, sqlite_where=EVERYWHERE, postgresql_where=EVERYWHERE),
        {"sqlite_autoincrement": True},
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=BIG)
    node_id: int | None = Field(default=None, foreign_key="node.id", sa_type=BIG)
    name: str
    name_key: str
    fields: str  # JSON: those that differ from the policy that ships


class PasswordRow(Row, table=True):
    """What is known of somebody's present password, under the case-folded user name of a user or an administrator."""

    __tablename__ = "password"

    user_name_key: str = Field(primary_key=True)
    changed: datetime = Field(sa_type=UtcTime)
    must_change: bool = False


class OldPasswordRow(Row, table=True):
    """A password of the past, as a hash; the latest has the highest number."""

    __tablename__ = "old_password"
    __table_args__: Any = ({"sqlite_autoincrement": True},)

    id: int | None = Field(default=None, primary_key=True, sa_type=BIG)
    user_name_key: str = Field(index=True)
    password_hash: str


class SignInFailureRow(Row, table=True):
    """One wrong password for a user name that exists."""

    __tablename__ = "sign_in_failure"
    __table_args__: Any = (Index("ix_sign_in_failure_at", "at"), {"sqlite_autoincrement": True})

    id: int | None = Field(default=None, primary_key=True, sa_type=BIG)
    user_name_key: str = Field(index=True)
    at: datetime = Field(sa_type=UtcTime)


class BlockRow(Row, table=True):
    """A number that a company's users may not fax, in E.164."""

    __tablename__ = "block"
    __table_args__: Any = (Index("ix_block_number", "number"),)

    company_id: int = Field(primary_key=True, foreign_key="node.id", sa_type=BIG)
    number: str = Field(primary_key=True)
    added: datetime = Field(sa_type=UtcTime)
    note: str = ""


class FirstPasswordRow(Row, table=True):
    """A code that gives its user a first password, once; of the code only a digest is kept. `tries` were wrong."""

    __tablename__ = "first_password"

    user_id: int = Field(primary_key=True, foreign_key="node.id", sa_type=BIG)
    code_hash: str
    expires: datetime = Field(sa_type=UtcTime)
    tries: int = 0
