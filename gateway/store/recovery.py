"""A server that is there and takes no sessions yet: PostgreSQL that starts, recovers from a crash, or stops.

What lives here: asking it. What does not: who waits for it (`gateway.bearings`), what other errors mean (`engines`).
"""

from typing import Any

from sqlalchemy import URL

from gateway.store.engines import make_engine, parse_url

PATIENCE = 5  # seconds for its answer


def is_coming_up(url: str) -> bool:
    """Whether the server says that it takes sessions later; false for a file, and for one that says nothing.

    libpq's PQping knows it by SQLSTATE 57P03, whatever language the server speaks, and needs no password.

    Raises:
        UsageError: the URL is none.
    """
    parsed: URL = parse_url(url)
    if parsed.get_backend_name() == "sqlite":
        return False
    dialect = make_engine(parsed, migrating=True).dialect
    driver: Any = dialect.loaded_dbapi
    _, arguments = dialect.create_connect_args(parsed)
    arguments.pop("context", None)  # the dialect's word to the driver, not the driver's to the server
    words = driver.conninfo.make_conninfo(**{"connect_timeout": PATIENCE, **arguments})
    return bool(driver.pq.PGconn.ping(words.encode()) == driver.pq.Ping.REJECT)
