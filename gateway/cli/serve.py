"""faxgw serve: the daemon."""

import asyncio
import logging
import os
import signal
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from gateway.cli.context import Console, pass_console
from gateway.cli.output import say
from gateway.cli.waiting import told_when_late
from gateway.domain.roles import parse_roles
from gateway.event_loop import run, settle_in
from gateway.logs import FORMATS, start_logging
from gateway.section_rules import LEVELS

if TYPE_CHECKING:
    from gateway.app import Gateway
    from gateway.household import Household

log = logging.getLogger(__name__)


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
    not confirmed. SIGHUP changes nothing: settings are read at the start. A process that the others have given up for
    dead starts anew by itself.

    With [queue] processes it works in several equal processes, started, watched and ended by this one: where mail is
    rendered and called on more than one processor.

    \b
    Examples:
      faxgw serve
      faxgw --config /etc/faxgw.toml serve --roles lines,mail
    """
    os.umask(0o077)  # faxes are their owner's only
    chosen = parse_roles(roles.split(",")) if roles else console.settings.queue.role_set()
    logs = replace(console.settings.logs, **_given(level=log_level, format=log_format))
    settings = replace(console.settings, logs=logs)
    start_logging(logging.getLevelNamesMapping()[logs.level.upper()], logs.format)
    if settings.queue.processes > 1:
        from gateway.household import keep_house  # it has no more than it needs, and loads nothing of what works

        with told_when_late(_log_waiting):
            household = keep_house(settings, chosen)
        run(_serve(household))
        raise SystemExit(household.failed)
    from gateway.app import build

    while True:
        with told_when_late(_log_waiting):
            gateway = build(settings, chosen)
        if not _is_lost(gateway):
            return
        _say_here("given up for dead by the others; starting anew")


def _log_waiting() -> None:
    log.warning("store-late")


def _log_hang_up() -> None:
    log.warning("not-reloaded")


def _say_here(words: str) -> None:
    """For who sits at the terminal: elsewhere lines are events, and nothing else."""
    if sys.stderr.isatty():
        say(words)


def _given(**options: str | None) -> dict[str, str]:
    return {name: value for name, value in options.items() if value is not None}


def _is_lost(gateway: "Gateway") -> bool:
    """Serve to the end; true when the process must start anew."""
    run(_serve(gateway))
    return gateway.lost.is_set()


async def _serve(daemon: "Gateway | Household") -> None:
    """Serve to the end."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, daemon.stop)
    # Of a terminal that is gone it is an end; from anybody else a wish that we cannot grant, and no reason to die.
    loop.add_signal_handler(signal.SIGHUP, daemon.stop if sys.stdin.isatty() else _log_hang_up)
    await daemon.start()
    settle_in()
    place = f"listening for mail on {daemon.address}" if daemon.address else "running, and taking no mail"
    if not daemon.stopping.is_set():
        _say_here(f"{place}; roles {', '.join(daemon.roles)}; stop with Ctrl-C")
    await daemon.run()
