"""winmail.dat: what Outlook packs a mail's text and attachments into ([MS-OXTNEF]).

What lives here: reading the stream into a text, a heading and attachments. What does not: what becomes of them
(`unpack`). Checksums are not looked at: some programs write none, and a sound file is found out by its attributes.
"""

import re
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

from gateway.mail.lzfu import unpacked_rtf
from gateway.mail.mime import MailError
from renderers.charsets import decode

SIGNATURE = 0x223E9F78
_MOST_ATTRIBUTES = 20_000
# Attributes ([MS-OXTNEF] 2.1.3.2), by their low word.
_TITLE, _CONTENT, _NEW, _PROPERTIES, _OF_ATTACHMENT = 0x8010, 0x800F, 0x9002, 0x9003, 0x9005
_SUBJECT, _BODY, _CODE_PAGE = 0x8004, 0x800C, 0x9007
# Properties ([MS-OXPROPS]), by their identity.
_BODY_TEXT, _BODY_RTF, _BODY_HTML, _SUBJECT_TEXT = 0x1000, 0x1009, 0x1013, 0x0037
_FROM, _FROM_ADDRESS, _TO, _CC, _SENT, _HTML_PAGE = 0x0C1A, 0x0C1F, 0x0E04, 0x0E03, 0x0039, 0x3FDE
_LONG_NAME, _SHORT_NAME, _SHOWN_NAME, _TYPE, _OBJECT, _CONTENT_ID = 0x3707, 0x3704, 0x3001, 0x370E, 0x3701, 0x3712
_FIXED = {2: 4, 3: 4, 4: 4, 5: 8, 6: 8, 7: 8, 10: 4, 11: 4, 20: 8, 64: 8, 72: 16}
_STRING, _UNICODE, _BINARY, _EMBEDDED = 0x1E, 0x1F, 0x102, 0x0D
_IS_MESSAGE = bytes.fromhex("0703020000000000c000000000000046")  # IID_IMessage
_EPOCH = datetime(1601, 1, 1, tzinfo=UTC)

_CONTROL = re.compile(rb"\\'[0-9a-f]{2}|\\[a-z]+-?\d* ?|[{}\s\0]")

Properties = Mapping[int, bytes | str]


@dataclass(slots=True)
class TnefAttachment:
    """One attachment; `is_message` when its content is a TNEF stream of its own, a mail that was attached.

    `is_object` when a program put it into the text of the mail.
    """

    name: str = ""
    media_type: str = ""
    content: bytes = b""
    content_id: str = ""
    is_message: bool = False
    is_object: bool = False


@dataclass(slots=True)
class Tnef:
    """A mail as Outlook packed it. `body` is empty when the stream has no text; `heading` is as in a mail's header."""

    body: bytes = b""
    body_type: str = ""
    charset: str = ""
    heading: tuple[tuple[str, str], ...] = ()
    attachments: list[TnefAttachment] = field(default_factory=list)


def read_tnef(content: bytes) -> Tnef:
    """Read a stream.

    Raises:
        MailError: it is damaged.
    """
    try:
        return _read(content)
    except (struct.error, ValueError, OverflowError) as error:
        raise MailError(f"winmail.dat is damaged ({error})") from error


def _read(content: bytes) -> Tnef:
    found = Tnef()
    texts: dict[int, bytes] = {}
    properties: Properties = {}
    page = "cp1252"
    for kind, value in _attributes(content):
        if kind == _CODE_PAGE:
            page = _code_page(struct.unpack_from("<I", value)[0])
        elif kind == _PROPERTIES:
            properties = _properties(value, page)
        elif kind == _NEW:
            found.attachments.append(TnefAttachment())
        elif kind in {_TITLE, _CONTENT, _OF_ATTACHMENT} and found.attachments:
            _add(found.attachments[-1], kind, value, page)
        else:
            texts[kind] = value
    found.heading = _heading(properties, _text(texts.get(_SUBJECT, b""), page))
    _set_body(found, properties, texts.get(_BODY, b""), page)
    return found


def _attributes(content: bytes) -> Iterator[tuple[int, bytes]]:
    """The attributes: level, identity, length, value, checksum each; one that is cut off at the end is an error."""
    if len(content) < 6 or struct.unpack_from("<I", content)[0] != SIGNATURE:
        raise ValueError("no TNEF stream")
    place = 6
    for _ in range(_MOST_ATTRIBUTES):
        if len(content) - place < 9 or content[place] not in {1, 2}:  # some programs leave rubbish behind the end
            return
        _, kind, size = struct.unpack_from("<BII", content, place)
        place += 9
        if place + size > len(content):
            raise ValueError("an attribute is cut off")
        yield kind & 0xFFFF, content[place : place + size]
        place += size + 2
    raise ValueError("too many attributes")


def _add(attachment: TnefAttachment, kind: int, value: bytes, page: str) -> None:
    if kind == _TITLE:
        attachment.name = attachment.name or _text(value, page)
    elif kind == _CONTENT:
        attachment.content = value
    else:
        _describe(attachment, _properties(value, page))


