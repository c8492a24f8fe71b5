"""faxgw notices: how the mails look that tell senders what became of their faxes, for each company.

What lives here: arguments and answers. What does not: rules (`gateway.admin.notice_templates`).
"""

from pathlib import Path
from typing import Any

import click

from gateway.admin import notice_templates as admin
from gateway.admin.notice_templates import TemplateFiles
from gateway.bearings import voice_of
from gateway.cli.acting import as_option, changing, tell
from gateway.cli.context import Console, pass_console
from gateway.cli.output import Row, form_option, say, write_one, write_rows
from gateway.domain.notice_templates import OwnTemplate
from gateway.mail.notice_looks import FIELDS, start

COLUMNS = ("company", "kind", "subject", "text", "html", "added")
KIND = click.Choice(admin.KINDS)
SAMPLE = click.Choice(admin.sample_kinds())
FILE = click.Path(path_type=Path, exists=True, dir_okay=False)
TARGET = click.Path(path_type=Path, dir_okay=False)
company_option = click.option("--company", required=True, help="Whose notices.")


def _template_options(command: click.decorators.FC) -> click.decorators.FC:
    for option in (
        click.option("--html", type=FILE, help="A file with the template of the HTML."),
        click.option("--text", type=FILE, help="A file with the template of the plain text."),
        click.option("--subject", help='The template of the subject, as in "Acme: {{ title }}".'),
    ):
        command = option(command)
    return command


@click.group()
def notices() -> None:
    """How notices look: each company may have templates of its own."""


@notices.command("list")
@click.option("--company", default="", help="Only of this company.")
@as_option
@form_option
@pass_console
def list_command(console: Console, company: str, form: str) -> None:
    """List the templates that companies have of their own.

    \b
    Examples:
      faxgw notices list
      faxgw notices list --company Acme -o json
    """
    write_rows([_row(one) for one in admin.listed(console.door, company)], COLUMNS, form)


@notices.command("show")
@click.argument("kind", type=KIND)
@company_option
@click.option("--only", type=click.Choice(("text", "html")), help="Print this template itself, and nothing else.")
@as_option
@form_option
@pass_console
def show_command(console: Console, kind: str, company: str, only: str | None, form: str) -> None:
    """Show a company's template for notices of KIND.

    \b
    Examples:
      faxgw notices show all --company Acme
      faxgw notices show all --company Acme --only html > acme.html
    """
    found = admin.shown(console.door, company, kind)
    if only:
        click.echo(getattr(found.template, only), nl=False)
        return
    write_one(_row(found), form)


@notices.command("set")
@click.argument("kind", type=KIND)
@company_option
@_template_options
@changing
@pass_console
def set_command(
    console: Console, kind: str, company: str, subject: str | None, text: Path | None, html: Path | None
) -> None:
    """Give a company's notices of KIND a look of their own, or all kinds that have none.

    A template is refused, with each problem's line, when it names an unknown field, holds what runs or is fetched, or
    leaves out what a notice must tell. What is not given stays as it is.

    \b
    Examples:
      faxgw notices set all --company Acme --html acme.html --text acme.txt
      faxgw notices set delivery-failure --company Acme --subject "Not faxed: {{ title }}" --dry-run
    """
    changed = admin.put(console.door, company, kind, _files(subject, text, html))
    tell(changed, f"notices of {changed.answer.company} ({kind}) have their own look")


@notices.command("remove")
@click.argument("kind", type=KIND)
@company_option
@changing
@pass_console
def remove_command(console: Console, kind: str, company: str) -> None:
    """Have a company's notices of KIND look as for everybody again.

    \b
    Examples:
      faxgw notices remove all --company Acme
      faxgw notices remove delivery-failure --company Acme --dry-run
    """
    changed = admin.remove(console.door, company, kind)
    tell(changed, f"notices of {company} ({kind}) look as for everybody again")


@notices.command("fields")
@form_option
def fields_command(form: str) -> None:
    """List the fields that a template may show; a subject takes title, company and about.

    \b
    Examples:
      faxgw notices fields
      faxgw notices fields -o json
    """
    write_rows([{"field": name, "about": about} for name, about in FIELDS.items()], ("field", "about"), form)


@notices.command("start")
@click.argument("what", type=click.Choice(("text", "html")))
def start_command(what: str) -> None:
    """Print a template to begin your own with.

    \b
    Examples:
      faxgw notices start html > acme.html
      faxgw notices start text > acme.txt
    """
    click.echo(getattr(start(), what), nl=False)


@notices.command("preview")
@click.argument("kind", type=SAMPLE)
@click.option("--company", default="", help="As this company's people get it.")
@_template_options
@click.option("--to-eml", type=TARGET, help="Write the whole mail, for a mail program.")
@click.option("--to-html", type=TARGET, help="Write its HTML, for a browser.")
@as_option
@pass_console
def preview_command(console: Console, /, kind: str, company: str, **given: Any) -> None:
    """Show a notice of KIND on a fax that never was: its subject and text, or the files that are asked for.

    \b
    Examples:
      faxgw notices preview delivery-failure
      faxgw notices preview initial-success --company Acme --html acme.html --to-html page.html
    """
    files = _files(given["subject"], given["text"], given["html"])
    made = admin.preview(console.door, voice_of(console.settings), company, kind, files)
    for target, content in ((given["to_eml"], made.message), (given["to_html"], made.look.html.encode())):
        if target is not None:
            target.write_bytes(content)
            say(f"{target} written")
    if given["to_eml"] is None and given["to_html"] is None:
        click.echo(f"Subject: {made.look.subject}\n\n{made.look.text}", nl=False)


def _files(subject: str | None, text: Path | None, html: Path | None) -> TemplateFiles:
    read = [None if path is None else path.read_bytes() for path in (text, html)]
    return TemplateFiles(subject, *read)


def _row(one: OwnTemplate) -> Row:
    own = one.template
    return {
        "company": one.company,
        "kind": one.kind,
        "subject": own.subject or None,
        "text": bool(own.text),
        "html": bool(own.html),
        "added": one.added,
    }
