"""Commands on the simulated line: call a number, list the reserved ones, let a far end call us.

What lives here: arguments, and what is sent. What does not: the calls (`gateway.fax.simulator.calls`), how they are
told (`call_report`), calls to the running gateway (`call_in`).
"""

import sys
from dataclasses import replace
from pathlib import Path
from typing import Unpack

import click

from gateway.cli.call_in import call_in_command
from gateway.cli.call_report import SimulatedCall, Told, save_pages, tell
from gateway.cli.context import Console, pass_console
from gateway.cli.output import form_option, page_count, write_rows
from gateway.cli.simulated import (
    Rendering,
    check_identifiers,
    exchange_of,
    fax_pages,
    fresh_folder,
    rendering_options,
    scenario_option,
)
from gateway.domain.addresses import FORM, NumberPlan, parse_number
from gateway.domain.errors import ExitCode, UsageError
from gateway.domain.outcome import Outcome
from gateway.fax.simulator.calls import simulate_answer, simulate_call
from gateway.fax.simulator.calls_in import caller_plan
from gateway.fax.simulator.exchange import Exchange
from gateway.fax.simulator.plans import FarEndPlan
from gateway.fax.t4.classf import PageFile
from gateway.fax.transport import CallOrder

COLUMNS = ("number", "meaning", "outcome", "far_end")
RATES = ("2400", "4800", "7200", "9600", "12000", "14400")


class _CommonOptions(Rendering):
    seed: int
    scenario: tuple[Path, ...]
    station_id: str
    to: Path | None
    trace: bool
    svg: Path | None
    form: str


class _CallOptions(_CommonOptions):
    dial: int
    first_page: int
    ecm: bool
    max_rate: str
    sub_address: str


class _AnswerOptions(_CommonOptions):
    far_end: str
    caller: str


@click.group()
def simulate() -> None:
    """Calls on the simulated line, one at once and without a mail; call-in alone touches the running gateway."""


simulate.add_command(call_in_command)


def _common_options(command: click.decorators.FC) -> click.decorators.FC:
    """What every simulated call can be told."""
    path = click.Path(path_type=Path, dir_okay=False)
    options = (
        click.option("--seed", default=0, help="Chance on the line; the same seed gives the same call."),
        scenario_option,
        click.option("--station-id", default="", help="What we call ourselves: at most 20 digits, spaces and plus."),
        rendering_options,
        click.option("--svg", type=path, help="Also draw the ladder into this SVG file."),
        click.option("--trace", is_flag=True, help="Also every signal as recorded."),
        form_option,
    )
    for option in reversed(options):
        command = option(command)
    return command


@simulate.command("call")
@click.argument("number")
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--dial",
    default=1,
    type=click.IntRange(1),
    help="Which call to NUMBER it is, from 1: some answer the first in another way.",
)
@click.option("--first-page", default=1, type=click.IntRange(1), help="The page to begin with, counted from 1.")
@click.option("--ecm/--no-ecm", default=True, help="With error correction where the far end has it, or without.")
@click.option("--max-rate", default="14400", type=click.Choice(RATES), help="The fastest rate in bit/s.")
@click.option("--sub-address", default="", help="Sub-address (SUB) to ask for.")
@click.option("--to", type=click.Path(path_type=Path, dir_okay=False), help="Write the pages that arrived here.")
@_common_options
@pass_console
def call_command(console: Console, number: str, file: Path, **options: Unpack[_CallOptions]) -> None:
    """Call NUMBER on the simulated line, send FILE, and show what happened.

    A class F TIFF is sent as it is; any other document is rendered first, as by faxgw render. Prints the report of the
    call and a ladder diagram of its signals, times counted from the answer. Numbers: faxgw simulate numbers; any other
    is a fax machine.

    Exit status: 0 every page was confirmed, 1 the call ended otherwise, 2 wrong usage, 3 no such FILE, 6 a number or a
    FILE that cannot be faxed.

    \b
    Examples:
      faxgw simulate call +12025550100 offer.pdf
      faxgw simulate call +12025550109 offer.pdf --svg call.svg
    """
    destination = parse_number(number, NumberPlan(), FORM.partition("@")[0]).number
    exchange = exchange_of(console, options["scenario"])
    check_identifiers(options["station_id"], options["sub_address"])
    with fresh_folder() as folder:
        pages = fax_pages(console, (file,), folder, options)
        asked = len(PageFile(pages)) - options["first_page"] + 1
        if asked < 1:
            count = page_count(len(PageFile(pages)))
            raise UsageError(f"--first-page {options['first_page']}: {file} has {count}; nothing was called")
        order = CallOrder(
            "simulated",
            destination,
            pages,
            first_page=options["first_page"] - 1,
            station_id=options["station_id"],
            sub_address=options["sub_address"],
            ecm=options["ecm"],
            max_rate=int(options["max_rate"]),
        )
        made = folder / "received.tif"
        report = simulate_call(exchange, order, seed=options["seed"], received=made, dial=options["dial"] - 1)
        _finish(SimulatedCall(f"{file.name} to {destination}", True, asked, report), made, options)


