"""Options that say who acts, why, and whether it is a trial; and words on what was changed.

What lives here: what all commands that change something share. What does not: the door itself (`gateway.admin.acts`).
"""

import sys
from collections.abc import Iterable, Sequence
from typing import Any

import click

from gateway.admin.acts import Changed
from gateway.cli.context import Console
from gateway.cli.output import printable, say
from gateway.domain.journal import Entry
from gateway.domain.nodes import Node, User

MOST_TOLD = 20  # changes told one by one


def as_option(command: click.decorators.FC) -> click.decorators.FC:
    """The option --as, for every command."""
    return click.option(
        "--as", "as_name", metavar="ADMIN", expose_value=False, callback=_keep,
        help="Act as this administrator, within his place and rights.",
    )(command)  # fmt: skip


def changing(command: click.decorators.FC) -> click.decorators.FC:
    """The options of a command that changes something: --as, --reason, --dry-run."""
    for option in (
        click.option(
            "--dry-run", is_flag=True, expose_value=False, callback=_keep, help="Only tell what would change."
        ),
        click.option("--reason", default="", expose_value=False, callback=_keep, help="Why, for the journal."),
        as_option,
    ):
        command = option(command)
    return command


def confirming(command: click.decorators.FC) -> click.decorators.FC:
    """The options of a command that asks before it destroys something: --yes, --no-input."""
    yes = click.option("--yes", is_flag=True, expose_value=False, callback=_keep, help="Do not ask.")
    no_input = click.option(
        "--no-input", is_flag=True, expose_value=False, callback=_keep, help="Never ask; without --yes that is a no."
    )
    return no_input(yes(command))


def confirm(console: Console, question: str) -> None:
    """Return when the answer is yes.

    Raises:
        click.Abort: it is not.
        click.UsageError: nobody may be asked, or nobody is there.
    """
    if console.yes or console.dry_run:
        return
    if console.no_input:
        raise click.UsageError(f"{question} Say --yes.")
    try:
        agreed = click.confirm(printable(question), err=True)
    except click.Abort:
        if sys.stdin.isatty():
            raise  # Ctrl-C
        raise click.UsageError("nobody is there to answer: say --yes") from None
    if not agreed:
        raise click.Abort


def named_or_chosen(
    console: Console, ids: Sequence[str], found: Iterable[str] | None, what_happens: str
) -> Sequence[str]:
    """The ids on the command line, or those that options have found, after a question; `found` is none without options.

    Raises:
        UsageError: both are given, or neither.
        click.Abort: the answer is no.
    """
    if ids and found is not None:
        raise click.UsageError("Name faxes by their ids, or choose them by options, not both.")
    if ids:
        return list(dict.fromkeys(ids))
    if found is None:
        raise click.UsageError("Name the faxes by their ids, or choose them by options.")
    chosen = list(found)
    if chosen:
        confirm(console, f"{len(chosen)} faxes will be {what_happens}.")
    return chosen


def tell(changed: Changed[Any], words: str) -> None:
    """Say what was done, or what would have been; a trial lists all that would change."""
    if not changed.entries:
        say("nothing to change" if not words else f"nothing to change: {words}")
    elif changed.dry_run:
        tell_entries(changed.entries, changed.count)
        say(f"{_count(changed.count)} would be made; nothing was changed")
    else:
        say(words or f"{_count(changed.count)} made")


def unlocked(kind: str, node: Node | User) -> str:
    """What unlocking a node has come to: it may be locked from above all the same."""
    if node.locked:
        return f"{kind} {node.path} is unlocked itself, and stays locked: something above it is"
    return f"{kind} {node.path} is open again"


def tell_entries(entries: Sequence[Entry], count: int) -> None:
    """What would be changed, the first of so many, one line each."""
    for entry in entries[:MOST_TOLD]:
        click.echo(f"{entry.what}  {entry.target}  {entry.before} -> {entry.after}")
    if count > MOST_TOLD:
        click.echo(f"and {count - MOST_TOLD} more")


def _count(number: int) -> str:
    return "1 change" if number == 1 else f"{number} changes"


def _keep(context: click.Context, parameter: click.Parameter, value: Any) -> None:
    """What is given behind the command counts over what is given in front of it."""
    console = context.find_object(Console)
    if console is not None and value:
        setattr(console, parameter.name or "", value)
