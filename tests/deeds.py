"""What a document that has taken over its converter would do, each told by the error that stopped it."""

import contextlib
import ctypes
import errno
import os
import resource
import signal
import socket
import subprocess
from collections.abc import Callable
from pathlib import Path

_libc = ctypes.CDLL(None, use_errno=True)


def stopped(deed: str, *words: object) -> str:
    """Do it; the name of the error that stopped it, "" where nothing did."""
    try:
        _DEEDS[deed](*words)
    except OSError as error:
        return errno.errorcode[error.errno or 0]
    return ""


def all_stopped(deeds: list[tuple[object, ...]]) -> list[str]:
    """Each of them, in one process."""
    return [stopped(str(deed), *words) for deed, *words in deeds]


def _socket(family: int, kind: int) -> None:
    socket.socket(family, kind).close()


def _call(path: str) -> None:
    with socket.socket(socket.AF_UNIX) as line:
        line.connect(path)


def _listen(path: str) -> None:
    with socket.socket(socket.AF_UNIX) as line:
        line.bind(path)
    Path(path).unlink()


def _system(number: int, *words: int) -> None:
    """A system call of x86-64."""
    if _libc.syscall(number, *(ctypes.c_long(word) for word in words)) < 0:
        raise OSError(ctypes.get_errno(), "refused")


def _write(path: str) -> None:
    Path(path).write_text("taken over")


def _read(path: str) -> None:
    Path(path).read_bytes()


def _memory(process: int) -> None:
    with Path(f"/proc/{process}/mem").open("rb"):
        pass


def _gain() -> None:
    """Become root by a program that may; whoever is root already does not gain."""
    found = Path("/proc/self/status").read_text().split("NoNewPrivs:")[1].split()[0]
    if found == "1":
        raise PermissionError(errno.EPERM, "no new privileges")


_DEEDS: dict[str, Callable[..., object]] = {
    "socket": _socket,
    "pair": lambda kind: [end.close() for end in socket.socketpair(socket.AF_UNIX, kind)],
    "call": _call,
    "listen": _listen,
    "system": _system,
    "session": os.setsid,
    "group": lambda: os.setpgid(0, 0),
    "signal": lambda process: os.kill(process, signal.SIGCONT),
    "memory": _memory,
    "write": _write,
    "read": _read,
    "pipe": os.mkfifo,
    "link": lambda path: Path(path).symlink_to("/etc/hostname"),
    "run": lambda program: subprocess.run([program], check=True),
    "gain": _gain,
    "files": lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (1 << 20, 1 << 20)),
}


def open_files() -> int:
    """Open files until that is stopped; how many could be."""
    held = []
    try:
        while True:
            held.append(os.open(os.devnull, os.O_RDONLY))
    except OSError:
        return len(held)


def orphaning() -> int:
    """Fork a child that forks another and ends, as daemons do; the other's number."""
    ours, its = os.pipe()
    if os.fork() == 0:
        if os.fork() == 0:
            os.write(its, str(os.getpid()).encode())
            signal.pause()
        os._exit(0)
    return int(os.read(ours, 20))


def dumpable() -> int:
    """PR_GET_DUMPABLE of this process."""
    return int(_libc.prctl(3, 0, 0, 0, 0))


def open_kinds() -> list[str]:
    """What our descriptors lead to."""
    found = []
    for number in range(1024):
        with contextlib.suppress(OSError):
            found.append(str(Path(f"/proc/self/fd/{number}").readlink()))
    return found
