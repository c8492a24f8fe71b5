"""A worker as the desk sees it, with a listener that does on purpose what LibreOffice does by accident."""

import functools
import os
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from renderers.libreoffice import profile
from renderers.libreoffice import worker as worker_module
from renderers.libreoffice.messages import Ended, Order
from renderers.libreoffice.worker import AbsentError, AskerGoneError, Worker
from tests.office_listener import command
from tests.processes import lives


@pytest.fixture
def asker() -> Iterator[socket.socket]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield ours


@pytest.fixture
def worker(tmp_path: Path) -> Iterator[Worker]:
    one = Worker.start(tmp_path, command)
    yield one
    one.end()


def order(folder: Path, deed: str, seconds: float = 20.0) -> Order:
    (folder / "source").write_text(deed)
    return Order(str(folder / "source"), str(folder / "made.pdf"), "docx", seconds=seconds)


def test_it_converts_one_document_after_another(worker: Worker, tmp_path: Path, asker: socket.socket) -> None:
    first = worker.convert(order(tmp_path, "make"), asker)
    second = worker.convert(order(tmp_path, "make"), asker)

    assert (first.ended, first.first) == (Ended.MADE, True)
    assert (second.ended, second.first) == (Ended.MADE, False)
    assert (tmp_path / "made.pdf").read_bytes() == b"%PDF-"
    assert worker.alive
    assert not worker.failed


@pytest.mark.parametrize(("deed", "ended"), [("refuse", Ended.REFUSED), ("lock", Ended.LOCKED)])
def test_a_document_it_cannot_open_leaves_it_alive(
    worker: Worker, tmp_path: Path, asker: socket.socket, deed: str, ended: Ended
) -> None:
    assert worker.convert(order(tmp_path, deed), asker).ended is ended
    assert worker.alive
    assert worker.failed is (ended is Ended.REFUSED)


@pytest.mark.parametrize("deed", ["die", "babble", "chatter"])
def test_its_death_and_its_nonsense_are_crashes(
    worker: Worker, tmp_path: Path, asker: socket.socket, deed: str
) -> None:
    assert worker.convert(order(tmp_path, deed), asker).ended is Ended.CRASHED
    assert not worker.alive
    assert not worker.room.exists()


def test_what_takes_too_long_is_ended_whole(worker: Worker, tmp_path: Path, asker: socket.socket) -> None:
    pid = worker._office
    answer = worker.convert(order(tmp_path, "hang", seconds=0.05), asker)

    assert answer.ended is Ended.LATE
    assert not lives(pid)
    assert not worker.room.exists()


def test_what_wants_too_much_memory_is_ended(
    worker: Worker, tmp_path: Path, asker: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker_module, "MOST_MEMORY", 1 << 20)  # any process holds more
    assert worker.convert(order(tmp_path, "hang"), asker).ended is Ended.TOO_LARGE
    assert not worker.alive


def test_nobody_works_for_who_has_gone(worker: Worker, tmp_path: Path) -> None:
    ours, theirs = socket.socketpair()
    theirs.close()
    with ours, pytest.raises(AskerGoneError):
        worker.convert(order(tmp_path, "hang"), ours)
    assert not worker.alive


def test_after_its_end_it_takes_no_order(worker: Worker, tmp_path: Path, asker: socket.socket) -> None:
    worker.end()
    assert worker.convert(order(tmp_path, "make"), asker).ended is Ended.CRASHED
    assert worker.memory == 0


def test_what_it_started_ends_with_it(worker: Worker, tmp_path: Path, asker: socket.socket) -> None:
    worker.convert(order(tmp_path, "fork"), asker)
    pid = int((tmp_path / "made.pdf").read_text())
    assert lives(pid)
    worker.end()
    for _ in range(100_000):
        if not lives(pid):
            return
        os.sched_yield()
    pytest.fail("the grandchild lives on")


@pytest.mark.parametrize(
    ("told", "words"),
    [
        (["/bin/false"], "gone"),
        (["/no/such/program"], "No such file"),
        ([sys.executable, "-c", 'import os; os.write(0, b\'\\0\\0\\0\\x11{"failed": "sad"}\')'], "sad"),
        ([sys.executable, "-c", "import os; os.write(0, b'\\0\\0\\0\\2{}')"], "said nothing"),
    ],
)
def test_one_that_does_not_start_says_why_and_leaves_nothing(tmp_path: Path, told: list[str], words: str) -> None:
    with pytest.raises(AbsentError, match=words):
        Worker.start(tmp_path, lambda _room: told)
    assert list(tmp_path.iterdir()) == []


def test_without_libreoffice_there_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("renderers.tools._FOLDERS", ())
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(AbsentError, match="LibreOffice is not installed"):
        worker_module.listening(tmp_path)


def test_without_a_python_that_speaks_uno_there_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("soffice.bin", "python"):
        (tmp_path / name).write_text("#!/bin/sh\nexit 1\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setattr("renderers.tools._FOLDERS", (str(tmp_path),))
    monkeypatch.setattr("renderers.libreoffice.profile.SYSTEM_PYTHON", tmp_path / "none")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(AbsentError, match="no Python can import uno"):
        worker_module.listening(tmp_path)


def test_two_have_rooms_of_their_own(tmp_path: Path) -> None:
    start = functools.partial(Worker.start, tmp_path, command)
    one, other = start(), start()
    assert one.room != other.room
    assert one.room.parent == other.room.parent == tmp_path
    one.end()
    other.end()


def test_a_profile_is_marked_as_used_by_the_build_that_is_here(tmp_path: Path) -> None:
    (tmp_path / "versionrc").write_text("[Version]\nAllLanguages=en-US\nbuildid=40(Build:2)\n")
    profile.furnish(tmp_path / "a", tmp_path / "soffice.bin")
    profile.furnish(tmp_path / "b", tmp_path / "elsewhere" / "soffice.bin")
    assert (tmp_path / "a/profile/user/extensions/buildid").read_text() == "40(Build:2)"
    assert (tmp_path / "b/profile/user/extensions/buildid").read_text() == ""
    assert b"BlockUntrustedRefererLinks" in (tmp_path / "a/profile/user/registrymodifications.xcu").read_bytes()


@pytest.mark.parametrize(("length", "private"), [(20, True), (100, False)])
def test_a_pipe_lies_in_the_room_unless_its_name_grows_too_long(length: int, private: bool) -> None:
    found = profile.surroundings(Path("/" + "x" * length))
    assert ("OSL_SOCKET_PATH" in found) is private
    assert found["HOME"] == found["TMPDIR"]
