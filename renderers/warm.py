"""The warm parent: a process of one thread with all libraries loaded, that forks a child for each order.

What lives here: its loop and the child's side of `confine`. What does not: the work, and where it begins (`nursery`).
It ends when the other end of its line is closed, and its children with it. What can be done before a fork is done
there: of all that a child writes to, a page of memory is copied first.
"""

import importlib
import os
import pickle
import random
import resource
import selectors
import signal
import socket
import sys
import tempfile
import time
import warnings
from collections.abc import Collection
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import NoReturn

from renderers import forkable, pdf, rasterize, rehearsal, weasy, wire
from renderers.libreoffice import reception
from renderers.news import NEWS
from renderers.walls import landlock, namespace, prctl, seccomp
from renderers.walls.seccomp import Filter

_PRELOADED = (pdf, rasterize, weasy)
_NAME = prctl.letters("fax-render")
_MOST_FILES = 1024  # open at a time
_MOST_PROCESSES = 4096  # of our user, threads among them: it stops what multiplies


@dataclass(slots=True)
class _Children:
    """Who runs: by the file descriptor that tells of their end, their line and when they must be over."""

    selector: selectors.BaseSelector
    ground: landlock.Ground = field(default_factory=landlock.Ground)
    late: set[int] = field(default_factory=set)
    running: dict[int, tuple[int, socket.socket, float]] = field(default_factory=dict)

    def start(self, line: socket.socket, seconds: float) -> None:
        random.seed(int.from_bytes(os.urandom(16)))
        rules = self.ground.lay()  # one for each: whoever shared one could widen it for the next
        pid = os.fork()
        if pid == 0:
            _be_child(line, rules)
        _lead_group(pid)
        if rules >= 0:
            os.close(rules)
        watch = os.pidfd_open(pid)
        self.running[watch] = (pid, line, time.monotonic() + seconds)
        self.selector.register(watch, selectors.EVENT_READ)

    def reap(self, watch: int) -> None:
        pid, line, _ = self.running.pop(watch)
        self.selector.unregister(watch)
        os.close(watch)
        _kill_group(pid)  # before it is reaped, while the number is surely its own
        _, status, used = os.wait4(pid, 0)
        with line:
            _say_ended(line, f"{status} {'late' if pid in self.late else 'intime'} {used.ru_maxrss << 10}")
        self.late.discard(pid)

    def end_late(self) -> None:
        now = time.monotonic()
        for pid, _, deadline in self.running.values():
            if deadline <= now:
                self.late.add(pid)
                _kill_group(pid)

    def end_all(self) -> None:
        for pid, _, _ in self.running.values():
            _kill_group(pid)

    def patience(self) -> float | None:
        if not self.running:
            return None
        return max(0.01, min(deadline for _, _, deadline in self.running.values()) - time.monotonic())


def serve(orders: socket.socket) -> None:
    """Fork a child for each socket that comes in; report each child's end on its socket."""
    with selectors.DefaultSelector() as selector:
        selector.register(orders, selectors.EVENT_READ)
        reception.Reception(selector)
        children = _Children(selector)
        while _serve_once(orders, children):
            children.end_late()
        children.end_all()


def _serve_once(orders: socket.socket, children: _Children) -> bool:
    """Wait for news and act on it; false when the asker is gone."""
    for key, _ in children.selector.select(children.patience()):
        if key.data is not None:  # the reception's
            key.data()
            continue
        if key.fd != orders.fileno():
            children.reap(key.fd)
            continue
        order = wire.receive_socket(orders)
        if order is None:
            return False
        children.start(*order)
    return True


def _kill_group(pid: int) -> None:
    try:
        os.killpg(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def _lead_group(pid: int) -> None:
    """Said by parent and child both, so that it holds for whoever comes first."""
    try:
        os.setpgid(pid, pid)
    except (PermissionError, ProcessLookupError):
        return


def _say_ended(line: socket.socket, words: str) -> None:
    try:
        wire.send(line, wire.ENDED, words.encode())
    except OSError:
        return  # whoever asked has gone


def _be_child(line: socket.socket, rules: int) -> NoReturn:
    code = 1
    try:
        _lead_group(0)
        prctl.die_with_parent()
        prctl.be_called(_NAME)
        _, content = wire.receive(line)
        with _Answering(line, wire.packages_of(_work)):  # an order that cannot be read is told, too
            _work(pickle.loads(content), line, rules)
        code = 0
    finally:
        os._exit(code)


def _work(order: wire.Order, line: socket.socket, rules: int) -> None:
    _confine(order, rules)
    NEWS.begin(line)
    with _Answering(line, wire.packages_of(order.function)):
        wire.send(line, wire.RESULT, wire.pickled(order.function(*order.arguments)))


class _Answering:
    """Sends whatever is raised in it to the asker, who raises it again."""

    def __init__(self, line: socket.socket, packages: Collection[str]) -> None:
        self.line, self.packages = line, packages

    def __enter__(self) -> None:
        return

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> bool:
        if error is not None:
            wire.send(self.line, wire.ERROR, _pickled(error, self.packages))
        return True


def _pickled(error: BaseException, packages: Collection[str]) -> bytes:
    """The error, or its words where it does not survive the journey."""
    try:
        content = wire.pickled(error)
        wire.unpickle(content, packages)
    except (pickle.PicklingError, pickle.UnpicklingError, TypeError, AttributeError):
        return pickle.dumps(RuntimeError(f"{type(error).__name__}: {error}"))
    return content


def _confine(order: wire.Order, rules: int) -> None:
    os.umask(0o077)
    os.dup2(_nowhere(), sys.stderr.fileno())  # what libraries say may quote the document
    os.chdir(order.folder)
    os.environ["TMPDIR"] = tempfile.tempdir = order.folder
    seconds = int(order.seconds) + 1
    resource.setrlimit(resource.RLIMIT_AS, (order.memory, order.memory))
    resource.setrlimit(resource.RLIMIT_FSIZE, (order.file_size, order.file_size))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 5))
    for what, most in _limits():
        resource.setrlimit(what, most)
    _wall_in(order, rules)


@cache
def _nowhere() -> int:
    return os.open(os.devnull, os.O_WRONLY | os.O_CLOEXEC)


@cache
def _limits() -> tuple[tuple[int, tuple[int, int]], ...]:
    """Those that are the same for all."""
    found = [(resource.RLIMIT_CORE, (0, 0))]
    for what, most in ((resource.RLIMIT_NOFILE, _MOST_FILES), (resource.RLIMIT_NPROC, _MOST_PROCESSES)):
        _, allowed = resource.getrlimit(what)
        least = most if allowed == resource.RLIM_INFINITY else min(most, allowed)
        found.append((what, (least, least)))
    return tuple(found)


def _wall_in(order: wire.Order, rules: int) -> None:
    """What cannot be had here is missing without a word: `standing` tells, and decides whether we render at all."""
    if order.places is not None:
        landlock.enter(replace(order.places, own=(Path(order.folder),)), rules)
    elif rules >= 0:
        os.close(rules)
    seccomp.enter(Filter.CLOSED)


def _be_ready(modules: Collection[str]) -> None:
    """What all children share."""
    prctl.keep_memory_private()
    if not seccomp.available():
        namespace.leave_network()
    for module in modules:
        importlib.import_module(module)
    rehearsal.rehearse()
    _nowhere(), _limits()
    forkable.settle()


def main(words: list[str]) -> None:
    """Serve; the first word is the descriptor of our line, the others name modules that children need."""
    warnings.simplefilter("ignore")  # libraries quote documents in theirs
    _be_ready(words[1:])
    serve(socket.socket(fileno=int(words[0])))
