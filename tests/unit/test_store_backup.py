"""Backups are whole, of one moment, and the same whatever engine; what comes back sends nothing by itself."""

import errno
import hashlib
import json
import os
import shutil
import tarfile
from contextlib import ExitStack, closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from gateway.domain.errors import ConflictError, GatewayError, NotFoundError, RefusedError, UnavailableError
from gateway.domain.job import JobState
from gateway.domain.nodes import User
from gateway.domain.received import ReceivedState
from gateway.store import backup as backups
from gateway.store import calls, holds, jobs, outbox, processes, received, submissions, tree
from gateway.store import restore as restores
from gateway.store.backup import Manifest, backup, verify
from gateway.store.check import check
from gateway.store.copying import snapshot
from gateway.store.database import Database, open_database
from gateway.store.migrate import METADATA, migrate
from gateway.store.restore import GAP, Restored, Target, restore
from gateway.store.spool import Spool
from tests.claims import claim_render
from tests.filled_store import FAR, NOW, WALL, anna, calling, fresh_url, mail_to, owning, ready, rendered
from tests.store_states import came_in

LATER = WALL + timedelta(days=1)  # when the leases of the tests are over
ABOUT = (WALL, "1.2.3")
OTHER = "+12025550102"


def silent(_done: int, _of: int) -> None:
    """Nobody looks."""


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    return Spool(tmp_path / "spool")


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "backups" / "backup"


