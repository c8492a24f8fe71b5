"""The daemon with nobody behind the front door: python -m tests.bench.front_door SETTINGS.

It is built as `faxgw serve` builds it, and takes mail in the same way: listener, desk, store and spool. Its workers are
sent home, so that what is measured is the taking of mail, and not the rendering and calling of what was taken.
"""

import asyncio
import logging
import signal
import sys
from dataclasses import replace
from pathlib import Path

from gateway.app import Gateway, build
from gateway.event_loop import run
from gateway.logs import start_logging
from gateway.settings import load_settings


def main() -> None:
    """Serve until SIGTERM; tells when it listens."""
    start_logging(logging.INFO)
    run(_serve(build(load_settings(Path(sys.argv[1])))))


async def _serve(gateway: Gateway) -> None:
    gateway = replace(gateway, crew=replace(gateway.crew, claiming=(), keeping=()))
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, gateway.stop)
    await gateway.start()
    sys.stdout.write(f"{gateway.address}\n")
    sys.stdout.flush()
    await gateway.run()


if __name__ == "__main__":
    main()
