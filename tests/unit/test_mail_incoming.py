"""Folders for texts that arrive: one a process, and those of the dead are swept."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from gateway.mail.incoming import IncomingFolder

CLAIM_AND_DIE = """
import os, sys
from pathlib import Path
from gateway.mail.incoming import IncomingFolder
folder = IncomingFolder.claim(Path(sys.argv[1]))
(folder.path / "half.eml").write_bytes(b"From: ")
os.kill(os.getpid(), 9)
"""


def test_each_claim_has_a_folder_of_its_own_for_its_owner_only(tmp_path: Path) -> None:
    one, other = IncomingFolder.claim(tmp_path / "in"), IncomingFolder.claim(tmp_path / "in")

    assert one.path != other.path
    assert one.path.stat().st_mode & 0o777 == 0o700
    one.release()
    other.release()


def test_what_the_living_hold_is_not_swept(tmp_path: Path) -> None:
    mine = IncomingFolder.claim(tmp_path)
    (mine.path / "half.eml").touch()

    IncomingFolder.claim(tmp_path).release()

    assert (mine.path / "half.eml").exists()
    mine.release()


def test_a_folder_goes_with_its_release(tmp_path: Path) -> None:
    folder = IncomingFolder.claim(tmp_path)
    (folder.path / "half.eml").touch()

    folder.release()

    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_process_left_is_swept_by_the_next(tmp_path: Path) -> None:
    died = subprocess.run([sys.executable, "-c", CLAIM_AND_DIE, str(tmp_path)], check=False, timeout=60)
    assert died.returncode == -9
    assert len(list(tmp_path.rglob("*.eml"))) == 1

    mine = IncomingFolder.claim(tmp_path)

    assert list(tmp_path.iterdir()) == [mine.path]
    mine.release()


def test_many_at_once_do_not_sweep_one_another(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as threads:
        folders = list(threads.map(lambda _: IncomingFolder.claim(tmp_path), range(32)))

    assert {folder.path for folder in folders} == set(tmp_path.iterdir())
    for folder in folders:
        folder.release()


def test_a_stray_file_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "note.txt").touch()

    IncomingFolder.claim(tmp_path).release()

    assert [path.name for path in tmp_path.iterdir()] == ["note.txt"]


def test_a_root_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(OSError, match="file"):
        IncomingFolder.claim(tmp_path / "file" / "in")


def test_no_descriptor_stays_open(tmp_path: Path) -> None:
    before = len(os.listdir("/proc/self/fd"))  # noqa: PTH208 - descriptors, not files

    for _ in range(5):
        IncomingFolder.claim(tmp_path).release()

    assert len(os.listdir("/proc/self/fd")) == before  # noqa: PTH208 - the same
