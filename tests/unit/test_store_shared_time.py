"""Processes on one store share their time, or are refused."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from gateway.domain.errors import ConflictError
from gateway.store import processes
from gateway.store.database import Database
from gateway.store.processes import About
from gateway.store.shared_time import Anchor, Wish, shared
from tests.filled_store import TTL, WALL, killed

HOUR = timedelta(hours=1)


@contextmanager
def living(
    db: Database,
    folder: Path,
    speed: float,
    *,
    host: str = "here",
    at: timedelta = timedelta(),
    ahead: timedelta = HOUR,
) -> Iterator[processes.Process]:
    """A process whose store has seen a time ahead of the machine's."""
    about = About(time=Wish(speed, WALL + ahead))
    process = processes.register(db, host, TTL, WALL + at, folder / host, about)
    yield process
    killed(process)


def test_the_first_begins_a_time_that_does_not_go_back(db: Database, tmp_path: Path) -> None:
    with living(db, tmp_path, 10) as first:
        assert first.time == shared(db) == Anchor(WALL, WALL + HOUR, 10)


def test_the_first_begins_with_the_machines_time_when_the_store_has_seen_no_later(db: Database, tmp_path: Path) -> None:
    with living(db, tmp_path, 1, ahead=-HOUR) as first:
        assert first.time == Anchor(WALL, WALL, 1)


def test_others_share_it_whatever_they_have_seen(db: Database, tmp_path: Path) -> None:
    with (
        living(db, tmp_path, 10) as first,
        living(db, tmp_path, 10, host="there", at=TTL / 2, ahead=2 * HOUR) as second,
    ):
        assert second.time == first.time


def test_a_time_that_leaps_is_for_one_alone(db: Database, tmp_path: Path) -> None:
    with living(db, tmp_path, 0), pytest.raises(ConflictError, match="leaps, which no two"):
        processes.register(db, "there", TTL, WALL, tmp_path / "there", About(time=Wish(1)))


@pytest.mark.parametrize(("speed", "words"), [(0.0, "leaps, which no two"), (2.0, "runs at .* speed 1, not 2")])
def test_who_does_not_fit_is_refused_and_leaves_nothing(db: Database, tmp_path: Path, speed: float, words: str) -> None:
    with living(db, tmp_path, 1):
        with pytest.raises(ConflictError, match=words):
            processes.register(db, "there", TTL, WALL, tmp_path / "there", About(time=Wish(speed)))

        assert processes.alive(db, WALL) == 1
        assert list((tmp_path / "there").iterdir()) == []


def test_after_one_that_was_killed_another_begins_anew_on_the_same_host(db: Database, tmp_path: Path) -> None:
    with living(db, tmp_path, 0):
        pass

    with living(db, tmp_path, 5, at=TTL / 2) as second:
        assert second.time == Anchor(WALL + TTL / 2, WALL + HOUR, 5)


def test_elsewhere_it_waits_until_the_lease_is_over(db: Database, tmp_path: Path) -> None:
    with living(db, tmp_path, 0, host="there"):
        with pytest.raises(ConflictError), living(db, tmp_path, 5, at=TTL / 2):
            pass

        with living(db, tmp_path, 5, at=TTL) as second:
            assert second.time is not None
            assert second.time.speed == 5


def test_who_goes_by_the_machines_time_joins_nobody(db: Database, tmp_path: Path) -> None:
    process = processes.register(db, "here", TTL, WALL, tmp_path, About())

    assert (process.time, shared(db)) == (None, None)
    killed(process)
