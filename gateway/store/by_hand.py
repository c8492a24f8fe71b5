"""Statements that are compiled once and run on the driver's own cursor, for the few whose cost is counted.

What lives here: compiling them from the tables, so that columns, types and defaults stay in one place, and running
them. What does not: transactions (`database`). A statement costs the engine many times what it costs the driver.
"""

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import Dialect, Insert, Table, insert
from sqlalchemy.sql.expression import ClauseElement
from sqlmodel import SQLModel

from gateway.store.columns import table_of

Cursor = Any  # of pysqlite3 or psycopg: the DB API has no types (PEP 249)


class Compiled:
    """One statement for one dialect. Its values are given by name: those of columns, or of `bindparam`."""

    def __init__(self, statement: ClauseElement, dialect: Dialect, names: list[str] | None = None) -> None:
        compiled: Any = statement.compile(dialect=dialect, column_keys=names)
        self._text = str(compiled)
        self._positions: list[str] | None = compiled.positiontup
        self._names: list[str] = list(compiled.params)
        self._converted: Mapping[str, Callable[[Any], Any]] = compiled._bind_processors

    def run(self, cursor: Cursor, values: Mapping[str, object]) -> Cursor:
        """Run it with these values; the cursor, from which an answer is fetched as the driver gives it.

        Raises:
            Exception: the driver's own errors; see `driver_errors`.
        """
        given = {name: self._convert(name, values[name]) for name in self._names}
        positions = self._positions
        cursor.execute(self._text, given if positions is None else tuple(given[name] for name in positions))
        return cursor

    def _convert(self, name: str, value: object) -> object:
        converted = self._converted.get(name)
        return value if converted is None else converted(value)


class Inserted:
    """The insertion of rows of one kind, one by one; what is not given has its default."""

    def __init__(self, row: type[SQLModel], dialect: Dialect) -> None:
        table = table_of(row)
        statement: Insert = insert(table)
        self._defaults = _defaults(table)
        self._compiled = Compiled(statement.returning(table.c.id), dialect, list(self._defaults))

    def add(self, cursor: Cursor, values: Mapping[str, object]) -> dict[str, Any]:
        """Insert a row; all its values, with its new `id`."""
        row = {**self._defaults, **values}
        [number] = self._compiled.run(cursor, row).fetchone()
        return {**row, "id": number}


def _defaults(table: Table) -> dict[str, object]:
    """Of all columns but the number; None where there is no default, which the database refuses if it must."""
    columns = [column for column in table.columns if not column.primary_key]
    return {column.name: getattr(column.default, "arg", None) for column in columns}
