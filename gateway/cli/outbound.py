"""Commands on outbound faxes: list, show; and those that stop them or send them again.

What lives here: arguments and answers of list and show. What does not: queries (`gateway.admin.activity`), cancel, hold
and release (`fax_stops`), resend (`fax_again`).
"""

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import click

from gateway.admin import activity
from gateway.admin.activity import Line, Sort
from gateway.admin.retention import check_documents
from gateway.cli.acting import as_option
from gateway.cli.context import Console, pass_console
from gateway.cli.evidence_words import for_people
from gateway.cli.fax_again import resend
from gateway.cli.fax_filter import chosen, filter_options, sort_of
from gateway.cli.fax_stops import cancel, hold, release
from gateway.cli.output import Form, Row, form_option, page_count, say, wide_form_option, write_one, write_rows
from gateway.domain.errors import UsageError
from gateway.domain.job import Attempt, Job, status_word
from gateway.domain.story import story

COLUMNS = (
    "job", "status", "state", "destination", "pages", "sent", "dials", "priority", "outcome", "accepted", "not_before",
    "ended",
)  # fmt: skip
ALL_COLUMNS = (
    *COLUMNS, "user", "department", "sender", "recipient", "reference", "billing_code", "tries", "detail", "expires",
)  # fmt: skip
ATTEMPT_COLUMNS = (
    "number", "trunk", "started", "seconds", "outcome", "detail", "first_page", "pages", "rate", "ecm", "remote",
)  # fmt: skip


@click.group()
def outbound() -> None:
    """Outbound faxes."""


@outbound.command("list")
@filter_options
@click.option(
    "--sort", default="-accepted", show_default=True, help=f"What the list goes by: {', '.join(Sort)}; -: down."
)
@click.option("--columns", default="", metavar="NAME,NAME...", help=f"Which of {', '.join(ALL_COLUMNS)}.")
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, 1000), help="So many faxes of the list.")
@click.option("--after", default="", metavar="ID", help="Those that follow this one: the next page.")
@as_option
@wide_form_option
@pass_console
def outbound_list(console: Console, /, **given: Any) -> None:
    """List faxes, the newest first; all options must fit.

    However many faxes there are, a page is found at once by place, number (but for --number), outcome, state, status or
    time. With the others, name a time, too: all that is left is read.

    \b
    Examples:
      faxgw outbound list --where Acme/Sales --since 7d --status Failed
      faxgw outbound list --number-ends 0142 --columns job,user,destination,outcome -o csv
    """
    sort, ascending = sort_of(given["sort"])
    more = {"sort": sort, "ascending": ascending, "after": given["after"], "limit": given["limit"]}
    lines = activity.outbound(console.door, chosen(console, given, **more), given["where"])
    write_rows([_line_row(line) for line in lines], _columns(given["columns"], given["form"]), given["form"])


@outbound.command("show")
@click.argument("job_id")
@click.option("--trace", is_flag=True, help="Also every signal of every call.")
@click.option("--save-tiff", type=click.Path(dir_okay=False, writable=True), help="Write the pages as sent here.")
@click.option("--save-pdf", type=click.Path(dir_okay=False, writable=True), help="Write them here as PDF.")
@as_option
@form_option
@pass_console
def outbound_show(
    console: Console, job_id: str, trace: bool, save_tiff: str | None, save_pdf: str | None, form: str
) -> None:
    """Show one fax: who, where, each attempt with the facts of its call, each notice, its history.

    \b
    Examples:
      faxgw outbound show 7K3M9Q2P --trace
      faxgw outbound show 7K3M9Q2P --save-pdf sent.pdf -o json
    """
    detail = activity.show(console.door, job_id)
    row = for_people(_detail_row(detail), form)
    if form != "table":
        write_one(row, form)
    else:
        _write_detail(detail, row, trace)
    for target, kind in ((save_tiff, "tiff"), (save_pdf, "pdf")):
        if target is not None:
            check_documents(console.door, detail.job)
            activity.save_sent(console.spool, detail, kind, target)
            say(f"{target} written")


for command in (cancel, hold, release, resend):
    outbound.add_command(command)


def _columns(asked: str, form: str) -> Sequence[str]:
    """The columns that were asked for, or those of the form.

    Raises:
        UsageError: there is no such column.
    """
    chosen_ones = tuple(name.strip() for name in asked.split(",") if name.strip())
    for name in chosen_ones:
        if name not in ALL_COLUMNS:
            raise UsageError(f"there is no column {name!r}; there are {', '.join(ALL_COLUMNS)}")
    return chosen_ones or (COLUMNS if form == Form.TABLE else ALL_COLUMNS)


def _line_row(line: Line) -> Row:
    return {
        **_job_row(line.job),
        "user": line.user,
        "department": line.department,
        "sender": line.sender,
        "recipient": ", ".join(filter(None, (line.job.recipient_name, line.job.recipient_company))),
        "reference": line.reference,
        "billing_code": line.billing_code,
        "tries": line.job.tries,
        "detail": line.job.outcome_detail,
        "expires": line.job.expires,
    }


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
        "trunk": attempt.trunk,
        "started": attempt.started,
        "seconds": round((attempt.ended - attempt.started).total_seconds()) if attempt.ended else None,
        "outcome": attempt.outcome.value if attempt.outcome else "cut" if attempt.ended else "in call",
        "detail": attempt.detail,
        "first_page": attempt.first_page + 1,
        "pages": attempt.pages_confirmed,
        "rate": report.get("rate"),
        "ecm": report.get("ecm"),
        "remote": report.get("remote_id", ""),
        "trace": report.get("trace", []),
        "tiff": attempt.tiff_digest,
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
