"""faxgw render: the fax pages of documents, without sending them."""

from pathlib import Path

import click

from gateway.cli.context import Console, pass_console
from gateway.cli.output import page_count, say
from gateway.domain.errors import NotFoundError
from gateway.pages import FileOrder, lay_out_files


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--to", "tiff", required=True, type=click.Path(path_type=Path), help="The fax TIFF to write.")
@click.option("--pdf", type=click.Path(path_type=Path), help="Also write the same pages as PDF.")
@click.option("--resolution", type=click.Choice(["standard", "fine", "superfine"]), default="fine", show_default=True)
@click.option("--paper", type=click.Choice(["letter", "a4", "legal"]), default="letter", show_default=True)
@pass_console
def render(
    console: Console, files: tuple[Path, ...], tiff: Path, pdf: Path | None, resolution: str, paper: str
) -> None:
    """Render FILES, in that order, to the pages that a fax of them would have."""
    for file in files:
        if not file.is_file():
            raise NotFoundError(f"{file}: there is no such file; nothing was written")
    rendering = console.settings.rendering
    order = FileOrder(files, tiff, pdf, resolution, paper, rendering.max_pages)
    counts = lay_out_files(order, rendering.max_seconds, rendering.max_memory)
    for file, count in zip(files, counts, strict=True):
        say(f"{file}: {page_count(count)}")
    say(f"{tiff} written, {page_count(sum(counts))}" + (f"; {pdf} too" if pdf else ""))
