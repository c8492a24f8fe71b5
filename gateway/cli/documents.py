"""faxgw render: the fax pages of documents, without sending them.

What lives here: files in, pages out, and the options that say how; `covers preview` writes its pages by them too.
What does not: making pages (`gateway.files`), the other commands on cover pages (`covers`).
"""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import TypedDict, Unpack

import click

from coverpages.fields import FIELDS
from gateway import covers
from gateway.cli.context import Console, pass_console
from gateway.cli.output import Form, Progress, form_option, page_count, say, write_one
from gateway.cover_pages import COVER, FilledCover
from gateway.domain.errors import NotFoundError, UsageError
from gateway.files import FileOrder, FilePages, Targets, lay_out_files

RESOLUTIONS, PAPERS = ("standard", "fine", "superfine"), ("letter", "a4", "legal")
company_option = click.option(
    "--company", default="", help="Whose cover pages are meant: a company, or a path in it as in Acme/Billing."
)


class PageOptions(TypedDict):
    """What `page_options` gives; `paper` is None where the command's own choice holds."""

    tiff: Path | None
    pdf: Path | None
    png: Path | None
    resolution: str
    paper: str | None
    fields: tuple[str, ...]
    form: str


def page_options(command: click.decorators.FC) -> click.decorators.FC:
    """What is written, and of what shape; the same for `render` and `covers preview`."""
    path = click.Path(path_type=Path)
    options = (
        click.option("--to", "tiff", type=path, help="Write the pages as a fax TIFF."),
        click.option("--pdf", type=path, help="Write the same pages as a PDF."),
        click.option("--png", type=path, help="Write each page as a picture into this folder."),
        click.option("--resolution", type=click.Choice(RESOLUTIONS), default="fine", show_default=True),
        click.option("--paper", type=click.Choice(PAPERS), help="Default: letter; of a preview, what it is drawn for."),
        click.option(
            "--field", "fields", multiple=True, metavar="NAME=VALUE", help="What the cover page says; repeatable."
        ),
        form_option,
    )
    for option in reversed(options):
        command = option(command)
    return command


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--cover", help="Put this cover page before them; see faxgw covers list.")
@company_option
@page_options
@pass_console
def render(
    console: Console, files: tuple[Path, ...], cover: str | None, company: str, **given: Unpack[PageOptions]
) -> None:
    """Render FILES, in that order, to the pages that a fax of them would have.

    \b
    Examples:
      faxgw render offer.docx --pdf pages.pdf
      faxgw render mail.eml --to pages.tif -o json
    """
    for file in files:
        if not file.is_file():
            raise NotFoundError(f"{file}: there is no such file; nothing was written")
    values = field_values(given["fields"])
    filled = None
    if cover is not None:
        shelf = covers.shelf(console.database, company) if company else covers.everywhere(console.database)
        filled = FilledCover(shelf.take(cover), values)
    targets, made = laid_out(console, files, filled, given)
    if given["form"] == Form.TABLE:
        named = ([COVER] if made.cover else []) + [str(file) for file in files]
        for name, count in zip(named, made.each, strict=True):
            say(f"{name}: {page_count(count)}")
        tell_written(targets, made)
    else:
        write_one({**_facts(files, made), **written(targets)}, given["form"])


def _facts(files: Sequence[Path], made: FilePages) -> dict[str, object]:
    """What came of the files, for programs."""
    each = zip(files, made.files, made.notes, strict=True)
    parts = [{"name": str(file), "pages": count, "note": note or None} for file, count, note in each]
    return {
        "pages": made.total, "cover_pages": made.cover, "parts": parts, "warnings": list(made.warnings),
        "line_seconds": made.line_seconds, "cpu_seconds": made.cpu_seconds,
    }  # fmt: skip


def laid_out(
    console: Console, files: tuple[Path, ...], cover: FilledCover | None, given: PageOptions
) -> tuple[Targets, FilePages]:
    """Make the pages within the limits of the settings file.

    Raises:
        UsageError: nothing is to be written.
    """
    targets = Targets(given["tiff"], given["pdf"], given["png"])
    if not targets.paths:
        raise UsageError("say what to write: --to FILE.tif, --pdf FILE.pdf or --png FOLDER")
    limits = console.settings.rendering
    order = FileOrder(files, targets, given["resolution"], given["paper"] or PAPERS[0], limits.max_pages, cover)
    with Progress(time.monotonic) as progress:
        return targets, lay_out_files(order, limits.max_seconds, limits.max_memory, progress.show)


def field_values(fields: Sequence[str]) -> dict[str, str]:
    r"""NAME=VALUE, each, as a mapping; \n in a value ends a line.

    Raises:
        UsageError: another form, or a field that does not exist.
    """
    values = {}
    for text in fields:
        name, separator, value = text.partition("=")
        if not separator or name not in FIELDS:
            raise UsageError(f"write a field as NAME=VALUE, not {text!r}; known are {', '.join(FIELDS)}")
        values[name] = value.replace("\\n", "\n")
    return values


def written(targets: Targets) -> dict[str, str | None]:
    """What was written, for programs."""
    named = {"tiff": targets.tiff, "pdf": targets.pdf, "png": targets.png}
    return {name: None if path is None else str(path) for name, path in named.items()}


def tell_written(targets: Targets, made: FilePages) -> None:
    """What was written, for people: the first, and what else; and what to know of it."""
    for note in filter(None, (*made.notes, *made.warnings)):
        say(f"{note[0].upper()}{note[1:].removesuffix('.')}")
    first, *others = targets.paths
    say("; ".join((f"{first} written, {page_count(made.total)}", *(f"{other} too" for other in others))))
