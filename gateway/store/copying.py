"""All rows of one store into another, whichever engine either is on.

What lives here: copying rows of the same schema, and a consistent copy of a store as one SQLite file. What does not:
what becomes of the copy (`backup`, `restore`).
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import Boolean, Connection, Table, text

from gateway.store.database import Database, open_database
from gateway.store.engines import damage_told, driver_errors, make_engine, parse_url, translated
from gateway.store.migrate import METADATA, migrate

PAGE = 1000  # rows at one go


def snapshot(db: Database, target: Path) -> None:
    """Write the store as it is at this moment to a new SQLite file, while others go on writing.

    Raises:
        UnavailableError: the store cannot be read, or the file cannot be written.
    """
    if db.is_near:
        _vacuum_into(db, target)
        return
    copy = open_database(f"sqlite:///{target}")
    migrate(copy)
    copy.close()
    copy_rows(db, copy)


def _vacuum_into(db: Database, target: Path) -> None:
    engine, target_url = make_engine(db.url, migrating=True), parse_url(f"sqlite:///{target}")
    connection = engine.raw_connection()
    try:
        # The disk that fails is the target's, the file that is damaged the source.
        with translated(target_url), damage_told(db.url), driver_errors(engine.dialect):
            connection.cursor().execute("VACUUM INTO ?", (str(target),))
    finally:
        connection.close()
        engine.dispose()


def copy_rows(source: Database, target: Database) -> None:
    """Put all rows of a store in the place of those of another, in one transaction each; numbers go on above both.

    Both have the newest schema. The source is seen as it is at one moment.

    Raises:
        UnavailableError: either is out of reach; nothing was changed.
    """
    reader, writer = make_engine(source.url, migrating=True), make_engine(target.url, migrating=True)
    level = {} if source.is_near else {"isolation_level": "REPEATABLE READ"}
    try:
        with (
            translated(source.url),
            reader.connect().execution_options(stream_results=True, **level) as here,
            translated(target.url),
            writer.begin() as there,
        ):
            _copy_all(here, there)
    finally:
        reader.dispose()
        writer.dispose()


def _copy_all(here: Connection, there: Connection) -> None:
    tables = METADATA.sorted_tables
    silenced = _silence(there, tables)
    for table in reversed(tables):
        there.execute(text(f"DELETE FROM {table.name}"))
    for table in tables:
        _copy(here, there, table)
        _go_on_above(here, there, table)
    for statement in silenced:
        there.exec_driver_sql(statement)


def _silence(there: Connection, tables: Sequence[Table]) -> list[str]:
    """Take triggers away, which would count, tell and guard with every row; the statements that bring them back."""
    if there.dialect.name == "postgresql":
        for table in tables:
            there.exec_driver_sql(f"ALTER TABLE {table.name} DISABLE TRIGGER USER")
        return [f"ALTER TABLE {table.name} ENABLE TRIGGER USER" for table in tables]
    found = there.exec_driver_sql("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").all()
    for name, _ in found:
        there.exec_driver_sql(f'DROP TRIGGER "{name}"')
    return [str(made) for _, made in found]


def _copy(here: Connection, there: Connection, table: Table) -> None:
    """Rows that point to rows of their own table do so in the end: who is above may have the higher number."""
    names = [column.name for column in table.columns]
    truths = [column.name for column in table.columns if isinstance(column.type, Boolean)]
    own = [key.parent.name for key in table.foreign_keys if key.column.table is table]
    pointing: list[tuple[str, dict[str, Any]]] = []
    wanted = ", ".join(f'"{name}"' for name in names)
    into = text(f"INSERT INTO {table.name} ({wanted}) VALUES ({', '.join(f':{name}' for name in names)})")
    found = here.execution_options(yield_per=PAGE).execute(text(f"SELECT {wanted} FROM {table.name}"))
    for page in found.partitions():
        rows: list[dict[str, Any]] = [dict(zip(names, row, strict=True)) for row in page]
        for row in rows:
            row |= {name: bool(row[name]) for name in truths if row[name] is not None}
            pointing += [(name, {"id": row["id"], "above": row.pop(name)}) for name in own if row[name] is not None]
        there.execute(into, [dict.fromkeys(own) | row for row in rows])
    for name in own:
        above = [one for column, one in pointing if column == name]
        if above:
            there.execute(text(f'UPDATE {table.name} SET "{name}" = :above WHERE id = :id'), above)


def _go_on_above(here: Connection, there: Connection, table: Table) -> None:
    """New rows get numbers that neither store has given away: some are never to be used twice.

    SQLite counts for some tables only, and takes the highest there is for the others; PostgreSQL counts for each.
    """
    counts = (
        table.dialect_options["sqlite"]["autoincrement"] if there.dialect.name == "sqlite" else _sequence(there, table)
    )
    if counts:
        number_above(there, table.name, max(_given(here, table), _given(there, table)))


def number_above(connection: Connection, table: str, given: int) -> None:
    """New rows of a table get numbers above this one; its rows have none above it."""
    if connection.dialect.name == "sqlite":
        connection.execute(text("DELETE FROM sqlite_sequence WHERE name = :name"), {"name": table})
        connection.execute(text("INSERT INTO sqlite_sequence VALUES (:name, :given)"), {"name": table, "given": given})
    elif given:
        setting = text("SELECT setval(pg_get_serial_sequence(:name, 'id'), :given)")
        connection.execute(setting, {"name": table, "given": given})


def _given(connection: Connection, table: Table) -> int:
    """The highest number that a row of the table ever had, as far as the store knows."""
    highest = connection.execute(text(f"SELECT coalesce(max(id), 0) FROM {table.name}")).scalar_one()
    if connection.dialect.name == "sqlite":
        known = text("SELECT seq FROM sqlite_sequence WHERE name = :name")
        counted = connection.execute(known, {"name": table.name}).scalar()
    else:
        counted = connection.exec_driver_sql(f"SELECT last_value FROM {_sequence(connection, table)}").scalar()
    return max(int(highest), int(counted or 0))


def _sequence(connection: Connection, table: Table) -> str | None:
    """What counts a table's rows in PostgreSQL; None where nothing does."""
    if "id" not in table.columns or table.columns["id"].autoincrement is False:
        return None
    named = text("SELECT pg_get_serial_sequence(:name, 'id')")
    found = connection.execute(named, {"name": table.name}).scalar()
    return None if found is None else str(found)
