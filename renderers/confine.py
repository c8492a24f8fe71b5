"""Work on strangers' documents in a process of its own, limited in time, memory and files, and ended whole.

What lives here: asking the warm parent (`warm`) for a child, and reading its answer with distrust. What does not:
the child's side, and what it is asked to do.
"""

import atexit
import errno
import os
import pickle
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from renderers import processors, rooms, usage, wire
from renderers.errors import Reason, RenderError
from renderers.walls.landlock import Places

T = TypeVar("T")

_GRACE_SECONDS = 10.0
_ENDING_SECONDS = 2.0
ROOMS = "confined-"  # what their folders are called; a new warm parent sweeps those that were left
_MOST_NEWS = 500  # bytes
_OF_NO_MEMORY = {signal.SIGABRT, signal.SIGSEGV, signal.SIGTRAP, signal.SIGBUS}  # how libraries end without any
_OF_LIMITS = {errno.EFBIG, errno.EMFILE, errno.ENOMEM}


@dataclass(frozen=True, slots=True)
class Limits:
    """What a confined process may use.

    `seconds` is wall clock, and processor time of each of its processes; `memory` is bytes of address space of each
    (LibreOffice wants 2 GB); `file_size` is bytes of the largest file it may write.
    """

    seconds: float = 120.0
    memory: int = 2560 << 20
    file_size: int = 512 << 20


_preloaded: list[str] = []


def preload(module: str) -> None:
    """Have the warm parent import a module of whoever uses this one, which else each child would do anew.

    Call it before the first `run_confined`, at best where the module is imported; it must not start threads.
    """
    _preloaded.append(module)


class ConfinedCrashError(RenderError):
    """The process died or was ended: TOO_LONG at a limit of time, TOO_LARGE near that of memory, else CRASHED.

    `detail` says by what.
    """


class ParentLostError(ConfinedCrashError):
    """The warm parent was killed, and its children with it: what they were at says nothing about the document."""


def unheard(_news: str) -> None:
    """Nobody listens."""


def run_confined(
    function: Callable[..., T],
    *arguments: Any,
    limits: Limits | None = None,
    places: Places | None = None,
    hear: Callable[[str], None] = unheard,
) -> T:
    """Run a module-level function in its own process and return what it returns; blocks, so call it in a thread.

    The process starts in an empty private folder, its current one and its TMPDIR, which is removed afterwards. When
    it ends, by itself or at a limit, everything it started is killed with it. It reaches no network, and of files those
    of the system, its folder and `places` (None: all that we reach), where the machine has walls for it (`standing`
    tells). `hear` is called with each of its `news`. Arguments are pickled; results and exceptions may hold built-in
    values, paths, and classes of the function's own package and of this one.

    Raises:
        ConfinedCrashError: it crashed, or ran into a limit (TOO_LONG, TOO_LARGE).
        ParentLostError: somebody else ended it.
        Exception: what the function raised, as itself.
    """
    limits = limits or Limits()
    with rooms.room(ROOMS) as folder:
        order = wire.Order(function, arguments, folder, limits.memory, limits.file_size, limits.seconds, places)
        answer = _ask(order, hear)
    _PARENT.is_warm = True
    return _opened(answer, function, limits)


def _ask(order: wire.Order, hear: Callable[[str], None]) -> "_Answer":
    line, parent = _PARENT.child(order.seconds)
    with line:
        line.settimeout(order.seconds + _GRACE_SECONDS)
        try:
            wire.send(line, wire.ORDER, pickle.dumps(order))
            return _answer(line, hear)
        except (TimeoutError, ConnectionError) as error:
            if isinstance(error, ConnectionError) and _is_over(parent):
                raise ParentLostError(Reason.CRASHED, "the document", "its parent was lost") from error
            _PARENT.stop()  # it should have ended the child: start anew
            raise ConfinedCrashError(Reason.TOO_LONG, "the document", "no answer") from error


def is_ready() -> bool:
    """Whether the warm parent takes orders at once, as far as we know."""
    return _PARENT.is_warm and not _PARENT.is_lost()


def be_ready() -> None:
    """Wait until it does, which with a new one takes a second or two.

    So nobody need claim work before it can be begun: what ends us meanwhile has nothing to do with any document.

    Raises:
        ConfinedCrashError: there is no confined process to be had.
    """
    if not is_ready():
        run_confined(_be)


def _be() -> None:
    """What a child does that is to show that there are children."""


def seconds_beside() -> float:
    """Processor seconds of what runs beside confined work for longer than it: LibreOffice, and what minds it."""
    return _PARENT.seconds_below()


@dataclass(frozen=True, slots=True)
class _Answer:
    kind: bytes
    content: bytes
    status: int
    late: bool
    resident: int  # bytes, at most


