"""A far end on the simulated line calls the running gateway, as people outside would.

What lives here: arguments, waiting for the end of the call, telling it. What does not: the call
(`gateway.flows.call_in`), what becomes of the fax (`inbound`).
"""

import json
import sys
import time
import uuid
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Unpack

import click

from gateway.cli.call_report import SimulatedCall, Told, tell
from gateway.cli.context import Console, pass_console
from gateway.cli.output import form_option, say
from gateway.cli.simulated import Rendering, check_identifiers, exchange_of, fax_pages, fresh_folder, rendering_options
from gateway.domain.addresses import FORM, NumberPlan, parse_number
from gateway.domain.call import CallReport, Signal, report_of
from gateway.domain.errors import ExitCode, UnavailableError, UsageError
from gateway.domain.outcome import Outcome
from gateway.fax.simulator.calls_in import caller_plan
from gateway.fax.t4.classf import PageFile
from gateway.store import simulated_calls
from gateway.store.simulated_calls import Answer, AskedCall, CallState

LOOK_SECONDS = 0.1
_OTHER = {"us": "far end", "far end": "us"}


class _Options(Rendering):
    caller: str
    station_id: str
    sub_address: str
    far_end: str
    seed: int
    wait: int
    trace: bool
    svg: Path | None
    form: str


@click.command("call-in")
@click.argument("number")
@click.argument("files", nargs=-1, type=click.Path(path_type=Path))
@click.option("--from", "caller", default="", help="The number that the network shows of the caller; else withheld.")
@click.option("--station-id", default="", help="What the caller's machine calls itself (TSI). Default: its number.")
@click.option("--sub-address", default="", help="Sub-address (SUB) that it asks for.")
@click.option("--far-end", default="", help="Which machine calls, a name as in config/far_ends; else a modern one.")
@click.option("--seed", default=0, help="Chance on the line; the same seed gives the same call.")
@click.option("--wait", default=600, type=click.IntRange(1), help="Seconds to wait for the end of the call.")
@rendering_options
@click.option("--svg", type=click.Path(path_type=Path, dir_okay=False), help="Also draw the ladder into this SVG file.")
@click.option("--trace", is_flag=True, help="Also every signal as recorded.")
@form_option
@pass_console
def call_in_command(console: Console, number: str, files: tuple[Path, ...], **options: Unpack[_Options]) -> None:
    """Let a far end call NUMBER at the running gateway and send FILES; wait for the end, and show what happened.

    NUMBER is one of ours: others, and those that nobody has, ring out. Files are made into pages as for faxgw simulate
    call; a machine that polls needs none. The report is that of the far end, its ladder as our end saw the call. What
    was received is told with its id: faxgw inbound show ID.

    Exit status: 0 every page was confirmed, 1 the call ended otherwise, 2 wrong usage, 3 no such file or far end, 6 a
    file that cannot be faxed, 7 no gateway takes calls, or the call was not over in time.

    \b
    Examples:
      faxgw simulate call-in +12065550142 offer.pdf --from +13125550147
      faxgw simulate call-in +12065550142 offer.pdf --far-end drops_on_page_2 --sub-address 42
    """
    called, caller = _number(number), _number(options["caller"]) if options["caller"] else ""
    plan = caller_plan(exchange_of(console, ()), options["far_end"])
    if not files and not plan.options.poll:
        raise UsageError("say which FILES are sent; only a machine that polls needs none")
    call = AskedCall(
        call_uid=uuid.uuid4().hex,
        called=called,
        caller=caller,
        far_end=options["far_end"],
        station_id=options["station_id"] or caller,
        sub_address=options["sub_address"],
        seed=options["seed"],
    )
    check_identifiers("", call.sub_address, call.station_id)
    digest, pages = _kept(console, files, options)
    who = caller or options["far_end"] or "a far end"
    title = f"{', '.join(file.name for file in files) or 'nothing'} from {who} to {called}"
    _tell(title, pages, _answer(console, replace(call, pages_digest=digest), options["wait"]), options)


def _kept(console: Console, files: tuple[Path, ...], options: _Options) -> tuple[str, int]:
    """The digest of the pages in the spool, and how many are wanted: who only polls wants one at least."""
    if not files:
        return "", 1
    with fresh_folder() as folder:
        pages = fax_pages(console, files, folder, options)
        return console.spool.put_copy(pages), len(PageFile(pages))


def _number(text: str) -> str:
    return str(parse_number(text, NumberPlan(), FORM.partition("@")[0]).number)


def _answer(console: Console, call: AskedCall, seconds: int) -> Answer:
    """Ask for the call and wait; a call that has not begun in time is taken back."""
    number = simulated_calls.ask(console.database, call, datetime.now(UTC))
    until = time.monotonic() + seconds
    try:
        while (found := simulated_calls.look(console.database, number)).state is not CallState.OVER:
            if time.monotonic() >= until:
                raise UnavailableError(f"the call is {found.state} after {seconds} s; see: faxgw nodes list")
            time.sleep(LOOK_SECONDS)
    finally:
        simulated_calls.forget(console.database, number)
    if found.fault:
        raise UnavailableError(found.fault)
    return found


def _tell(title: str, asked: int, answer: Answer, options: _Options) -> None:
    """Show the call, and leave with status 1 unless every page was confirmed."""
    report = report_of(json.loads(answer.report))
    call = SimulatedCall(title, True, asked, _from_our_side(report))
    tell(call, Told(options["trace"], options["svg"], options["form"]))
    if answer.fax:
        say(f"received as {answer.fax}: faxgw inbound show {answer.fax}")
    if call.outcome is not Outcome.SUCCESS:
        sys.exit(ExitCode.FAILED)


def _from_our_side(report: CallReport) -> CallReport:
    """The same with the ends' names exchanged: the trace is the far end's."""
    trace = tuple(Signal(signal.at_ms, _OTHER[signal.sender], signal.text) for signal in report.trace)
    return replace(report, trace=trace)
