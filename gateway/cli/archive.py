"""Commands on copies of faxes in archives: list, show, retry, drop, test.

What lives here: arguments and answers. What does not: the steps (`gateway.admin.archive`).
"""

import asyncio
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from gateway.admin import archive as steps
from gateway.admin.acts import Changed
from gateway.admin.refused import moment
from gateway.cli.acting import as_option, changing, confirm, confirming, tell
from gateway.cli.context import Console, pass_console
from gateway.cli.fax_filter import gateway_time
from gateway.cli.output import ROW_NUMBER, Row, form_option, say, wide_form_option, write_one, write_rows
from gateway.domain.archive import Direction, TransferState, Way
from gateway.domain.errors import ExitCode, GatewayError, UnreachableError

if TYPE_CHECKING:
    from gateway.admin.archive import Transfer

COLUMNS = ("id", "fax", "direction", "state", "place", "next", "tries", "reply")
ALL_COLUMNS = (*COLUMNS, "owner", "created", "ended", "format", "name", "metadata")
STATES = click.Choice([state.value for state in TransferState])
Step = Callable[[int], Changed["Transfer"]]


@click.group()
def archive() -> None:
    """Copies of faxes that are kept elsewhere: those on their way, those that failed; where they go say settings."""


@archive.command("list")
@click.option("--state", "states", multiple=True, type=STATES, help="Only in this state; repeatable.")
@click.option(
    "--direction", type=click.Choice([one.value for one in Direction]), help="Only of faxes of this direction."
)
@click.option("--fax", default="", metavar="ID", help="Only of this fax.")
@click.option("--where", default="", metavar="NODE", help="Only of this company, department or user.")
@click.option("--since", default="", help="Only from this time on: 2026-03-01, 2026-03-01T14:30, or 90m, 2h, 7d ago.")
@click.option("--limit", default=100, show_default=True, type=click.IntRange(1, 100_000), help="The newest first.")
@as_option
@wide_form_option
@click.pass_obj
def archive_list(
    console: Console, /, form: str, states: tuple[str, ...], direction: str | None, limit: int, **texts: str
) -> None:
    """List copies, the newest first.

    \b
    Examples:
      faxgw archive list --state dead --state lost
      faxgw archive list --where Acme/Sales --since 7d -o json
    """
    wanted = steps.WantedTransfers(
        states=tuple(TransferState(state) for state in states),
        direction=Direction(direction) if direction else None,
        fax=texts["fax"],
        since=moment(texts["since"], lambda: datetime.now(UTC)) if texts["since"] else None,
        limit=limit,
    )
    rows = [_row(transfer) for transfer in steps.listed(console.door, wanted, texts["where"])]
    write_rows(rows, COLUMNS if form == "table" else ALL_COLUMNS, "table" if form == "wide" else form)


@archive.command("show")
@click.argument("number", type=ROW_NUMBER)
@as_option
@form_option
@pass_console
def archive_show(console: Console, number: int, form: str) -> None:
    """Show one copy, by its number.

    \b
    Examples:
      faxgw archive show 17
      faxgw archive show 17 -o json
    """
    found = steps.shown(console.door, number)
    write_one({**_row(found), "file": found.file_name}, form)


@archive.command("retry")
@click.argument("numbers", nargs=-1, type=ROW_NUMBER)
@click.option("--dead", is_flag=True, help="All that were given up, in place of NUMBERS.")
@click.option("--where", default="", metavar="NODE", help="With --dead: of this company, department or user.")
@changing
@pass_console
def archive_retry(console: Console, numbers: tuple[int, ...], dead: bool, where: str) -> None:
    """Make copies at once, also those that were given up: where and as the settings want them now.

    Where they want none any more, a copy goes where it was to go. Exit status 8: only some of them.

    \b
    Examples:
      faxgw archive retry 17 18
      faxgw archive retry --dead --where Acme --reason "the server is back"
    """
    if dead == bool(numbers):
        raise click.UsageError("say NUMBERS, or --dead")
    if dead:
        wanted = steps.WantedTransfers(states=(TransferState.DEAD,), limit=100_000)
        numbers = tuple(found.id for found in steps.listed(console.door, wanted, where))
    now = gateway_time(console)
    _each(numbers, lambda number: steps.retry(console.door, number, now), "is made again")


@archive.command("drop")
@click.argument("numbers", nargs=-1, required=True, type=ROW_NUMBER)
@changing
@confirming
@pass_console
def archive_drop(console: Console, numbers: tuple[int, ...]) -> None:
    """Give copies up for good; they stay to be seen. Exit status 8: only some of them.

    \b
    Examples:
      faxgw archive drop 17
      faxgw archive drop 17 18 --yes --reason "the place is gone"
    """
    confirm(console, f"Give up {len(numbers)} copies?" if len(numbers) > 1 else f"Give up copy {numbers[0]}?")
    now = gateway_time(console)
    _each(numbers, lambda number: steps.drop(console.door, number, now), "is given up")


@archive.command("test")
@click.argument("node")
@click.option("--place", default="", help="This place, in place of the one that holds there.")
@as_option
@pass_console
def archive_test(console: Console, node: str, place: str) -> None:
    """Try out the place that holds at NODE: a small file is written there and taken away; a mail is sent.

    It goes by the section [archive] of the settings file of this machine.

    \b
    Examples:
      faxgw archive test Acme
      faxgw archive test Acme/Sales --place sftp://faxes@files.acme.example/in
    """
    from gateway.archiving.carrier import Carrier, Trust  # loads what the lists can do without
    from gateway.bearings import voice_of
    from gateway.mail.trial_letter import trial_letter
    from gateway.relaying import relay_of

    tried = steps.place_at(console.door, node, place)
    settings = console.settings
    carrier, voice = Carrier(Trust(*settings.archive.files)), voice_of(settings)
    trial = steps.try_out(tried, carrier, relay_of(settings), lambda whom: trial_letter(voice, whom, datetime.now(UTC)))
    try:
        asyncio.run(trial)
    except UnreachableError:
        _show_keys(tried)
        raise
    say(f"{tried.text} works: {'a letter is on its way' if tried.place.way is Way.MAIL else 'a file was kept there'}")


def _show_keys(tried: steps.Tried) -> None:
    """What an SFTP server says that it is, for somebody who can compare."""
    from gateway.archiving.sftp import key_lines

    if tried.place.way is not Way.SFTP:
        return
    try:
        lines = asyncio.run(key_lines(tried.place))
    except UnreachableError:
        return  # it is away, as the error says that follows
    say("the server shows this key; if whoever runs it says the same, add the line to the file of archive.known_hosts:")
    for line in lines:
        click.echo(line)


def _each(numbers: tuple[int, ...], step: Step, words: str) -> None:
    failed: list[GatewayError] = []
    for number in numbers:
        try:
            tell(step(number), f"copy {number} {words}")
        except GatewayError as error:
            failed.append(error)
            say(f"faxgw: {error.text}")
    if failed:
        sys.exit(failed[0].exit_code if len(failed) == len(numbers) else ExitCode.DONE_IN_PART)


def _row(transfer: "Transfer") -> Row:
    order = transfer.order
    return {
        "id": transfer.id,
        "fax": transfer.fax,
        "direction": order.direction.value,
        "state": transfer.state.value,
        "place": order.place,
        "next": transfer.not_before if transfer.state is TransferState.WAITING else None,
        "tries": transfer.tries,
        "reply": transfer.reply,
        "owner": transfer.owner,
        "created": transfer.created,
        "ended": transfer.ended,
        "format": order.format,
        "name": order.naming,
        "metadata": order.metadata,
    }
