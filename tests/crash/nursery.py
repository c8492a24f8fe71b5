"""Starts daemons by forking a process that has the gateway imported: a start takes a third of a second, not two.

What lives here: both ends. Run as a module it reads orders, a line of JSON each, and tells of births and deaths; when
its standard input ends, so do all its children. A child runs `faxgw` with the words it is given, in a group of its own.
"""

import atexit
import contextlib
import functools
import gc
import json
import os
import random
import select
import signal
import subprocess
import sys
import threading
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, NoReturn

from sqlalchemy.orm import configure_mappers

from tests.crash.cuts import Cut
from tests.crash.warm_stock import Stock

TOP = Path(__file__).parents[2]
PATIENCE = 60.0  # seconds
COMMANDS = ("gateway.cli.serve", "gateway.app", "gateway.cli.main", "gateway.cli.tree", "gateway.cli.outbound")


@dataclass
class Child:
    """One `faxgw` process; `status` is its exit status once it has ended, negative for the signal that ended it."""

    pid: int
    status: int | None = None
    ended: threading.Event = field(default_factory=threading.Event)

    def signal(self, number: signal.Signals) -> None:
        """To the whole group; nothing happens when it has ended."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, number)

    def kill(self) -> None:
        """End the group at once, and wait until the daemon has gone."""
        self.signal(signal.SIGKILL)
        assert self.ended.wait(PATIENCE), "a killed process does not end"

    @property
    def lives(self) -> bool:
        return self.status is None

    # As subprocess.Popen has them.

    def poll(self) -> int | None:
        """Its exit status, none while it lives."""
        return self.status

    def terminate(self) -> None:
        """Ask it, and none that it has started, to end."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGTERM)

    def wait(self, seconds: float) -> int:
        """Its exit status once it has ended."""
        assert self.ended.wait(seconds), "a process does not end"
        assert self.status is not None
        return self.status


class Nursery:
    """The parent's end: `start` gives a child. `with Nursery() as nursery`."""

    def __init__(self) -> None:
        command = [sys.executable, "-m", "tests.crash.nursery"]
        # What a test that asks for the first child has put into the environment is not for the others.
        lasting = {name: value for name, value in os.environ.items() if not name.startswith("FAXGW_")}
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        self._process = subprocess.Popen(command, cwd=TOP, env=lasting, text=True, start_new_session=True, **pipes)
        self._turn = threading.Lock()
        self._born = threading.Semaphore(0)
        self._last: Child | None = None
        self._children: dict[int, Child] = {}
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()

    def __enter__(self) -> "Nursery":
        return self

    def __exit__(self, *_error: object) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(PATIENCE)
        self._listener.join(PATIENCE)
        assert self._process.stdout is not None
        self._process.stdout.close()

    def start(
        self, log: Path, *words: str, out: Path | None = None, cut: Cut | None = None, clock: Path | None = None
    ) -> Child:
        """Run `faxgw WORDS`, its output added to `log`, or to `out` but for its errors.

        `clock` is a file with the seconds its clock is off.
        """
        laid = {"cut": cut and asdict(cut), "clock": clock and str(clock)}
        order = {"log": str(log), "out": str(out or log), "words": words, **laid}
        with self._turn:
            assert self._process.stdin is not None
            self._process.stdin.write(json.dumps(order) + "\n")
            self._process.stdin.flush()
            assert self._born.acquire(timeout=PATIENCE), "the nursery does not answer"
            child, self._last = self._last, None
            assert child is not None, "the nursery has died: see its standard error"
            return child

    def _listen(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            pid, status = json.loads(line)
            if status is None:
                self._last = self._children[pid] = Child(pid)
                self._born.release()
            else:
                child = self._children.pop(pid)
                child.status = status
                child.ended.set()
        self._born.release()


@functools.cache
def nursery() -> Nursery:
    """The nursery of this test process: started when it is first asked for, ended with it."""
    made = Nursery()
    atexit.register(made.__exit__)
    return made


def serve() -> None:
    """The nursery's end."""
    for module in (*COMMANDS, "phonenumbers.geocoder"):
        __import__(module)
    configure_mappers()
    gc.collect()
    gc.freeze()  # no child looks through all this for garbage, whose pages would be copied for it
    stock = Stock()
    wake, woken = os.pipe()
    os.set_blocking(wake, False)
    os.set_blocking(woken, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(woken)
    children: set[int] = set()
    rest = b""
    while True:
        ready, _, _ = select.select([0, wake], [], [])
        if wake in ready:
            os.read(wake, 4096)
            _reap(children)
        if 0 not in ready:
            continue
        octets = os.read(0, 65536)
        if not octets:
            break
        *lines, rest = (rest + octets).split(b"\n")
        for line in lines:
            children.add(_born(json.loads(line), stock))
    for pid in children:
        os.killpg(pid, signal.SIGKILL)


def _reap(children: set[int]) -> None:
    while children:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if not pid:
            return
        if pid in children:  # and not the stock
            children.remove(pid)
            _tell(pid, os.waitstatus_to_exitcode(status))


def _tell(pid: int, status: int | None) -> None:
    os.write(1, json.dumps([pid, status]).encode() + b"\n")


def _born(order: dict[str, Any], stock: Stock) -> int:
    pid = os.fork()
    if not pid:
        _be_child(order, stock)
    with contextlib.suppress(OSError):
        os.setpgid(pid, pid)  # also here, for who kills it before it has done so itself
    _tell(pid, None)
    return pid


def _be_child(order: dict[str, Any], stock: Stock) -> NoReturn:
    with contextlib.suppress(OSError):
        os.setpgid(0, 0)
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    random.seed()
    null = os.open(os.devnull, os.O_RDWR)
    out, log = (os.open(order[name], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644) for name in ("out", "log"))
    for target, source in ((0, null), (1, out), (2, log)):
        os.dup2(source, target)
    os.closerange(3, stock.line.fileno())
    os.closerange(stock.line.fileno() + 1, 256)
    status = 1
    try:
        stock.lay()
        status = _run(order)
        sys.stdout.flush()
    finally:
        os._exit(status)


def _run(order: dict[str, Any]) -> int:
    from gateway.cli.main import main
    from tests.crash.clocks import lay_clock

    if order["cut"]:
        Cut(**order["cut"]).lay()
    if order["clock"]:
        lay_clock(Path(order["clock"]))
    sys.argv = ["faxgw", *order["words"]]
    try:
        main()
    except SystemExit as leave:
        return int(leave.code or 0)
    return 0


if __name__ == "__main__":
    serve()
