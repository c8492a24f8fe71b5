"""Work in a process of its own, within limits."""

import importlib
import operator
import os
import pickle
import signal
import subprocess
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from renderers import confine, wire
from renderers.confine import ConfinedCrashError, Limits, run_confined
from renderers.document import Document, Format, Paged
from renderers.errors import Reason, RenderError
from renderers.faxpage import FaxShape
from renderers.pdf import make_paged, sniff
from tests.preloaded import imported_by_parent

SAMPLES = Path(__file__).parents[2] / "samples/documents"


def test_a_result_comes_back() -> None:
    assert run_confined(operator.add, 19, 23) == 42


def test_a_module_told_beforehand_is_imported_once_for_all_children(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not run_confined(imported_by_parent)
    monkeypatch.setattr(confine, "_preloaded", [])
    confine.preload("tests.preloaded")
    confine._PARENT.stop()
    assert run_confined(imported_by_parent)
    confine._PARENT.stop()


def test_it_runs_in_another_process() -> None:
    assert run_confined(os.getpid) != os.getpid()


def test_results_of_this_package_come_back_as_themselves(tmp_path: Path) -> None:
    document = Document(SAMPLES / "settlement-letter.pdf", "application/pdf", "letter.pdf")
    assert run_confined(sniff, document) is Format.PDF
    paged = run_confined(make_paged, document, tmp_path, FaxShape())
    assert paged == Paged(SAMPLES / "settlement-letter.pdf", "pdf", 4, "letter.pdf")


def test_an_error_comes_back_as_itself() -> None:
    with pytest.raises(ZeroDivisionError, match="division by zero"):
        run_confined(operator.truediv, 1, 0)


def test_our_own_error_keeps_its_reason(tmp_path: Path) -> None:
    (tmp_path / "e").write_bytes(b"")
    with pytest.raises(RenderError) as caught:
        run_confined(make_paged, Document(tmp_path / "e", "", "empty.txt"), tmp_path, FaxShape())
    assert (caught.value.reason, caught.value.name) == (Reason.EMPTY, "empty.txt")


@pytest.mark.parametrize(
    ("function", "argument", "words"),
    [(os.kill, (0, signal.SIGSEGV), "SIGSEGV"), (os._exit, (3,), "exit code 3"), (os._exit, (0,), "exit code 0")],
)
def test_a_crash_is_told_and_costs_only_itself(function: object, argument: tuple[int, ...], words: str) -> None:
    with pytest.raises(ConfinedCrashError) as caught:
        run_confined(function, *argument)  # type: ignore[arg-type]
    assert caught.value.reason is Reason.CRASHED
    assert words in caught.value.detail
    assert run_confined(operator.add, 1, 1) == 2


def test_what_takes_too_long_is_ended() -> None:
    started = time.monotonic()
    with pytest.raises(ConfinedCrashError) as caught:
        run_confined(time.sleep, 60, limits=Limits(seconds=0.2))
    assert caught.value.reason is Reason.TOO_LONG
    assert time.monotonic() - started < 5


def test_memory_is_limited() -> None:
    with pytest.raises(ConfinedCrashError) as caught:
        run_confined(bytearray, 1 << 31, limits=Limits(memory=1 << 30))
    assert caught.value.reason is Reason.TOO_LARGE


def test_a_library_that_loses_its_way_costs_only_the_document() -> None:
    with pytest.raises(ConfinedCrashError, match="without exception") as caught:
        run_confined(exec, "raise SystemError('error return without exception set')")
    assert caught.value.reason is Reason.CRASHED


def test_files_are_limited() -> None:
    command = "import pathlib; pathlib.Path('big').write_bytes(bytes(5_000_000))"
    with pytest.raises(ConfinedCrashError, match="File too large") as caught:
        run_confined(exec, command, limits=Limits(file_size=1_000_000))
    assert caught.value.reason is Reason.TOO_LARGE


def test_its_folder_is_private_and_goes_with_it() -> None:
    folder = Path(run_confined(os.getcwd))
    assert not folder.exists()
    assert folder.name.startswith("confined-")
    assert run_confined(eval, "__import__('os').environ['TMPDIR']") != str(folder)


def test_what_it_started_ends_with_it() -> None:
    command = "__import__('subprocess').Popen(['/bin/sleep', '61']).pid"
    pid = run_confined(eval, command)
    for _ in range(200):
        if not _lives(pid):
            return
        time.sleep(0.01)
    pytest.fail("the grandchild lives on")


def _lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_an_order_that_cannot_be_read_is_told_in_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run_confined(os.getpid)  # the warm parent is there, and knows nothing of what comes now
    (tmp_path / "late_arrival.py").write_text("def work(): return 1\n")
    monkeypatch.syspath_prepend(tmp_path)
    work = importlib.import_module("late_arrival").work
    with pytest.raises(ModuleNotFoundError, match="late_arrival"):
        run_confined(work)


def test_many_at_once_do_not_mix() -> None:
    with ThreadPoolExecutor(8) as threads:
        sums = list(threads.map(lambda n: run_confined(operator.mul, n, n), range(24)))
    assert sums == [n * n for n in range(24)]


def test_a_dead_parent_is_started_anew() -> None:
    run_confined(os.getpid)
    parent = confine._PARENT._process
    assert parent is not None
    parent.kill()
    parent.wait()
    assert run_confined(operator.add, 2, 3) == 5


def test_work_that_ends_with_the_parent_blames_no_document() -> None:
    confine.be_ready()
    parent = confine._PARENT._process
    assert parent is not None
    with ThreadPoolExecutor() as threads:
        work = threads.submit(run_confined, time.sleep, 20)
        _until(lambda: _children(parent.pid) != [])
        parent.kill()
        with pytest.raises(ConfinedCrashError, match="parent was lost") as caught:
            work.result()
    assert isinstance(caught.value, confine.ParentLostError)


def test_who_waits_for_the_parent_finds_it_ready() -> None:
    confine._PARENT.stop()
    assert not confine.is_ready()
    confine.be_ready()
    assert confine.is_ready()
    assert run_confined(operator.add, 2, 3) == 5


def _children(process: int) -> list[str]:
    return Path(f"/proc/{process}/task/{process}/children").read_text().split()


def _until(told: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not told():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_results_of_unknown_classes_are_refused() -> None:
    with pytest.raises(pickle.UnpicklingError, match=r"subprocess\.CompletedProcess may not"):
        run_confined(subprocess.run, ["/bin/true"])


def test_an_error_that_cannot_travel_is_told_in_words() -> None:
    raises = "(_ for _ in ()).throw(__import__('subprocess').CalledProcessError(1, 'x'))"
    with pytest.raises(RuntimeError, match="CalledProcessError"):
        run_confined(eval, raises)


@pytest.mark.parametrize(
    "hostile",
    [
        b"cos\nsystem\n(S'true'\ntR.",
        b"cbuiltins\neval\n(S'1'\ntR.",
        b"crenderers.confine\nrun_confined\n.",
        b"\x80\x04\x8c\x11renderers.confine\x8c\x09os.system\x93.",
        b"crenderers.confine\nPath\n.",
    ],
)
def test_a_hostile_child_cannot_choose_what_runs_here(hostile: bytes) -> None:
    with pytest.raises((pickle.UnpicklingError, AttributeError)):
        wire.unpickle(hostile, {"renderers"})


@pytest.mark.parametrize(
    "value",
    [
        None,
        [1, 2.5, "x", b"y", (True,)],
        {"a": {1, 2}, "b": frozenset("c")},
        Path("/tmp/x"),
        Paged(Path("p"), "pdf", 3, "n"),
        [Format.PDF, Reason.EMPTY],
        RenderError(Reason.EMPTY, "n"),
        ValueError("words"),
    ],
)
def test_honest_values_travel(value: object) -> None:
    again = wire.unpickle(wire.pickled(value), {"renderers"})
    assert again == value or (type(again) is type(value) and again.args == value.args)  # type: ignore[attr-defined]


def test_an_enum_is_said_by_its_value_and_not_by_getattr() -> None:
    said = wire.pickled([Reason.CORRUPT])

    assert b"getattr" not in said
    assert wire.unpickle(said, {"renderers"}) == [Reason.CORRUPT]
