"""One MIME part: its type, its name, its octets, and whether it is something to fax.

What lives here: the types that `parse` hands out, and decoding that copes with what real programs send. What does not:
the order and role of parts (`parse`).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from email.message import Message
from enum import StrEnum
from pathlib import Path, PurePosixPath, PureWindowsPath

from gateway.domain.errors import GatewayError
from gateway.mail.words import decode_words
from renderers.charsets import decode
from renderers.errors import Reason as Trouble

MAX_NAME = 120  # characters
_TAG = re.compile(r"<!--.*?-->|<(style|script|title)\b.*?</\1\s*>|<[^>]*>", re.DOTALL | re.IGNORECASE)
_BLANK_ENTITY = re.compile(r"&(?:nbsp|#160|#xa0|zwnj|#8203|#847);?", re.IGNORECASE)
_SHOWS_PICTURE = re.compile(
    r"<(?:svg|object)\b|<img\b[^>]*?\b(?:src\s*=\s*[\"']?\s*(?:cid|data):|alt\s*=\s*[\"'][^\"']*\w)", re.IGNORECASE
)  # that came with the mail, or has words in its place: nothing is fetched


class MailError(GatewayError):
    """A mail whose parts cannot be taken apart."""

    smtp_code = 554
    enhanced = "5.6.0"


class Reason(StrEnum):
    """Why a part is not faxed; the value is what the sender reads."""

    SIGNATURE = "digital signature, not faxed"
    CONTACT = "contact card, not faxed"
    CALENDAR = "calendar entry, not faxed"
    INLINE_PICTURE = "picture inside the mail's text, not faxed"
    LOGO = "signature image, not faxed"
    TRACKING = "invisible picture, not faxed"
    RESOURCE_FORK = "Macintosh file attributes, not faxed"


@dataclass(frozen=True, slots=True)
class PartLimits:
    """How far a mail is followed. `prefer_html` chooses among the ways a body is given (multipart/alternative)."""

    max_depth: int = 20
    max_parts: int = 500
    prefer_html: bool = False


@dataclass(frozen=True, slots=True)
class PartFile:
    """A decoded part. `position` is 0 for the body and for inline pictures, attachments count from 1.

    A text/plain body is UTF-8 with LF line ends and its flowed lines joined; all else is as it was sent. `charset`
    is as declared, empty when it was not. `name` is for people, never a path. `content_id` is set unless the sender
    attached it. What was unpacked stands `within` the attachments of these positions, and is named after them.
    `trouble` is why it cannot be faxed, where that is known already.
    """

    position: int
    media_type: str
    name: str
    charset: str
    path: Path
    size: int
    content_id: str = ""
    within: tuple[int, ...] = ()
    inline: Mapping[str, "PartFile"] = field(default_factory=dict)
    trouble: Trouble | None = None
    told_as: str = ""

    @property
    def told_type(self) -> str:
        """The type that people are told: of the text of a mail within, that it is a mail."""
        return self.told_as or self.media_type


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A part that is not faxed, and why; `within` as in PartFile."""

    name: str
    media_type: str
    reason: Reason
    within: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class MailParts:
    """A mail taken apart. `inline` maps Content-IDs, without brackets, to the pictures an HTML body shows."""

    body: PartFile | None
    attachments: tuple[PartFile, ...]
    inline: Mapping[str, PartFile]
    left_out: tuple[LeftOut, ...]


def media_type(part: Message) -> str:
    """Type and subtype in lower case; text/plain when it cannot be made out (RFC 2045 5.2)."""
    return part.get_content_type()


def content_id(part: Message) -> str:
    """The Content-ID without brackets (RFC 2392), empty when there is none."""
    return str(part.get("Content-ID", "")).strip().strip("<>").strip()


def is_attachment(part: Message) -> bool:
    """Whether the sender attached it: by disposition (RFC 2183), or by giving it a file name."""
    return part.get_content_disposition() == "attachment" or bool(_declared_name(part))


def shown_name(part: Message) -> str:
    """The file's name for people: the last piece of any path, printable, at most 120 characters; may be empty."""
    return shown(decode_words(_declared_name(part)))


def shown(name: str) -> str:
    """A file's name for people, of whatever was given as one."""
    printable = "".join(character for character in name if character.isprintable())
    return PurePosixPath(PureWindowsPath(printable).name).name[-MAX_NAME:]


def left_out_reason(part: Message) -> Reason | None:
    """Why a part is never faxed, None when it is."""
    kind, name = media_type(part), shown_name(part).lower()
    if name.startswith("._") or name == ".ds_store":
        return Reason.RESOURCE_FORK
    if kind in _LEFT_OUT_TYPES:
        return _LEFT_OUT_TYPES[kind]
    return _LEFT_OUT_ENDINGS.get(PurePosixPath(name).suffix)


