"""Commands on the inventory of numbers: add, remove, assign, release, list, show, route, import.

What lives here: arguments and answers. What does not: the steps (`gateway.admin.numbers`, `gateway.admin.routes`).
"""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from gateway.admin import numbers as steps
from gateway.admin import routes
from gateway.cli.acting import as_option, changing, confirm, confirming, tell
from gateway.cli.context import Console, pass_console
from gateway.cli.output import Form, Progress, Row, form_option, say, wide_form_option, write_one, write_rows
from gateway.domain.errors import UsageError
from gateway.domain.inventory import NumberState, OwnedNumber
from gateway.domain.routes import Route
from gateway.store.numbers import NumberFilter, PlaceTotal

COLUMNS = ("number", "state", "holder", "country", "area")
ALL_COLUMNS = (*COLUMNS, "kept_for", "rules", "added")
PLACE_COLUMNS = ("country", "area", "unassigned", "assigned", "pending")
RULE_COLUMNS = ("sub_address", "to", "addresses", "locked")
KEEPER = click.option("--node", default="", help="Company or department that they are kept for.")
PENDING = click.option("--pending", is_flag=True, help="Ordered, but not there yet: calls to it are not answered.")
_FILE = click.Path(path_type=Path, exists=True, dir_okay=False, allow_dash=True)


@click.group()
def number() -> None:
    """Numbers that we own: who has them, and where faxes to them go."""


@number.command("add")
@click.argument("numbers", nargs=-1, required=True)
@KEEPER
@PENDING
@changing
@pass_console
def number_add(console: Console, numbers: tuple[str, ...], node: str, pending: bool) -> None:
    """Put NUMBERS in the inventory; those that are there are kept for another node, or are pending no more.

    \b
    Examples:
      faxgw number add +12025550190 +12025550191
      faxgw number add +12025550192 --node Acme/Legal --pending
    """
    changed = steps.add(console.door, numbers, node, pending=pending)
    tell(changed, f"{_count(changed.answer)} added or changed")


@number.command("import")
@click.argument("file", type=_FILE)
@KEEPER
@changing
@pass_console
def number_import(console: Console, file: Path, node: str) -> None:
    """Put all numbers of the CSV file FILE in the inventory, or none (- reads standard input).

    A line has a number, and behind commas, if needed, the company or department it is kept for, and yes when it is
    pending; or a first line names the columns, as in what `faxgw number list -o csv` writes.

    \b
    Examples:
      faxgw number import numbers.csv --node Acme
      faxgw number import - --node Acme --dry-run < numbers.csv
    """
    with Progress(time.monotonic) as progress:
        lines = _lines(file)
        shown = f"{{}} of {len(lines)}"
        changed = steps.load(console.door, lines, node, lambda count: progress.show(shown.format(count)))
    tell(changed, f"{_count(changed.answer)} added or changed")


@number.command("remove")
@click.argument("text", metavar="NUMBER")
@changing
@confirming
@pass_console
def number_remove(console: Console, text: str) -> None:
    """Take NUMBER, which nobody has, out of the inventory, with its routes; calls to it are not answered any more.

    \b
    Examples:
      faxgw number remove +12025550190
      faxgw number remove +12025550190 --yes --reason "given back to the carrier"
    """
    confirm(console, f"Remove the number {text}?")
    changed = steps.remove(console.door, text)
    tell(changed, f"{changed.answer.number} is not in the inventory any more")


@number.command("assign")
@click.argument("text", metavar="NUMBER")
@click.argument("who", metavar="USER")
@click.option("--replace", "replacing", is_flag=True, help="In the place of the number that USER has.")
@changing
@pass_console
def number_assign(console: Console, text: str, who: str, replacing: bool) -> None:
    """Give NUMBER to USER: a path, an id, a mail address or a user name.

    \b
    Examples:
      faxgw number assign +12025550190 anna@acme.example
      faxgw number assign +12025550191 Acme/Legal/anna --replace
    """
    changed = steps.assign(console.door, text, who, replacing=replacing)
    tell(changed, f"{changed.answer.number} is {changed.answer.holder}'s")


@number.command("release")
@click.argument("text", metavar="NUMBER")
@changing
@pass_console
def number_release(console: Console, text: str) -> None:
    """Take NUMBER from the user who has it; it stays in the inventory.

    \b
    Examples:
      faxgw number release +12025550190
      faxgw number release +12025550190 --reason "left us"
    """
    changed = steps.release(console.door, text)
    tell(changed, f"{changed.answer.number} is unassigned")


