"""The desk: the process that takes conversions from confined processes and gives them to its workers.

What lives here: its loop and one line's talk. What does not: workers (`pool`, `worker`). Run as
`python -m renderers.libreoffice.desk FD FOLDER`; it ends, its workers with it, when nobody can ring any more, and by
itself when there was nothing to do for long. Its folder goes with it.
"""

import functools
import shutil
import signal
import socket
import sys
import threading
from pathlib import Path

from renderers.libreoffice import bell, messages, profile
from renderers.libreoffice.messages import Answer, Ended, Order
from renderers.libreoffice.pool import Pool
from renderers.libreoffice.worker import AbsentError, AskerGoneError, Worker, adopt_orphans
from renderers.walls import landlock, seccomp
from renderers.walls.landlock import Places
from renderers.walls.seccomp import Filter

_REST_SECONDS = 20.0
_PATIENCE = 10.0  # for the words of who rang


def serve(heard: socket.socket, pool: Pool) -> None:
    """Answer rings, each in a thread of its own, until there will be none or nothing was to do for long."""
    heard.settimeout(_REST_SECONDS)
    while True:
        try:
            line = bell.answer(heard)
        except TimeoutError:
            if pool.rest():
                return
            continue
        if line is None:
            return
        threading.Thread(target=talk, args=(line, pool), daemon=True).start()


def talk(line: socket.socket, pool: Pool) -> None:
    """Take one order and answer it."""
    with line:
        line.settimeout(_PATIENCE)
        try:
            messages.send_answer(line, _converted(messages.receive_order(line), line, pool))
        except (OSError, AskerGoneError):
            return  # it was ended at a limit of its own


def _converted(order: Order, asker: socket.socket, pool: Pool) -> Answer:
    try:
        worker = pool.take(order.fresh)
    except AbsentError as error:
        return Answer(Ended.ABSENT, str(error))
    try:
        return worker.convert(order, asker)
    finally:
        pool.give_back(worker)


def _leave(_signal: int, _frame: object) -> None:
    raise SystemExit


def main(descriptor: str, folder: str) -> None:
    """Serve with workers whose rooms lie in `folder`, as do the folders of confined processes, in that for all."""
    signal.signal(signal.SIGTERM, _leave)
    landlock.enter(Places(own=(Path(folder).parent,), sockets=profile.SOCKETS))
    seccomp.enter(Filter.OFFLINE)
    adopt_orphans()
    pool = Pool(functools.partial(Worker.start, Path(folder)))
    try:
        serve(socket.socket(fileno=int(descriptor)), pool)
    finally:
        pool.close()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main(*sys.argv[1:3])
