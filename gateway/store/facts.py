"""What kind of store this is: engine, library, schema, size.

What lives here: looking. What does not: whether it is sound (`check`).
"""

from dataclasses import dataclass
from pathlib import Path

from gateway.domain.errors import NotFoundError
from gateway.store.database import Database, open_database
from gateway.store.engines import parse_url, sqlite_is_safe, sqlite_module
from gateway.store.revisions import known_revisions, revision_of


@dataclass(frozen=True, slots=True)
class Facts:
    """`safe` is false for a library that can corrupt the store; `octets` is what rows and indexes take."""

    engine: str
    library: str
    safe: bool
    place: str
    revision: str
    newest: str
    octets: int
    submissions: int
    jobs: int

    @property
    def is_current(self) -> bool:
        """Whether the schema is this gateway's."""
        return self.revision == self.newest


def existing(url: str) -> Database:
    """Open a store that is there, as it is.

    Raises:
        NotFoundError: there is none yet.
        UsageError: as `open_database`.
        UnavailableError: it is out of reach.
    """
    parsed = parse_url(url)
    named = parsed.render_as_string()
    if parsed.get_backend_name() == "sqlite" and not Path(str(parsed.database)).exists():
        raise NotFoundError(f"there is no store at {named} yet: faxgw serve makes one, or faxgw db upgrade")
    db = open_database(url)
    if revision_of(db) is None:
        db.close()
        raise NotFoundError(f"there is no store in {named} yet: faxgw serve makes one, or faxgw db upgrade")
    return db


def facts(db: Database) -> Facts:
    """Look at an open store.

    Raises:
        UnavailableError: it is out of reach.
    """
    version = sqlite_module().sqlite_version_info if db.is_near else (0, 0, 0)
    library = f"SQLite {'.'.join(map(str, version))}" if db.is_near else f"PostgreSQL {_one(db, 'SHOW server_version')}"
    size = "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()"
    return Facts(
        engine=db.dialect.name,
        library=library,
        safe=not db.is_near or sqlite_is_safe(version),
        place=db.url.render_as_string(),
        revision=revision_of(db) or "",
        newest=known_revisions()[0],
        octets=int(str(_one(db, size if db.is_near else "SELECT pg_database_size(current_database())"))),
        submissions=int(str(_one(db, "SELECT count(*) FROM submission"))),
        jobs=int(str(_one(db, "SELECT count(*) FROM job"))),
    )


def _one(db: Database, query: str) -> object:
    return db.read(lambda session: session.connection().exec_driver_sql(query).scalar())