def _describe(attachment: TnefAttachment, properties: Properties) -> None:
    names = [str(properties[key]) for key in (_LONG_NAME, _SHORT_NAME, _SHOWN_NAME) if properties.get(key)]
    attachment.name = names[0] if names else attachment.name
    attachment.media_type = str(properties.get(_TYPE, "")).lower()
    attachment.content_id = str(properties.get(_CONTENT_ID, "")).strip("<>")
    inside = properties.get(_OBJECT, b"")
    if isinstance(inside, bytes) and inside:
        attachment.is_message = inside.startswith(_IS_MESSAGE)
        attachment.is_object = not attachment.is_message
        attachment.content = inside[16:]


def _properties(value: bytes, page: str) -> Properties:
    """The list of MAPI properties ([MS-OXTNEF] 2.1.3.4), by identity; of several values the first."""
    (count,) = struct.unpack_from("<I", value)
    place, found = 4, {}
    for _ in range(min(count, _MOST_ATTRIBUTES)):
        kind, identity = struct.unpack_from("<HH", value, place)
        place = _after_name(value, place + 4) if identity >= 0x8000 else place + 4
        values, place = _values(value, place, kind)
        if values:
            found[identity] = _decoded(values[0], kind & 0xFFF, page)
    return found


def _after_name(value: bytes, place: int) -> int:
    """Behind the name of a named property: its set, and a number or a text."""
    by_text, size = struct.unpack_from("<II", value, place + 16)
    return place + 24 + (_padded(size) if by_text else 0)


def _values(value: bytes, place: int, kind: int) -> tuple[list[bytes], int]:
    width = _FIXED.get(kind & 0xFFF)
    several = bool(kind & 0x1000) or width is None
    count = 1
    if several:
        (count,) = struct.unpack_from("<I", value, place)
        place += 4
    found = []
    for _ in range(count):
        size = width
        if size is None:
            (size,) = struct.unpack_from("<I", value, place)
            place += 4
        if place + size > len(value):
            raise ValueError("a property is cut off")
        found.append(value[place : place + size])
        place += _padded(size)
    return found, place


def _padded(size: int) -> int:
    return size + -size % 4


def _decoded(value: bytes, kind: int, page: str) -> bytes | str:
    if kind == _UNICODE:
        return value.decode("utf-16-le", "replace").rstrip("\0")
    return _text(value, page) if kind == _STRING else value


def _text(value: bytes, page: str) -> str:
    return decode(value.split(b"\0")[0], page)


def _code_page(number: int) -> str:
    return {65001: "utf-8", 20127: "ascii", 28591: "latin-1"}.get(number, f"cp{number}")


def _heading(properties: Properties, subject: str) -> tuple[tuple[str, str], ...]:
    sender, address = str(properties.get(_FROM, "")), str(properties.get(_FROM_ADDRESS, ""))
    written = {
        "From": f"{sender} <{address}>" if sender and "@" in address else sender or address,
        "To": str(properties.get(_TO, "")),
        "Cc": str(properties.get(_CC, "")),
        "Date": _moment(properties.get(_SENT, b"")),
        "Subject": str(properties.get(_SUBJECT_TEXT, "")) or subject,
    }
    return tuple((name, value) for name, value in written.items() if value)


def _moment(value: bytes | str) -> str:
    """A time in units of 100 ns since 1601, as RFC 5322 writes it."""
    if not isinstance(value, bytes) or len(value) != 8:
        return ""
    return format_datetime(_EPOCH + timedelta(microseconds=int.from_bytes(value, "little") // 10))


def _set_body(found: Tnef, properties: Properties, plain: bytes, page: str) -> None:
    """The text: plain where there is any, else HTML, else RTF."""
    words = str(properties.get(_BODY_TEXT, "")) or _text(plain, page)
    html = properties.get(_BODY_HTML, b"")
    packed = properties.get(_BODY_RTF, b"")
    if words.strip():
        found.body, found.body_type, found.charset = words.encode("utf-8", "replace"), "text/plain", "utf-8"
    elif html:
        number = properties.get(_HTML_PAGE, b"")
        found.body = html if isinstance(html, bytes) else html.encode("utf-8", "replace")
        found.charset = _code_page(int.from_bytes(number, "little")) if isinstance(number, bytes) and number else ""
        found.charset = found.charset if isinstance(html, bytes) else "utf-8"
        found.body_type = "text/html"
    elif isinstance(packed, bytes) and packed:
        rtf = unpacked_rtf(packed)
        found.body, found.body_type = rtf if _says_something(rtf) else b"", "application/rtf"


def _says_something(rtf: bytes) -> bool:
    """Whether there is more than frame and fonts: RTF has its text behind the first paragraph's properties."""
    text = rtf.partition(b"\\pard")[2]
    return bool(_CONTROL.sub(b"", text).strip()) or b"\\pict" in text or b"\\objattph" in text
