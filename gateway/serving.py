"""One of several equal processes of a daemon: what `serving_processes` starts, as `python -m gateway.serving`.

What lives here: its life, from the settings on standard input to the end of that pipe. What does not: the gateway that
it is (`app`), its pipes (`keeper`).

It is a process as `faxgw serve` alone is one, with a lease and a name of its own; the daemon has the pages for machines
that watch, the alarms, and systemd. Given up for dead by the others, it ends, and the daemon starts it anew.
"""

import asyncio
import logging
import signal
import sys

from gateway.app import Gateway, build
from gateway.domain.errors import GatewayError
from gateway.event_loop import run, settle_in
from gateway.keeper import Keeper, meet
from gateway.kept_processes import ANEW, FAILED, HURRY, Failure
from gateway.logs import start_logging
from gateway.serving_processes import ready_line
from renderers import processors

log = logging.getLogger(__name__)


def main() -> None:
    """Serve until told to stop, or until the daemon has died."""
    try:
        sys.exit(run(_serve()))
    except GatewayError as error:
        log.error("process-failed", extra={"error": type(error).__name__, "detail": error.text})
        sys.exit(error.exit_code)


async def _serve() -> int:
    """To the end; the exit status."""
    keeper = await meet()
    if keeper.told.processor >= 0:
        processors.keep_to(keeper.told.processor)
    settings = keeper.told.settings
    start_logging(keeper.told.log_level, settings.logs.format)
    gateway = build(settings, keeper.told.roles, kept=True)
    _heed_signals(gateway)
    await gateway.start()
    settle_in()
    keeper.tell(ready_line(gateway.process.id))
    if gateway.doors:
        gateway.doors.listener.tell_failures(keeper.tell_failure)
    counts = gateway.watch.counts
    following = [
        asyncio.create_task(task)
        for task in (
            _follow(keeper, gateway),
            _watch(keeper, gateway),
            keeper.report(counts),
            keeper.beat(gateway.watch.troubles),
        )
    ]
    await gateway.run()
    for task in following:
        task.cancel()
    keeper.tell_counts(counts)
    return ANEW if gateway.lost.is_set() else 0


def _heed_signals(gateway: Gateway) -> None:
    """An interrupt or a hang-up from the terminal is for the daemon, who tells us."""
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, gateway.stop)
    loop.add_signal_handler(signal.SIGINT, lambda: None)


async def _follow(keeper: Keeper, gateway: Gateway) -> None:
    """Do as the daemon says; its death is an order to stop. Who was told by a signal is not in a hurry for that."""
    async for line in keeper.orders():
        if line.startswith(FAILED) and gateway.doors:
            failure = Failure.read(line)
            gateway.doors.listener.count_failure(failure.address, failure.name)
        elif not line.startswith(FAILED):
            _stop(gateway)
            if line == HURRY:
                gateway.stop()
    _stop(gateway)


async def _watch(keeper: Keeper, gateway: Gateway) -> None:
    await keeper.death()
    _stop(gateway)


def _stop(gateway: Gateway) -> None:
    if not gateway.stopping.is_set():
        gateway.stop()


if __name__ == "__main__":
    main()
