"""Commands on blocked numbers: add, remove, lookup, list, count, import, export.

What lives here: arguments and answers. What does not: the steps (`gateway.admin.blocks`).
"""

import csv
import sys
import time
from pathlib import Path

import click

from gateway.admin import blocks as steps
from gateway.cli.acting import as_option, changing, tell
from gateway.cli.context import Console, pass_console
from gateway.cli.output import Progress, Row, form_option, say, write_one, write_rows
from gateway.domain.blocks import Block
from gateway.domain.errors import UsageError

COLUMNS = ("number", "added", "note")
COMPANY = click.option("--company", default="", help="Needed where there are several.")
_FILE = click.Path(path_type=Path, exists=True, dir_okay=False, allow_dash=True)


@click.group()
def block() -> None:
    """Numbers that a company's users may not fax."""


@block.command("add")
@click.argument("numbers", nargs=-1, required=True)
@click.option("--note", default="", help="Why, for whoever looks at the list.")
@COMPANY
@changing
@pass_console
def block_add(console: Console, numbers: tuple[str, ...], note: str, company: str) -> None:
    """Block NUMBERS, from the next mail on; jobs that wait for them are cancelled, and their senders told.

    \b
    Examples:
      faxgw block add +12025550142 --note "asked us to stop"
      faxgw block add "(202) 555-0142" --company Acme
    """
    changed = steps.add(console.door, company, numbers, note)
    tell(changed, _told(changed.answer))


@block.command("import")
@click.argument("file", type=_FILE)
@COMPANY
@changing
@pass_console
def block_import(console: Console, file: Path, company: str) -> None:
    """Block all numbers of FILE, one a line, a note behind a comma; all or none (- reads standard input).

    \b
    Examples:
      faxgw block import do-not-fax.csv
      faxgw block import - --company Acme --dry-run < list.txt
    """
    with Progress(time.monotonic) as progress:
        lines = _lines(file)
        changed = steps.load(console.door, company, lines, lambda count: progress.show(f"{count} of {len(lines)}"))
    tell(changed, _told(changed.answer))


@block.command("remove")
@click.argument("numbers", nargs=-1, required=True)
@COMPANY
@changing
@pass_console
def block_remove(console: Console, numbers: tuple[str, ...], company: str) -> None:
    """Let NUMBERS be faxed again, from the next mail on.

    \b
    Examples:
      faxgw block remove +12025550142
      faxgw block remove +12025550142 --reason "a mistake"
    """
    changed = steps.remove(console.door, company, numbers)
    tell(changed, f"{_count(changed.answer)} may be faxed again")


@block.command("lookup")
@click.argument("number")
@COMPANY
@as_option
@form_option
@pass_console
def block_lookup(console: Console, number: str, company: str, form: str) -> None:
    """Tell whether NUMBER is blocked. Exit status: 0 it is, 3 it is not.

    \b
    Examples:
      faxgw block lookup +12025550142
      faxgw block lookup 2025550142 -o json
    """
    found = steps.lookup(console.door, company, number)
    if found is None:
        say(f"{number} is not blocked")
        sys.exit(3)
    write_one(_row(found), form)


@block.command("list")
@click.option("--starts-with", default="", metavar="+DIGITS", help="Only numbers that begin so.")
@COMPANY
@as_option
@form_option
@pass_console
def block_list(console: Console, starts_with: str, company: str, form: str) -> None:
    """List the blocked numbers, in their order.

    \b
    Examples:
      faxgw block list
      faxgw block list --starts-with +1202 -o csv
    """
    write_rows([_row(one) for one in steps.listed(console.door, company, starts_with)], COLUMNS, form)


@block.command("count")
@COMPANY
@as_option
@pass_console
def block_count(console: Console, company: str) -> None:
    """Print how many numbers are blocked.

    \b
    Examples:
      faxgw block count
      faxgw block count --company Acme
    """
    click.echo(steps.count(console.door, company))


@block.command("export")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, writable=True, allow_dash=True), default="-")
@COMPANY
@as_option
@pass_console
def block_export(console: Console, file: Path, company: str) -> None:
    """Write the blocked numbers so that `faxgw block import` reads them: to FILE, or to standard output.

    \b
    Examples:
      faxgw block export do-not-fax.csv
      faxgw block export --company Acme > list.csv
    """
    found = steps.listed(console.door, company)
    with click.open_file(str(file), "w", encoding="utf-8") as out:
        rows = csv.writer(out, lineterminator="\n")
        rows.writerow(("number", "note"))
        count = 0
        for one in found:
            rows.writerow((one.number, one.note))
            count += 1
    say(f"{_count(count)} written")


def _lines(file: Path) -> list[str]:
    try:
        with click.open_file(str(file), encoding="utf-8-sig") as lines:
            return list(lines)
    except UnicodeDecodeError:
        raise UsageError(f"{file}: is no text in UTF-8") from None


def _told(blocked: steps.Blocked) -> str:
    known = f", {_count(blocked.known)} already there" if blocked.known else ""
    return f"{_count(blocked.fresh)} blocked{known}"


def _count(number: int) -> str:
    return "1 number" if number == 1 else f"{number} numbers"


def _row(one: Block) -> Row:
    return {"number": one.number, "added": one.added, "note": one.note}
