"""From a mail, or files, on disk to fax pages on disk: what runs inside the confined process that renders.

What lives here: the order in which parts become pages, covers that need the page count, and what failed and why. What
does not: rendering (`renderers`), templates (`coverpages`), the store. Nothing here opens a network connection.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NamedTuple

from coverpages import cover
from gateway.domain.cover_rules import choose_cover
from gateway.domain.errors import BadDirectiveError, RefusedError, UnavailableError
from gateway.domain.outcome import Outcome
from gateway.domain.submission import PartPages
from gateway.mail.notice_facts import FailedPart, part_label
from gateway.mail.parse import MailError, MailParts, PartFile, PartLimits, parts_of
from gateway.mail.parse import Reason as LeftOutReason
from renderers.confine import Limits, run_confined
from renderers.document import Document, Paged
from renderers.errors import RenderError
from renderers.faxpage import FaxShape, Paper, Resolution, read_tiff, write_pdf
from renderers.image import is_ornament
from renderers.pdf import make_paged, sniff
from renderers.rasterize import rasterize

COVER = "cover page"


@dataclass(frozen=True, slots=True)
class CoverWish:
    """What decides on one job's cover, and what fills it; `wish` as in `choose_cover`."""

    job_id: int
    behavior: str
    default: str
    wish: str | None
    fields: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class MailOrder:
    """A mail to be laid out; the pages are written into `workdir`, which the caller makes and removes."""

    mail: Path
    workdir: Path
    resolution: str
    paper: str
    max_pages: int
    covers: tuple[CoverWish, ...]


@dataclass(frozen=True, slots=True)
class CoverPages:
    """One job's own pages: a class F TIFF, or none."""

    tiff: Path | None
    pages: int
    note: str = ""


@dataclass(frozen=True, slots=True)
class MailPages:
    """The pages of a mail: those that all jobs share (none when the cover holds all there is), and each job's own."""

    tiff: Path | None
    pages: int
    parts: tuple[PartPages, ...]
    covers: Mapping[int, CoverPages] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class MailFailure:
    """Why a mail cannot be faxed; `failed` names the parts to blame, `left_out` those that are never faxed."""

    outcome: Outcome
    detail: str = ""
    failed: tuple[FailedPart, ...] = ()
    left_out: tuple[PartPages, ...] = ()


class _Source(NamedTuple):
    part: PartFile
    document: Document


class _Made(NamedTuple):
    part: PartFile
    paged: Paged

    @property
    def label(self) -> str:
        return part_label(self.part.position, self.part.media_type)


def lay_out_mail(order: MailOrder) -> MailPages | MailFailure:
    """Make the pages of a mail: body and attachments in MIME order, then each job's cover."""
    try:
        parts = _parts(order)
    except MailError as error:
        return MailFailure(Outcome.INVALID_ATTACHMENT, "", (FailedPart(0, "message/rfc822", "", error.text),))
    left_out = tuple(PartPages(part_label(0, part.media_type), 0, part.reason.value) for part in parts.left_out)
    try:
        wishes = {wish.job_id: _template(wish, parts) for wish in order.covers}
    except BadDirectiveError as error:
        return MailFailure(Outcome.GENERAL_ERROR, error.text)
    text = _cover_text(parts) if all(name for name, _ in wishes.values()) else ""
    made, failed = _paged(_sources(parts, with_body=not text), order)
    if failed:
        return MailFailure(Outcome.INVALID_ATTACHMENT, "", tuple(failed), left_out)
    if not made and not text:
        return MailFailure(Outcome.NO_ATTACHMENT, "", (), left_out)
    return _joined(order, made, wishes, text, left_out)


def _parts(order: MailOrder) -> MailParts:
    """The plain text where the mail offers a choice; its HTML where that shows pictures larger than a logo."""
    plain, rich = order.workdir / "plain", order.workdir / "rich"
    plain.mkdir()
    parts = parts_of(order.mail, plain)
    if not any(one.reason is LeftOutReason.INLINE_PICTURE for one in parts.left_out):
        return parts
    rich.mkdir()
    laid_out = parts_of(order.mail, rich, PartLimits(prefer_html=True))
    return laid_out if any(not is_ornament(part.path) for part in laid_out.inline.values()) else parts


def _cover_text(parts: MailParts) -> str:
    """The body as a cover shows it; empty when the body is HTML, which is laid out on pages of its own."""
    if parts.body is None or parts.body.media_type != "text/plain":
        return ""
    return parts.body.path.read_text(encoding="utf-8").strip()


def _joined(
    order: MailOrder,
    made: Sequence[_Made],
    wishes: Mapping[int, tuple[str, str]],
    body: str,
    left_out: tuple[PartPages, ...],
) -> MailPages | MailFailure:
    shape = _shape(order.resolution, order.paper)
    tiff = order.workdir / "pages.tif"
    try:
        counts = rasterize([one.paged for one in made], shape, tiff, order.max_pages) if made else []
        total = sum(counts)
        covers = {wish.job_id: _cover(order, shape, wish, wishes[wish.job_id], (body, total)) for wish in order.covers}
    except RenderError as error:
        return MailFailure(Outcome.INVALID_ATTACHMENT, "", (_blamed(error, made),), left_out)
    told = tuple(PartPages(one.label, count) for one, count in zip(made, counts, strict=True))
    if body:
        told = (PartPages(part_label(0, "text/plain"), 0, f"on the {COVER}"), *told)
    return MailPages(tiff if made else None, total, told + left_out, covers)


