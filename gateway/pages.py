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
from gateway.mail.mime import MailError, MailParts, PartFile
from gateway.mail.notice_facts import NOT_SENT, FailedPart, part_label
from gateway.mail.unpack import faxable_parts
from gateway.mail.wording import TEXT_OFF
from gateway.part_troubles import PROBLEMS, begin, look_over
from renderers.document import Document, Paged
from renderers.errors import Reason, RenderError
from renderers.faxpage import read_tiff
from renderers.pdf import make_paged, sniff
from renderers.rasterize import Stacked, stack


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
    """A mail to be laid out; the pages are written into `workdir`, which the caller makes and removes.

    `with_text` is whether the text of the mail is faxed; `partial` whether the rest is sent when a part cannot be.
    `given_up` are parts that were tried before and ended the process: they are not tried again.
    """

    mail: Path
    workdir: Path
    resolution: str
    paper: str
    max_pages: int
    covers: tuple[CoverWish, ...]
    with_text: bool = True
    partial: bool = False
    given_up: tuple[FailedPart, ...] = ()


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
    warnings: tuple[str, ...] = ()
    line_seconds: int = 0  # of the pages that all share, at 14400 bit/s


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
        return part_label(self.part.position, self.part.told_type, self.part.within)


def lay_out_mail(order: MailOrder) -> MailPages | MailFailure:
    """Make the pages of a mail: body and attachments in MIME order, then each job's cover."""
    try:
        parts = faxable_parts(order.mail, order.workdir)
    except MailError as error:
        return MailFailure(Outcome.INVALID_ATTACHMENT, "", (FailedPart(0, "message/rfc822", "", error.text),))
    left_out = _left_out(parts, order)
    text_off = parts.body is not None and not order.with_text
    parts = parts if order.with_text else replace(parts, body=None)
    try:
        wishes = {wish.job_id: _chosen(wish, parts) for wish in order.covers}
    except BadDirectiveError as error:
        return MailFailure(Outcome.GENERAL_ERROR, error.text)
    text = _cover_text(parts) if all(chosen.name for chosen in wishes.values()) else ""
    made, failed = _paged(_sources(parts, with_body=not text), order)
    if failed and (not order.partial or not (made or text)):
        return MailFailure(Outcome.INVALID_ATTACHMENT, "", tuple(failed), left_out)
    if not made and not text:
        return MailFailure(Outcome.NO_ATTACHMENT, TEXT_OFF if text_off else "", (), left_out)
    return _joined(order, made, wishes, text, (failed, left_out))


def _left_out(parts: MailParts, order: MailOrder) -> tuple[PartPages, ...]:
    found = [PartPages(part_label(0, part.media_type, part.within), 0, part.reason.value) for part in parts.left_out]
    if parts.body is not None and not order.with_text:
        found.insert(0, PartPages(part_label(0, parts.body.media_type), 0, "switched off, not faxed"))
    return tuple(found)


def _cover_text(parts: MailParts) -> str:
    """The body as a cover shows it; empty when the body is HTML, which is laid out on pages of its own."""
    if parts.body is None or parts.body.media_type != "text/plain":
        return ""
    return parts.body.path.read_text(encoding="utf-8").strip()


def _joined(
    order: MailOrder,
    made: list[_Made],
    wishes: Mapping[int, CoverChoice],
    body: str,
    missing: tuple[list[FailedPart], tuple[PartPages, ...]],
) -> MailPages | MailFailure:
    failed, left_out = missing
    tiff = order.workdir / "pages.tif"
    try:
        stacked = _rasterized(order, made, tiff, failed)
        total = sum(one.pages for one in stacked)
        covers = {wish.job_id: _cover(order, wish, wishes[wish.job_id], (body, total)) for wish in order.covers}
    except RenderError as error:
        return MailFailure(Outcome.INVALID_ATTACHMENT, "", (*failed, _blamed(error, made)), left_out)
    except BadDirectiveError as error:
        return MailFailure(Outcome.GENERAL_ERROR, error.text)
    told = [PartPages(one.label, gave.pages) for one, gave in zip(made, stacked, strict=True)]
    told += [PartPages(one.label, 0, gave.note) for one, gave in zip(made, stacked, strict=True) if gave.note]
    if body:
        told.insert(0, PartPages(part_label(0, "text/plain"), 0, f"on the {COVER}"))
    told += [PartPages(part.label, 0, NOT_SENT + part.problem.value) for part in failed]
    if not total:
        return MailPages(None, 0, (*told, *left_out), covers)
    seen = look_over(read_tiff(tiff), [look for one in stacked for look in one.looks])
    return MailPages(tiff, total, (*told, *left_out), covers, seen.warnings, seen.line_seconds)


