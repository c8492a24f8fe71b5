"""The daemon with rendering of a known length: python -m tests.bench.queue_daemon SETTINGS PAGE [options].

It is built as `faxgw serve` builds it, in as many processes as the settings say: listener, desk, store, spool, workers,
line simulator, relay. Only the pages of a mail are there already: with --render they cost so many milliseconds of
processor in a confined process, without it nothing at all. With --dials each call's beginning is written down, with the
seconds of the monotonic clock.
"""

import argparse
import asyncio
import cProfile
import logging
import os
import signal
import sys
import time
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

from gateway import crew, serving
from gateway.app import Gateway, build
from gateway.domain.call import CallReport
from gateway.domain.submission import PartPages
from gateway.event_loop import run, settle_in
from gateway.fax.simulator.transport import SimulatorTransport
from gateway.fax.transport import CallOrder, CallWatch
from gateway.flows.prepare import Prepare
from gateway.household import Household, keep_house
from gateway.logs import start_logging
from gateway.pages import CoverPages, MailOrder, MailPages
from gateway.settings import load_settings
from renderers.confine import preload, run_confined
from renderers.walls.landlock import Places
from tests.bench.quick_pages import burn


@dataclass(frozen=True, slots=True)
class Pages:
    """Where the page is, and what it costs: seconds in a confined process, or none."""

    page: Path
    seconds: float

    def made(self, order: MailOrder) -> Path:
        """The page in the mail's own folder."""
        if not self.seconds:
            return burn(self.page, order.workdir, 0.0)
        places = Places(read=(self.page,), written=(order.workdir,))
        return run_confined(burn, self.page, order.workdir, self.seconds, places=places)


def _quick(pages: Pages) -> Callable[[Prepare, MailOrder], MailPages]:
    def rendered(_self: Prepare, order: MailOrder) -> MailPages:
        covers = {wish.job_id: CoverPages(None, 0) for wish in order.covers}
        return MailPages(pages.made(order), 1, (PartPages("text", 1),), covers)

    return rendered


class Dialled(SimulatorTransport):
    """The simulator; each dial is written to a file."""

    dials = -1

    async def place(self, order: CallOrder, watch: CallWatch) -> CallReport:
        """Write down that it is dialled now, and dial."""
        os.write(self.dials, f"{order.destination} {time.monotonic():.6f}\n".encode())
        return await super().place(order, watch)


def main() -> None:
    """Serve until SIGTERM; tells when it listens."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("settings", type=Path)
    parser.add_argument("page", type=Path)
    parser.add_argument("--render", type=float, default=0.0, help="milliseconds of processor for a mail")
    parser.add_argument("--dials", type=Path)
    parser.add_argument("--profile", default="", help="of the first process, which with several only keeps them")
    parser.add_argument("--kept", action="store_true", help="be one of several processes, kept by the first")
    asked = parser.parse_args()
    preload(burn.__module__)  # as the daemon does with what it has done there
    Prepare._rendered = _quick(Pages(asked.page, asked.render / 1000))  # type: ignore[method-assign]
    if asked.dials:
        Dialled.dials = os.open(asked.dials, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        crew.SimulatorTransport = Dialled  # type: ignore[misc]
    if asked.kept:
        serving.main()
    start_logging(logging.INFO)
    settings = load_settings(asked.settings)
    words = ("-m", "tests.bench.queue_daemon", *sys.argv[1:], "--kept")
    daemon = keep_house(settings, words=words) if settings.queue.processes > 1 else build(settings)
    with cProfile.Profile() if asked.profile else nullcontext() as profile:
        run(_serve(daemon))
    if profile:
        profile.dump_stats(asked.profile)


async def _serve(daemon: Gateway | Household) -> None:
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, daemon.stop)
    await daemon.start()
    settle_in()
    if daemon.stopping.is_set():
        raise SystemExit("a process did not start")
    sys.stdout.write(f"{daemon.address}\n")
    sys.stdout.flush()
    await daemon.run()


if __name__ == "__main__":
    main()
