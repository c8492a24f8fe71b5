"""What no row names goes, after its time; what any row names stays, whatever comes between."""

import os
import time
import uuid
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import col, update

from gateway.domain.nodes import User
from gateway.store import outbox, received, references, submissions
from gateway.store.database import Database
from gateway.store.fax_tables import AttemptRow, JobRow, OutboxRow, SubmissionRow
from gateway.store.received import NewPage, NewReception
from gateway.store.received_tables import ReceivedPageRow, ReceivedRow
from gateway.store.simulated_tables import SimulatedCallRow
from gateway.store.spool import Spool
from gateway.store.sweep import GRACE_SECONDS, Swept, sweep
from tests.filled_store import WALL, calling, mail_to, owning, ready

NOW = time.time()
OLD = NOW - 2 * GRACE_SECONDS
COLUMNS = {
    ("submission", "content_digest"): SubmissionRow,
    ("submission", "pages_digest"): SubmissionRow,
    ("job", "cover_digest"): JobRow,
    ("attempt", "tiff_digest"): AttemptRow,
    ("attempt", "pdf_digest"): AttemptRow,
    ("outbox", "message_digest"): OutboxRow,
    ("received", "tiff_digest"): ReceivedRow,
    ("received_page", "page_digest"): ReceivedPageRow,
    ("simulated_call", "pages_digest"): SimulatedCallRow,
}
Column = tuple[str, str]


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    return Spool(tmp_path / "spool")


def put(spool: Spool, content: str, at: float = OLD) -> str:
    digest = spool.put_bytes(content.encode())
    os.utime(spool.path(digest), (at, at))
    return digest


def swept(db: Database, spool: Spool, now: float = NOW, *, dry_run: bool = False) -> Swept:
    found = Swept()
    for _ in sweep(db, spool, now, found, dry_run=dry_run):
        pass
    return found


def a_call(db: Database, user: User, folder: Path) -> None:
    """One row at least in each of the tables."""
    with owning(db, folder) as owner:
        ready(db, owner, mail_to(user))
        calling(db, owner)
        call = received.begin(db, owner, NewReception("c1", "+12065550142", "", user.id, WALL))
        received.add_page(db, call, NewPage(1, "", 1728, 1, 204, 196, 0, last=True, at=WALL))
    outbox.add(db, outbox.NewMail("x", None, None, 0, "anna@acme.example", b"x", "<1@fax>"), WALL)
    asked = SimulatedCallRow(call_uid="c2", called="+12065550142", state="waiting", asked=WALL)
    db.write(lambda session: session.add(asked))


def name(db: Database, column: Column, digest: str) -> None:
    statement = update(COLUMNS[column]).values({column[1]: digest})
    db.write(lambda session: session.connection().execute(statement).rowcount)


def test_every_column_that_names_a_content_is_known() -> None:
    found = {(table.name, column.name) for table, named in references.columns().items() for column in named}

    assert found == set(COLUMNS)


@pytest.mark.parametrize("column", COLUMNS)
def test_what_a_row_names_stays(db: Database, user: User, spool: Spool, tmp_path: Path, column: Column) -> None:
    a_call(db, user, tmp_path)
    named, orphan = put(spool, "named"), put(spool, "orphan")
    name(db, column, named)

    assert swept(db, spool).orphans == [orphan]

    assert list(spool.digests()) == [named]


def test_what_is_young_stays(db: Database, spool: Spool) -> None:
    put(spool, "young", NOW - GRACE_SECONDS + 60)

    assert not swept(db, spool).anything


def test_an_orphan_is_erased_an_hour_after_it_was_put_aside(db: Database, spool: Spool) -> None:
    orphan = put(spool, "orphan")
    assert swept(db, spool).orphans == [orphan]
    assert not swept(db, spool, NOW + 60).anything

    assert swept(db, spool, time.time() + GRACE_SECONDS + 1).forgotten == [orphan]
    assert not spool.exists(orphan)


