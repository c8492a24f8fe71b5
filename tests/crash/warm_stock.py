"""Warm parents for daemons of the nursery, forked from one that is ready: making one takes a second of processor.

What lives here: both ends. Run as a module, with the modules that the parent has besides, it makes itself what
`renderers.warm` is and forks one for each order; when nobody can order any more, it ends. What does not: how a gateway
starts its own, which every test of `confine` does, and every daemon that no nursery starts.
"""

import contextlib
import os
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

from renderers import confine

STARTED_AS = ([sys.executable, "-m", "renderers.nursery"], [sys.executable, "-m", "renderers.warm"])


@dataclass(frozen=True)
class Forked:
    """A warm parent, as a Popen."""

    pid: int
    _watch: int

    def poll(self) -> int | None:
        """0 once it has ended: nobody asks how."""
        return 0 if select.select([self._watch], [], [], 0)[0] else None

    def kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(self._watch, signal.SIGKILL)

    def wait(self) -> int:
        select.select([self._watch], [], [])
        return 0


class Stock:
    """The nursery's end: what it starts, and its children ask."""

    def __init__(self) -> None:
        self.line, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._modules = list(confine._preloaded)
        command = [sys.executable, "-m", "tests.crash.warm_stock", str(its.fileno()), *self._modules]
        one_thread = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
        with its:
            subprocess.Popen(
                command, env=os.environ | one_thread, pass_fds=[its.fileno()], start_new_session=True,
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            )  # fmt: skip

    def lay(self) -> None:
        """From now on this process's warm parents come from here."""
        confine.subprocess = _Starting(self)  # type: ignore[assignment]

    def fork(self, fd: int, modules: Sequence[str]) -> Forked:
        """One that takes its orders from the socket `fd`, and says what it says where we do."""
        assert list(modules) == self._modules, modules
        heard, said = os.pipe()
        with open(heard, "rb") as answer:  # noqa: PTH123 - a pipe
            socket.send_fds(self.line, [b"o"], [fd, said, 2])
            os.close(said)
            pid = int(answer.read())
        return Forked(pid, os.pidfd_open(pid))


class _Starting:
    """The module `subprocess`, but for warm parents."""

    def __init__(self, stock: Stock) -> None:
        self._stock = stock

    def __getattr__(self, name: str) -> Any:
        return getattr(subprocess, name)

    def Popen(self, command: Sequence[str], **options: Any) -> Any:  # noqa: N802 - as the module has it
        if list(command[:3]) not in STARTED_AS:
            return subprocess.Popen(command, **options)
        return self._stock.fork(int(command[3]), command[4:])


def serve(orders: socket.socket) -> None:
    """Fork one for each order, until nobody is left to give one."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    while True:
        _, fds, _, _ = socket.recv_fds(orders, 1, 3)
        if not fds:
            return
        if not os.fork():
            _be_warm(orders, *fds)
        for fd in fds:
            os.close(fd)


def _be_warm(orders: socket.socket, line: int, said: int, errors: int) -> NoReturn:
    from renderers import warm

    code = 1
    try:
        os.setsid()
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        orders.close()
        os.dup2(errors, 2)
        os.write(said, str(os.getpid()).encode())
        os.close(said)
        os.close(errors)
        warm.serve(socket.socket(fileno=line))
        code = 0
    finally:
        os._exit(code)


def main() -> None:
    """Become warm once, as the module does that is run."""
    import warnings

    from renderers import warm

    warnings.simplefilter("ignore")
    warm._be_ready(sys.argv[2:])
    os.chdir("/")
    serve(socket.socket(fileno=int(sys.argv[1])))


if __name__ == "__main__":
    main()
