"""Commands on faxes that came in: list, show, save; and resubmit.

What lives here: arguments and answers of list, show and save. What does not: queries (`gateway.admin.inbound`), the
options that choose (`inbound_filter`), resubmit (`inbound_resubmit`).
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from gateway.admin import inbound as steps
from gateway.admin.inbound import ReceivedDetail, ReceivedLine, ReceivedSort
from gateway.cli.acting import as_option
from gateway.cli.context import Console, pass_console
from gateway.cli.fax_filter import gateway_time
from gateway.cli.inbound_filter import chosen, filter_options, sort_of
from gateway.cli.inbound_resubmit import resubmit
from gateway.cli.output import Form, Row, form_option, page_count, say, wide_form_option, write_one, write_rows
from gateway.domain.errors import UnavailableError, UsageError
from gateway.domain.received import ReceivedFax

COLUMNS = ("fax", "state", "number", "caller", "remote", "pages", "started", "ended", "user", "department")
ALL_COLUMNS = (*COLUMNS, "sub_address", "seconds", "cause", "rate", "ecm", "bad_rows")
PAGE_COLUMNS = ("page", "width", "rows", "across", "down", "bad_rows", "at")
EVENT_COLUMNS = ("at", "event", "address", "result", "detail")
MAILED_COLUMNS = ("resubmission", "state", "asked", "made", "detail")
MAIL_COLUMNS = ("id", "state", "recipient", "resubmission", "part", "tries", "reply")
FORMATS = {".pdf": "pdf", ".tif": "tif-hires", ".tiff": "tif-hires", ".fax": "tif-fax", ".xps": "xps"}


@click.group()
def inbound() -> None:
    """Faxes that came in."""


@inbound.command("list")
@filter_options
@click.option(
    "--sort", default="-started", show_default=True, help=f"What the list goes by: {', '.join(ReceivedSort)}; -: down."
)
@click.option("--columns", default="", metavar="NAME,NAME...", help=f"Which of {', '.join(ALL_COLUMNS)}.")
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, 1000), help="So many faxes of the list.")
@click.option("--after", default="", metavar="ID", help="Those that follow this one: the next page.")
@as_option
@wide_form_option
@pass_console
def inbound_list(console: Console, /, **given: Any) -> None:
    """List faxes that came in, the newest first; all options must fit.

    However many faxes there are, a page is found at once by place, number, caller, state or time. With the others, and
    for a part of a number, name a time, too: all that is left is read.

    \b
    Examples:
      faxgw inbound list --where Acme/Sales --since 7d --state partial
      faxgw inbound list --caller-ends 0142 --columns fax,user,caller,pages -o csv
    """
    sort, ascending = sort_of(given["sort"])
    more = {"sort": sort, "ascending": ascending, "after": given["after"], "limit": given["limit"]}
    lines = steps.inbound(console.door, chosen(console, given, **more), given["where"])
    write_rows([_line_row(line) for line in lines], _columns(given["columns"], given["form"]), given["form"])


@inbound.command("show")
@click.argument("fax_id")
@click.option("--trace", is_flag=True, help="Also every signal of the call.")
@as_option
@form_option
@pass_console
def inbound_show(console: Console, fax_id: str, trace: bool, form: str) -> None:
    """Show one fax that came in: from whom, for whom, the facts of its call, each page, its history, its mails.

    \b
    Examples:
      faxgw inbound show IN-7K3M9Q2P --trace
      faxgw inbound show IN-7K3M9Q2P -o json
    """
    detail = steps.show(console.door, fax_id)
    row = _detail_row(detail)
    if form != "table":
        write_one(row, form)
    else:
        _write_detail(row, trace)


@inbound.command("save")
@click.argument("fax_id")
@click.argument("file", type=click.Path(dir_okay=False, writable=True, path_type=Path))
@click.option(
    "--format", "kind", type=click.Choice(sorted(set(FORMATS.values()) | {"tif"})), help="Default: by the file's name."
)
@click.option("--page", type=click.IntRange(1), help="Only this page.")
@as_option
@pass_console
def inbound_save(console: Console, fax_id: str, file: Path, kind: str | None, page: int | None) -> None:
    """Write the pages of a fax that came in to FILE; its history keeps that, and who did it.

    The pages are as they came; tif and tif-fax have them at standard resolution, as mails in that format do.

    \b
    Examples:
      faxgw inbound save IN-7K3M9Q2P fax.pdf
      faxgw inbound save IN-7K3M9Q2P page.tif --page 2
    """
    found = kind or FORMATS.get(file.suffix.lower(), "")
    if not found:
        raise UsageError(
            f"{file}: the name does not tell the format; end it in .pdf, .tif, .fax or .xps, or say --format"
        )
    fax = steps.document_of(console.door, fax_id)
    pages = _write(console, fax, file, found, page)
    steps.note_retrieved(console.door, fax, gateway_time(console))
    say(f"{file} written, {page_count(pages)}")


inbound.add_command(resubmit)


def _write(console: Console, fax: ReceivedFax, file: Path, kind: str, page: int | None) -> int:
    """Write the file; how many pages.

    Raises:
        UsageError: there is no such page.
        UnavailableError: it cannot be written.
    """
    from gateway.fax.t4.classf import PageFile  # loads what the lists can do without
    from gateway.received_files import FileFormat, Making, make_files, prepared

    form = FileFormat(kind)
    pages = prepared(PageFile(console.spool.path(fax.tiff_digest)), form)
    if page is not None and page > len(pages):
        raise UsageError(f"fax {fax.public_id} has {page_count(len(pages))}, and no page {page}")
    wanted = pages if page is None else pages[page - 1 : page]
    [made] = make_files(wanted, page or 1, Making(form, separate=False, stem=fax.public_id, title=fax.public_id))
    try:
        file.write_bytes(made.content)
    except OSError as error:
        raise UnavailableError(f"{file}: cannot be written ({error.strerror})") from None
    return len(wanted)


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


def _line_row(line: ReceivedLine) -> Row:
    fax = line.fax
    return {
        "fax": fax.public_id,
        "state": fax.state.value,
        "number": fax.number,
        "caller": fax.caller,
        "remote": fax.remote_id,
        "pages": fax.pages,
        "started": fax.started,
        "ended": fax.ended,
        "user": line.user,
        "department": line.department,
        "sub_address": fax.sub_address,
        "seconds": round((fax.ended - fax.started).total_seconds()) if fax.ended else None,
        "cause": fax.cause,
        "rate": fax.rate,
        "ecm": fax.ecm,
        "bad_rows": fax.bad_rows,
    }


def _detail_row(detail: ReceivedDetail) -> dict[str, object]:
    return {
        **_line_row(detail.holder),
        "erased": detail.erased,
        "each_page": [
            {"page": page.number, "width": page.width, "rows": page.rows, "across": page.across, "down": page.down,
             "bad_rows": page.bad_rows, "at": page.at}
            for page in detail.pages
        ],
        "history": [
            {"at": event.at, "event": event.name.value, "address": event.address, "result": event.result,
             "detail": event.detail}
            for event in detail.events
        ],
        "mailed": [
            {"resubmission": one.resubmission, "state": one.state.value, "asked": one.created, "made": one.ended,
             "detail": one.detail}
            for one in detail.forwardings
        ],
        "mails": [
            {"id": mail.id, "state": mail.state.value, "recipient": mail.recipient, "resubmission": mail.attempt_no,
             "part": mail.part, "tries": mail.tries, "reply": mail.reply}
            for mail in detail.mails
        ],
        "trace": json.loads(detail.report).get("trace", []) if detail.report else [],
    }  # fmt: skip


def _write_detail(row: dict[str, Any], trace: bool) -> None:
    lists = ("each_page", "history", "mailed", "mails", "trace")
    write_one({name: value for name, value in row.items() if name not in lists}, "table")
    _write_section("pages", row["each_page"], PAGE_COLUMNS)
    _write_section("history", row["history"], EVENT_COLUMNS)
    _write_section("mailed", row["mailed"], MAILED_COLUMNS)
    _write_section("mails", row["mails"], MAIL_COLUMNS)
    if trace:
        click.echo("\nsignals")
        for at_ms, sender, text in row["trace"]:
            click.echo(f"{at_ms / 1000:9.3f}  {sender:8}  {text}")


def _write_section(heading: str, rows: Sequence[Row], columns: Sequence[str]) -> None:
    click.echo(f"\n{heading}" if rows else f"\n{heading}: none")
    if rows:
        write_rows(rows, columns, "table")
