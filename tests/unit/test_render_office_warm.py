"""Office documents by warm LibreOffice workers, from confined processes, as the daemon has them made."""

import os
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from renderers import confine
from renderers.confine import ConfinedCrashError, Limits, run_confined
from renderers.document import Document, Format
from renderers.errors import Reason
from renderers.faxpage import FaxShape
from renderers.libreoffice import profile
from renderers.office import office_pdf
from renderers.pdf import make_paged
from tests.processes import descendants, lives

SAMPLES = Path(__file__).parents[2] / "samples/documents"
SOFFICE = profile.program()
pytestmark = [
    pytest.mark.office,
    pytest.mark.skipif(
        SOFFICE is None or profile.python(SOFFICE) is None, reason="LibreOffice or python3-uno is not installed"
    ),
]


@pytest.fixture(autouse=True, scope="module")
def _warm() -> Iterator[None]:
    """One desk for the module; what it leaves behind is looked at in a test of its own."""
    confine._PARENT.stop()
    yield
    confine._PARENT.stop()


def until(true: Callable[[], object]) -> None:
    for _ in range(1500):
        if true():
            return
        threading.Event().wait(0.02)
    pytest.fail("it did not come about")


def below() -> dict[int, str]:
    """The processes under the warm parent."""
    parent = confine._PARENT._process
    return {} if parent is None else descendants(parent.pid)


def offices() -> set[int]:
    return {pid for pid, name in below().items() if name == "soffice.bin"}


def kill(some: set[int]) -> None:
    for pid in filter(lives, some):
        os.kill(pid, signal.SIGKILL)


def pages(path: Path, folder: Path, seconds: float = 100.0) -> int:
    folder.mkdir()
    document = Document(path, "application/octet-stream", path.name)
    return run_confined(make_paged, document, folder, FaxShape(), limits=Limits(seconds=seconds)).pages


def long_list(folder: Path) -> Path:
    """A document that takes LibreOffice seconds, long enough to be disturbed at it."""
    path = folder / "long.csv"
    path.write_text("".join(f"{row},article {row},{row * 3}\n" for row in range(15_000)))
    return path


def test_documents_share_a_worker(tmp_path: Path) -> None:
    assert pages(SAMPLES / "invoice.docx", tmp_path / "a") == 1
    first = offices()
    assert pages(SAMPLES / "price-list.xlsx", tmp_path / "b") == 1
    assert offices() == first
    assert len(first) == 1


def test_a_worker_killed_while_it_waits_costs_nothing(tmp_path: Path) -> None:
    pages(SAMPLES / "invoice.docx", tmp_path / "a")
    kill(offices())
    assert pages(SAMPLES / "invoice.docx", tmp_path / "b") == 1


@pytest.mark.slow
def test_a_worker_killed_in_the_midst_of_a_document_costs_neither_it_nor_others(tmp_path: Path) -> None:
    pages(SAMPLES / "invoice.docx", tmp_path / "a")
    with ThreadPoolExecutor(2) as threads:
        made = threads.submit(pages, long_list(tmp_path), tmp_path / "b")
        until(lambda: list((tmp_path / "b").glob("office-*/long.csv")))
        other = threads.submit(pages, SAMPLES / "price-list.xlsx", tmp_path / "c")
        kill(offices())
        assert made.result() > 100
        assert other.result() == 1
    assert offices()


def stop_all() -> set[int]:
    stopped = offices()
    for pid in stopped:
        os.kill(pid, signal.SIGSTOP)
    return stopped


@pytest.mark.slow
def test_a_worker_that_hangs_is_replaced_and_the_document_made(tmp_path: Path) -> None:
    pages(SAMPLES / "invoice.docx", tmp_path / "a")
    victims = stop_all()
    made = run_confined(office_pdf, SAMPLES / "invoice.docx", Format.DOCX, tmp_path, "x", 8.0)
    assert made.read_bytes().startswith(b"%PDF-")
    until(lambda: not all(lives(pid) for pid in victims))
    kill(victims)


def test_a_document_whose_time_is_over_takes_its_worker_with_it(tmp_path: Path) -> None:
    pages(SAMPLES / "invoice.docx", tmp_path / "a")
    victims = stop_all()
    with pytest.raises(ConfinedCrashError) as caught:
        pages(SAMPLES / "invoice.docx", tmp_path / "b", seconds=1.0)
    assert caught.value.reason is Reason.TOO_LONG
    until(lambda: not all(lives(pid) for pid in victims))
    kill(victims)


def test_no_process_and_no_folder_outlives_the_warm_parent(tmp_path: Path) -> None:
    pages(SAMPLES / "invoice.docx", tmp_path / "a")
    everything = below()
    rooms = {Path(f"/proc/{pid}/cwd").readlink() for pid, name in everything.items() if name == "soffice.bin"}
    assert rooms
    confine._PARENT.stop()
    until(lambda: not any(lives(pid) for pid in everything))
    until(lambda: not any(room.parent.exists() for room in rooms))


def test_a_desk_that_is_killed_is_opened_again(tmp_path: Path) -> None:
    pages(SAMPLES / "invoice.docx", tmp_path / "a")
    parent = confine._PARENT._process
    assert parent is not None
    office = min(offices())
    desk = next(pid for pid in below() if office in descendants(pid) and lives(pid))
    os.kill(desk, signal.SIGKILL)
    until(lambda: not lives(office))
    assert pages(SAMPLES / "invoice.docx", tmp_path / "b") == 1
