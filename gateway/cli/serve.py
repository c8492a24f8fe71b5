"""faxgw serve: the daemon."""

import asyncio
import logging
import signal

import click

from gateway.app import Gateway, build
from gateway.cli.context import Console, pass_console
from gateway.cli.output import say
from gateway.logs import start_logging


@click.command()
@click.option(
    "--log-level", default="info", type=click.Choice(["debug", "info", "warning", "error"]), show_default=True
)
@pass_console
def serve(console: Console, log_level: str) -> None:
    """Run the gateway: take mail, render, call, and send notices, until interrupted.

    SIGINT and SIGTERM end it gracefully: no call is cut; what waits stays in the store.
    """
    start_logging(getattr(logging, log_level.upper()))
    asyncio.run(_serve(build(console.settings)))


async def _serve(gateway: Gateway) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, gateway.stop)
    await gateway.start()
    say(f"listening for mail on {gateway.address}; stop with Ctrl-C")
    await gateway.run()