@number.command("list")
@click.option("--under", default="", help="Only those kept for this node or below it, or had there.")
@click.option("--state", type=click.Choice([one.value for one in NumberState]), help="Only those.")
@click.option("--country", default="", help="Only those of this country (as in US).")
@click.option("--area", default="", help="Only those whose area holds this (as in York).")
@click.option("--starts-with", default="", help="Only those that begin so, in + form.")
@click.option("--limit", default=100, show_default=True, type=click.IntRange(1, 1000), help="So many of the list.")
@click.option("--after", default="", metavar="NUMBER", help="Those that follow this one: the next page.")
@click.option("--places", is_flag=True, help="Not the numbers, but how many there are at each place.")
@as_option
@wide_form_option
@pass_console
def number_list(console: Console, /, **given: Any) -> None:
    """List the inventory, by number.

    \b
    Examples:
      faxgw number list --state unassigned --country US
      faxgw number list --places -o csv
    """
    under, places, form = given.pop("under"), given.pop("places"), given.pop("form")
    state = given.pop("state")
    wanted = NumberFilter(state=NumberState(state) if state else None, **given)
    if places:
        write_rows([_place_row(one) for one in steps.totals(console.door, wanted, under)], PLACE_COLUMNS, form)
        return
    columns = COLUMNS if form == Form.TABLE else ALL_COLUMNS
    write_rows([_row(one) for one in steps.listed(console.door, wanted, under)], columns, form)


@number.command("show")
@click.argument("text", metavar="NUMBER")
@as_option
@form_option
@pass_console
def number_show(console: Console, text: str, form: str) -> None:
    """Show NUMBER: where it is, who has it, and where faxes to it go.

    \b
    Examples:
      faxgw number show +12025550190
      faxgw number show +12025550190 -o json
    """
    row = _row(steps.show(console.door, text))
    rules = [_rule_row(rule) for rule in routes.rules(console.door, text)]
    if form != Form.TABLE:
        told = "; ".join(f"{rule['sub_address'] or 'all'}: {rule['to']}" for rule in rules)
        write_one({**row, "routes": told if form == Form.CSV else rules}, form)
        return
    write_one(row, form)
    click.echo("\nroutes" if rules else "\nroutes: none, so calls to it ring in vain")
    if rules:
        write_rows(rules, RULE_COLUMNS, form)


@number.command("route")
@click.argument("text", metavar="NUMBER")
@click.option("--sub-address", default="", help="Only calls that say this sub-address. Default: all that nothing fits.")
@click.option("--to", default="", help="The user, department or company that the faxes are for.")
@click.option(
    "--address", "addresses", multiple=True, help="Where they are mailed to; up to three. A user has own ones."
)
@click.option("--drop", is_flag=True, help="Take the route away.")
@changing
@form_option
@pass_console
def number_route(console: Console, /, **given: Any) -> None:
    """Lead faxes to NUMBER on: those with a sub-address, or all when no user has the number. Else list its routes.

    A route for the sub-address counts first, then the user who has the number, then the route without a sub-address.
    One of the last two is needed: what a caller's sub-address is shows after the call was answered.

    \b
    Examples:
      faxgw number route +12025550190 --sub-address 42 --to Acme/Legal --address legal@acme.example
      faxgw number route +12025550190 --sub-address 42 --drop
    """
    text = given["text"]
    if given["drop"] and (given["to"] or given["addresses"]):
        raise UsageError("--drop takes a route away: leave out --to and --address")
    if not given["drop"] and not given["to"]:
        _list_routes(console, given)
        return
    if given["drop"]:
        dropped = routes.drop(console.door, text, given["sub_address"])
        tell(dropped, f"{dropped.answer.number}{_with(dropped.answer)} leads to {dropped.answer.path} no more")
        return
    changed = routes.lead(console.door, text, given["sub_address"], given["to"], given["addresses"])
    tell(changed, f"{changed.answer.number}{_with(changed.answer)} leads to {changed.answer.path}")
    if not changed.answer.addresses:
        say(f"mind that {changed.answer.path} has no receiving address yet")
    if not routes.answers_all(console.door, text):
        say("mind that no call is answered until all lead somewhere: assign the number, or route it by itself, too")


def _list_routes(console: Console, given: dict[str, Any]) -> None:
    if given["sub_address"] or given["addresses"]:
        raise UsageError("say where to: --to USER, DEPARTMENT or COMPANY; or --drop")
    write_rows([_rule_row(rule) for rule in routes.rules(console.door, given["text"])], RULE_COLUMNS, given["form"])


def _lines(file: Path) -> Sequence[str]:
    try:
        with click.open_file(str(file), encoding="utf-8-sig") as lines:
            return list(lines)
    except UnicodeDecodeError:
        raise UsageError(f"{file}: is no text in UTF-8") from None


def _with(rule: Route) -> str:
    return f" with sub-address {rule.sub_address}" if rule.sub_address else ""


def _count(count: int) -> str:
    return "1 number" if count == 1 else f"{count} numbers"


def _row(one: OwnedNumber) -> Row:
    return {
        "number": one.number,
        "state": one.state.value,
        "holder": one.holder,
        "country": one.place.country,
        "area": one.place.area,
        "kept_for": one.owner,
        "rules": one.rules,
        "added": one.added,
    }


def _place_row(one: PlaceTotal) -> Row:
    counts = {"unassigned": one.unassigned, "assigned": one.assigned, "pending": one.pending}
    return {"country": one.place.country, "area": one.place.area, **counts}


def _rule_row(rule: Route) -> Row:
    return {
        "sub_address": rule.sub_address,
        "to": rule.path,
        "addresses": list(rule.addresses),
        "locked": rule.locked,
    }
