"""A store of the first release, with faxes in it, becomes one of today, on both engines, and works on."""

from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import Connection, MetaData, Table, text

from gateway.domain.job import JobState
from gateway.domain.nodes import User
from gateway.store import calls, jobs, numbers, routes, submissions, tree
from gateway.store.check import check
from gateway.store.database import Database, open_database
from gateway.store.engines import make_engine
from gateway.store.history import alembic_config
from gateway.store.migrate import migrate
from gateway.store.revisions import known_revisions, revision_of, schema_is_current
from gateway.store.spool import Spool
from tests.claims import claim_render
from tests.filled_store import FAR, NOW, calling, fresh_url, mail_to, owning

Row = dict[str, object]
FIRST = "0001"
HERS = "+12025550190"
AT = 1_772_463_845_678_901  # microseconds
LATER = AT + 10_000_000_000
DONE: Row = {"state": "sent", "pages_sent": 3, "outcome": "Success", "ended": AT}
# Rows as the first release wrote them; what is not given is empty, zero or false.
ROWS: tuple[tuple[str, Row], ...] = (
    ("tree_version", {"id": 1, "version": 1}),
    ("node", {"id": 1, "kind": "company", "name": "Acme", "name_key": "acme"}),
    ("node", {"id": 2, "parent_id": 1, "kind": "user", "name": "anna", "name_key": "anna"}),
    (
        "user_profile",
        {"node_id": 2, "user_name": "anna", "user_name_key": "anna", "last_name": "Smith", "fax_number": HERS},
    ),
    ("sending_address", {"address": "anna@acme.example", "user_id": 2}),
    ("sending_address", {"address": "anna@bücher.example", "user_id": 2, "position": 1}),
    ("sending_address", {"address": "ännchen@bücher.example", "user_id": 2, "position": 2}),
    ("sending_address", {"address": "ännchen@xn--bcher-kva.example", "user_id": 2, "position": 3}),
    ("receiving_address", {"address": "anna@bücher.example", "user_id": 2}),
    ("trunk", {"name": "trunk"}),
    ("process", {"id": 7, "host": "gone"}),
    ("submission", {"id": 1, "user_id": 2, "subject": "Offer", "state": "rendered", "pages": 3, "fence": 1}),
    ("submission", {"id": 2, "user_id": 2, "subject": "Next", "state": "accepted"}),
    ("job", {"id": 1, "submission_id": 1, "number": "+12025550101", "pages": 3, **DONE}),
    ("job", {"id": 2, "submission_id": 1, "number": "+12025550102", "pages": 3, "state": "ready"}),
    ("job", {"id": 3, "submission_id": 2, "number": "+12025550103", "state": "accepted"}),
    ("attempt", {"id": 1, "job_id": 1, "number": 1, "call_uid": "u1", "trunk": "trunk", "line": 1, "ended": AT}),
    ("event", {"id": 1, "submission_id": 1, "job_id": 1, "to_state": "sent"}),
    ("event", {"id": 2, "submission_id": 1, "job_id": 2, "to_state": "ready"}),
)
ALWAYS: dict[str, Row] = {
    "submission": {"sender_address": "anna@acme.example", "received": AT, "evidence": "{}", "refused": "[]"},
    "job": {"user_id": 2, "accepted": AT, "not_before": AT, "expires": LATER, "copy_no": 1, "priority": 5},
    "attempt": {"started": AT, "outcome": "Success", "pages_confirmed": 3, "last_page_sent": True},
}


def insert(connection: Connection, table: Table, given: Row) -> None:
    empty = {str: "", int: 0, bool: False, bytes: b""}
    needed = {column.name: empty[column.type.python_type] for column in table.columns if not column.nullable}
    connection.execute(table.insert().values({**needed, **ALWAYS.get(table.name, {}), **given}))