def test_a_row_that_came_late_has_its_content_brought_back(
    db: Database, user: User, spool: Spool, tmp_path: Path
) -> None:
    a_call(db, user, tmp_path)
    late = put(spool, "late")
    swept(db, spool)
    name(db, ("submission", "pages_digest"), late)

    assert swept(db, spool, time.time() + GRACE_SECONDS + 1).brought_back == [late]

    assert spool.exists(late)


def test_a_dry_run_tells_and_touches_nothing(db: Database, spool: Spool) -> None:
    aside, orphan = put(spool, "aside"), put(spool, "orphan")
    spool.retire(aside, NOW)
    (spool.incoming / "half").write_bytes(b"ha")
    os.utime(spool.incoming / "half", (0, 0))

    found = swept(db, spool, time.time() + GRACE_SECONDS + 1, dry_run=True)

    assert (found.orphans, found.forgotten, found.half_written) == ([orphan], [aside], 1)
    assert spool.exists(orphan)
    assert spool.path(aside).is_file()
    assert (spool.incoming / "half").exists()


def test_what_was_left_half_written_goes(db: Database, spool: Spool) -> None:
    (spool.incoming / "half").write_bytes(b"ha")
    os.utime(spool.incoming / "half", (0, 0))

    assert swept(db, spool).half_written == 1
    assert list(spool.incoming.iterdir()) == []


def test_what_is_put_again_while_it_is_swept_stays(db: Database, spool: Spool) -> None:
    orphan = put(spool, "orphan")
    steps = sweep(db, spool, NOW, Swept())
    next(steps)

    spool.put_bytes(b"orphan")
    for _ in steps:
        pass

    assert spool.exists(orphan)


def test_a_mail_that_is_rendered_while_a_sweep_runs_keeps_its_pages(
    db: Database, user: User, spool: Spool, tmp_path: Path
) -> None:
    old_pages = put(spool, "the same pages as last week")
    steps = sweep(db, spool, NOW, Swept())
    next(steps)
    a_call(db, user, tmp_path)

    assert spool.put_bytes(b"the same pages as last week") == old_pages
    name(db, ("submission", "pages_digest"), old_pages)
    for _ in steps:
        pass

    assert spool.path(old_pages).is_file()


def test_references_are_read_in_pages(db: Database, user: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(references, "PAGE", 2)
    for _ in range(5):
        submissions.add(db, mail_to(user))

    found = [str(one) for page in references.references(db) for one in page]

    assert found == [f"submission {number} content" for number in range(1, 6)]


def test_with_many_contents_only_a_part_is_in_memory_at_a_time(
    db: Database, user: User, spool: Spool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.store.sweep.MOST_NAMED", 50)
    a_call(db, user, tmp_path)
    digests = [put(spool, str(number)) for number in range(300)]
    name(db, ("attempt", "tiff_digest"), digests[200])

    found = swept(db, spool)

    assert sorted(found.orphans) == sorted(set(digests) - {digests[200]})
    assert list(spool.digests()) == [digests[200]]


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=12))
def test_exactly_what_is_old_and_named_nowhere_goes(
    db: Database, user: User, spool: Spool, plan: list[tuple[bool, bool]]
) -> None:
    for digest in list(spool.digests()):
        spool.delete(digest)
    kept = set()
    for is_old, is_named in plan:
        digest = put(spool, uuid.uuid4().hex, OLD if is_old else NOW)
        if is_named:
            accepted = submissions.add(db, mail_to(user))
            change = update(SubmissionRow).where(col(SubmissionRow.id) == accepted.submission_id)
            db.write(lambda session, change=change, digest=digest: session.connection().execute(
                change.values(content_digest=digest)).rowcount)  # fmt: skip
        kept |= {digest} if is_named or not is_old else set()

    swept(db, spool)

    assert set(spool.digests()) == kept
