"""Folders for one piece of work, and what is left of them."""

import os
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


def test_a_room_just_made_stays(tmp_path: Path) -> None:
    (tmp_path / "room-1").mkdir()
    rooms.sweep(tmp_path, "room-")
    assert (tmp_path / "room-1").is_dir()


def test_a_link_that_bears_the_name_is_left_alone(tmp_path: Path) -> None:
    target = left(tmp_path, "target")
    (tmp_path / "room-1").symlink_to(target)
    os.utime(tmp_path / "room-1", (0, 0), follow_symlinks=False)
    rooms.sweep(tmp_path, "room-")
    assert (target / "letter.pdf").exists()
