"""Folders for one piece of work, and what is left of them."""

import os
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from renderers import rooms


def aged(folder: Path) -> Path:
    os.utime(folder, (0, 0))
    return folder


def left(folder: Path, name: str) -> Path:
    """What somebody who was killed has left."""
    (folder / name).mkdir()
    (folder / name / "letter.pdf").write_text("private")
    return aged(folder / name)


def test_a_room_goes_with_its_work() -> None:
    with rooms.room("room-") as folder:
        (Path(folder) / "letter.pdf").write_text("private")
    assert not Path(folder).exists()


def test_what_was_left_is_swept_and_other_folders_are_not(tmp_path: Path) -> None:
    ours, others = left(tmp_path, "room-1"), left(tmp_path, "hall-1")
    rooms.sweep(tmp_path, "room-")
    assert (ours.exists(), others.exists()) == (False, True)


def test_a_room_in_which_somebody_is_stays(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with rooms.room("room-") as folder:
        rooms.sweep(tmp_path, "room-")
        aged(Path(folder))
        rooms.sweep(tmp_path, "room-")
        assert Path(folder).is_dir()
        with pytest.raises(BlockingIOError):
            rooms.locked(folder)


def test_what_was_left_a_moment_ago_is_swept_too(tmp_path: Path) -> None:
    (tmp_path / "room-1").mkdir()
    rooms.sweep(tmp_path, "room-")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("swept", [lambda folder: Path(folder).rmdir(), rooms.locked])
def test_a_room_that_a_sweep_took_before_it_was_locked_is_made_anew(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, swept: Callable[[str], object]
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    made, make = [], tempfile.mkdtemp

    def take_the_first(prefix: str) -> str:
        made.append(folder := make(prefix=prefix))
        if len(made) == 1:
            swept(folder)
        return folder

    monkeypatch.setattr("tempfile.mkdtemp", take_the_first)
    with rooms.room("room-") as folder:
        assert (folder, Path(folder).is_dir()) == (made[1], True)
    assert list(tmp_path.iterdir()) == []


def test_a_room_that_is_gone_before_its_lock_holds_is_no_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "room-1").mkdir()
    monkeypatch.setattr("fcntl.flock", lambda _descriptor, _how: (tmp_path / "room-1").rmdir())
    with pytest.raises(FileNotFoundError):
        rooms.locked(str(tmp_path / "room-1"))


def test_a_link_that_bears_the_name_is_left_alone(tmp_path: Path) -> None:
    target = left(tmp_path, "target")
    (tmp_path / "room-1").symlink_to(target)
    os.utime(tmp_path / "room-1", (0, 0), follow_symlinks=False)
    rooms.sweep(tmp_path, "room-")
    assert (target / "letter.pdf").exists()
