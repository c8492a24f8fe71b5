"""The order of ways: a worker, a fresh one, LibreOffice started cold, a refusal. Without LibreOffice."""

import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from renderers.document import Format
from renderers.errors import Reason, RenderError
from renderers.libreoffice import bell, desk, profile
from renderers.libreoffice.pool import Pool
from renderers.libreoffice.worker import AbsentError, Worker
from renderers.office import office_pdf
from tests.office_listener import command

pytestmark = pytest.mark.slow  # seconds, together

COLD = """#!/bin/sh
while [ "$1" != --outdir ]; do shift; done
echo "%PDF-cold" > "$2/$(basename "$3" .docx).pdf"
"""


@pytest.fixture
def started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Worker]]:
    """The workers of a desk that can be rung from this process."""
    workers: list[Worker] = []
    (tmp_path / "rooms").mkdir()

    def start() -> Worker:
        workers.append(Worker.start(tmp_path / "rooms", command))
        return workers[-1]

    heard, pool = bell.BELL.hang(), Pool(start)
    serving = threading.Thread(target=desk.serve, args=(heard, pool))
    serving.start()
    monkeypatch.setattr("renderers.tools._FOLDERS", (str(tmp_path / "programs"),))
    yield workers
    assert bell.BELL.ringing is not None
    bell.BELL.ringing.close()
    bell.BELL.ringing = None
    serving.join(10)
    while pool._starting:
        threading.Event().wait(0.01)
    heard.close()
    for worker in workers:
        worker.end()


@pytest.fixture
def cold(tmp_path: Path) -> None:
    """A program in LibreOffice's place that converts whatever it gets."""
    (tmp_path / "programs").mkdir()
    (tmp_path / "programs" / "soffice.bin").write_text(COLD)
    (tmp_path / "programs" / "soffice.bin").chmod(0o755)


def made(folder: Path, deed: str, seconds: float = 60.0) -> str:
    (folder / "letter.docx").write_text(deed)
    return office_pdf(folder / "letter.docx", Format.DOCX, folder, "letter.docx", seconds).read_text()


def refused(folder: Path, deed: str, seconds: float = 60.0) -> Reason:
    with pytest.raises(RenderError) as caught:
        made(folder, deed, seconds)
    assert "letter.docx" in caught.value.text
    return caught.value.reason


def test_a_worker_is_the_first_way(started: list[Worker], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    assert made(tmp_path, "make") == "%PDF-"
    assert made(tmp_path, "make") == "%PDF-"
    assert len(started) == 1
    assert not list(tmp_path.glob("office-*"))


def test_a_worker_that_dies_of_it_is_followed_by_a_fresh_one(started: list[Worker], tmp_path: Path) -> None:
    assert made(tmp_path, f"die once {tmp_path}/died") == "%PDF-"
    assert len(started) == 2


@pytest.mark.usefixtures("cold")
def test_where_two_workers_die_of_it_it_is_done_cold(started: list[Worker], tmp_path: Path) -> None:
    assert made(tmp_path, "die") == "%PDF-cold\n"
    assert len(started) == 2


@pytest.mark.usefixtures("cold")
def test_where_two_workers_take_too_long_it_is_done_cold_in_what_time_is_left(
    started: list[Worker], tmp_path: Path
) -> None:
    assert made(tmp_path, "hang", seconds=4.0) == "%PDF-cold\n"
    assert len(started) == 2


def test_what_takes_too_long_every_way_is_refused_so(started: list[Worker], tmp_path: Path) -> None:
    (tmp_path / "programs").mkdir()
    (tmp_path / "programs" / "soffice.bin").write_text("#!/bin/sh\nexec sleep 600\n")
    (tmp_path / "programs" / "soffice.bin").chmod(0o755)
    assert refused(tmp_path, "hang", seconds=2.0) is Reason.TOO_LONG
    assert len(started) == 2


@pytest.mark.parametrize(("deed", "reason"), [("refuse", Reason.CORRUPT), ("lock", Reason.ENCRYPTED)])
@pytest.mark.usefixtures("cold")
def test_the_word_of_a_worker_that_has_done_nothing_else_is_believed(
    started: list[Worker], tmp_path: Path, deed: str, reason: Reason
) -> None:
    assert refused(tmp_path, deed) is reason
    assert started[0].documents == 1
    assert all(worker.documents == 0 for worker in started[1:])


def test_the_refusal_of_one_that_has_is_looked_at_by_a_fresh_one(started: list[Worker], tmp_path: Path) -> None:
    made(tmp_path, "make")
    assert refused(tmp_path, "refuse") is Reason.CORRUPT
    assert [worker.documents for worker in started[:2]] == [2, 1]


@pytest.mark.usefixtures("cold")
def test_where_no_worker_starts_it_is_done_cold(tmp_path: Path, started: list[Worker]) -> None:
    def fail() -> Worker:
        raise AbsentError("no Python can import uno")

    assert started == []
    broken, hung = Pool(fail), bell.BELL.ringing
    heard = bell.BELL.hang()
    serving = threading.Thread(target=desk.serve, args=(heard, broken))
    serving.start()
    assert made(tmp_path, "make") == "%PDF-cold\n"
    assert bell.BELL.ringing is not None
    bell.BELL.ringing.close()
    bell.BELL.ringing = hung
    serving.join(10)
    heard.close()


def test_where_there_is_nothing_at_all_the_packages_are_named(tmp_path: Path, started: list[Worker]) -> None:
    (tmp_path / "letter.docx").write_text("die")
    with pytest.raises(RenderError) as caught:
        office_pdf(tmp_path / "letter.docx", Format.DOCX, tmp_path, "letter.docx")
    assert caught.value.reason is Reason.TOOL_MISSING
    assert profile.PACKAGES in caught.value.detail
    assert len(started) == 2
