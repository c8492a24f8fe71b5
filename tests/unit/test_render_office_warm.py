"""Office documents by warm LibreOffice workers, from confined processes, as the daemon has them made."""

import os
import shutil
import signal
import socket
import tempfile
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pypdfium2
import pytest

from gateway.cli.doctor import office_worker
from renderers import confine
from renderers.confine import ConfinedCrashError, Limits, run_confined
from renderers.document import Document, Format, Paged
from renderers.errors import Reason, RenderError
from renderers.faxpage import FaxShape
from renderers.libreoffice import profile
from renderers.office import office_pdf
from renderers.pdf import make_paged
from renderers.walls import seccomp
from tests.office_files import TRACKED, letter, linking, locked, locked_book, workbook
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


def paged(path: Path, folder: Path, seconds: float = 100.0) -> Paged:
    folder.mkdir()
    document = Document(path, "application/octet-stream", path.name)
    return run_confined(make_paged, document, folder, FaxShape(), limits=Limits(seconds=seconds))


def pages(path: Path, folder: Path, seconds: float = 100.0) -> int:
    return paged(path, folder, seconds).pages


def words_of(made: Paged) -> str:
    with pypdfium2.PdfDocument(made.path) as book:
        return "\n".join(page.get_textpage().get_text_bounded() for page in book)


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


def filters(pid: int) -> str:
    return Path(f"/proc/{pid}/status").read_text().split("Seccomp:")[1].split()[0]


@pytest.mark.skipif(not seccomp.available(), reason="no libseccomp2, or a kernel without filters")
def test_a_worker_has_sockets_without_names(tmp_path: Path) -> None:
    pages(SAMPLES / "invoice.docx", tmp_path / "a")
    room = Path(f"/proc/{min(offices())}/cwd").readlink()
    heard = Path("/proc/net/unix").read_text()

    found = profile.sockets(room)

    assert not any(path.exists() for path in found)
    assert all(path.name in heard for path in found)


def test_no_process_under_the_warm_parent_may_call_out(tmp_path: Path) -> None:
    pages(SAMPLES / "invoice.docx", tmp_path / "a")
    assert set(map(filters, below())) == {"2"}  # seccomp(2): filtered


def test_a_worker_killed_while_it_waits_costs_nothing(tmp_path: Path) -> None:
    pages(SAMPLES / "invoice.docx", tmp_path / "a")
    kill(offices())
    assert pages(SAMPLES / "invoice.docx", tmp_path / "b") == 1


@pytest.mark.slow
def test_a_worker_killed_in_the_midst_of_a_document_costs_neither_it_nor_others(tmp_path: Path) -> None:
    pages(SAMPLES / "invoice.docx", tmp_path / "a")
    with ThreadPoolExecutor(2) as threads:
        made = threads.submit(pages, long_list(tmp_path), tmp_path / "b")
        until(lambda: list(Path(tempfile.gettempdir()).glob("confined-*/office-*/long.csv")))
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


def test_doctor_starts_a_worker_and_leaves_nothing_of_it() -> None:
    confine._PARENT.stop()
    found = office_worker()
    assert found.ok
    assert found.name == "LibreOffice worker"
    until(lambda: "soffice.bin" not in descendants(os.getpid()).values())


@pytest.mark.parametrize("state", ["shown", "hidden"])
def test_hidden_sheets_are_left_out(tmp_path: Path, state: str) -> None:
    book = workbook(tmp_path / "b.xlsx", [("first", 2, 2, ""), (state, 2, 2, "")])
    words = words_of(paged(book, tmp_path / "a"))
    assert "first r1c1" in words
    assert (f"{state} r1c1" in words) is (state == "shown")


@pytest.mark.parametrize(
    ("columns", "after", "size", "count"),
    [
        (3, "", (595, 842), 1),
        (12, "", (595, 842), 1),  # a little wider than the paper: shrunk
        (16, "", (842, 595), 1),  # turned, as they would be too small upright
        (60, "", (842, 595), 2),  # in parts, as one page would not be legible
        (16, '<pageSetup paperSize="9" scale="90"/>', (595, 842), 2),  # its maker chose a scale
    ],
)
def test_sheets_are_as_wide_as_a_page_and_still_legible(
    tmp_path: Path, columns: int, after: str, size: tuple[int, int], count: int
) -> None:
    made = paged(workbook(tmp_path / "w.xlsx", [("w", columns, 20, after)]), tmp_path / "a")
    with pypdfium2.PdfDocument(made.path) as book:
        assert tuple(round(side) for side in book[0].get_size()) == size
    assert made.pages == count


def test_tracked_changes_are_marked_and_comments_left_out(tmp_path: Path) -> None:
    words = words_of(paged(letter(tmp_path / "t.docx", TRACKED, "why so dear?"), tmp_path / "a"))
    assert words.strip() == "It costs ninetyeighty dollars."


def test_a_password_is_told_from_damage(tmp_path: Path) -> None:
    """`sniff` knows most locked documents; LibreOffice tells of the others."""
    (tmp_path / "broken").write_bytes(b"PK\3\4 and no more")
    for path, reason in ((locked(tmp_path / "locked"), Reason.ENCRYPTED), (tmp_path / "broken", Reason.CORRUPT)):
        with pytest.raises(RenderError) as caught:
            run_confined(office_pdf, path, Format.ODT, tmp_path, "letter.odt")
        assert caught.value.reason is reason


@pytest.mark.slow
def test_a_book_locked_with_excels_own_password_opens_and_one_with_a_persons_does_not(tmp_path: Path) -> None:
    opens = locked_book(tmp_path / "a.xls", "VelvetSweatshop")  # what Excel sets for books that nobody locked
    shutil.rmtree(tmp_path / "room")
    locked = locked_book(tmp_path / "b.xls", "a person's")
    assert "cells of a locked book" in words_of(paged(opens, tmp_path / "made"))
    with pytest.raises(RenderError) as caught:
        paged(locked, tmp_path / "refused")
    assert caught.value.reason is Reason.ENCRYPTED


@pytest.mark.parametrize("kind", ["picture", "template", "field"])
def test_nothing_is_fetched(tmp_path: Path, kind: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as ear:
        ear.setblocking(False)
        linked = linking(tmp_path / "l.docx", kind, f"http://127.0.0.1:{ear.getsockname()[1]}/x.png")
        assert "words around" in words_of(paged(linked, tmp_path / "a"))
        with pytest.raises(BlockingIOError):
            ear.accept()


def test_of_a_document_too_long_only_one_page_too_many_is_made(tmp_path: Path) -> None:
    long = workbook(tmp_path / "w.xlsx", [("w", 2, 400, "")])
    cut = run_confined(make_paged, Document(long, "", "w.xlsx"), tmp_path, FaxShape(), 3)
    assert cut.pages == 4
    assert paged(long, tmp_path / "a").pages > 4
