import errno
import hashlib
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.domain.errors import NotFoundError, UnavailableError
from gateway.store.spool import Spool

CONTENT = b"%PDF-1.7 and so on"
DIGEST = hashlib.sha256(CONTENT).hexdigest()
NOW, DAY = time.time(), 86_400


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    return Spool(tmp_path / "spool")


def put_bytes(spool: Spool, _folder: Path) -> str:
    return spool.put_bytes(CONTENT)


def put_file(spool: Spool, _folder: Path) -> str:
    streamed = spool.incoming / "mail"
    streamed.write_bytes(CONTENT)
    return spool.put_file(streamed)


def put_synced(spool: Spool, _folder: Path) -> str:
    streamed = spool.incoming / "mail"
    streamed.write_bytes(CONTENT)
    spool.put_synced(streamed, DIGEST)
    return DIGEST


def put_copy(spool: Spool, folder: Path) -> str:
    source = folder / "sent.tif"
    source.write_bytes(CONTENT)
    return spool.put_copy(source)


Put = Callable[[Spool, Path], str]
every_way = pytest.mark.parametrize("put", [put_bytes, put_file, put_synced, put_copy])


def old(spool: Spool) -> None:
    os.utime(spool.path(DIGEST), (0, 0))


def files(spool: Spool) -> list[str]:
    return sorted([*spool.digests(), *(path.name for path in spool.incoming.iterdir())])


@every_way
def test_a_content_is_found_by_its_digest(spool: Spool, tmp_path: Path, put: Put) -> None:
    digest = put(spool, tmp_path)

    assert digest == DIGEST
    assert spool.path(digest).parts[-2:] == (DIGEST[:2], DIGEST)
    with spool.open(digest) as file:
        assert file.read() == CONTENT
    assert files(spool) == [DIGEST]


@every_way
def test_the_same_content_twice_is_one_file(spool: Spool, tmp_path: Path, put: Put) -> None:
    assert {put(spool, tmp_path), spool.put_bytes(CONTENT)} == {DIGEST}
    assert files(spool) == [DIGEST]


@every_way
def test_the_content_is_synced_before_its_name_and_the_folders_after(
    spool: Spool, tmp_path: Path, put: Put, monkeypatch: pytest.MonkeyPatch
) -> None:
    order: list[str] = []
    sync, rename = os.fsync, Path.rename

    def fsync(descriptor: int) -> None:
        path = Path(f"/proc/self/fd/{descriptor}").readlink()
        order.append("folder" if path.is_dir() else "content")
        sync(descriptor)

    def renamed(path: Path, target: Path) -> Path:
        order.append("rename")
        return rename(path, target)

    monkeypatch.setattr(os, "fsync", fsync)
    monkeypatch.setattr(Path, "rename", renamed)

    put(spool, tmp_path)

    by_others = put is put_synced
    assert order == [*(() if by_others else ("content",)), "folder", "rename", "folder"]


@every_way
def test_a_full_disk_is_unavailable_and_leaves_nothing_half_written(
    spool: Spool, tmp_path: Path, put: Put, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)

    with pytest.raises(UnavailableError, match="No space left"):
        put(spool, tmp_path)

    assert files(spool) == (["mail"] if put in (put_file, put_synced) else [])


def test_a_streamed_file_is_moved_and_not_copied(spool: Spool) -> None:
    streamed = spool.incoming / "mail"
    streamed.write_bytes(CONTENT)
    inode = streamed.stat().st_ino

    digest = spool.put_file(streamed)

    assert spool.path(digest).stat().st_ino == inode


def test_a_folder_that_is_known_is_not_made_again(spool: Spool, monkeypatch: pytest.MonkeyPatch) -> None:
    spool.put_bytes(CONTENT)
    synced: list[int] = []
    monkeypatch.setattr(os, "fsync", synced.append)

    spool.put_bytes(CONTENT)

    assert len(synced) == 2  # the content, and the folder that holds its name


def test_a_content_that_was_synced_is_named_without_being_read(spool: Spool) -> None:
    streamed = spool.incoming / "mail"
    streamed.write_bytes(CONTENT)
    streamed.chmod(0)

    spool.put_synced(streamed, DIGEST)

    assert spool.exists(DIGEST)


def test_a_copied_file_stays_where_it_was(spool: Spool, tmp_path: Path) -> None:
    put_copy(spool, tmp_path)

    assert (tmp_path / "sent.tif").read_bytes() == CONTENT


