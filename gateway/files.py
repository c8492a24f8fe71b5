"""From files, or a cover page alone, on disk to fax pages on disk, without a mail.

What lives here: laying out in a confined process, and the files that come of it. What does not: mails
(`gateway.pages`), making a cover (`gateway.cover_pages`), rendering (`renderers`), the store.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from gateway.cover_pages import COVER, FilledCover, make_cover, shape_of
from gateway.domain.errors import RefusedError, UnavailableError
from gateway.mail.mime import MailError, PartFile
from gateway.mail.unpack import parts_of_file
from gateway.part_troubles import look_over
from renderers import confine
from renderers.confine import Limits, run_confined
from renderers.document import Document, Paged
from renderers.errors import Reason, RenderError
from renderers.faxpage import FaxShape, read_tiff, write_pdf
from renderers.news import NEWS
from renderers.pdf import Format, make_paged, sniff
from renderers.rasterize import stack
from renderers.usage import own_seconds
from renderers.viewing import write_pngs
from renderers.walls.landlock import Places

_HOLDING_OTHERS = {Format.MESSAGE, Format.MSG, Format.TNEF}


@dataclass(frozen=True, slots=True)
class Targets:
    """What is to be written: a fax TIFF, a PDF, and a folder of PNG; None for what is not wanted."""

    tiff: Path | None = None
    pdf: Path | None = None
    png: Path | None = None

    @property
    def paths(self) -> tuple[Path, ...]:
        """Those that are wanted."""
        return tuple(path for path in (self.tiff, self.pdf, self.png) if path is not None)

    def absolute(self) -> "Targets":
        """The same wherever the process works."""
        return Targets(*(path and path.absolute() for path in (self.tiff, self.pdf, self.png)))


@dataclass(frozen=True, slots=True)
class FileOrder:
    """Files to be laid out in that order, behind a cover if there is one."""

    files: tuple[Path, ...]
    targets: Targets
    resolution: str
    paper: str
    max_pages: int
    cover: FilledCover | None = None


@dataclass(frozen=True, slots=True)
class FilePages:
    """How many pages the cover and each file gave, what is to be known of them, and what they took.

    `notes` say what of each file was left out; empty for nothing. `line_seconds` are at 14400 bit/s, the cover among
    them; `cpu_seconds` of making them, by LibreOffice too where it was started for it.
    """

    cover: int
    files: tuple[int, ...]
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    line_seconds: int = 0
    cpu_seconds: float = 0.0

    @property
    def each(self) -> tuple[int, ...]:
        """The pages of the cover, when there is one, and of each file."""
        return (self.cover, *self.files) if self.cover else self.files

    @property
    def total(self) -> int:
        """All of them."""
        return self.cover + sum(self.files)


def lay_out_files(
    order: FileOrder, max_seconds: int, max_memory: int, hear: Callable[[str], None] = confine.unheard
) -> FilePages:
    """Make the pages of files in a confined process; `hear` is told how far it is, at most twice a second.

    Raises:
        RefusedError: a file or the cover cannot become pages; names it and says what to do.
        UnavailableError: a file cannot be read or written; names it.
    """
    files = tuple(file.absolute() for file in order.files)
    order = replace(order, files=files, targets=order.targets.absolute())
    places = Places(read=files, written=tuple(path.parent for path in order.targets.paths))
    beside = confine.seconds_beside()
    try:
        limits = Limits(seconds=max_seconds, memory=max_memory)
        made = run_confined(_lay_out_files, order, limits=limits, places=places, hear=hear)
    except RenderError as error:
        raise RefusedError(f"{error.text} Nothing was written.") from None
    except OSError as error:
        raise UnavailableError(f"{error.filename}: {error.strerror}; check the path and who may use it") from None
    beside = max(0.0, confine.seconds_beside() - beside)  # less than nothing: a worker has ended meanwhile
    return replace(made, cpu_seconds=round(made.cpu_seconds + beside, 3))


def _lay_out_files(order: FileOrder) -> FilePages:
    """What the confined process does, in its own folder."""
    shape = shape_of(order.resolution, order.paper)
    folder = Path.cwd()
    paged = [_paged(file, number, folder, order, shape) for number, file in enumerate(order.files)]
    stacked = stack(paged, shape, folder / "files.tif", order.max_pages) if paged else []
    looks = tuple(look for one in stacked for look in one.looks)
    made = [Paged(folder / "files.tif", "tiff", len(looks), "the files", looks)] if paged else []
    own = 0
    if order.cover is not None:
        tiff, own = make_cover(order.cover, len(looks), shape, folder / "cover", order.max_pages)
        made.insert(0, Paged(tiff, "tiff", own, COVER))
    looks = tuple(look for one in stack(made, shape, folder / "pages.tif", order.max_pages) for look in one.looks)
    _write(folder / "pages.tif", order.targets)
    seen = look_over(read_tiff(folder / "pages.tif"), looks)
    given = tuple(one.pages for one in stacked), tuple(one.note for one in stacked)
    return FilePages(own, *given, seen.warnings, seen.line_seconds, own_seconds())


def _paged(file: Path, number: int, folder: Path, order: FileOrder, shape: FaxShape) -> Paged:
    """A file as pages; a mail in a file is what it holds."""
    NEWS.tell(f"{file.name}: file {number + 1} of {len(order.files)}")
    workdir = folder / f"part{number}"
    workdir.mkdir()
    document = Document(file, "", file.name)
    if sniff(document) not in _HOLDING_OTHERS:
        return make_paged(document, workdir, shape, order.max_pages)
    try:
        parts = parts_of_file(file, file.name, workdir)
    except MailError as error:
        raise RenderError(Reason.CORRUPT, file.name, error.text) from error
    made = [_paged_part(part, workdir / f"inner{place}", order, shape) for place, part in enumerate(parts)]
    if not made:
        raise RenderError(Reason.EMPTY, file.name)
    looks = tuple(look for one in stack(made, shape, workdir / "mail.tif", order.max_pages) for look in one.looks)
    return Paged(workdir / "mail.tif", "tiff", len(looks), file.name, looks)


def _paged_part(part: PartFile, workdir: Path, order: FileOrder, shape: FaxShape) -> Paged:
    if part.trouble is not None:
        raise RenderError(part.trouble, part.name)
    workdir.mkdir()
    inline = {cid: picture.path for cid, picture in part.inline.items()}
    document = Document(part.path, part.media_type, part.name, part.charset, inline)
    return make_paged(document, workdir, shape, order.max_pages)


def _write(tiff: Path, targets: Targets) -> None:
    if targets.tiff is not None:
        targets.tiff.write_bytes(tiff.read_bytes())
    if targets.pdf is not None:
        write_pdf(targets.pdf, read_tiff(tiff))
    if targets.png is not None:
        targets.png.mkdir(exist_ok=True)
        write_pngs(tiff, targets.png)