def _rasterized(order: MailOrder, made: list[_Made], tiff: Path, failed: list[FailedPart]) -> list[Stacked]:
    """What each part gave; what cannot be drawn leaves `made` for `failed` where the rest may be sent.

    Raises:
        RenderError: a part cannot be drawn, and nothing else is left or the mail goes out whole or not at all.
    """
    drawn: list[Paged] = []
    gave: list[Stacked] = []
    shape = shape_of(order.resolution, order.paper)
    for number, one in enumerate(_within_limit(order, made, failed)):
        begin(order.workdir, _failed(one.part, RenderError(Reason.CRASHED, one.paged.name)))
        own = order.workdir / f"drawn{number}.tif"
        try:
            [stacked] = stack([one.paged], shape, own, order.max_pages)
        except RenderError as error:
            _give_up(one, error, order, made, failed)
        else:
            drawn.append(Paged(own, "tiff", stacked.pages, one.paged.name, stacked.looks))
            gave.append(stacked)
    if drawn:
        stack(drawn, shape, tiff, order.max_pages)
    return gave


def _within_limit(order: MailOrder, made: list[_Made], failed: list[FailedPart]) -> list[_Made]:
    """The parts up to the most pages, before any is drawn."""
    total = 0
    for one in list(made):
        if total + one.paged.pages > order.max_pages:
            detail = f"page {total + one.paged.pages} of at most {order.max_pages}"
            _give_up(one, RenderError(Reason.TOO_MANY_PAGES, one.paged.name, detail), order, made, failed)
        else:
            total += one.paged.pages
    return list(made)


def _give_up(one: _Made, error: RenderError, order: MailOrder, made: list[_Made], failed: list[FailedPart]) -> None:
    if not order.partial or len(made) == 1:
        raise error
    made.remove(one)
    failed.append(_failed(one.part, error))


def _blamed(error: RenderError, made: Sequence[_Made]) -> FailedPart:
    """The part that an error names."""
    part = next((one.part for one in made if one.paged.name == error.name), None)
    if part is None:
        return FailedPart(0, "text/html", error.name, error.nameless, PROBLEMS[error.reason])
    return _failed(part, error)


def _failed(part: PartFile, error: RenderError) -> FailedPart:
    return FailedPart(part.position, part.told_type, part.name, error.nameless, PROBLEMS[error.reason], part.within)


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
    inline = {cid: picture.path for cid, picture in part.inline.items()}
    name = part.name or part_label(part.position, part.told_type, part.within)
    return _Source(part, replace(document, name=name, inline=inline))


def _paged(sources: Sequence[_Source], order: MailOrder) -> tuple[list[_Made], list[FailedPart]]:
    """Every part as pages, and every one that cannot be."""
    made: list[_Made] = []
    failed: list[FailedPart] = []
    for number, source in enumerate(sources):
        before = next((one for one in order.given_up if _place(one) == _place(source.part)), None)
        if before is not None:
            failed.append(before)
            continue
        begin(order.workdir, _failed(source.part, RenderError(Reason.CRASHED, source.document.name)))
        try:
            made.append(_Made(source.part, _pages_of(source, order, order.workdir / f"part{number}")))
        except RenderError as error:
            failed.append(_failed(source.part, error))
    return made, failed


def _pages_of(source: _Source, order: MailOrder, folder: Path) -> Paged:
    if source.part.trouble is not None:
        raise RenderError(source.part.trouble, source.document.name)
    folder.mkdir()
    return make_paged(source.document, folder, shape_of(order.resolution, order.paper), order.max_pages)


def _place(part: PartFile | FailedPart) -> tuple[int, ...]:
    return (*part.within, part.position)


def _cover(order: MailOrder, wish: CoverWish, chosen: CoverChoice, content: tuple[str, int]) -> CoverPages:
    """One job's cover."""
    if not chosen.name or wish.cover is None:
        return CoverPages(None, 0, chosen.note)
    body, others = content
    filled = FilledCover(wish.cover, {**wish.fields, "body": body})
    shape = shape_of(order.resolution, order.paper)
    tiff, pages = make_cover(filled, others, shape, order.workdir / f"cover{wish.job_id}", order.max_pages)
    return CoverPages(tiff, pages, chosen.note)