def test_what_is_not_there_is_not_found(spool: Spool) -> None:
    assert not spool.exists(DIGEST)
    with pytest.raises(NotFoundError, match=DIGEST[:12]):
        spool.path(DIGEST)
    with pytest.raises(UnavailableError):
        spool.put_file(spool.incoming / "missing")


def test_a_deleted_content_is_gone_and_may_be_deleted_again(spool: Spool) -> None:
    spool.put_bytes(CONTENT)

    spool.delete(DIGEST)
    spool.delete(DIGEST)

    assert not spool.exists(DIGEST)


def test_what_is_old_is_told_by_prefix(spool: Spool) -> None:
    digest = spool.put_bytes(CONTENT)
    now = spool.path(digest).stat().st_mtime

    assert list(spool.old(DIGEST[:2], now + 1)) == [DIGEST]
    assert list(spool.old(DIGEST[:2], now - 1)) == []
    assert list(spool.old("zz", now + 1)) == []
    assert list(spool.digests(DIGEST[:2])) == [DIGEST]


def test_what_was_put_aside_comes_back_when_it_is_asked_for(spool: Spool) -> None:
    spool.put_bytes(CONTENT)
    old(spool)

    assert spool.retire(DIGEST, NOW)
    assert not spool.exists(DIGEST)

    assert spool.path(DIGEST).read_bytes() == CONTENT
    assert spool.exists(DIGEST)
    assert list(spool.retired(DIGEST[:2], NOW + DAY)) == []


def test_what_was_put_aside_long_ago_can_be_forgotten(spool: Spool) -> None:
    spool.put_bytes(CONTENT)
    old(spool)
    spool.retire(DIGEST, NOW)

    assert list(spool.retired(DIGEST[:2], NOW - DAY)) == []
    assert list(spool.retired(DIGEST[:2], NOW + DAY)) == [DIGEST]
    spool.forget(DIGEST)
    spool.forget(DIGEST)

    with pytest.raises(NotFoundError):
        spool.path(DIGEST)


def test_a_content_that_is_put_again_is_young_and_stays(spool: Spool) -> None:
    spool.put_bytes(CONTENT)
    old(spool)
    [seen] = spool.old(DIGEST[:2], NOW - DAY)

    spool.put_bytes(CONTENT)

    assert not spool.retire(seen, NOW - DAY)
    assert spool.exists(DIGEST)


def test_a_content_is_young_when_it_was_just_put(spool: Spool) -> None:
    streamed = spool.incoming / "mail"
    streamed.write_bytes(CONTENT)
    os.utime(streamed, (0, 0))

    spool.put_file(streamed)

    assert list(spool.old(DIGEST[:2], NOW - DAY)) == []


def test_what_is_not_there_is_not_put_aside(spool: Spool) -> None:
    assert not spool.retire(DIGEST, NOW)
    spool.bring_back(DIGEST)
    assert files(spool) == []


def test_what_was_left_half_written_is_found_in_both_folders(spool: Spool) -> None:
    arriving = spool.incoming.with_name("arriving")
    arriving.mkdir()
    for path in (spool.incoming / "half", arriving / "half", arriving / "young"):
        path.write_bytes(b"ha")
    for folder in (spool.incoming, arriving):
        os.utime(folder / "half", (0, 0))

    assert spool.half_streamed(NOW - DAY) == [spool.incoming / "half", arriving / "half"]


def test_a_damaged_content_fails_the_check(spool: Spool) -> None:
    spool.put_bytes(CONTENT)
    assert spool.check(DIGEST)

    spool.path(DIGEST).write_bytes(CONTENT + b"?")

    assert not spool.check(DIGEST)
    with pytest.raises(NotFoundError):
        spool.check("ab" * 32)


def test_room_is_what_is_free_less_a_reserve(spool: Spool) -> None:
    assert spool.has_room(0)
    assert not spool.has_room(1 << 60)


def test_a_folder_that_cannot_be_made_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")

    with pytest.raises(UnavailableError):
        Spool(tmp_path / "file" / "spool")


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Spool:
    return Spool(tmp_path_factory.mktemp("shared"))


@settings(deadline=None)  # each example syncs the disk
@given(st.binary(max_size=3_000))
def test_every_content_comes_back(shared: Spool, content: bytes) -> None:
    digest = shared.put_bytes(content)

    assert digest == hashlib.sha256(content).hexdigest()
    assert shared.path(digest).read_bytes() == content