@simulate.command("answer")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--to", required=True, type=click.Path(path_type=Path, dir_okay=False), help="The fax TIFF to write.")
@click.option("--far-end", default="", help="Which machine calls, a name as in config/far_ends; else a modern one.")
@click.option("--from", "caller", default="", help="What it calls itself (TSI).")
@_common_options
@pass_console
def answer_command(console: Console, files: tuple[Path, ...], **options: Unpack[_AnswerOptions]) -> None:
    """Let a far end call us with FILES; answer, and write what we receive.

    Files are made into pages as for faxgw simulate call. Prints the report of our end and its ladder.

    Exit status: 0 every page was received, 1 the call ended otherwise, 2 wrong usage, 3 no such file, 6 a file that
    cannot be faxed.

    \b
    Examples:
      faxgw simulate answer offer.pdf --to here.tif
      faxgw simulate answer offer.pdf --to here.tif --svg call.svg
    """
    check_identifiers(options["station_id"], caller=options["caller"])
    plan = _caller(exchange_of(console, options["scenario"]), options["far_end"], options["caller"])
    with fresh_folder() as folder:
        pages = fax_pages(console, files, folder, options)
        made = folder / "received.tif"
        report = simulate_answer(pages, made, far_end=plan, seed=options["seed"], station_id=options["station_id"])
        title = (
            f"{', '.join(file.name for file in files)} from {options['caller'] or options['far_end'] or 'a far end'}"
        )
        _finish(SimulatedCall(title, False, len(PageFile(pages)), report), made, options)


@simulate.command("numbers")
@scenario_option
@form_option
@pass_console
def numbers_command(console: Console, scenario: tuple[Path, ...], form: str) -> None:
    """List the numbers that something special answers; every other number is a fax machine.

    The outcome is what a mail to that number comes to in the end, after all calls.

    \b
    Examples:
      faxgw simulate numbers
      faxgw simulate numbers -o csv
    """
    listing = exchange_of(console, scenario).listing()
    write_rows([{column: getattr(listed, column) for column in COLUMNS} for listed in listing], COLUMNS, form)


def _finish(call: SimulatedCall, made: Path, options: _CommonOptions) -> None:
    """Tell the call, keep what was received, and leave with status 1 unless all of it went well."""
    tell(call, Told(options["trace"], options["svg"], options["form"]))
    if options["to"] is not None:
        save_pages(made, options["to"], len(PageFile(made)) if made.exists() else 0)
    if call.outcome is not Outcome.SUCCESS:
        sys.exit(ExitCode.FAILED)


def _caller(exchange: Exchange, name: str, station_id: str) -> FarEndPlan:
    """The machine that is to call us."""
    plan = caller_plan(exchange, name)
    return replace(plan, options=replace(plan.options, station_id=station_id or plan.options.station_id))
