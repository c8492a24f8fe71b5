"""A process that only takes mail: what `listener_processes` starts, as `python -m gateway.listening`.

What lives here: its life, from the settings on standard input to the end of that pipe. What does not: the listener and
its desk (`parts`), its pipes (`keeper`).
"""

import asyncio
import logging
import signal
import sys
from datetime import datetime

from gateway.bearings import opened_store
from gateway.domain.errors import GatewayError
from gateway.event_loop import run, settle_in
from gateway.fax.simulator.clock import SimulatorClock
from gateway.keeper import Keeper, meet
from gateway.kept_processes import FAILED, STOP, Failure
from gateway.logs import start_logging
from gateway.mail.desk import Sharing
from gateway.mail.listener import Listener
from gateway.parts import build_listener, following_clock
from gateway.watch.counts import Counts, count_commits

log = logging.getLogger(__name__)

GRACE_SECONDS = 50.0  # for texts that are coming in; a little less than the parent waits for us
ORPHAN_SECONDS = 5.0  # the same, when nobody is there to wait


def main() -> None:
    """Run until told to stop, or until the parent has died."""
    try:
        run(_listen())
    except GatewayError as error:
        log.error("process-failed", extra={"error": type(error).__name__, "detail": error.text})
        sys.exit(error.exit_code)


async def _listen() -> None:
    keeper = await meet()
    settings = keeper.told.settings
    start_logging(keeper.told.log_level, settings.logs.format)
    stopping = asyncio.Event()
    _heed_signals(stopping)
    db = opened_store(settings)
    clock = following_clock(db)
    counts = Counts()
    count_commits(db, counts)

    def ring() -> None:
        keeper.tell(b"mail\n")

    listener = build_listener(settings, db, clock, ring, Sharing.NEXT, counts)
    await listener.start()
    settle_in()
    keeper.tell(b"ready\n")
    listener.tell_failures(keeper.tell_failure)
    tasks = (_follow(keeper, clock, listener, stopping), _watch(keeper, stopping), keeper.report(counts), keeper.beat())
    following = [asyncio.create_task(task) for task in tasks]
    await stopping.wait()
    for task in following:
        task.cancel()
    await listener.stop(GRACE_SECONDS if keeper.is_there else ORPHAN_SECONDS)
    db.close()
    keeper.tell_counts(counts)


def _heed_signals(stopping: asyncio.Event) -> None:
    """An interrupt or a hang-up from the terminal is for the parent, who tells us."""
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, stopping.set)
    signal.signal(signal.SIGINT, signal.SIG_IGN)


async def _follow(keeper: Keeper, clock: SimulatorClock, listener: Listener, stopping: asyncio.Event) -> None:
    """Do as the parent says; its death is an order to stop."""
    async for line in keeper.orders():
        if line == STOP:
            break
        if line.startswith(FAILED):
            failure = Failure.read(line)
            listener.count_failure(failure.address, failure.name)
        else:
            clock.skip_to(datetime.fromisoformat(line.decode().strip()))
    stopping.set()


async def _watch(keeper: Keeper, stopping: asyncio.Event) -> None:
    await keeper.death()
    stopping.set()


if __name__ == "__main__":
    main()
