"""faxgw test retry: what would happen when, if the calls of a fax ended in a given way; nothing is called.

What lives here: arguments and what is shown. What does not: the steps (`gateway.admin.trying_retry`).
"""

from datetime import UTC, datetime, timedelta
from typing import TypedDict, Unpack
from zoneinfo import ZoneInfo

import click

from gateway.admin.refused import moment
from gateway.admin.trying_retry import Trial, TrialCall, try_retry
from gateway.cli.output import Form, Row, form_option, say, write_rows
from gateway.domain.errors import UsageError
from gateway.domain.job import JobEvent
from gateway.domain.numbers import NumberPlan, parse_number
from gateway.domain.setting_catalog import Effective, checked_value
from gateway.domain.time_zones import zones_of

TABLE_COLUMNS = ("call", "begins", "there", "outcome", "from_page", "profile", "then", "next", "earliest", "latest")
COLUMNS = (
    "call", "begins", "there", "zones", "from_page", "max_rate", "ecm", "tone_wait_seconds", "outcome", "detail",
    "dials", "tries", "then", "reason", "next", "earliest", "latest", "waits_for_day", "operator_told",
    "counts_for_quarantine",
)  # fmt: skip
THEN = {
    JobEvent.CONFIRMED: "sent",
    JobEvent.DOUBT: "unconfirmed",
    JobEvent.CANCELLED: "cancelled",
    JobEvent.GAVE_UP: "failed",
    JobEvent.RETRY: "call again",
}


class _Given(TypedDict):
    number: str
    pages: int
    settings: tuple[str, ...]


@click.command("retry")
@click.argument("outcomes", nargs=-1, required=True)
@click.option("--reached", is_flag=True, help="The number has taken a fax before.")
@click.option("--number", default="+12025550100", show_default=True, help="Whom to call; tells when it is night there.")
@click.option("--at", "start", default="", help="When the first call is made: 2026-03-01T14:30 (UTC). Default: now.")
@click.option("--pages", default=10, show_default=True, type=click.IntRange(1, 1000), help="How many the fax has.")
@click.option("--setting", "settings", multiple=True, help="NAME=VALUE of the user, as retry.busy=1,2; repeatable.")
@form_option
def retry(outcomes: tuple[str, ...], form: str, *, reached: bool, start: str, **given: Unpack[_Given]) -> None:
    """Tell what would happen when, if the calls of one fax ended in these OUTCOMES, one after the other.

    An outcome is written as busy, no-answer, voice-answer, transmission-failed, sit-vacant and the like, or as in
    notices; with :3 behind it three pages were confirmed in that call. Calls take no time here. Jitter lies between
    the columns earliest and latest; the next line goes on from the middle. Nothing is called or kept.

    faxgw test retry busy busy no-answer

    faxgw test retry voice-answer --reached --at 2026-03-02T19:00 --number +442079460123

    faxgw test retry transmission-failed:2 busy success --setting retry.transmission_failed=5,10 -o json

    Exit status: 0 told, 2 wrong usage, 6 no such number.
    """
    trial = _trial(start, reached, given)
    calls = try_retry(trial, outcomes)
    zones = zones_of(trial.destination)
    rows = [_row(call, trial, zones) for call in calls]
    write_rows(rows, TABLE_COLUMNS if form == Form.TABLE else COLUMNS, form)
    if form == Form.TABLE:
        _tell_rest(calls, len(outcomes))


def _trial(start: str, reached: bool, given: "_Given") -> Trial:
    now = datetime.now(UTC).replace(microsecond=0)
    begins = moment(start, lambda: now) if start else now
    number = parse_number(given["number"], NumberPlan())
    return Trial(begins, number, _settings(given["settings"]), reached, given["pages"])


def _settings(given: tuple[str, ...]) -> Effective:
    values = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not equals:
            raise UsageError(f"--setting takes NAME=VALUE, not {text!r}")
        values[name.strip()] = checked_value(name.strip(), value.strip())
    return Effective(values)


def _row(call: TrialCall, trial: Trial, zones: tuple[str, ...]) -> Row:
    wait = trial.settings.retry_policy().patience if call.patient else timedelta(seconds=35)
    return {
        "call": call.number,
        "begins": call.begins,
        "there": f"{call.begins.astimezone(ZoneInfo(zones[0])):%H:%M}",
        "zones": list(zones),
        "from_page": call.first_page + 1,
        "max_rate": call.max_rate,
        "ecm": call.ecm,
        "tone_wait_seconds": wait // timedelta(seconds=1),
        "profile": f"{call.max_rate}{'' if call.ecm else ', no ECM'}" + (f", waits {wait.seconds} s" * call.patient),
        "outcome": call.outcome.value,
        "detail": call.detail,
        "dials": call.dials,
        "tries": call.tries,
        "then": THEN[call.event],
        "reason": call.reason or None,
        "next": call.next,
        "earliest": call.earliest,
        "latest": call.latest,
        "waits_for_day": call.waits_for_day,
        "operator_told": call.alarm or None,
        "counts_for_quarantine": call.counts,
    }


def _tell_rest(calls: list[TrialCall], asked: int) -> None:
    """What does not fit into a table."""
    last = calls[-1]
    for call in calls:
        if call.alarm:
            say(f"call {call.number}: the operator is told ({call.alarm})")
        if call.waits_for_day:
            say(f"call {call.number}: the next waits until it is day at the destination")
        if call.counts:
            say(f"call {call.number}: counts towards a quarantine of the number")
    dials = "1 dial" if last.dials == 1 else f"{last.dials} dials"
    tries = "1 try" if last.tries == 1 else f"{last.tries} tries"
    say(f"{dials}, {tries}" + (f"; {last.reason}" if last.reason else ""))
    if asked > len(calls):
        say(f"the job has ended with call {last.number}: what follows it in the list was left out")
