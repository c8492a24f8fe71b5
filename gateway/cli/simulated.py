"""What the commands on the simulated line share: far ends, identifiers, pages made of files.

What lives here: those parts. What does not: the commands (`simulate`, `call_in`), rendering (`gateway.files`).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypedDict

import click

from gateway.cli.context import Console
from gateway.domain.errors import NotFoundError, UsageError
from gateway.fax.simulator.exchange import Exchange
from gateway.fax.t4.classf import PageFile, PageFileError
from gateway.fax.t30.frames import Fcf, FrameError, encode_identifier
from gateway.files import FileOrder, Targets, lay_out_files

_TIFF_MARKS = (b"II*\0", b"MM\0*")
scenario_option = click.option(
    "--scenario",
    multiple=True,
    type=click.Path(path_type=Path, dir_okay=False),
    help="A file of far ends beside that of the settings; repeatable.",
)


def rendering_options(command: click.decorators.FC) -> click.decorators.FC:
    """How files become pages."""
    resolutions, papers = click.Choice(["standard", "fine", "superfine"]), click.Choice(["letter", "a4", "legal"])
    paper = click.option("--paper", type=papers, default="letter", help="Likewise.")
    return click.option("--resolution", type=resolutions, default="fine", help="Of pages that are rendered.")(
        paper(command)
    )


class Rendering(TypedDict):
    """How files become pages."""

    resolution: str
    paper: str


def exchange_of(console: Console, scenarios: tuple[Path, ...]) -> Exchange:
    """The reserved numbers, those of the settings' scenario file, and those of the files given."""
    configured = console.settings.calling.scenario
    return Exchange.load([*([Path(configured)] if configured else []), *scenarios])


def check_identifiers(station_id: str, sub_address: str = "", caller: str = "") -> None:
    """Raises UsageError when one of them cannot go on the line (T.30 5.3.6.2.4)."""
    for text, of in ((station_id, Fcf.CSI), (sub_address, Fcf.SUB), (caller, Fcf.TSI)):
        try:
            encode_identifier(text, of)
        except FrameError as fault:
            raise UsageError(f"{text!r}: {fault}") from None


@contextmanager
def fresh_folder() -> Iterator[Path]:
    """A folder that is gone afterwards."""
    with TemporaryDirectory(prefix="faxgw-") as folder:
        yield Path(folder)


def fax_pages(console: Console, files: tuple[Path, ...], folder: Path, rendering: Rendering) -> Path:
    """A class F TIFF of the files: the one given when it is such, else rendered as `faxgw render` would.

    Raises:
        NotFoundError: a file is not there.
        RefusedError: a file cannot become pages.
    """
    for file in files:
        if not file.is_file():
            raise NotFoundError(f"{file}: there is no such file; nothing was called")
    if len(files) == 1 and _is_class_f(files[0]):
        return files[0]
    limits = console.settings.rendering
    made = folder / "pages.tif"
    order = FileOrder(files, Targets(made), rendering["resolution"], rendering["paper"], limits.max_pages)
    lay_out_files(order, limits.max_seconds, limits.max_memory)
    return made


def _is_class_f(file: Path) -> bool:
    """What cannot be read is not: the rendering says why."""
    try:
        with file.open("rb") as content:
            return content.read(4) in _TIFF_MARKS and len(PageFile(file)) > 0
    except (OSError, PageFileError):
        return False
