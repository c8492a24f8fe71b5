"""faxgw covers: cover pages listed, shown, added, removed and previewed.

What lives here: arguments and answers. What does not: rules (`gateway.admin.covers`), how pages are written
(`documents`).
"""

from datetime import UTC, datetime
from pathlib import Path
from typing import TypedDict, Unpack

import click

from coverpages.fields import FIELDS, SAMPLE
from gateway.admin import covers as admin
from gateway.admin.tree import below
from gateway.cli.acting import as_option, changing, tell
from gateway.cli.context import Console, pass_console
from gateway.cli.documents import (
    PAPERS,
    PageOptions,
    company_option,
    field_values,
    laid_out,
    page_options,
    tell_written,
    written,
)
from gateway.cli.output import Form, Row, form_option, say, write_one, write_rows
from gateway.cover_pages import FilledCover
from gateway.domain.errors import NotFoundError
from gateway.files import FileOrder, Targets, lay_out_files

COLUMNS = ("name", "owner", "title", "default", "paper", "description")
PRIVACY = (
    "keep health and personal data out of cover pages and custom fields: a cover is kept and seen apart from the fax"
)
TRIAL_SECONDS = 30  # a cover is laid out anew for every fax
owner_option = click.option(
    "--company", "owner", required=True, help="Whose it is: a company, or a department's path as in Acme/Billing."
)


class _AddOptions(TypedDict):
    """What `covers add` gives beside the name and the file."""

    owner: str
    title: str
    description: str
    paper: str
    replace: bool


@click.group()
def covers() -> None:
    """Cover pages: those that ship, and those of companies and departments."""


@covers.command("list")
@company_option
@as_option
@form_option
@pass_console
def list_command(console: Console, company: str, form: str) -> None:
    """List the cover pages: all, or those that may be used at a company, department or user.

    \b
    Examples:
      faxgw covers list
      faxgw covers list --company Acme -o json
    """
    company = _seen(console, company)
    found = admin.covers_at(console.database, company) if company else admin.all_covers(console.database)
    write_rows([_row(one) for one in found], COLUMNS, form)


@covers.command("show")
@click.argument("name")
@company_option
@click.option("--html", is_flag=True, help="Print the template itself: a start for one of your own.")
@as_option
@form_option
@pass_console
def show_command(console: Console, name: str, company: str, html: bool, form: str) -> None:
    """Show the cover page NAME: whose it is, what it asks for, and who has it as default.

    \b
    Examples:
      faxgw covers show plain
      faxgw covers show ours --company Acme --html > ours.html
    """
    one = admin.find_cover(console.database, name, _seen(console, company))
    if html:
        click.echo(one.cover.html, nl=False)
        return
    answer = {
        **_row(one),
        "former_names": admin.former_names(one.cover.name),
        "default_of": admin.default_of(console.database, one),
        "added": one.own.added if one.own else None,
        "size": len(one.cover.html.encode()),
        "fields": one.cover.fields,
    }
    write_one(answer, form)


@covers.command("fields")
@form_option
def fields_command(form: str) -> None:
    """List the fields that a cover page may show.

    A template says {{ subject }} where a value goes, and {{#subject}} ... {{/subject}} around what is left out when the
    value is empty; {{#sender_phone|sender_fax}} ... {{/sender_phone|sender_fax}} stays when either has a value. Fields
    stand in text only, never inside a tag.

    \b
    Examples:
      faxgw covers fields
      faxgw covers fields -o json
    """
    rows = [{"field": name, "shows": words, "sample": SAMPLE[name]} for name, words in FIELDS.items()]
    write_rows(rows, ("field", "shows") if form == Form.TABLE else ("field", "shows", "sample"), form)


