"""Processes on one store keep mails and pages in one place, or are refused."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from gateway.domain.errors import ConflictError, UnavailableError
from gateway.store import processes
from gateway.store.database import Database
from gateway.store.processes import About
from gateway.store.shared_time import Wish
from gateway.store.spools import SpoolPlace, mark_of
from tests.filled_store import TTL, WALL, killed

BUCKET = "s3://faxes/all"


@contextmanager
def living(db: Database, folder: Path, place: str) -> Iterator[processes.Process]:
    about = About(time=Wish(1), place=place)
    process = processes.register(db, "here", TTL, WALL, folder, about)
    yield process
    killed(process)


def test_a_folder_has_a_mark_of_its_own_that_stays(tmp_path: Path) -> None:
    ours, theirs = SpoolPlace(tmp_path / "a"), SpoolPlace(tmp_path / "b")

    assert mark_of(ours) == mark_of(ours) != mark_of(theirs)
    assert [path.name for path in (tmp_path / "a" / "spool").iterdir()] == ["place"]


def test_all_who_make_the_mark_at_once_have_one(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as threads:
        marks = set(threads.map(mark_of, [SpoolPlace(tmp_path)] * 8))

    assert len(marks) == 1
    assert marks != {""}


def test_a_bucket_is_its_url_whatever_folder_is_before_it(tmp_path: Path) -> None:
    assert mark_of(SpoolPlace(tmp_path / "a", BUCKET)) == mark_of(SpoolPlace(tmp_path / "b", f"{BUCKET}/")) == BUCKET


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "spool").write_text("no folder")

    with pytest.raises(UnavailableError, match="spool/place"):
        mark_of(SpoolPlace(tmp_path))


def test_who_keeps_contents_elsewhere_is_refused_and_leaves_nothing(db: Database, tmp_path: Path) -> None:
    with living(db, tmp_path / "a", "one") as first:
        with pytest.raises(ConflictError, match=f"process {first.id} on here keeps .* share a bucket"):
            processes.register(db, "there", TTL, WALL, tmp_path / "b", About(time=Wish(1), place=BUCKET))

        assert processes.alive(db, WALL) == 1
        assert list((tmp_path / "b").iterdir()) == []


@pytest.mark.parametrize(("first", "second"), [("one", "one"), ("", "one"), ("one", "")])
def test_who_shares_the_place_or_does_not_know_it_is_let_in(
    db: Database, tmp_path: Path, first: str, second: str
) -> None:
    with living(db, tmp_path, first), living(db, tmp_path, second):
        assert processes.alive(db, WALL) == 2


def test_the_dead_are_not_asked(db: Database, tmp_path: Path) -> None:
    with living(db, tmp_path, "one"):
        pass

    with living(db, tmp_path, "another") as second:
        assert second.id > 0
