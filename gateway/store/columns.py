"""Column types and the row base that all tables share.

What lives here: aware times as integers, identifiers, the naming convention, state literals. What does not: tables
(`tree_tables`, `fax_tables`, `queue_tables`).
"""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Dialect, Integer, MetaData, String, Table, literal_column
from sqlalchemy.types import TypeDecorator
from sqlmodel import SQLModel

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
# 64 bits everywhere; SQLite gives automatic numbers to the type INTEGER only.
BIG = BigInteger().with_variant(Integer(), "sqlite")
# Compared octet by octet, whatever the server's language: what begins with given digits is one range of an index.
PLAIN_TEXT = String().with_variant(String(collation="C"), "postgresql")
# Every constraint has a name, or Alembic's batch mode could not drop it on SQLite.
NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class UtcTime(TypeDecorator[datetime]):
    """An aware time as integer microseconds since 1970, UTC: SQLite keeps no zone."""

    impl = BIG
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:  # noqa: ARG002 - SQLAlchemy's
        """To microseconds; a naive time is a mistake of ours and raises ValueError."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"a time without a zone cannot be stored: {value!r}")
        return (value - EPOCH) // MICROSECOND

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - SQLAlchemy's
        """To an aware time in UTC."""
        return None if value is None else EPOCH + int(value) * MICROSECOND


class Row(SQLModel):
    """The base of all rows; they never leave the store."""

    metadata = MetaData(naming_convention=NAMING)


def table_of(row: type[SQLModel]) -> Table:
    """The table behind a row's class, for statements on many rows at once."""
    return Row.metadata.tables[str(row.__tablename__)]


def key_of(number: int | None) -> int:
    """The identifier of a row that was flushed.

    Raises:
        ValueError: it was not.
    """
    if number is None:
        raise ValueError("the row has no identifier yet: flush first")
    return number


def in_state(column: Any, *states: Enum) -> ColumnElement[bool]:
    """Whether a state column holds one of the states, written as literals.

    With bound parameters PostgreSQL's generic plan cannot use the partial indexes, nor can SQLite's.
    """
    return one_of(column, (str(state.value) for state in states))


def one_of(column: Any, values: Iterable[str]) -> ColumnElement[bool]:
    """As `in_state`, for our own constant words."""
    words: list[ColumnElement[str]] = [literal_column(f"'{value}'") for value in values]
    found: ColumnElement[bool] = column == words[0] if len(words) == 1 else column.in_(words)
    return found
