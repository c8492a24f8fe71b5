"""What a mail holds, down to the last attachment of a mail within a mail: all that may become pages, in order.

What lives here: mails in mails, winmail.dat and opaque signatures opened; ornaments left out and listed. What does not:
MIME (`parse`), the formats themselves (`tnef`, `cms`), rendering. Runs in the confined process.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

from gateway.mail import cms, msg, tnef
from gateway.mail.heading import Heading, headed, heading_of
from gateway.mail.mime import LeftOut, MailError, MailParts, PartFile, PartLimits, Reason, has_words, shown
from gateway.mail.outlook import OutlookAttachment, OutlookMail
from gateway.mail.parse import parts_of
from renderers import ole
from renderers.charsets import decode
from renderers.document import Document, Format
from renderers.errors import Reason as Trouble
from renderers.image import is_invisible, is_ornament
from renderers.pdf import sniff

BETWEEN = " > "
_LEFT_OUT = {
    Format.SIGNATURE: Reason.SIGNATURE,
    Format.CONTACT: Reason.CONTACT,
    Format.CALENDAR: Reason.CALENDAR,
    Format.RESOURCE_FORK: Reason.RESOURCE_FORK,
}
_MAIL = "message/rfc822"


@dataclass(frozen=True, slots=True)
class Depth:
    """How many mails within mails are opened, and how many parts they may have together."""

    mails: int = 5
    parts: int = 500


class _Level(NamedTuple):
    """One mail: its text and what is attached to it, not yet opened."""

    body: PartFile | None
    attachments: list[PartFile]


def faxable_parts(mail: Path, workdir: Path, depth: Depth | None = None) -> MailParts:
    """Take a mail apart, and what it holds; decoded parts become files below `workdir`, which exists.

    Raises:
        MailError: the mail itself cannot be taken apart. What is wrong with its parts stands in their `trouble`.
    """
    return _Unpacking(workdir, depth or Depth()).whole(mail)


def parts_of_file(path: Path, name: str, workdir: Path, depth: Depth | None = None) -> tuple[PartFile, ...]:
    """What a mail in a file, or a winmail.dat, holds, its text first; any other file as it is.

    Raises:
        MailError: it holds too many parts.
    """
    return _Unpacking(workdir, depth or Depth()).of_file(PartFile(0, "", name, "", path, path.stat().st_size))


class _Unpacking:
    def __init__(self, workdir: Path, depth: Depth) -> None:
        self._workdir = workdir
        self._depth = depth
        self._folders = 0
        self._parts = 0
        self._left_out: list[LeftOut] = []
        self._packed_mails: dict[Path, Callable[[], OutlookMail]] = {}  # by the empty files that stand for them

    def whole(self, mail: Path) -> MailParts:
        level = self._mail(mail, ())
        parts = [one for part in _numbered(level.attachments, ()) for one in self._opened(part)]
        inline = level.body.inline if level.body else {}
        return MailParts(level.body, tuple(parts), inline, tuple(self._left_out))

    def of_file(self, part: PartFile) -> tuple[PartFile, ...]:
        level = self._wrapped(part, ())
        text = [replace(level.body, name=part.name)] if level.body else []
        parts = [one for inner in _numbered(level.attachments, ()) for one in self._opened(inner)]
        return (*text, *parts)

    def _mail(self, path: Path, within: tuple[int, ...]) -> _Level:
        """A mail's text and attachments; what Outlook packed or a signature wraps stands among them."""
        parts = self._chosen(path)
        self._left_out += [replace(one, within=within) for one in parts.left_out]
        body = replace(parts.body, inline=parts.inline) if parts.body else None
        found: list[PartFile] = []
        for part in parts.attachments:
            wrapped = self._wrapped(part, within)
            body = body or wrapped.body
            found += wrapped.attachments
        return _Level(body, found)

    def _chosen(self, path: Path) -> MailParts:
        """The plain text where the mail offers a choice; its HTML where that shows pictures larger than a logo."""
        plain = parts_of(path, self._folder())
        shown = plain if plain.inline else None
        if any(one.reason is Reason.INLINE_PICTURE for one in plain.left_out):
            shown = parts_of(path, self._folder(), PartLimits(prefer_html=True))
        if shown is None or _is_all_pictures(shown.body):
            return shown or plain
        pictures = {cid: part for cid, part in shown.inline.items() if not is_ornament(part.path)}
        ornaments = tuple(_ornament(part) for cid, part in shown.inline.items() if cid not in pictures)
        chosen = shown if pictures or plain.inline else plain
        others = tuple(one for one in chosen.left_out if one.reason is not Reason.INLINE_PICTURE)
        return replace(chosen, inline=pictures, left_out=others + ornaments)

    def _wrapped(self, part: PartFile, within: tuple[int, ...]) -> _Level:
        """What a winmail.dat or an opaque signature holds in place of itself; any other part as it is."""
        kind = _kind(part)
        try:
            if kind is Format.TNEF:
                return self._outlook(tnef.read_tnef(part.path.read_bytes()), within)
            if kind is Format.SIGNATURE and (signed := _signed(part.path.read_bytes())):
                return self._mail(self._written(signed), within)
        except MailError:
            return _Level(None, [replace(part, trouble=Trouble.CORRUPT)])
        return _Level(None, [part])

    def _outlook(self, packed: OutlookMail, within: tuple[int, ...]) -> _Level:
        attachments: list[PartFile] = []
        for one in packed.attachments:
            part = self._packed(one)
            if one.is_object and part.trouble is None and _kind(part) in {Format.UNKNOWN, Format.EMPTY}:
                self._left_out.append(LeftOut(part.name, "image/*", Reason.INLINE_PICTURE, within))
            else:
                attachments.append(part)
        if not packed.body.strip():
            return _Level(None, attachments)
        path = self._written(packed.body)
        return _Level(PartFile(0, packed.body_type, "", packed.charset, path, len(packed.body)), attachments)

    def _packed(self, one: OutlookAttachment) -> PartFile:
        """An attachment that Outlook packed; of an object, the file that is in it, if one is."""
        path = self._written(b"" if one.mail else one.content)
        kind = one.media_type or "application/octet-stream"
        part = PartFile(0, kind, shown(one.name), "", path, len(one.content), one.content_id)
        if one.mail is not None:
            self._packed_mails[path] = one.mail
        try:
            package = ole.packaged(path) if one.is_object else None
        except ValueError:
            return replace(part, trouble=Trouble.CORRUPT)
        if package is None:
            return part
        name, content = package
        return replace(part, name=shown(name), path=self._written(content), size=len(content))

    def _opened(self, part: PartFile) -> list[PartFile]:
        """The parts that a part becomes: itself, nothing, or a mail's heading with its text and its attachments."""
        self._parts += 1
        if self._parts > self._depth.parts:
            raise MailError(f"the mail has more than {self._depth.parts} parts")
        kind = _kind(part)
        if part.trouble is None and (kind in {Format.MESSAGE, Format.MSG} or part.path in self._packed_mails):
            return self._enclosed(part)
        reason = _left_out_reason(part, kind)
        if reason is None or part.trouble is not None:
            return [part]
        self._left_out.append(LeftOut(part.name, part.media_type, reason, part.within))
        return []

    def _enclosed(self, part: PartFile) -> list[PartFile]:
        within = (*part.within, part.position)
        whole = replace(part, media_type=_MAIL, told_as=_MAIL, name=part.name or "mail")
        if len(within) > self._depth.mails:
            return [replace(whole, trouble=Trouble.TOO_LARGE)]
        try:
            heading, level = self._read(part, within)
        except MailError:
            return [replace(whole, trouble=Trouble.CORRUPT)]
        found = [self._headed(whole, heading, level.body)]
        for inner in _numbered(level.attachments, within):
            named = replace(inner, name=f"{whole.name}{BETWEEN}{inner.name or 'attachment'}")
            found += self._opened(named)
        return found

    def _read(self, part: PartFile, within: tuple[int, ...]) -> tuple[Heading, _Level]:
        if part.path in self._packed_mails:
            packed = self._packed_mails[part.path]()
        elif _kind(part) is Format.MSG:
            packed = msg.read_msg(part.path)
        else:
            return heading_of(part.path), self._mail(part.path, within)
        return packed.heading, self._outlook(packed, within)

    def _headed(self, mail: PartFile, heading: Heading, body: PartFile | None) -> PartFile:
        """The text of a mail below its heading; a text that neither is plain nor HTML follows on pages of its own."""
        content = headed(heading, body)
        if content is None and body is not None:
            return replace(
                body, told_as=_MAIL, position=mail.position, within=mail.within, name=f"{mail.name}{BETWEEN}text"
            )
        kind = "text/html" if body is not None and body.media_type == "text/html" else "text/plain"
        path = self._written(content or b"")
        inline: Mapping[str, PartFile] = body.inline if body else {}
        text = replace(mail, name=f"{mail.name}{BETWEEN}text", media_type=kind, charset="utf-8")
        return replace(text, path=path, size=len(content or b""), inline=inline)

    def _written(self, content: bytes) -> Path:
        path = self._folder() / "part"
        path.write_bytes(content)
        return path

    def _folder(self) -> Path:
        self._folders += 1
        folder = self._workdir / f"unpacked-{self._folders:03d}"
        folder.mkdir()
        return folder


