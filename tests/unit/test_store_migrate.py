import subprocess
import sys
import threading
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, text

from gateway.domain.errors import GatewayError
from gateway.store.database import Database, open_database
from gateway.store.engines import make_engine
from gateway.store.history import OPTIONS, alembic_config
from gateway.store.migrate import METADATA, migrate, open_store
from gateway.store.revisions import known_revisions, schema_is_current
from tests.filled_store import anna, fresh_url, opened


@pytest.fixture
def empty(tmp_path: Path, engine: str) -> Database:  # noqa: ARG001 - before the store is made
    return open_database(fresh_url(tmp_path, migrated=False))


def tables(db: Database) -> set[str]:
    return set(db.read(lambda session: inspect(session.connection()).get_table_names()))


@pytest.mark.usefixtures("engine")
def test_the_migrations_make_exactly_the_tables_of_the_code(tmp_path: Path) -> None:
    with opened(tmp_path) as db:
        differences = db.read(
            lambda session: compare_metadata(
                MigrationContext.configure(session.connection(), opts=dict(OPTIONS)), METADATA
            )
        )

    assert differences == []


def test_every_constraint_has_a_name_by_which_it_can_be_dropped() -> None:
    nameless = [
        (table.name, constraint)
        for table in METADATA.tables.values()
        for constraint in table.constraints
        if constraint.name is None
    ]

    assert nameless == []


def test_the_revisions_are_those_of_the_history() -> None:
    walked = ScriptDirectory.from_config(alembic_config()).walk_revisions()

    assert [script.revision for script in walked] == list(known_revisions())


def test_looking_at_a_store_loads_neither_alembic_nor_what_speaks_to_archives() -> None:
    code = "import sys, gateway.app\nprint(*[name for name in ('alembic', 'asyncssh') if name in sys.modules])"

    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)

    assert (told.stdout, told.stderr) == ("\n", "")


@pytest.mark.usefixtures("engine")
def test_a_new_database_is_not_current_until_it_is_migrated(empty: Database) -> None:
    assert not schema_is_current(empty)

    migrate(empty)

    assert schema_is_current(empty)
    assert tables(empty) == {*METADATA.tables, "alembic_version"}
    empty.close()


@pytest.mark.usefixtures("engine")
def test_migrating_again_changes_nothing(tmp_path: Path) -> None:
    with opened(tmp_path) as db:
        user = anna(db)

        migrate(db)

        assert db.read(lambda session: session.connection().execute(text("select count(*) from node")).scalar()) == 3
        assert user.id


@pytest.mark.usefixtures("engine")
def test_a_current_store_is_not_locked_to_find_that_out(tmp_path: Path) -> None:
    with opened(tmp_path) as db:
        other = open_database(db.url.render_as_string(hide_password=False))

        db.write(lambda _session: migrate(other))

        other.close()


@pytest.mark.usefixtures("engine")
def test_two_processes_may_start_together(tmp_path: Path) -> None:
    url = fresh_url(tmp_path, migrated=False)
    stores = [open_database(url) for _ in range(3)]
    errors: list[BaseException] = []

    def start(db: Database) -> None:
        try:
            migrate(db)
        except GatewayError as error:
            errors.append(error)

    threads = [threading.Thread(target=start, args=(db,)) for db in stores]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert errors == []
    assert all(schema_is_current(db) for db in stores)
    for db in stores:
        db.close()


@pytest.mark.usefixtures("engine")
def test_a_store_of_a_newer_gateway_is_refused(tmp_path: Path) -> None:
    with opened(tmp_path) as db:
        db.write(lambda session: session.connection().execute(text("update alembic_version set version_num = '9999'")))

        assert not schema_is_current(db)
        with pytest.raises(GatewayError, match="newer gateway"):
            migrate(db)


@pytest.mark.usefixtures("engine")
def test_the_first_revision_can_be_taken_back(tmp_path: Path) -> None:
    with opened(tmp_path) as db:
        engine = make_engine(db.url, migrating=True)
        config = alembic_config()
        with engine.begin() as connection:
            config.attributes["connection"] = connection
            command.downgrade(config, "base")

        assert tables(db) == {"alembic_version"}


def test_a_new_store_is_its_owners_only(tmp_path: Path) -> None:
    folder = tmp_path / "store"

    database = open_store(f"sqlite:///{folder / 'faxgw.sqlite'}", folder)
    database.write(lambda _session: None)
    database.close()

    assert folder.stat().st_mode & 0o777 == 0o700
    assert all(path.stat().st_mode & 0o077 == 0 for path in folder.iterdir())
