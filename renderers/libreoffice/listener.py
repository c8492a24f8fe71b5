"""The process beside one LibreOffice: starts it, speaks UNO with it over a pipe, and takes one order at a time.

What lives here: the start, the loop, the end. What does not: the conversion (`papers`), supervision (`worker`). Runs
under LibreOffice's own Python; standard input is a socket to the desk. It ends, and LibreOffice with it, when the desk
is gone.
"""

import os
import resource
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import uno
from com.sun.star.connection import NoConnectException

from renderers.libreoffice import messages, papers, profile
from renderers.libreoffice.messages import Answer, Ended
from renderers.walls import prctl, seccomp
from renderers.walls.seccomp import Filter

_START_SECONDS = 60.0
_PAUSE = 0.03
_MEMORY = 3 << 30
_FILE_SIZE = 512 << 20


class StartError(Exception):
    """LibreOffice does not start, or does not listen."""


def main(soffice: str, room: str) -> None:
    """Start LibreOffice, then convert until the desk is gone or LibreOffice is."""
    line = socket.socket(fileno=os.dup(0))
    nowhere = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(nowhere, standard)
    try:
        process, desktop = _start(Path(soffice), Path(room))
    except StartError as error:
        messages.send(line, {"failed": str(error)})
        return
    threading.Thread(target=_end_with, args=(line,), daemon=True).start()
    messages.send(line, {"ready": process.pid})
    while _serve(line, desktop):
        pass
    _end()


def _serve(line: socket.socket, desktop: Any) -> bool:
    try:
        order = messages.receive_order(line)
    except ConnectionError:
        return False
    try:
        answer = papers.convert(desktop, order)
    except papers.DisposedException as error:
        answer = Answer(Ended.CRASHED, str(error))
    messages.send_answer(line, answer)
    return answer.ended is not Ended.CRASHED


def _start(soffice: Path, room: Path) -> tuple[subprocess.Popen[bytes], Any]:
    name = profile.pipe_name(room)
    command = [*profile.command(soffice, room), f"--accept=pipe,name={name};urp;"]
    resolver = _local("com.sun.star.bridge.UnoUrlResolver")
    until = time.monotonic() + _START_SECONDS
    process = _run(command, room)
    while time.monotonic() < until:
        try:
            context = resolver.resolve(f"uno:pipe,name={name};urp;StarOffice.ComponentContext")
            profile.forget_sockets(room)  # whatever ends it from now on, leaves none
            return process, context.ServiceManager.createInstanceWithContext("com.sun.star.frame.Desktop", context)
        except NoConnectException:
            process = _still_running(process, command, room)
            time.sleep(_PAUSE)
    process.kill()
    raise StartError(f"LibreOffice did not listen within {_START_SECONDS:.0f} s")


def _still_running(process: subprocess.Popen[bytes], command: list[str | Path], room: Path) -> subprocess.Popen[bytes]:
    """The process, or the next one if it asked to be started again."""
    code = process.poll()
    if code is None:
        return process
    if code != profile.RESTART:
        raise StartError(f"LibreOffice ended with {code}")
    return _run(command, room)


def _local(name: str) -> Any:
    context = uno.getComponentContext()
    return context.ServiceManager.createInstanceWithContext(name, context)


def _run(command: list[str | Path], room: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [str(word) for word in command],
        env=profile.surroundings(room), cwd=room, preexec_fn=_limit,
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip


def _limit() -> None:
    """Between fork and exec: LibreOffice ends with us, whatever ends us, stays within bounds, and calls nobody."""
    prctl.die_with_parent()
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    resource.setrlimit(resource.RLIMIT_FSIZE, (_FILE_SIZE, _FILE_SIZE))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    seccomp.enter(Filter.CLOSED)


def _end_with(line: socket.socket) -> None:
    """Whatever a conversion is stuck in: when the desk is gone, so are we."""
    watch = select.poll()
    watch.register(line, select.POLLRDHUP)
    watch.poll()
    _end()


def _end() -> None:
    os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    main(*sys.argv[1:3])