@covers.command("add")
@click.argument("name")
@click.argument("file", type=click.Path(path_type=Path))
@owner_option
@click.option("--title", default="", help="What people call it. Default: NAME.")
@click.option("--description", default="", help="A sentence on it, for lists.")
@click.option("--paper", type=click.Choice(PAPERS), default="letter", help="What it is drawn for; any other will do.")
@click.option("--replace", is_flag=True, help="Put it in the place of the one of that name.")
@changing
@pass_console
def add_command(console: Console, name: str, file: Path, **given: Unpack[_AddOptions]) -> None:
    """Add the cover page NAME from FILE, a template in HTML, for a company or department and all below.

    A template is HTML and CSS with the fields of faxgw covers fields. It is refused, with the line, when it names an
    unknown field, is larger than 512 KB, or refers to anything outside, runs anything or brings fonts; pictures go in
    as data:image/png;base64,... A start: faxgw covers show plain --html. Keep health and personal data out of it.

    Exit status: 0 added, 3 no such FILE or company, 6 refused.

    \b
    Examples:
      faxgw covers add ours ours.html --company Acme
      faxgw covers add ours ours.html --company Acme --replace --reason "new logo"
    """
    try:
        content = file.read_bytes()
    except OSError as error:
        raise NotFoundError(f"{file}: cannot be read ({error.strerror}); nothing was added") from None
    form = admin.CoverForm(given["owner"], name, content, given["title"], given["description"], given["paper"])
    changed = admin.add_cover(
        console.door, form, datetime.now(UTC), lambda filled: _tried(console, filled), replace=given["replace"]
    )
    own = changed.answer
    tell(changed, f"cover page {own.name} added to {own.owner}; next: faxgw covers preview, faxgw covers default")
    say(PRIVACY)


@covers.command("remove")
@click.argument("name")
@owner_option
@changing
@pass_console
def remove_command(console: Console, name: str, owner: str) -> None:
    """Remove the cover page NAME; refused while it is anybody's default.

    \b
    Examples:
      faxgw covers remove ours --company Acme
      faxgw covers remove ours --company Acme --dry-run
    """
    changed = admin.remove_cover(console.door, owner, name)
    tell(changed, f"cover page {changed.answer.name} removed from {changed.answer.owner}")


@covers.command("default")
@click.argument("name")
@click.option("--company", "path", required=True, help="Where: the path of a company, a department or a user.")
@changing
@pass_console
def default_command(console: Console, name: str, path: str) -> None:
    """Make the cover page NAME the default at a company, department or user, and below where nothing else is set.

    \b
    Examples:
      faxgw covers default ours --company Acme
      faxgw covers default plain --company Acme/Legal
    """
    changed = admin.make_default(console.door, path, name)
    tell(changed, f"cover page {changed.answer} is the default of {path}")


@covers.command("preview")
@click.argument("name")
@company_option
@page_options
@as_option
@pass_console
def preview_command(console: Console, name: str, company: str, **given: Unpack[PageOptions]) -> None:
    """Write the pages of the cover page NAME, filled with samples and what --field says.

    \\n in a value ends a line; an empty value shows the page without it. The number of pages is that of the cover.

    \b
    Examples:
      faxgw covers preview plain --pdf page.pdf
      faxgw covers preview ours --company Acme --png page.png
    """
    one = admin.find_cover(console.database, name, _seen(console, company))
    given["paper"] = given["paper"] or one.cover.paper
    filled = FilledCover(one.cover, {**SAMPLE, **field_values(given["fields"])})
    targets, made = laid_out(console, (), filled, given)
    if given["form"] == Form.TABLE:
        tell_written(targets, made)
    else:
        write_one(
            {"name": one.cover.name, "owner": one.owner or None, "pages": made.total, **written(targets)}, given["form"]
        )


def _seen(console: Console, company: str) -> str:
    """Where to look for covers: what is named, or the place of an administrator who names none."""
    return below(console.door, company, "covers.view") if company or console.as_name else ""


def _tried(console: Console, filled: FilledCover) -> int:
    """Lay a cover out on the smallest page there is, confined as any fax."""
    limits = console.settings.rendering
    order = FileOrder((), Targets(), "standard", "letter", limits.max_pages, filled)
    return lay_out_files(order, min(TRIAL_SECONDS, limits.max_seconds), limits.max_memory).cover


def _row(one: admin.Listed) -> Row:
    cover = one.cover
    return {
        "name": cover.name,
        "owner": one.owner or None,
        "title": cover.title,
        "default": one.is_default,
        "paper": cover.paper,
        "description": cover.description,
    }
