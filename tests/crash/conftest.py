"""Both kinds of store for the trials with real daemons."""

from collections.abc import Iterator

import pytest

from tests import postgresql


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest) -> Iterator[str]:
    """The URL of an empty database; empty for SQLite in the folder of the house."""
    if request.param == "sqlite":
        yield ""
        return
    found = postgresql.postgresql_url()
    yield found
    postgresql.server().drop(found)
