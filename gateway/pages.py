"""From a mail on disk to fax pages on disk: what runs inside the confined process that renders.

What lives here: the order in which parts become pages, covers that need the page count, and what failed and why. What
does not: rendering (`renderers`), making a cover (`gateway.cover_pages`), files without a mail (`gateway.files`), the
store. Nothing here opens a network connection.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NamedTuple

from coverpages.cover import Cover
from gateway.cover_pages import COVER, FilledCover, make_cover, shape_of
from gateway.domain.cover_rules import CoverChoice, CoverRule, choose_cover
from gateway.domain.errors import BadDirectiveError
from gateway.domain.outcome import Outcome
from gateway.domain.submission import PartPages
from gateway.mail.notice_facts import FailedPart, part_label
from gateway.mail.parse import MailError, MailParts, PartFile, PartLimits, parts_of
from gateway.mail.parse import Reason as LeftOutReason
from renderers.document import Document, Paged
from renderers.errors import RenderError
from renderers.image import is_ornament
from renderers.pdf import make_paged, sniff
from renderers.rasterize import rasterize


@dataclass(frozen=True, slots=True)
class CoverWish:
    """What decides on one job's cover, and what fills it; `rule` and `wish` as in `choose_cover`.

    `cover` is the one that would be taken; None when there is none of that name, for the reason in `missing`.
    """

    job_id: int
    rule: CoverRule
    wish: str | None
    cover: Cover | None
    fields: Mapping[str, str]
    missing: str = ""


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
        wishes = {wish.job_id: _chosen(wish, parts) for wish in order.covers}
    except BadDirectiveError as error:
        return MailFailure(Outcome.GENERAL_ERROR, error.text)
    text = _cover_text(parts) if all(chosen.name for chosen in wishes.values()) else ""
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
    wishes: Mapping[int, CoverChoice],
    body: str,
    left_out: tuple[PartPages, ...],
) -> MailPages | MailFailure:
    shape = shape_of(order.resolution, order.paper)
    tiff = order.workdir / "pages.tif"
    try:
        counts = rasterize([one.paged for one in made], shape, tiff, order.max_pages) if made else []
        total = sum(counts)
        covers = {wish.job_id: _cover(order, wish, wishes[wish.job_id], (body, total)) for wish in order.covers}
    except RenderError as error:
        return MailFailure(Outcome.INVALID_ATTACHMENT, "", (_blamed(error, made),), left_out)
    except BadDirectiveError as error:
        return MailFailure(Outcome.GENERAL_ERROR, error.text)
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


def _chosen(wish: CoverWish, parts: MailParts) -> CoverChoice:
    """What the level's rule makes of the wish.

    Raises:
        BadDirectiveError: the wish is against the level's rule, or names no cover.
    """
    choice = choose_cover(wish.rule, wish.wish, has_body_text=parts.body is not None)
    if choice.name and wish.cover is None:
        raise BadDirectiveError(wish.missing)
    return choice


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
    shape = shape_of(order.resolution, order.paper)
    for number, (part, document) in enumerate(sources):
        folder = order.workdir / f"part{number}"
        folder.mkdir()
        try:
            made.append(_Made(part, make_paged(document, folder, shape, order.max_pages)))
        except RenderError as error:
            failed.append(FailedPart(part.position, part.media_type, part.name, error.text))
    return made, failed


def _cover(order: MailOrder, wish: CoverWish, chosen: CoverChoice, content: tuple[str, int]) -> CoverPages:
    """One job's cover."""
    if not chosen.name or wish.cover is None:
        return CoverPages(None, 0, chosen.note)
    body, others = content
    filled = FilledCover(wish.cover, {**wish.fields, "body": body})
    shape = shape_of(order.resolution, order.paper)
    tiff, pages = make_cover(filled, others, shape, order.workdir / f"cover{wish.job_id}", order.max_pages)
    return CoverPages(tiff, pages, chosen.note)