_LEFT_OUT_TYPES = {
    "application/pkcs7-signature": Reason.SIGNATURE,
    "application/x-pkcs7-signature": Reason.SIGNATURE,
    "application/pgp-signature": Reason.SIGNATURE,
    "application/pgp-keys": Reason.SIGNATURE,
    "text/vcard": Reason.CONTACT,
    "text/x-vcard": Reason.CONTACT,
    "text/directory": Reason.CONTACT,
    "text/calendar": Reason.CALENDAR,
    "application/ics": Reason.CALENDAR,
    "application/applefile": Reason.RESOURCE_FORK,
}
_LEFT_OUT_ENDINGS = {
    ".p7s": Reason.SIGNATURE,
    ".asc": Reason.SIGNATURE,
    ".vcf": Reason.CONTACT,
    ".ics": Reason.CALENDAR,
}


class PartWriter:
    """Decodes parts into numbered files of one folder."""

    def __init__(self, workdir: Path) -> None:
        self._workdir = workdir
        self._count = 0

    def body(self, part: Message) -> PartFile | None:
        """A text as a body: None when it is blank."""
        kind, text = media_type(part), self.text_of(part)
        if kind == "text/plain":
            text = _unflowed(part, text)
            return self._written(text.encode("utf-8"), _part(part, "utf-8")) if text.strip() else None
        if not _html_says_something(text):
            return None
        return self._written(_octets(part), _part(part, _charset(part)))

    def attachment(self, part: Message, position: int) -> PartFile:
        """Any part as it was before it was encoded for the mail."""
        return self._written(_octets(part), replace(_part(part, _charset(part)), position=position))

    def text_of(self, part: Message) -> str:
        """A text part in Unicode, whatever it claims to be."""
        return decode(_octets(part), _charset(part)).replace("\r\n", "\n")

    def joined(self, body: PartFile, more: PartFile) -> PartFile:
        """A plain text and what follows it, a blank line between them, as one part."""
        texts = [part.path.read_text(encoding="utf-8").rstrip("\n") for part in (body, more)]
        return self._written("\n\n".join(texts).encode("utf-8"), body)

    def renumbered(self, part: PartFile, position: int) -> PartFile:
        """The same part at another place."""
        return replace(part, position=position)

    def _written(self, octets: bytes, part: PartFile) -> PartFile:
        self._count += 1
        path = self._workdir / f"part-{self._count:03d}"
        path.write_bytes(octets)
        return replace(part, path=path, size=len(octets))


def _part(part: Message, charset: str) -> PartFile:
    identity = "" if part.get_content_disposition() == "attachment" else content_id(part)
    return PartFile(0, media_type(part), shown_name(part), charset, Path(), 0, identity)


def _declared_name(part: Message) -> str:
    """RFC 2183 filename, else the older name parameter; RFC 2231 forms are undone by the email package."""
    return str(part.get_filename(failobj="") or "")


def _charset(part: Message) -> str:
    return str(part.get_content_charset(failobj="") or "")


def _octets(part: Message) -> bytes:
    """The decoded octets; of an enclosed message (RFC 2046 5.2) the message itself."""
    if part.is_multipart():
        enclosed = part.get_payload(0) if media_type(part) == "message/rfc822" else part
        return enclosed.as_bytes() if isinstance(enclosed, Message) else b""
    payload = part.get_payload(decode=True)
    return payload if isinstance(payload, bytes) else b""


def _unflowed(part: Message, text: str) -> str:
    """Paragraphs joined again (RFC 3676 4.2): a line that ends in a blank goes on, except the signature's mark."""
    if str(part.get_param("format", "")).lower() != "flowed":
        return text
    delete_space = str(part.get_param("delsp", "")).lower() == "yes"
    lines: list[str] = []
    for line in text.split("\n"):
        line = line.removeprefix(" ") if not line.startswith(">") else line
        if lines and _goes_on(lines[-1]) and not line.startswith(">") and line != "-- ":
            before = lines.pop()
            line = (before[:-1] if delete_space else before) + line
        lines.append(line)
    return "\n".join(lines)


def _goes_on(line: str) -> bool:
    return line.endswith(" ") and line != "-- " and not line.startswith(">")


def has_words(html: str) -> bool:
    """Whether HTML says something, pictures aside."""
    return bool(_BLANK_ENTITY.sub(" ", _TAG.sub("", html)).strip())


def _html_says_something(text: str) -> bool:
    return bool(_SHOWS_PICTURE.search(text)) or has_words(text)