def _blamed(error: RenderError, made: Sequence[_Made]) -> FailedPart:
    """The part that an error names."""
    part = next((one.part for one in made if one.paged.name == error.name), None)
    if part is None:
        return FailedPart(0, "text/html", error.name, error.text)
    return FailedPart(part.position, part.media_type, part.name, error.text)


def _template(wish: CoverWish, parts: MailParts) -> tuple[str, str]:
    """The template's name, empty for none, and the note for the sender.

    Raises:
        BadDirectiveError: the wish is against the level's rule, or names no cover.
    """
    has_text = parts.body is not None
    choice = choose_cover(wish.behavior, wish.default, wish.wish, has_text)
    if choice.name and choice.name not in cover.templates():
        known = ", ".join(cover.templates())
        raise BadDirectiveError(f"there is no cover page {choice.name!r}; known are {known}")
    return choice.name, choice.note


def _sources(parts: MailParts, with_body: bool) -> list[_Source]:
    inline = {cid: part.path for cid, part in parts.inline.items()}
    found = [_attachment(part) for part in parts.attachments]
    if with_body and parts.body is not None:
        body = parts.body
        label = part_label(0, body.media_type)
        found.insert(0, _Source(body, Document(body.path, body.media_type, label, body.charset, inline)))
    return found


def _attachment(part: PartFile) -> _Source:
    """What bears no name is called by its label; what is declared as mere octets is called by its content."""
    document = Document(part.path, part.media_type, part.name, part.charset)
    if part.media_type == "application/octet-stream":
        part = replace(part, media_type=sniff(document).media_type or part.media_type)
    return _Source(part, replace(document, name=part.name or part_label(part.position, part.media_type)))


def _paged(sources: Sequence[_Source], order: MailOrder) -> tuple[list[_Made], list[FailedPart]]:
    """Every part as pages, and every one that cannot be."""
    made: list[_Made] = []
    failed: list[FailedPart] = []
    shape = _shape(order.resolution, order.paper)
    for number, (part, document) in enumerate(sources):
        folder = order.workdir / f"part{number}"
        folder.mkdir()
        try:
            made.append(_Made(part, make_paged(document, folder, shape, order.max_pages)))
        except RenderError as error:
            failed.append(FailedPart(part.position, part.media_type, part.name, error.text))
    return made, failed


def _cover(
    order: MailOrder, shape: FaxShape, wish: CoverWish, template: tuple[str, str], content: tuple[str, int]
) -> CoverPages:
    """One job's cover; made twice when its text runs over to more pages than was thought."""
    name, note = template
    if not name:
        return CoverPages(None, 0, note)
    body, others = content
    own = 1
    for _ in range(2):
        folder = order.workdir / f"cover{wish.job_id}-{own}"
        folder.mkdir()
        fields = {**wish.fields, "body": body, "pages": str(others + own)}
        html = folder / "cover.html"
        html.write_text(cover.fill(name, fields), encoding="utf-8")
        paged = make_paged(Document(html, "text/html", COVER, "utf-8"), folder, shape)
        made = rasterize([paged], shape, folder / "cover.tif", order.max_pages)[0]
        if made == own:
            break
        own = made
    return CoverPages(folder / "cover.tif", made, note)


def _shape(resolution: str, paper: str) -> FaxShape:
    return FaxShape(resolution=Resolution[resolution.upper()], paper=Paper[paper.upper()])


@dataclass(frozen=True, slots=True)
class FileOrder:
    """Files to be laid out without a mail."""

    files: tuple[Path, ...]
    tiff: Path
    pdf: Path | None
    resolution: str
    paper: str
    max_pages: int


def lay_out_files(order: FileOrder, max_seconds: int, max_memory: int) -> list[int]:
    """Make the pages of files in a confined process; the pages of each, in order.

    Raises:
        RefusedError: a file cannot become pages; names it and says what to do.
        UnavailableError: a file cannot be read or written; names it.
    """
    try:
        return run_confined(_lay_out_files, _absolute(order), limits=Limits(seconds=max_seconds, memory=max_memory))
    except RenderError as error:
        raise RefusedError(f"{error.text} Nothing was written.") from None
    except OSError as error:
        raise UnavailableError(f"{error.filename}: {error.strerror}; check the path and who may use it") from None


def _absolute(order: FileOrder) -> FileOrder:
    """The confined process works in a folder of its own."""
    pdf = None if order.pdf is None else order.pdf.absolute()
    files = tuple(file.absolute() for file in order.files)
    return replace(order, files=files, tiff=order.tiff.absolute(), pdf=pdf)


def _lay_out_files(order: FileOrder) -> list[int]:
    shape = _shape(order.resolution, order.paper)
    folder = Path.cwd()
    paged = []
    for number, file in enumerate(order.files):
        workdir = folder / f"part{number}"
        workdir.mkdir()
        paged.append(make_paged(Document(file, "", file.name), workdir, shape, order.max_pages))
    counts = rasterize(paged, shape, folder / "pages.tif", order.max_pages)
    pages = read_tiff(folder / "pages.tif")
    order.tiff.write_bytes((folder / "pages.tif").read_bytes())
    if order.pdf is not None:
        write_pdf(order.pdf, pages)
    return counts
