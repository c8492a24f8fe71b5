import errno
import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.domain.errors import NotFoundError, UnavailableError
from gateway.store.spool import ORPHAN_SECONDS, Spool

CONTENT = b"%PDF-1.7 and so on"
DIGEST = hashlib.sha256(CONTENT).hexdigest()


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


def test_only_old_orphans_are_swept(spool: Spool) -> None:
    known, orphan = spool.put_bytes(b"known"), spool.put_bytes(b"orphan")
    (spool.incoming / "half").write_bytes(b"ha")
    now = spool.path(orphan).stat().st_mtime

    assert spool.sweep(lambda digest: digest == known, now + ORPHAN_SECONDS - 1) == 0
    assert spool.sweep(lambda digest: digest == known, now + ORPHAN_SECONDS + 1) == 2

    assert files(spool) == [known]


def test_a_content_put_again_while_it_is_swept_stays(spool: Spool) -> None:
    digest = spool.put_bytes(CONTENT)
    os.utime(spool.path(digest), (0, 0))

    def put_meanwhile(_digest: str) -> bool:
        spool.put_bytes(CONTENT)
        return False

    assert spool.sweep(put_meanwhile) == 0
    assert spool.exists(digest)


def test_a_content_is_young_when_it_was_just_put(spool: Spool) -> None:
    streamed = spool.incoming / "mail"
    streamed.write_bytes(CONTENT)
    os.utime(streamed, (0, 0))

    spool.put_file(streamed)

    assert spool.sweep(lambda _digest: False) == 0


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
