"""Which contents rows name: read from the rows themselves, so no count can be wrong.

What lives here: finding the columns, and reading them in bounded pages. What does not: what becomes of contents that no
row names (`sweep`), rows whose contents are missing (`check`).
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from sqlalchemy import Column, Table, select
from sqlmodel import Session

from gateway.store.columns import Row
from gateway.store.database import Database
from gateway.store.public_ids import public_id, received_id

SUFFIX = "_digest"
_IDS: Mapping[str, Callable[[int], str]] = {"job": public_id, "received": received_id}
PAGE = 2000  # rows that are read at one go


@dataclass(frozen=True, slots=True)
class Reference:
    """A row that names a content: where it stands, as `attempt 17 tiff`; faxes by the id that people see."""

    table: str
    row: int
    column: str
    digest: str

    def __str__(self) -> str:
        named = _IDS.get(self.table, str)(self.row)
        return f"{self.table} {named} {self.column.removesuffix(SUFFIX)}"


def columns() -> dict[Table, tuple[Column[str], ...]]:
    """The columns that name contents, by table: those whose names end so, of tables with numbered rows."""
    found = {
        table: tuple(column for column in table.columns if column.name.endswith(SUFFIX))
        for table in Row.metadata.sorted_tables
    }
    return {table: named for table, named in found.items() if named}


def references(db: Database) -> Iterator[list[Reference]]:
    """All references, page by page; between two pages nothing is held. What is added meanwhile comes at the end.

    Raises:
        UnavailableError: the database is out of reach.
    """
    for table, named in columns().items():
        last = 0
        while True:
            rows = _page(db, table, named, last)
            yield list(_named(table, named, rows))
            if len(rows) < PAGE:
                break
            last = rows[-1][0]


def _page(db: Database, table: Table, named: Iterable[Column[str]], after: int) -> list[tuple[int, ...]]:
    wanted = select(table.c.id, *named).where(table.c.id > after).order_by(table.c.id).limit(PAGE)

    def work(session: Session) -> list[tuple[int, ...]]:
        return [tuple(row) for row in session.connection().execute(wanted)]

    return db.read(work)


def _named(table: Table, named: Iterable[Column[str]], rows: Iterable[tuple[object, ...]]) -> Iterator[Reference]:
    names = [column.name for column in named]
    for number, *digests in rows:
        for name, digest in zip(names, digests, strict=True):
            if digest:
                yield Reference(table.name, int(str(number)), name, str(digest))