def fill(connection: Connection, mail: str, pages: str) -> None:
    kept = MetaData()
    kept.reflect(connection)
    for name, given in ROWS:
        digests = {"content_digest": mail} if name == "submission" else {}
        digests |= {"pages_digest": pages} if given.get("subject") == "Offer" else {}
        insert(connection, kept.tables[name], given | digests)
    if connection.dialect.name == "postgresql":
        for name in ("node", "process", "submission", "job", "attempt", "event"):
            column = f"pg_get_serial_sequence('{name}', 'id')"
            connection.execute(text(f"select setval({column}, (select max(id) from {name}))"))


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    return Spool(tmp_path / "spool")


@pytest.fixture
def first(engine: str, tmp_path: Path, spool: Spool) -> Database:  # noqa: ARG001 - the engine chooses the store
    """A store as the first release left it."""
    database = open_database(fresh_url(tmp_path, migrated=False))
    mail, pages = spool.put_bytes(b"the mail"), spool.put_bytes(b"the pages")
    migrating = make_engine(database.url, migrating=True)
    config = alembic_config()
    with migrating.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, FIRST)
        fill(connection, mail, pages)
    migrating.dispose()
    return database


def test_a_store_of_the_first_release_is_brought_to_today(first: Database, spool: Spool) -> None:
    assert revision_of(first) == FIRST

    migrate(first)

    assert schema_is_current(first)
    assert revision_of(first) == known_revisions()[0]
    assert [finding.words for finding in check(first, spool, 0) if finding.bad] == []
    first.close()


def test_its_faxes_are_all_there_and_go_on(first: Database, tmp_path: Path) -> None:
    migrate(first)

    assert jobs.unfinished(first) == {JobState.READY: 1, JobState.ACCEPTED: 1}
    with owning(first, tmp_path) as owner:
        claim = calling(first, owner)
        assert str(claim.job.destination) == "+12025550102"
        render = claim_render(first, owner, NOW)
        assert render is not None
        assert render.submission.subject == "Next"
        assert calls.claim_call(first, owner, "trunk", 4, NOW) is None
    first.close()


def test_lists_find_what_was_sent_before(first: Database) -> None:
    migrate(first)

    found = jobs.listing(first, jobs.Filter(number_contains="0101"))

    assert [job.state for job in found] == [JobState.SENT]
    first.close()


def test_its_people_send_on(first: Database) -> None:
    migrate(first)
    user: User = tree.user_by_address(first, "anna@acme.example")

    accepted = submissions.add(first, mail_to(user, FAR))

    assert accepted.submission_id > 2
    assert accepted.jobs[0].id > 3
    first.close()


def test_addresses_with_other_letters_are_found_in_either_spelling(first: Database) -> None:
    migrate(first)

    for name in ("anna@bücher.example", "anna@xn--bcher-kva.example", "ännchen@bücher.example"):
        user = tree.user_by_address(first, name)
        assert user is not None
        known = ("anna@acme.example", "anna@xn--bcher-kva.example", "ännchen@xn--bcher-kva.example")
        assert (user.sending_addresses, user.receiving_addresses) == (known, known[1:2])
    first.close()


def test_numbers_that_people_had_are_their_companys(first: Database) -> None:
    migrate(first)

    owned = numbers.owned(first, HERS)
    assert owned is not None
    assert (owned.owner, owned.holder, owned.place.country, owned.place.area) == (
        "Acme", "Acme/anna", "US", "Washington D.C.",
    )  # fmt: skip
    assert routes.is_ours(first, HERS)
    first.close()


def test_an_upgrade_that_fails_leaves_the_store_as_it_was(first: Database) -> None:
    """In the way stands a table of the next revision."""
    first.write(lambda session: session.connection().exec_driver_sql("create table alarm (id integer)").rowcount)

    with pytest.raises(Exception, match="alarm"):
        migrate(first)

    assert revision_of(first) == FIRST
    assert first.read(lambda s: s.connection().exec_driver_sql("select count(*) from job").scalar()) == 3
    first.close()
