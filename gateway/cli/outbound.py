"""Commands on outbound faxes: list, show, cancel.

What lives here: arguments and answers. What does not: queries (`gateway.admin.activity`).
"""

import json
from collections.abc import Sequence
from dataclasses import asdict

import click

from gateway.admin import activity
from gateway.cli.context import Console, pass_console
from gateway.cli.output import Row, form_option, page_count, say, write_one, write_rows
from gateway.domain.job import Attempt, Job, JobState, status_word
from gateway.domain.outcome import Outcome
from gateway.domain.story import story

COLUMNS = (
    "job", "status", "state", "destination", "pages", "sent", "dials", "priority", "outcome", "accepted", "not_before",
    "ended",
)  # fmt: skip
ATTEMPT_COLUMNS = ("number", "started", "seconds", "outcome", "detail", "first_page", "pages", "rate", "ecm", "remote")


@click.group()
def outbound() -> None:
    """Outbound faxes."""


@outbound.command("list")
@click.option("--state", type=click.Choice([state.value for state in JobState]), help="Only jobs in this state.")
@click.option("--outcome", type=click.Choice([outcome.value for outcome in Outcome]), help="Only this outcome.")
@click.option("--number", default="", help="Only destinations that contain these digits.")
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, 1000), help="Newest jobs first.")
@form_option
@pass_console
def outbound_list(console: Console, state: str | None, outcome: str | None, number: str, limit: int, form: str) -> None:
    """List faxes, the newest first."""
    wanted = activity.Filter(
        state=JobState(state) if state else None,
        outcome=Outcome(outcome) if outcome else None,
        number_contains=number,
        limit=limit,
    )
    write_rows([_job_row(job) for job in activity.outbound(console.database, wanted)], COLUMNS, form)


@outbound.command("show")
@click.argument("job_id")
@click.option("--trace", is_flag=True, help="Also every signal of every call.")
@click.option("--save-tiff", type=click.Path(dir_okay=False, writable=True), help="Write the pages as sent here.")
@click.option("--save-pdf", type=click.Path(dir_okay=False, writable=True), help="Write them here as PDF.")
@form_option
@pass_console
def outbound_show(
    console: Console, job_id: str, trace: bool, save_tiff: str | None, save_pdf: str | None, form: str
) -> None:
    """Show one fax: who, where, each attempt with the facts of its call, each notice, its history."""
    detail = activity.show(console.database, job_id)
    row = _detail_row(detail)
    if form != "table":
        write_one(row, form)
    else:
        _write_detail(detail, row, trace)
    for target, kind in ((save_tiff, "tiff"), (save_pdf, "pdf")):
        if target is not None:
            activity.save_sent(console.spool, detail, kind, target)
            say(f"{target} written")


@outbound.command("cancel")
@click.argument("job_id")
@pass_console
def outbound_cancel(console: Console, job_id: str) -> None:
    """Cancel a fax that waits or is in its call."""
    from gateway.parts import build_clock, composer  # loads the whole gateway, which the lists can do without

    clock = build_clock(console.database)
    letter = composer(console.settings, console.database, clock)
    at_once = activity.cancel(console.database, job_id, clock.now(), letter.after_end)
    if at_once:
        say(f"fax {job_id} cancelled; nothing more will be sent")
    else:
        say(f"fax {job_id} is in its call: the line hangs up at the next signal, unless the last page is through first")


def _job_row(job: Job) -> Row:
    return {
        "job": job.public_id,
        "status": status_word(job.state),
        "state": job.state.value,
        "destination": str(job.destination),
        "pages": job.pages,
        "sent": job.pages_sent,
        "dials": job.dials,
        "priority": job.priority,
        "outcome": job.outcome.value if job.outcome else "",
        "accepted": job.accepted,
        "not_before": job.not_before,
        "ended": job.ended,
    }


def _detail_row(detail: activity.JobDetail) -> dict[str, object]:
    submission = detail.submission
    return {
        **_job_row(detail.job),
        "detail": detail.job.outcome_detail,
        "expires": detail.job.expires,
        "sub_address": detail.job.sub_address,
        "reference": submission.reference,
        "billing_code": submission.billing_code,
        "preview": submission.preview,
        "sender": submission.sender_address,
        "evidence": submission.evidence,
        "user": asdict(detail.frozen.sender),
        "settings": detail.frozen.settings.every(),
        "parts": [f"{part.name}: {part.left_out or page_count(part.pages)}" for part in submission.part_pages],
        "story": story(detail.job, detail.attempts, detail.events),
        "attempts": [_attempt_row(attempt) for attempt in detail.attempts],
        "notices": _notice_rows(detail),
        "history": _event_rows(detail),
    }


def _notice_rows(detail: activity.JobDetail) -> list[Row]:
    return [
        {"kind": notice.kind, "to": notice.recipient, "state": notice.state, "sent": notice.sent}
        for notice in detail.notices
    ]


def _event_rows(detail: activity.JobDetail) -> list[Row]:
    return [
        {"at": event.at, "event": event.name, "from": event.from_state, "to": event.to_state, "why": event.detail}
        for event in detail.events
    ]


def _attempt_row(attempt: Attempt) -> dict[str, object]:
    report = json.loads(attempt.report) if attempt.report else {}
    return {
        "number": attempt.number,
        "started": attempt.started,
        "seconds": round((attempt.ended - attempt.started).total_seconds()) if attempt.ended else None,
        "outcome": attempt.outcome.value if attempt.outcome else "in call",
        "detail": attempt.detail,
        "first_page": attempt.first_page + 1,
        "pages": attempt.pages_confirmed,
        "rate": report.get("rate"),
        "ecm": report.get("ecm"),
        "remote": report.get("remote_id", ""),
        "trace": report.get("trace", []),
        "tiff": attempt.tiff_digest,
        "pdf": attempt.pdf_digest,
    }


def _write_detail(detail: activity.JobDetail, row: dict[str, object], trace: bool) -> None:
    lists = ("story", "attempts", "notices", "history", "user", "settings")
    write_one({name: value for name, value in row.items() if name not in lists}, "table")
    told = story(detail.job, detail.attempts, detail.events)
    click.echo("".join(("\nwhat happened\n", *(f"{sentence}\n" for sentence in told))) if told else "", nl=False)
    _write_section("attempts", [_attempt_row(attempt) for attempt in detail.attempts], ATTEMPT_COLUMNS)
    for attempt in detail.attempts if trace else ():
        click.echo(f"\nsignals of attempt {attempt.number}")
        for at_ms, sender, text in json.loads(attempt.report or "{}").get("trace", []):
            click.echo(f"{at_ms / 1000:9.3f}  {sender:8}  {text}")
    _write_section("notices", _notice_rows(detail), ("kind", "to", "state", "sent"))
    _write_section("history", _event_rows(detail), ("at", "event", "from", "to", "why"))


def _write_section(heading: str, rows: Sequence[Row], columns: Sequence[str]) -> None:
    click.echo(f"\n{heading}" if rows else f"\n{heading}: none")
    if rows:
        write_rows(rows, columns, "table")
