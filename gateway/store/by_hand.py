"""Statements on the driver's own cursor, many rows at one go, for the few writes whose cost is counted.

What lives here: inserting, asking and changing, made from the tables, so that columns, types and defaults stay in one
place. What does not: transactions (`database`). A statement costs the engine many times what it costs the driver; and
each step of the driver lets other threads of Python run, and must wait for its turn again.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, Generic, TypeVar, cast

from sqlalchemy import Dialect
from sqlmodel import Session, SQLModel

from gateway.store.columns import table_of
from gateway.store.engines import driver_errors

R = TypeVar("R", bound=SQLModel)

Cursor = Any  # of pysqlite3 or psycopg: the DB API has no types (PEP 249)
MOST_VALUES = 30_000  # of one statement: SQLite takes 32,766
MOST_KEYS = 1000  # of rows that one statement changes
MOST_KNOWN = 50  # rows of statements that are remembered
# Numbers that no row has. A writer of SQLite has the whole file, so it may take what comes next.
_NEXT_OF_SQLITE = "SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = ?"
_NEXT_OF_POSTGRESQL = "SELECT nextval(pg_get_serial_sequence(%s, 'id')) FROM generate_series(1, %s)"


def marks(dialect: Dialect, count: int) -> str:
    """So many placeholders, as the driver writes them."""
    return ", ".join(["?" if dialect.paramstyle == "qmark" else "%s"] * count)


@contextmanager
def joined_cursor(session: Session) -> Iterator[Cursor]:
    """The driver's cursor inside a session's transaction, which has told the database all it holds so far."""
    session.flush()
    connection = session.connection()
    with driver_errors(connection.dialect):
        yield connection.connection.cursor()


def marked(statement: str, paramstyle: str) -> str:
    """A statement written with question marks, as the driver wants its placeholders; it holds no others."""
    return statement if paramstyle == "qmark" else statement.replace("?", "%s")


def among(column: str, count: int) -> str:
    """A condition with question marks: the column has one of so many values."""
    return f"{column} = ?" if count == 1 else f"{column} IN ({', '.join('?' * count)})"


class Reading:
    """Rows of one kind as the driver gives them, made into what the engine would have given."""

    def __init__(self, row: type[SQLModel], dialect: Dialect) -> None:
        columns = list(table_of(row).columns)
        self.columns = ", ".join(f"{row.__tablename__}.{column.name}" for column in columns)
        found = [(column.name, column.type.dialect_impl(dialect).result_processor(dialect, None)) for column in columns]
        self._names = [name for name, _ in found]
        self._converted = [(name, convert) for name, convert in found if convert is not None]

    def row(self, values: Sequence[Any]) -> SimpleNamespace:
        """One row, selected as `columns`; it has the attributes of its class."""
        made = dict(zip(self._names, values, strict=True))
        for name, convert in self._converted:
            made[name] = convert(made[name])
        return SimpleNamespace(**made)


class Insertion:
    """Rows of one kind, put in by one statement; what is not given has its default."""

    def __init__(self, row: type[SQLModel], dialect: Dialect) -> None:
        table = table_of(row)
        columns = [column for column in table.columns if column.name != "id"]
        # None where there is no default: the database refuses it if it must.
        self._defaults: dict[str, object] = {one.name: getattr(one.default, "arg", None) for one in columns}
        found = {one.name: one.type.bind_processor(dialect) for one in columns}
        self._converted = {name: convert for name, convert in found.items() if convert is not None}
        self._table = table.name
        self._dialect = dialect
        self._statements: dict[tuple[tuple[str, ...], int], str] = {}

    def add(self, cursor: Cursor, rows: Sequence[Mapping[str, object]]) -> None:
        """Put in rows whose numbers nobody asks for."""
        self._insert(cursor, [{**self._defaults, **row} for row in rows])

    def add_numbered(self, cursor: Cursor, rows: Sequence[Mapping[str, object]]) -> list[dict[str, Any]]:
        """Put in rows; all their values, with the `id` that each has got, in order."""
        numbers = self._numbers(cursor, len(rows))
        whole = [{"id": number, **self._defaults, **row} for number, row in zip(numbers, rows, strict=True)]
        self._insert(cursor, whole)
        return whole

    def add_one(self, cursor: Cursor, row: Mapping[str, object]) -> dict[str, Any]:
        """Put in a row of any table; all its values, with the `id` that the database gave it."""
        added = self._add_returning(cursor, row, " RETURNING id")
        assert added is not None
        return added

    def add_each(self, cursor: Cursor, rows: Sequence[Mapping[str, object]], key: str) -> list[dict[str, Any]]:
        """As `add_one`, some rows by one statement; by the column `key` they are told apart."""
        whole = [{**self._defaults, **row} for row in rows]
        statement = f"{self._statement(tuple(whole[0]), len(whole))} RETURNING {key}, id"
        numbers = dict(cursor.execute(statement, self._values(whole)).fetchall())
        return [{"id": int(numbers[row[key]]), **row} for row in whole]

    def add_row(self, cursor: Cursor, row: SQLModel) -> None:
        """As `add_one`, a row as the engine would take it."""
        self.add_one(cursor, {name: getattr(row, name) for name in self._defaults})

    def add_unless_there(self, cursor: Cursor, row: Mapping[str, object]) -> dict[str, Any] | None:
        """As `add_one`; None when a row is there already that must be the only one of its kind."""
        return self._add_returning(cursor, row, " ON CONFLICT DO NOTHING RETURNING id")

    def _add_returning(self, cursor: Cursor, row: Mapping[str, object], ending: str) -> dict[str, Any] | None:
        whole = {**self._defaults, **row}
        converted = {name: convert(whole[name]) for name, convert in self._converted.items()}
        statement = self._statement(tuple(whole), 1) + ending
        found = cursor.execute(statement, list({**whole, **converted}.values())).fetchone()
        return None if found is None else {"id": int(found[0]), **whole}

    def _insert(self, cursor: Cursor, rows: Sequence[Mapping[str, object]]) -> None:
        step = MOST_VALUES // len(rows[0])
        for start in range(0, len(rows), step):
            self._insert_some(cursor, rows[start : start + step])

    def _insert_some(self, cursor: Cursor, rows: Sequence[Mapping[str, object]]) -> None:
        cursor.execute(self._statement(tuple(rows[0]), len(rows)), self._values(rows))

    def _values(self, rows: Sequence[Mapping[str, object]]) -> list[object]:
        values: list[object] = []
        for row in rows:
            converted = {name: convert(row[name]) for name, convert in self._converted.items()}
            values += {**row, **converted}.values()
        return values

    def _statement(self, names: tuple[str, ...], rows: int) -> str:
        known = self._statements.get((names, rows))
        if known is not None:
            return known
        quoted = ", ".join(self._dialect.identifier_preparer.quote(name) for name in names)
        one = f"({marks(self._dialect, len(names))})"
        made = f"INSERT INTO {self._table} ({quoted}) VALUES {', '.join([one] * rows)}"
        if rows <= MOST_KNOWN:
            self._statements[names, rows] = made
        return made

    def _numbers(self, cursor: Cursor, count: int) -> list[int]:
        if self._dialect.name == "sqlite":
            [last] = cursor.execute(_NEXT_OF_SQLITE, (self._table,)).fetchone()
            return list(range(last + 1, last + 1 + count))
        return [number for (number,) in cursor.execute(_NEXT_OF_POSTGRESQL, (self._table, count)).fetchall()]


LOCKED, KEPT, STEPPING_OVER = " FOR NO KEY UPDATE", " FOR KEY SHARE", " FOR NO KEY UPDATE SKIP LOCKED"  # see `locking`


@dataclass(frozen=True, slots=True)
class Found(Generic[R]):
    """A row as it was read: changes are made to `row`, and kept by `Rows.keep`."""

    row: R
    was: dict[str, Any]


class Rows(Generic[R]):
    """Rows of one table, found and changed by statements that cost little. What is found is no row of a session."""

    def __init__(self, row: type[R], dialect: Dialect, key: str = "id") -> None:
        self._reading = Reading(row, dialect)
        self._table = str(row.__tablename__)
        self._key = key
        self._dialect = dialect
        found = {one.name: one.type.bind_processor(dialect) for one in table_of(row).columns}
        self._converted = {name: convert for name, convert in found.items() if convert is not None}
        self._statements: dict[tuple[str, str], str] = {}
        self._changes: dict[tuple[tuple[str, ...], int], str] = {}

    def find(self, cursor: Cursor, where: str, values: Sequence[object], lock: str = "") -> list[Found[R]]:
        """Rows by a condition with question marks, and by the order that stands behind it.

        `lock` is one of those above; SQLite, whose writer has the whole file, needs none.
        """
        rows = cursor.execute(self._asking(where, lock), tuple(values)).fetchall()
        made = [self._reading.row(row) for row in rows]
        return [Found(cast(R, row), dict(row.__dict__)) for row in made]

    def keep(self, cursor: Cursor, found: Found[R]) -> None:
        """Write what was changed of a row."""
        self.keep_all(cursor, [found])

    def keep_all(self, cursor: Cursor, rows: Sequence[Found[R]]) -> None:
        """Write what was changed of rows; those that were changed alike share a statement."""
        alike: dict[tuple[tuple[str, ...], tuple[object, ...]], list[object]] = {}
        for found in rows:
            names, values = self._changed(found)
            if names:
                alike.setdefault((names, tuple(values)), []).append(found.was[self._key])
        for (names, changed), keys in alike.items():
            for start in range(0, len(keys), MOST_KEYS):
                some = keys[start : start + MOST_KEYS]
                cursor.execute(self._changing(names, len(some)), [*changed, *some])

    def keep_if(self, cursor: Cursor, found: Found[R], where: str, values: Sequence[object]) -> bool:
        """As `keep`, if the row is as a condition with question marks wants it; whether it was. Something changed."""
        names, changed = self._changed(found)
        ending = marked(f" AND {where} RETURNING {self._key}", self._dialect.paramstyle)
        told = [*changed, found.was[self._key], *values]
        return cursor.execute(self._changing(names, 1) + ending, told).fetchone() is not None

    def _changed(self, found: Found[R]) -> tuple[tuple[str, ...], list[object]]:
        """The names of what was changed, and the values of a statement that writes it."""
        now = found.row.__dict__
        changed = {name: now[name] for name, value in found.was.items() if now[name] != value}
        converted = {name: self._converted[name](changed[name]) for name in changed.keys() & self._converted.keys()}
        return tuple(changed), [*{**changed, **converted}.values()]

    def _asking(self, where: str, lock: str) -> str:
        known = self._statements.get((where, lock))
        if known is None:
            ending = "" if self._dialect.name == "sqlite" else lock
            asked = f"SELECT {self._reading.columns} FROM {self._table} WHERE {where}{ending}"
            known = self._statements[where, lock] = marked(asked, self._dialect.paramstyle)
        return known

    def _changing(self, names: tuple[str, ...], count: int) -> str:
        known = self._changes.get((names, count))
        if known is None:
            quote = self._dialect.identifier_preparer.quote
            told = ", ".join(f"{quote(name)} = ?" for name in names)
            which = among(self._key, count)
            known = marked(f"UPDATE {self._table} SET {told} WHERE {which}", self._dialect.paramstyle)
            if count <= MOST_KNOWN:
                self._changes[names, count] = known
        return known
