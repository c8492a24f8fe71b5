"""A process that only takes mail: what `listener_processes` starts, as `python -m gateway.listening`.

What lives here: its life, from the settings on standard input to the end of that pipe. What does not: the listener and
its desk (`parts`).
"""

import asyncio
import logging
import os
import signal
import sys
from contextlib import suppress
from datetime import datetime

from gateway.domain.errors import GatewayError
from gateway.event_loop import run
from gateway.fax.simulator.clock import SimulatorClock
from gateway.listener_processes import COUNTED, FAILED, Failure, Instructions
from gateway.logs import start_logging
from gateway.mail.desk import Sharing
from gateway.mail.listener import Listener
from gateway.parts import build_listener, following_clock
from gateway.store.migrate import open_store
from gateway.watch.counts import Counts, count_commits

log = logging.getLogger(__name__)

GRACE_SECONDS = 50.0  # for texts that are coming in; a little less than the parent waits for us
ORPHAN_SECONDS = 5.0  # the same, when nobody is there to wait
LOOK_SECONDS = 1.0
REPORT_SECONDS = 1.0
SETTINGS_LINE = 1_000_000  # octets at most
STANDARD_OUTPUT = 1


def main() -> None:
    """Run until told to stop, or until the parent has died."""
    try:
        run(_listen())
    except GatewayError as error:
        log.error("listener-failed", extra={"error": type(error).__name__, "detail": error.text})
        sys.exit(error.exit_code)


async def _listen() -> None:
    orders = await _orders()
    parent = os.getppid()
    told = Instructions.read(await orders.readline())
    start_logging(told.log_level, told.settings.logs.format)
    stopping = asyncio.Event()
    _heed_signals(stopping)
    settings = told.settings
    db = open_store(settings.storage.database_url, settings.storage.folder)
    clock = following_clock(db)
    counts = Counts()
    count_commits(db, counts)
    listener = build_listener(settings, db, clock, lambda: _tell(b"mail\n"), Sharing.NEXT, counts)
    await listener.start()
    _tell(b"ready\n")
    listener.tell_failures(lambda address, name: _tell(Failure(address, name).line()))
    tasks = (_follow(orders, clock, listener, stopping), _watch(parent, stopping), _report(counts))
    following = [asyncio.create_task(task) for task in tasks]
    await stopping.wait()
    for task in following:
        task.cancel()
    await listener.stop(GRACE_SECONDS if os.getppid() == parent else ORPHAN_SECONDS)
    db.close()
    _tell_counts(counts)


def _heed_signals(stopping: asyncio.Event) -> None:
    """An interrupt from the terminal is for the parent, who tells us."""
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, stopping.set)
    signal.signal(signal.SIGINT, signal.SIG_IGN)


async def _orders() -> asyncio.StreamReader:
    os.set_blocking(STANDARD_OUTPUT, False)  # a parent that does not listen keeps no mail waiting
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(limit=SETTINGS_LINE)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    return reader


async def _follow(
    orders: asyncio.StreamReader, clock: SimulatorClock, listener: Listener, stopping: asyncio.Event
) -> None:
    """Do as the parent says; its death is an order to stop."""
    while (line := await orders.readline()) and line != b"stop\n":
        if line.startswith(FAILED):
            failure = Failure.read(line)
            listener.count_failure(failure.address, failure.name)
        else:
            clock.skip_to(datetime.fromisoformat(line.decode().strip()))
    stopping.set()


async def _watch(parent: int, stopping: asyncio.Event) -> None:
    """The parent's death shows here, too, when something that it has forked still holds the pipe open."""
    while os.getppid() == parent:  # noqa: ASYNC110 - of a parent's death nobody rings a bell
        await asyncio.sleep(LOOK_SECONDS)
    stopping.set()


async def _report(counts: Counts) -> None:
    """Tell the parent now and then what was counted."""
    while True:
        await asyncio.sleep(REPORT_SECONDS)
        _tell_counts(counts)


def _tell_counts(counts: Counts) -> None:
    for line in counts.drained():
        if not _is_told(COUNTED + line + b"\n"):
            counts.take(line)


def _tell(line: bytes) -> None:
    _is_told(line)


def _is_told(line: bytes) -> bool:
    """Whether the parent hears it: it may have died, or have much to hear already."""
    with suppress(OSError):
        return os.write(STANDARD_OUTPUT, line) == len(line)
    return False


if __name__ == "__main__":
    main()
