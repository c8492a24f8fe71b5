"""Two versions on one store: who may go on with a newer schema, and when a schema may be changed."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from gateway.domain.errors import ConflictError, GatewayError
from gateway.store import processes
from gateway.store.compatibility import check_others, declare, may_go_on
from gateway.store.database import Database, open_database
from gateway.store.engines import make_engine
from gateway.store.migrate import migrate
from gateway.store.revisions import schema_is_current
from tests.filled_store import TTL, killed, opened, url_of

NEWER = "9999"
pytestmark = pytest.mark.slow


@pytest.fixture
def store(engine: str, tmp_path: Path) -> Iterator[Database]:  # noqa: ARG001 - chooses the engine
    with opened(tmp_path) as db:
        yield db


def run(db: Database, *statements: str) -> None:
    engine = make_engine(db.url, migrating=True)
    with engine.begin() as connection:
        for statement in statements:
            connection.execute(text(statement))
    engine.dispose()


def head_of(db: Database) -> str:
    return str(db.glance("SELECT version_num FROM alembic_version"))


def upgraded_by_a_newer(db: Database, *, works_for_us: bool) -> None:
    """What a gateway of tomorrow leaves behind."""
    ours = head_of(db)
    if works_for_us:
        run(db, f"INSERT INTO works_for (revision, older) VALUES ('{NEWER}', '{ours}')")
    run(db, f"UPDATE alembic_version SET version_num = '{NEWER}'")


def test_we_go_on_where_a_newer_schema_says_that_we_may(store: Database) -> None:
    upgraded_by_a_newer(store, works_for_us=True)

    again = open_database(url_of(store))
    migrate(again)

    assert head_of(again) == NEWER
    assert not schema_is_current(again)
    again.close()


def test_else_a_newer_schema_is_refused(store: Database) -> None:
    upgraded_by_a_newer(store, works_for_us=False)

    with pytest.raises(GatewayError, match="written by a newer gateway"):
        migrate(store)


def test_what_a_revision_works_for_is_written_down_once(store: Database) -> None:
    engine = make_engine(store.url, migrating=True)
    with engine.begin() as connection:
        for _ in range(2):
            declare(connection, NEWER, ("0002", "0003"))

        assert may_go_on(connection, NEWER, "0003")
        assert not may_go_on(connection, NEWER, "0001")
        assert not may_go_on(connection, "8888", "0003")
    engine.dispose()


@pytest.mark.parametrize(
    ("present", "works_for", "hindered"), [("0002", ("0002",), False), (None, (), False), ("0002", ("0001",), True)]
)
def test_a_schema_is_changed_under_those_only_who_may_go_on(
    store: Database, tmp_path: Path, present: str | None, works_for: tuple[str, ...], hindered: bool
) -> None:
    living = processes.register(store, "node-a", TTL, datetime.now(UTC), tmp_path / "locks")
    engine = make_engine(store.url, migrating=True)
    with engine.begin() as connection:
        if hindered:
            with pytest.raises(ConflictError, match=f"could not go on: {living.id} on node-a"):
                check_others(connection, present, works_for)
        else:
            check_others(connection, present, works_for)
    engine.dispose()
    killed(living)


def test_those_whose_leases_are_over_hinder_nobody(store: Database, tmp_path: Path) -> None:
    gone = processes.register(store, "node-a", TTL, datetime.now(UTC) - TTL - timedelta(seconds=1), tmp_path / "locks")
    engine = make_engine(store.url, migrating=True)
    with engine.begin() as connection:
        check_others(connection, "0001", ())
    engine.dispose()
    killed(gone)
