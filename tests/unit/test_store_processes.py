import fcntl
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlmodel import select

from gateway.domain.errors import LostClaimError, UnavailableError
from gateway.domain.job import Job, JobState
from gateway.domain.nodes import User
from gateway.store import calls, jobs, processes
from gateway.store.database import Database
from gateway.store.process_tables import ProcessRow
from tests.filled_store import (
    NOW,
    TTL,
    WALL,
    calling,
    killed,
    mail_on,
    mail_to,
    no_mail,
    process,
    ready,
)  # fmt: skip

OVER = WALL + TTL


@pytest.fixture
def old(db: Database, tmp_path: Path) -> Iterator[processes.Process]:
    """The one that will die."""
    lease = process(db, tmp_path)
    yield lease
    killed(lease)


@pytest.fixture
def new(db: Database, tmp_path: Path) -> Iterator[processes.Process]:
    """The one that takes over."""
    lease = process(db, tmp_path)
    yield lease
    killed(lease)


def die_and_reap(db: Database, old: processes.Process, new: processes.Process) -> int:
    killed(old)
    return processes.reap(db, new, WALL, NOW, mail_on)


def known(db: Database) -> set[int | None]:
    return {row.id for row in db.read(lambda session: session.exec(select(ProcessRow)).all())}


def now_of(db: Database, job: Job) -> Job:
    return jobs.job(db, job.public_id)


def test_who_holds_a_lease_is_left_alone(db: Database, old: processes.Process, new: processes.Process) -> None:
    assert processes.reap(db, new, OVER - timedelta(microseconds=1), NOW, no_mail) == 0
    assert processes.alive(db, WALL) == 2
    assert known(db) == {old.id, new.id}


def test_on_one_host_a_death_shows_at_once(db: Database, old: processes.Process, new: processes.Process) -> None:
    assert die_and_reap(db, old, new) == 1

    assert known(db) == {new.id}
    assert not old.lock_path.exists()
    assert new.lock_path.exists()


def test_elsewhere_a_death_shows_when_the_lease_is_over(db: Database, tmp_path: Path, new: processes.Process) -> None:
    there = process(db, tmp_path, host="there")
    killed(there)

    assert processes.reap(db, new, WALL, NOW, no_mail) == 0
    assert processes.reap(db, new, OVER, NOW, no_mail) == 1
    assert known(db) == {new.id}


def test_a_lost_lock_file_proves_nothing(db: Database, old: processes.Process, new: processes.Process) -> None:
    old.lock_path.unlink()

    assert processes.reap(db, new, WALL, NOW, no_mail) == 0


def test_a_renewed_lease_is_as_long_as_the_first(db: Database, old: processes.Process, new: processes.Process) -> None:
    processes.renew(db, old, WALL + TTL / 2)

    assert processes.reap(db, new, OVER, NOW, no_mail) == 0
    assert processes.reap(db, new, OVER + TTL / 2, NOW, no_mail) == 1


def test_nobody_reaps_himself(db: Database, new: processes.Process) -> None:
    assert processes.reap(db, new, OVER, NOW, no_mail) == 0
    processes.renew(db, new, OVER)


def test_a_frozen_process_learns_that_it_was_given_up(
    db: Database, user: User, old: processes.Process, new: processes.Process
) -> None:
    ready(db, old.id, mail_to(user))
    claim = calling(db, old.id)

    assert processes.reap(db, new, OVER, NOW, no_mail) == 1

    with pytest.raises(LostClaimError, match="start anew"):
        processes.renew(db, old, OVER)
    with pytest.raises(LostClaimError, match="start anew"):
        calls.claim_call(db, old.id, "trunk", 4, NOW)
    with pytest.raises(LostClaimError):
        calls.record_page(db, claim, 0)
    assert calls.cancel_asked(db, claim)


def test_ids_of_processes_are_never_used_twice(db: Database, tmp_path: Path) -> None:
    first = process(db, tmp_path)
    processes.leave(db, first)

    second = process(db, tmp_path)

    assert second.id > first.id
    killed(second)


def test_who_leaves_with_nothing_is_forgotten(db: Database, old: processes.Process, new: processes.Process) -> None:
    processes.leave(db, old)

    assert known(db) == {new.id}
    assert not old.lock_path.exists()


def test_what_is_left_behind_is_found_by_the_next(
    db: Database, user: User, old: processes.Process, new: processes.Process
) -> None:
    ready(db, old.id, mail_to(user))
    claim = calling(db, old.id)

    processes.leave(db, old)

    assert known(db) == {old.id, new.id}
    assert processes.reap(db, new, WALL, NOW, no_mail) == 1
    assert now_of(db, claim.job).state is JobState.READY


def test_a_lock_file_that_a_reaper_did_not_come_to_remove_is_swept(
    db: Database, old: processes.Process, new: processes.Process
) -> None:
    stray = old.lock_path.with_name(f"{'0' * 32}.lock")
    stray.touch()
    killed(old)

    processes.sweep_locks(db, new)

    assert [path.exists() for path in (stray, old.lock_path, new.lock_path)] == [False, True, True]


def test_a_lock_file_that_is_held_stays_though_nobody_knows_it_yet(db: Database, new: processes.Process) -> None:
    early = new.lock_path.with_name(f"{'0' * 32}.lock")
    with early.open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        processes.sweep_locks(db, new)
        assert early.exists()


def test_a_lock_file_that_was_swept_before_it_was_locked_is_made_anew(
    db: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    locks, taken, lock = tmp_path / "locks", list[str](), fcntl.flock

    def swept_at_first(descriptor: int, how: int) -> None:
        if not taken:
            [path] = locks.iterdir()
            taken.append(path.name)
            path.unlink()
        lock(descriptor, how)

    monkeypatch.setattr("fcntl.flock", swept_at_first)
    made = process(db, tmp_path)

    assert made.lock_path.exists()
    assert made.lock_path.name not in taken
    killed(made)


def test_a_folder_that_takes_no_lock_file_is_named(db: Database, tmp_path: Path) -> None:
    (tmp_path / "locks").write_text("in the way")

    with pytest.raises(UnavailableError, match="lock file"):
        process(db, tmp_path)
