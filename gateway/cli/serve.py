"""faxgw serve: the daemon."""

import asyncio
import logging
import signal
from dataclasses import replace

import click

from gateway.app import Gateway, build
from gateway.cli.context import Console, pass_console
from gateway.cli.output import say
from gateway.domain.roles import parse_roles
from gateway.event_loop import run
from gateway.logs import FORMATS, start_logging
from gateway.settings import LEVELS


@click.command()
@click.option("--roles", default="", help="What this process does, with commas between; default: [queue] roles.")
@click.option("--log-level", type=click.Choice(LEVELS), help="What is logged; default: [logs] level.")
@click.option("--log-format", type=click.Choice(list(FORMATS)), help="How a line looks; default: [logs] format.")
@pass_console
def serve(console: Console, roles: str, log_level: str | None, log_format: str | None) -> None:
    """Run the gateway: take mail, render, call, and send notices, until interrupted.

    Several may run on one store, on any number of machines, each with roles of its own: smtp takes mail, prepare
    renders it, lines calls, mail sends notices, received faxes and copies for archives, inbound takes calls. What
    each of them does shows `faxgw nodes list`; how it is set up stands in config/README.md.

    SIGINT and SIGTERM end it gracefully: it takes no new call, and lets those that run end, for [queue] stop_seconds at
    most; what waits stays in the store. A second signal hangs up at once: such a fax goes on at its first page that was
    not confirmed. A process that the others have given up for dead starts anew by itself.

    \b
    Examples:
      faxgw serve
      faxgw --config /etc/faxgw.toml serve --roles lines,mail
    """
    chosen = parse_roles(roles.split(",")) if roles else console.settings.queue.role_set()
    logs = replace(console.settings.logs, **_given(level=log_level, format=log_format))
    settings = replace(console.settings, logs=logs)
    start_logging(logging.getLevelNamesMapping()[logs.level.upper()], logs.format)
    while run(_serve(build(settings, chosen))):
        say("given up for dead by the others; starting anew")


def _given(**options: str | None) -> dict[str, str]:
    return {name: value for name, value in options.items() if value is not None}


async def _serve(gateway: Gateway) -> bool:
    """Serve to the end; true when the process must start anew."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, gateway.stop)
    await gateway.start()
    place = f"listening for mail on {gateway.address}" if gateway.address else "running, and taking no mail"
    say(f"{place}; roles {', '.join(gateway.roles)}; stop with Ctrl-C")
    await gateway.run()
    return gateway.lost.is_set()
