"""Commands that stop faxes and let them go on: cancel, hold, release; one, several, or all that a filter chooses.

What lives here: arguments, answers and exit codes. What does not: the steps (`gateway.admin.activity`).
"""

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import click

from gateway.admin import activity
from gateway.admin.acts import Changed
from gateway.cli.acting import changing, confirming, named_or_chosen, tell_entries
from gateway.cli.context import Console, pass_console
from gateway.cli.fax_filter import chosen, filter_options, gateway_time, is_narrow
from gateway.cli.output import say
from gateway.domain.errors import ExitCode, GatewayError
from gateway.domain.job import FINAL_STATES, JobState

IDS = click.argument("ids", nargs=-1, metavar="[ID]...")
WAIT = click.option(
    "--wait", default=60, show_default=True, type=click.IntRange(0), help="Seconds to wait for a call to hang up."
)
MOST_FILTERED = 1000
_OVER = frozenset(FINAL_STATES)


@dataclass(frozen=True, slots=True)
class Deed:
    """One of the three: its step, which answers nothing where a call decides; and which jobs a filter may mean."""

    wanted: JobState
    verb: str
    step: Callable[[Console, str], str]
    concerns: Callable[[JobState], bool]


@click.command("cancel")
@IDS
@WAIT
@filter_options
@changing
@confirming
@pass_console
def cancel(console: Console, /, **given: Any) -> None:
    """Cancel faxes: those of the IDs, or all not ended that the options choose.

    One that waits is over at once. In a call the line is hung up, unless the last page is through first; which of the
    two it was decides one commit, and is told. Exit status: 0 all cancelled, 6 it was too late, 8 done in part.

    \b
    Examples:
      faxgw outbound cancel 7K3M9Q2P 2B8QX4TD
      faxgw outbound cancel --where Acme/Sales --state waiting --yes
    """
    _run(console, given, Deed(JobState.CANCELLED, "cancelled", _cancel, lambda state: state not in _OVER))


@click.command("hold")
@IDS
@WAIT
@filter_options
@changing
@confirming
@pass_console
def hold(console: Console, /, **given: Any) -> None:
    """Hold faxes until they are released: those of the IDs, or all not ended that the options choose.

    One that waits is held at once, one without pages as soon as it has them; in a call the line is hung up, and what
    was confirmed of its pages is not sent again. A fax that is held still expires. Exit status: as of cancel.

    \b
    Examples:
      faxgw outbound hold 7K3M9Q2P
      faxgw outbound hold --number-begins +4930 --yes
    """
    _run(
        console,
        given,
        Deed(JobState.HELD, "held", _hold, lambda state: state not in _OVER and state is not JobState.HELD),
    )


@click.command("release")
@IDS
@filter_options
@changing
@confirming
@pass_console
def release(console: Console, /, **given: Any) -> None:
    """Let held faxes go on: those of the IDs, or all held that the options choose.

    One whose time has not come waits for it. Exit status: as of cancel.

    \b
    Examples:
      faxgw outbound release 7K3M9Q2P
      faxgw outbound release --where Acme --yes
    """
    _run(console, given, Deed(JobState.READY, "released", _release, lambda state: state is JobState.HELD))


class _Round:
    """The same done to one job after another; what fails is told and keeps no other from it, if there is another."""

    def __init__(self, jobs: Sequence[str]) -> None:
        self.failed: list[GatewayError] = []
        self._alone = len(jobs) == 1

    def left(self, jobs: Sequence[str], step: Callable[[str], str]) -> list[str]:
        """The jobs of which the step has nothing to say yet."""
        return [job for job in jobs if not self._said(job, step)]

    def _said(self, job: str, step: Callable[[str], str]) -> bool:
        try:
            words = step(job)
        except GatewayError as error:
            if self._alone:
                raise
            self.failed.append(error)
            words = f"faxgw: {error.text}"
        if words:
            say(words)
        return bool(words)


def _run(console: Console, given: dict[str, Any], deed: Deed) -> None:
    """Do it to each, then see what became of those in calls.

    Raises:
        GatewayError: when only one was meant, why it could not be done.
    """
    found = _filtered(console, given, deed) if is_narrow(given) else None
    jobs = named_or_chosen(console, given["ids"], found, deed.verb)
    until = time.monotonic() + given.get("wait", 0)
    each = _Round(jobs)
    in_call = each.left(jobs, partial(deed.step, console))
    open_calls = each.left(in_call, lambda job: _after_call(console, job, until, deed.wanted))
    for job in open_calls:
        say(f"fax {job} is in its call: the line hangs up at the next signal, unless the last page is through first")
    done = len(jobs) - len(each.failed) - len(open_calls)
    if len(jobs) != 1:
        say(f"{done} of {len(jobs)} faxes {deed.verb}")
    if done < len(jobs):
        sys.exit(ExitCode.DONE_IN_PART if done or open_calls else each.failed[0].exit_code)


def _filtered(console: Console, options: dict[str, Any], deed: Deed) -> Iterator[str]:
    """The ids of all that the options choose and that can be meant, page by page."""
    wanted = chosen(console, options, limit=MOST_FILTERED)
    if not options["status"] and not options["state"]:
        wanted = replace(wanted, status="In Progress")
    while page := activity.outbound(console.door, wanted, options["where"]):
        yield from (line.job.public_id for line in page if deed.concerns(line.job.state))
        wanted = replace(wanted, after=page[-1].job.public_id)


def _cancel(console: Console, job: str) -> str:
    from gateway.parts import build_clock, composer  # loads the whole gateway, which the lists can do without

    clock = build_clock(console.database)
    letter = composer(console.settings, console.database, clock)
    changed = activity.cancel(console.door, job, clock.now(), letter.after_end)
    return _told(changed, f"fax {job} cancelled; nothing more will be sent" if changed.answer else "")


def _hold(console: Console, job: str) -> str:
    changed = activity.hold(console.door, job, gateway_time(console))
    return _told(changed, f"fax {job} is held" if changed.answer else "")


def _release(console: Console, job: str) -> str:
    changed = activity.release(console.door, job, gateway_time(console))
    return _told(changed, f"fax {job} goes on: it is {changed.answer.value}")


def _told(changed: Changed[Any], words: str) -> str:
    if changed.dry_run:
        tell_entries(changed.entries, len(changed.entries))
        return "this was a trial: nothing was changed"
    return words


def _after_call(console: Console, job: str, until: float, wanted: JobState) -> str:
    """What became of a call that was asked to hang up; nothing while it goes on.

    Raises:
        RefusedError: it was over before that; says how.
    """
    found = activity.decided(console.door, job, until)
    if found is None:
        return ""
    activity.refuse_lost(found, wanted)
    if found.state is not wanted:
        return f"fax {job} is {found.state.value}: it will be {wanted.value} as soon as it has pages"
    return f"fax {job} is {wanted.value}: its line hung up after {found.pages_sent} of {found.pages} pages"