def _kind(part: PartFile) -> Format:
    return sniff(Document(part.path, part.media_type, part.name, part.charset))


def _numbered(parts: Iterable[PartFile], within: tuple[int, ...]) -> list[PartFile]:
    return [replace(part, position=number, within=within) for number, part in enumerate(parts, 1)]


def _left_out_reason(part: PartFile, kind: Format) -> Reason | None:
    """Why a part is not faxed: its kind, or that it is a picture that nobody attached to be seen."""
    if kind is Format.IMAGE and is_invisible(part.path):
        return Reason.TRACKING
    if kind is Format.IMAGE and part.content_id and is_ornament(part.path):
        return Reason.LOGO
    return _LEFT_OUT.get(kind)


def _is_all_pictures(body: PartFile | None) -> bool:
    """Whether the pictures are all that a mail says: then none is an ornament."""
    rich = body is not None and body.media_type == "text/html"
    return rich and body is not None and not has_words(decode(body.path.read_bytes(), body.charset))


def _ornament(part: PartFile) -> LeftOut:
    reason = Reason.TRACKING if is_invisible(part.path) else Reason.LOGO
    return LeftOut(part.name, part.media_type, reason)


def _signed(content: bytes) -> bytes:
    """The mail that a binary signature wraps; none in a signature that is written in letters."""
    return cms.signed_content(content) if content.startswith(b"0") else b""
