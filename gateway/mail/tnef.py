"""winmail.dat: what Outlook packs a mail's text and attachments into ([MS-OXTNEF]).

What lives here: reading the stream. What does not: what its properties mean (`outlook`), what becomes of them
(`unpack`). Checksums are not looked at: some programs write none, and a sound file is found out by its attributes.
"""

import struct
from collections.abc import Iterator
from functools import partial

from gateway.mail.mime import MailError
from gateway.mail.outlook import OBJECT, OutlookAttachment, OutlookMail, Properties, code_page, decoded, heading, text

SIGNATURE = 0x223E9F78
_MOST_ATTRIBUTES = 20_000
# Attributes ([MS-OXTNEF] 2.1.3.2), by their low word.
_TITLE, _CONTENT, _NEW, _PROPERTIES, _OF_ATTACHMENT = 0x8010, 0x800F, 0x9002, 0x9003, 0x9005
_SUBJECT, _BODY, _CODE_PAGE = 0x8004, 0x800C, 0x9007
_FIXED = {2: 4, 3: 4, 4: 4, 5: 8, 6: 8, 7: 8, 10: 4, 11: 4, 20: 8, 64: 8, 72: 16}
_IS_MESSAGE = bytes.fromhex("0703020000000000c000000000000046")  # IID_IMessage


def read_tnef(content: bytes) -> OutlookMail:
    """Read a stream.

    Raises:
        MailError: it is damaged.
    """
    try:
        return _read(content)
    except (struct.error, ValueError, OverflowError) as error:
        raise MailError(f"winmail.dat is damaged ({error})") from error


def _read(content: bytes) -> OutlookMail:
    found = OutlookMail()
    texts: dict[int, bytes] = {}
    properties: Properties = {}
    page = "cp1252"
    for kind, value in _attributes(content):
        if kind == _CODE_PAGE:
            page = code_page(struct.unpack_from("<I", value)[0])
        elif kind == _PROPERTIES:
            properties = _properties(value, page)
        elif kind == _NEW:
            found.attachments.append(OutlookAttachment())
        elif kind in {_TITLE, _CONTENT, _OF_ATTACHMENT} and found.attachments:
            _add(found.attachments[-1], kind, value, page)
        else:
            texts[kind] = value
    found.heading = heading(properties, text(texts.get(_SUBJECT, b""), page))
    found.set_body(properties, text(texts.get(_BODY, b""), page))
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


def _add(attachment: OutlookAttachment, kind: int, value: bytes, page: str) -> None:
    if kind == _TITLE:
        attachment.name = attachment.name or text(value, page)
    elif kind == _CONTENT:
        attachment.content = value
    else:
        _describe(attachment, _properties(value, page))


def _describe(attachment: OutlookAttachment, properties: Properties) -> None:
    attachment.describe(properties)
    inside = properties.get(OBJECT, b"")
    if isinstance(inside, bytes) and inside:
        attachment.content = inside[16:]
        if inside.startswith(_IS_MESSAGE):
            attachment.mail = partial(read_tnef, attachment.content)
        else:
            attachment.is_object = True


def _properties(value: bytes, page: str) -> Properties:
    """The list of MAPI properties ([MS-OXTNEF] 2.1.3.4), by identity; of several values the first."""
    (count,) = struct.unpack_from("<I", value)
    place, found = 4, {}
    for _ in range(min(count, _MOST_ATTRIBUTES)):
        kind, identity = struct.unpack_from("<HH", value, place)
        place = _after_name(value, place + 4) if identity >= 0x8000 else place + 4
        values, place = _values(value, place, kind)
        if values:
            found[identity] = decoded(values[0], kind & 0xFFF, page)
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
