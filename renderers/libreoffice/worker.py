"""One worker as the desk sees it: a listener with its LibreOffice, in a process group and a folder of their own.

What lives here: starting it, one conversion within time and memory, ending it whole. What does not: when to take which
(`pool`).
"""

import contextlib
import ctypes
import os
import select
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from renderers.libreoffice import messages, profile
from renderers.libreoffice.messages import Answer, Ended, Order

MOST_MEMORY = 1536 << 20  # resident, while it converts
_START_SECONDS = 70.0
_GLANCE_SECONDS = 0.2
_TOP = Path(__file__).parents[2]
_LISTEN = "import sys; sys.path.append(sys.argv[1]); from renderers.libreoffice import listener; "
_LISTEN += "listener.main(*sys.argv[2:])"
_SUBREAPER = 36  # PR_SET_CHILD_SUBREAPER


class AbsentError(Exception):
    """No worker can be started; says why."""


class AskerGoneError(Exception):
    """Whoever wanted the conversion has gone."""


def adopt_orphans() -> None:
    """Become the parent of what a listener leaves behind, so that it can be reaped."""
    ctypes.CDLL(None).prctl(_SUBREAPER, 1)


def listening(room: Path) -> list[str]:
    """Furnish `room` and return the command that starts a listener in it.

    Raises:
        AbsentError: LibreOffice, or a Python that speaks UNO, is not installed.
    """
    soffice = profile.program()
    if soffice is None:
        raise AbsentError("LibreOffice is not installed")
    python = profile.python(soffice)
    if python is None:
        raise AbsentError("no Python can import uno")
    profile.furnish(room, soffice)
    return [str(python), "-I", "-c", _LISTEN, str(_TOP), str(soffice), str(room)]


@dataclass(slots=True, eq=False)
class Worker:
    """A running worker; one thread uses it at a time."""

    room: Path
    started: float
    documents: int = 0
    failed: bool = False
    _process: subprocess.Popen[bytes] | None = None
    _line: socket.socket | None = None
    _office: int = 0

    @classmethod
    def start(cls, folder: Path, command: Callable[[Path], list[str]] = listening) -> "Worker":
        """Start one, with its room in `folder`, and wait until it is ready.

        Raises:
            AbsentError: it cannot be started.
        """
        worker = cls(Path(tempfile.mkdtemp(prefix="w", dir=folder)), time.monotonic())
        try:
            worker._run(command(worker.room))
        except (AbsentError, OSError) as error:
            worker.end()
            raise AbsentError(str(error)) from error
        return worker

    def _run(self, command: list[str]) -> None:
        self._line, its = socket.socketpair()
        with its:
            self._process = subprocess.Popen(
                command, env=profile.surroundings(self.room), cwd=self.room, process_group=0,
                stdin=its.fileno(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            )  # fmt: skip
        self._line.settimeout(_START_SECONDS)
        said = messages.receive(self._line)
        self._office = int(said.get("ready", 0))
        if not self._office:
            raise AbsentError(str(said.get("failed", "the worker said nothing")))

    @property
    def alive(self) -> bool:
        """Whether it can take an order, as far as can be told without asking."""
        return self._process is not None and self._process.poll() is None and self.memory > 0

    @property
    def memory(self) -> int:
        """Resident bytes of its LibreOffice; 0 when that has gone."""
        try:
            pages = int(Path(f"/proc/{self._office}/statm").read_text(encoding="ascii").split()[1])
        except (OSError, IndexError):
            return 0
        return pages * os.sysconf("SC_PAGE_SIZE")

    def convert(self, order: Order, asker: socket.socket) -> Answer:
        """Convert one document; after any end but MADE, LOCKED and REFUSED the worker is gone.

        Raises:
            AskerGoneError: nobody waits for it; the worker is gone, too.
        """
        first = self.documents == 0
        self.documents += 1
        try:
            answer = self._asked(order, asker)
        except ConnectionError as error:
            answer = Answer(Ended.CRASHED, str(error))
        except AskerGoneError:
            self.end()
            raise
        if answer.ended not in {Ended.MADE, Ended.LOCKED, Ended.REFUSED}:
            self.end()
        self.failed = self.failed or answer.ended not in {Ended.MADE, Ended.LOCKED}
        return Answer(answer.ended, answer.words, first)

    def _asked(self, order: Order, asker: socket.socket) -> Answer:
        if self._line is None:
            raise ConnectionError("the worker has ended")
        self._line.settimeout(order.seconds)
        messages.send_order(self._line, order)
        until = time.monotonic() + order.seconds
        while time.monotonic() < until:
            ready, _, _ = select.select([self._line, asker], [], [], _GLANCE_SECONDS)
            if asker in ready:
                raise AskerGoneError  # it has nothing to say until it is answered
            if self._line in ready:
                return messages.receive_answer(self._line)
            if self.memory > MOST_MEMORY:
                return Answer(Ended.TOO_LARGE, f"more than {MOST_MEMORY >> 20} MB of memory")
        return Answer(Ended.LATE, f"ended after {order.seconds:.0f} s")

    def end(self) -> None:
        """Kill listener and LibreOffice, and remove their folder."""
        if self._line is not None:
            self._line.close()
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            with contextlib.suppress(ChildProcessError):
                os.waitpid(self._office, 0) if self._office else None
        self._line = self._process = None
        profile.forget_sockets(self.room)  # of one that was ended before it was ready
        shutil.rmtree(self.room, ignore_errors=True)