def _answer(line: socket.socket, hear: Callable[[str], None]) -> _Answer:
    """What the child said, if anything, and the wait status its parent adds when it is gone."""
    kind, content = b"", b""
    while True:
        part, words = wire.receive(line)
        if part == wire.NEWS:
            hear(_plain(words))
            continue
        if part == wire.ENDED:
            status, late, resident = words.split()
            return _Answer(kind, content, int(status), late == b"late", int(resident))
        kind, content = part, words


def _plain(words: bytes) -> str:
    """News may come from a child that was taken over: no more than one line, without what moves a terminal."""
    text = words[:_MOST_NEWS].decode("utf-8", "replace")
    return "".join(sign if sign.isprintable() else "?" for sign in text)


def _opened(answer: _Answer, function: Callable[..., T], limits: Limits) -> T:
    if answer.kind not in {wire.RESULT, wire.ERROR}:
        raise _crash(answer, limits)
    value = wire.unpickle(answer.content, wire.packages_of(function))
    if isinstance(value, MemoryError):
        raise ConfinedCrashError(Reason.TOO_LARGE, "the document", "out of memory") from value
    if isinstance(value, OSError) and value.errno in _OF_LIMITS:
        raise ConfinedCrashError(Reason.TOO_LARGE, "the document", str(value)) from value
    if isinstance(value, SystemError):  # a library that lost its way, mostly for want of memory
        reason = Reason.TOO_LARGE if _is_near_limit(answer, limits) else Reason.CRASHED
        raise ConfinedCrashError(reason, "the document", str(value)) from value
    if answer.kind == wire.ERROR:
        raise value if isinstance(value, BaseException) else TypeError("an error that is none")
    result: T = value
    return result


def _crash(answer: _Answer, limits: Limits) -> ConfinedCrashError:
    code = os.waitstatus_to_exitcode(answer.status)
    if answer.late or code == -signal.SIGXCPU:
        return ConfinedCrashError(Reason.TOO_LONG, "the document", f"ended after {limits.seconds:.0f} s")
    words = signal.Signals(-code).name if code < 0 else f"exit code {code}"
    if code < 0 and -code in _OF_NO_MEMORY and _is_near_limit(answer, limits):
        return ConfinedCrashError(Reason.TOO_LARGE, "the document", f"{words} at {answer.resident >> 20} MB")
    return ConfinedCrashError(Reason.CRASHED, "the document", words)


def _is_near_limit(answer: _Answer, limits: Limits) -> bool:
    return answer.resident > limits.memory / 2


class _WarmParent:
    """The process that forks the children, with all libraries loaded; started when first needed, and again."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._line: socket.socket | None = None
        self.is_warm = False  # it has answered

    def child(self, seconds: float) -> tuple[socket.socket, subprocess.Popen[bytes]]:
        """Ask for a child that will be ended after `seconds`: the socket that speaks with it, and its parent."""
        ours, its = socket.socketpair()
        with self._lock, its:
            try:
                wire.send_socket(self._running(), its, seconds)
            except ConnectionError:  # it died since it was last looked at
                self._stop()
                wire.send_socket(self._running(), its, seconds)
            assert self._process is not None  # it runs
            return ours, self._process

    def is_lost(self) -> bool:
        """Whether it is not there, or not any more."""
        with self._lock:
            return self._process is None or self._process.poll() is not None

    def stop(self) -> None:
        """End it and, with it, all its children."""
        with self._lock:
            self._stop()

    def seconds_below(self) -> float:
        """Processor seconds of all that descends from it now."""
        with self._lock:
            return usage.seconds_below(self._process.pid) if self._process is not None else 0.0

    def _running(self) -> socket.socket:
        if self._line is None or self._process is None or self._process.poll() is not None:
            self._stop()
            self._line, its = socket.socketpair()
            with its:
                self._process = _start(its)
        return self._line

    def _stop(self) -> None:
        if self._line is not None:
            self._line.close()
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        self._line = self._process = None
        self.is_warm = False


def _is_over(parent: subprocess.Popen[bytes]) -> bool:
    """Whether it has ended; the system closes what it had open a moment before it says so."""
    try:
        parent.wait(_ENDING_SECONDS)
    except subprocess.TimeoutExpired:
        return False
    return True


def _start(its: socket.socket) -> subprocess.Popen[bytes]:
    rooms.sweep(Path(tempfile.gettempdir()), ROOMS)
    surroundings = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(path or str(Path.cwd()) for path in sys.path),
        "OPENBLAS_NUM_THREADS": "1",  # a warm parent that forks must have one thread
        "OMP_NUM_THREADS": "1",
    }
    with processors.anywhere():
        return subprocess.Popen(
            [sys.executable, "-m", "renderers.nursery", str(its.fileno()), *_preloaded],
            env=surroundings, pass_fds=[its.fileno()], cwd="/", start_new_session=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        )  # fmt: skip


_PARENT = _WarmParent()
atexit.register(_PARENT.stop)
