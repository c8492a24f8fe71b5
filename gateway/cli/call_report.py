"""How a simulated call is told: its facts, its ladder, its picture, every signal.

What lives here: writing one call report in every form. What does not: the calls (`simulate`), the drawing
(`gateway.fax.ladder`).
"""

from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import click

from gateway.cli.output import Form, page_count, say, write_one
from gateway.domain.call import CallReport, Phase
from gateway.domain.errors import UnavailableError
from gateway.domain.outcome import Outcome, classify
from gateway.fax.ladder import svg, text
from gateway.fax.ladder.meaning import last_offer


@dataclass(frozen=True, slots=True)
class Told:
    """What is asked of the telling: every signal, a picture, a form."""

    trace: bool
    svg: Path | None
    form: str


@dataclass(frozen=True, slots=True)
class SimulatedCall:
    """A call that is over, which we placed (`ours`) or answered. `title` says between whom."""

    title: str
    ours: bool
    pages_asked: int
    report: CallReport

    @property
    def outcome(self) -> Outcome:
        """What people are told of it."""
        return classify(self.report, self.pages_asked).outcome

    @property
    def pages(self) -> str:
        """Pages confirmed or received, of those asked."""
        doubt = ", the last in doubt" if self.report.last_page_in_doubt else ""
        asked = page_count(self.pages_asked)
        return f"{self.report.pages_confirmed} of {asked} {'confirmed' if self.ours else 'received'}{doubt}"

    @property
    def ending(self) -> str:
        """The call in one line."""
        report = self.report
        seconds = text.clock(round(report.duration.total_seconds() * 1000))
        return f"{self.outcome}: {self.pages}; {report.cause} in phase {report.phase}, after {seconds}"


def tell(call: SimulatedCall, wish: Told) -> None:
    """Write the report; as a table with the ladder below, and every signal when asked."""
    if wish.svg is not None:
        _save_picture(call, wish.svg)
    if wish.form != Form.TABLE:
        facts: dict[str, object] = {"call": call.title, "outcome": call.outcome, "pages_asked": call.pages_asked}
        facts |= call.report.facts()
        write_one(facts if wish.trace else {name: facts[name] for name in facts if name != "trace"}, wish.form)
        return
    write_one(_row(call), wish.form)
    click.echo()
    for line in text.draw(call.report.trace, call.ending):
        click.echo(line)
    if wish.trace:
        click.echo("\nsignals")
    for signal in call.report.trace if wish.trace else ():
        click.echo(f"{signal.at_ms / 1000:9.3f}  {signal.sender:8}  {signal.text}")


def _row(call: SimulatedCall) -> dict[str, object]:
    """The facts in words."""
    report = call.report
    row = {
        "call": call.title,
        "outcome": call.outcome,
        "cause": f"{report.cause}, in phase {report.phase}",
        "pages": call.pages,
        "duration": _durations(report),
        "rates": _rates(report),
        "coding": _coding(report),
        "frames": _frames(report),
        "bad rows": report.bad_rows or "",
        "remote id": report.remote_id,
        "sub-address": report.remote_sub_address,
        "far end": last_offer(report.trace, "far end") if call.ours else "",
    }
    return {name: value for name, value in row.items() if value != ""}


def _durations(report: CallReport) -> str:
    whole = text.clock(round(report.duration.total_seconds() * 1000))
    phases = [(phase, report.phase_durations.get(phase)) for phase in Phase]
    parts = [f"{phase.value} {wait.total_seconds():.1f} s" for phase, wait in phases if wait]
    return f"{whole} ({', '.join(parts)})" if parts else whole


def _rates(report: CallReport) -> str:
    """Every rate trained at, in order; the same one trained at again is said once."""
    rates = [str(rate) for rate, _ in groupby(report.rate_steps)]
    return f"{', then '.join(rates)} bit/s" if rates else ""


def _frames(report: CallReport) -> str:
    """What error correction cost."""
    if not report.ecm_frames:
        return ""
    blocks = "1 block" if report.ecm_blocks == 1 else f"{report.ecm_blocks} blocks"
    again = (
        f", {report.frames_resent} of them sent again after {report.ecm_requests} PPR" if report.frames_resent else ""
    )
    return f"{report.ecm_frames} in {blocks}{again}"


def _coding(report: CallReport) -> str:
    if report.coding is None:
        return ""
    return f"{report.coding}, {'with' if report.ecm else 'without'} error correction"


def _save_picture(call: SimulatedCall, path: Path) -> None:
    try:
        path.write_text(svg.draw(call.report.trace, call.title, call.ending), encoding="utf-8")
    except OSError as error:
        raise UnavailableError(f"{path}: {error.strerror}; check the path and who may use it") from None
    say(f"{path} written")


def save_pages(made: Path, target: Path, count: int) -> None:
    """Put the pages that a call left behind where they were asked for. Raises UnavailableError naming the path."""
    if not made.exists():
        say(f"no page was received; {target} not written")
        return
    try:
        target.write_bytes(made.read_bytes())
    except OSError as error:
        raise UnavailableError(f"{target}: {error.strerror}; check the path and who may use it") from None
    say(f"{target} written, {page_count(count)}")