@pytest.fixture(params=["backup", "backup.tar"])
def either(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """In a folder, and in a tar file."""
    return tmp_path / "backups" / str(request.param)


def put(db: Database, spool: Spool, column: str, table: str, content: bytes) -> str:
    digest = spool.put_bytes(content)
    db.write(lambda session: session.connection().execute(text(f"update {table} set {column} = '{digest}'")).rowcount)
    return digest


def with_pages(db: Database, spool: Spool) -> None:
    put(db, spool, "content_digest", "submission", b"the mail")
    put(db, spool, "pages_digest", "submission", b"the pages")


@pytest.fixture
def filled(db: Database, user: User, spool: Spool, tmp_path: Path) -> Database:
    """A store with a fax in each state that is on its way: calling, ready, and not rendered."""
    with owning(db, tmp_path) as owner:
        ready(db, owner, mail_to(user, FAR))
        calling(db, owner)
        ready(db, owner, mail_to(user, OTHER))
        submissions.add(db, mail_to(user, "+12025550103"))
    with_pages(db, spool)
    return db


@pytest.fixture
def elsewhere(tmp_path: Path) -> Target:
    (tmp_path / "new").mkdir()
    return Target(fresh_url(tmp_path / "new", migrated=False), Spool(tmp_path / "new" / "spool"))


def made(db: Database, spool: Spool, place: Path) -> Manifest:
    return backup(db, spool, place, ABOUT, silent)


def restored(place: Path, target: Target, **how: bool) -> Restored:
    return restore(place, target, LATER, silent, **how)


def rows(db: Database, *leaving_out: str) -> dict[str, list[tuple[object, ...]]]:
    """All rows of all tables."""
    found = {}
    for table in METADATA.sorted_tables:
        if table.name not in leaving_out:
            query = table.select().order_by(*table.primary_key.columns)
            found[table.name] = [tuple(row) for row in db.read(lambda s, q=query: s.connection().execute(q).all())]
    return found


def faults(db: Database, spool: Spool) -> list[str]:
    return [finding.words for finding in check(db, spool, LATER.timestamp()) if finding.bad]


def test_a_backup_holds_every_row_and_every_content(
    filled: Database, spool: Spool, either: Path, tmp_path: Path
) -> None:
    manifest = made(filled, spool, either)

    assert (manifest.contents, manifest.missing, manifest.version) == (2, 0, "1.2.3")
    assert verify(either, silent) == manifest
    with backups.reading(either) as archive, archive.open(backups.STORE) as file:
        (tmp_path / "copy.sqlite").write_bytes(file.read())
    with closing(open_database(f"sqlite:///{tmp_path / 'copy.sqlite'}")) as copy:
        assert rows(copy) == rows(filled)


def test_what_is_written_meanwhile_is_in_whole_or_not_at_all(
    db: Database, user: User, spool: Spool, place: Path, elsewhere: Target
) -> None:
    submissions.add(db, mail_to(user))
    with_pages(db, spool)

    def told(_done: int, _of: int) -> None:
        submissions.add(db, mail_to(user))

    backup(db, spool, place, ABOUT, told)
    restored(place, elsewhere)

    with closing(open_database(elsewhere.url)) as copy:
        assert len(rows(copy)["submission"]) == len(rows(copy)["job"]) == 1
        assert faults(copy, elsewhere.spool) == []


def test_what_comes_back_is_what_was_there_and_new_numbers_are_above(
    filled: Database, spool: Spool, place: Path, elsewhere: Target
) -> None:
    made(filled, spool, place)

    done = restored(place, elsewhere)

    with closing(open_database(elsewhere.url)) as copy:
        changed = ("job", "attempt", "event", "process", "submission", "outbox", "works_for")
        assert rows(copy, *changed) == rows(filled, *changed)
        accepted = submissions.add(copy, mail_to(anna(copy, "ben@acme.example"), OTHER))
        assert accepted.submission_id > GAP
    assert done.manifest.contents == 2
    assert sorted(elsewhere.spool.digests()) == sorted(spool.digests())


def test_what_was_on_its_way_is_held_with_a_reason(
    filled: Database, spool: Spool, either: Path, elsewhere: Target, tmp_path: Path
) -> None:
    made(filled, spool, either)

    done = restored(either, elsewhere)

    assert (done.quieted.held, done.quieted.to_be_held) == (2, 1)
    with closing(open_database(elsewhere.url)) as copy:
        assert jobs.unfinished(copy) == {JobState.HELD: 2, JobState.ACCEPTED: 1}
        with owning(copy, tmp_path) as owner:
            assert calls.claim_call(copy, owner, "trunk", 4, NOW) is None
        held = [job.public_id for job in jobs.listing(copy, jobs.Filter(state=JobState.HELD))]
        why = jobs.detail(copy, held[0]).events[-1].detail
        assert why.startswith("restored: may have been sent since the backup of")
        assert faults(copy, elsewhere.spool) == []


def test_a_fax_that_came_in_just_then_is_ended_with_its_pages_after_a_restore(
    db: Database, user: User, spool: Spool, place: Path, elsewhere: Target, tmp_path: Path
) -> None:
    with owning(db, tmp_path) as owner:
        came_in(db, owner, user, spool, whole=False)
        made(db, spool, place)
    restored(place, elsewhere)

    with closing(open_database(elsewhere.url)) as copy:
        [left] = received.orphans(copy, 10)
        assert [page.number for page in received.pages(copy, left.id)] == [1]
        ended = received.finish(copy, left, received.Ending(NOW, spool.put_bytes(b"all"), "broken-off"), NOW)
    assert ended.state is ReceivedState.PARTIAL


def test_who_is_released_after_a_restore_is_called(
    filled: Database, spool: Spool, place: Path, elsewhere: Target, tmp_path: Path
) -> None:
    made(filled, spool, place)
    restored(place, elsewhere)

    with closing(open_database(elsewhere.url)) as copy, owning(copy, tmp_path) as owner:
        [*held] = jobs.listing(copy, jobs.Filter(state=JobState.HELD))
        holds.release(copy, held[0].public_id, NOW)

        assert calling(copy, owner).job.id == held[0].id


def test_a_render_of_then_begins_again_and_its_job_is_held_afterwards(
    db: Database, user: User, spool: Spool, place: Path, elsewhere: Target, tmp_path: Path
) -> None:
    with owning(db, tmp_path) as owner:
        submissions.add(db, mail_to(user))
        claim_render(db, owner, NOW)
    made(db, spool, place)

    restored(place, elsewhere)

    with closing(open_database(elsewhere.url)) as copy, owning(copy, tmp_path) as owner:
        claim = claim_render(copy, owner, NOW)
        assert claim is not None
        with_pages(copy, elsewhere.spool)
        submissions.finish_render(copy, claim, rendered(claim), NOW, [])
        assert jobs.unfinished(copy) == {JobState.HELD: 1}


def test_a_mail_that_was_being_sent_waits_again(
    db: Database, spool: Spool, place: Path, elsewhere: Target, tmp_path: Path
) -> None:
    with owning(db, tmp_path) as owner:
        mail = outbox.NewMail("postmaster", None, None, 0, "ops@acme.example", b"hello", "<1@fax>")
        outbox.add(db, mail, NOW)
        assert outbox.claim_mail(db, owner, NOW) is not None
    made(db, spool, place)

    done = restored(place, elsewhere)

    assert done.quieted.mails == 1
    with closing(open_database(elsewhere.url)) as copy, owning(copy, tmp_path) as owner:
        claim = outbox.claim_mail(copy, owner, NOW)
        assert claim is not None
        assert claim.message_id == "<1@fax>"


def test_a_store_that_is_there_is_not_touched_unless_told(
    filled: Database, spool: Spool, place: Path, elsewhere: Target
) -> None:
    made(filled, spool, place)
    restored(place, elsewhere)

    with pytest.raises(RefusedError, match="--replace"):
        restored(place, elsewhere)


def test_a_store_that_makes_room_is_kept_beside(filled: Database, spool: Spool, place: Path, elsewhere: Target) -> None:
    with closing(open_database(elsewhere.url)) as there:
        migrate(there)
        tree.add_company(there, "Former")
    made(filled, spool, place)

    done = restored(place, Target(elsewhere.url, elsewhere.spool, replace=True))

    with closing(open_database(elsewhere.url)) as there:
        assert [company.name for company in tree.companies(there)] == ["Acme"]
        if not there.is_near:
            return
    assert done.aside is not None
    with closing(open_database(f"sqlite:///{done.aside}")) as aside:
        assert [company.name for company in tree.companies(aside)] == ["Former"]


def test_a_running_gateway_is_not_replaced(
    filled: Database, spool: Spool, place: Path, elsewhere: Target, tmp_path: Path
) -> None:
    made(filled, spool, place)
    with closing(open_database(elsewhere.url)) as there:
        migrate(there)
        running = processes.register(there, "here", timedelta(days=9999), WALL, tmp_path / "locks")

        with pytest.raises(ConflictError, match="runs on this store"):
            restored(place, Target(elsewhere.url, elsewhere.spool, replace=True))
        running.lock.close()


def test_a_gateway_that_was_killed_here_hinders_no_restore(
    filled: Database, spool: Spool, place: Path, elsewhere: Target, tmp_path: Path
) -> None:
    made(filled, spool, place)
    with closing(open_database(elsewhere.url)) as there:
        migrate(there)
        processes.register(there, "here", timedelta(days=9999), WALL, tmp_path / "locks").lock.close()
    target = replace(elsewhere, replace=True, here=processes.Here("here", tmp_path / "locks"))

    assert restored(place, target).quieted.held == 2


def test_a_gateway_that_was_started_meanwhile_is_not_replaced(
    filled: Database, spool: Spool, place: Path, elsewhere: Target, tmp_path: Path
) -> None:
    made(filled, spool, place)
    target = Target(elsewhere.url, elsewhere.spool, replace=True)
    with closing(open_database(elsewhere.url)) as there, ExitStack() as running:
        migrate(there)

        def started(_done: int, _of: int) -> None:
            if not processes.alive(there, WALL) and any(elsewhere.spool.digests()):
                lock = processes.register(there, "here", timedelta(days=9999), WALL, tmp_path / "locks").lock
                running.callback(lock.close)

        with pytest.raises(ConflictError, match="runs on this store"):
            restore(place, target, LATER, started)
        assert processes.alive(there, WALL) == 1


@pytest.mark.one_engine
def test_a_disk_that_cannot_take_the_rows_is_named(
    filled: Database, spool: Spool, place: Path, elsewhere: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    made(filled, spool, place)
    monkeypatch.setattr(shutil, "copyfileobj", full)

    with pytest.raises(UnavailableError, match=rf"{place.parent.parent / 'new'} does not take the store: No space"):
        restored(place, elsewhere)


def full(*_: object) -> None:
    """What a disk without room says."""
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_dry_run_changes_nothing(filled: Database, spool: Spool, place: Path, elsewhere: Target) -> None:
    made(filled, spool, place)

    done = restored(place, elsewhere, dry_run=True)

    assert done.quieted.held == 2
    assert list(elsewhere.spool.digests()) == []
    with closing(open_database(elsewhere.url)) as there:
        assert restores.revision_of(there) is None


@pytest.mark.one_engine
def test_a_content_that_is_missing_is_counted_and_the_rest_is_kept(filled: Database, spool: Spool, place: Path) -> None:
    spool.delete(hashlib.sha256(b"the pages").hexdigest())

    manifest = made(filled, spool, place)

    assert (manifest.contents, manifest.missing) == (1, 1)


def test_a_mail_that_is_in_the_store_is_not_missing(db: Database, user: User, spool: Spool, place: Path) -> None:
    content = b"a small mail"
    digest = hashlib.sha256(content).hexdigest()
    submissions.add(db, replace(mail_to(user), content=content, content_digest=digest))

    assert (made(db, spool, place).contents, made(db, spool, place.with_name("b")).missing) == (0, 0)


@pytest.mark.one_engine
def test_a_place_that_is_taken_is_left_alone(filled: Database, spool: Spool, either: Path) -> None:
    made(filled, spool, either)

    with pytest.raises(RefusedError, match="there already"):
        made(filled, spool, either)

    verify(either, silent)


@pytest.mark.one_engine
def test_a_backup_that_breaks_off_leaves_nothing(filled: Database, spool: Spool, either: Path) -> None:
    def told(_done: int, _of: int) -> None:
        raise UnavailableError("the disk is full")

    with pytest.raises(UnavailableError):
        backup(filled, spool, either, ABOUT, told)

    assert list(either.parent.iterdir()) == []


@pytest.mark.one_engine
def test_a_disk_that_cannot_take_the_copy_is_named(filled: Database, tmp_path: Path) -> None:
    with pytest.raises(UnavailableError, match=r"unable to open.*/none/copy"):
        snapshot(filled, tmp_path / "none" / "copy")


@pytest.mark.one_engine
def test_a_damaged_store_is_named_and_not_its_copy(tmp_path: Path) -> None:
    file = tmp_path / "store.sqlite"
    with closing(open_database(f"sqlite:///{file}")) as db:
        migrate(db)
    with closing(open_database(f"sqlite:///{file}")) as db:
        root = int(str(db.glance("SELECT rootpage FROM sqlite_master WHERE name = 'archive_transfer'")))
        with file.open("r+b") as octets:
            octets.seek(4096 * (root - 1))
            octets.write(b"\xff" * 4096)

        with pytest.raises(GatewayError, match=rf"{file} is damaged .*malformed"):
            snapshot(db, tmp_path / "copy")


@pytest.mark.one_engine
def test_a_backup_is_its_owners_only(filled: Database, spool: Spool, either: Path) -> None:
    made(filled, spool, either)

    assert either.stat().st_mode & 0o077 == 0


def damage(place: Path, name: str) -> None:
    """One octet more or less: in a folder by hand, in a tar file by writing it anew."""
    if place.is_dir():
        (place / name).write_bytes((place / name).read_bytes() + b"?")
        return
    folder = place.with_name("unpacked")
    with tarfile.open(place) as tar:
        tar.extractall(folder, filter="data")
    (folder / name).write_bytes((folder / name).read_bytes() + b"?")
    place.unlink()
    with tarfile.open(place, "w") as tar:
        for path in sorted(folder.rglob("*")):
            tar.add(path, path.relative_to(folder).as_posix(), recursive=False)


@pytest.mark.one_engine
@pytest.mark.parametrize("what", ["store", "content", "manifest"])
def test_a_damaged_backup_is_not_restored(
    filled: Database, spool: Spool, either: Path, elsewhere: Target, what: str
) -> None:
    made(filled, spool, either)
    digest = hashlib.sha256(b"the pages").hexdigest()
    names = {"store": backups.STORE, "content": f"contents/{digest[:2]}/{digest}", "manifest": backups.MANIFEST}
    damage(either, names[what])

    with pytest.raises(RefusedError, match="damaged"):
        restored(either, elsewhere)

    assert list(elsewhere.spool.digests()) == []


@pytest.mark.one_engine
def test_a_content_that_was_taken_out_shows(filled: Database, spool: Spool, tmp_path: Path) -> None:
    place = tmp_path / "backup"
    made(filled, spool, place)
    next((place / "contents").rglob("?" * 64)).unlink()

    with pytest.raises(RefusedError, match="1 contents of 2"):
        verify(place, silent)


@pytest.mark.one_engine
def test_a_backup_of_a_newer_gateway_is_refused(
    filled: Database, spool: Spool, tmp_path: Path, elsewhere: Target
) -> None:
    place = tmp_path / "backup"
    made(filled, spool, place)
    manifest = place / backups.MANIFEST
    said = json.loads(manifest.read_text())

    manifest.write_text(json.dumps(said | {"revision": "9999"}))
    with pytest.raises(RefusedError, match="newer schema"):
        restored(place, elsewhere)

    manifest.write_text(json.dumps(said | {"form": 99}))
    with pytest.raises(RefusedError, match="newer gateway"):
        restored(place, elsewhere)


def test_what_is_no_backup_is_told_apart(tmp_path: Path, elsewhere: Target) -> None:
    (tmp_path / "text").write_text("no tar file")
    (tmp_path / "folder").mkdir()

    with pytest.raises(NotFoundError, match="no such backup"):
        restored(tmp_path / "missing", elsewhere)
    with pytest.raises(RefusedError, match="neither"):
        restored(tmp_path / "text", elsewhere)
    with pytest.raises(RefusedError, match="no backup"):
        restored(tmp_path / "folder", elsewhere)


def test_people_below_people_with_higher_numbers_come_back(
    db: Database, user: User, spool: Spool, tmp_path: Path, elsewhere: Target
) -> None:
    """A node may have been moved below one that was made later."""
    tree.add_department(db, "Acme", "Later")
    move = text("update node set parent_id = (select id from node where name = 'Later') where name = 'Sales'")
    db.write(lambda session: session.connection().execute(move).rowcount)
    made(db, spool, tmp_path / "backup")

    restored(tmp_path / "backup", elsewhere)

    with closing(open_database(elsewhere.url)) as copy:
        assert tree.user_by_address(copy, user.sending_addresses[0]).path == "Acme/Later/Sales/anna"
