"""A mail that its signature wraps: the content of an S/MIME signature of the opaque kind (RFC 8551 3.5.2).

What lives here: finding the signed content in CMS SignedData (RFC 5652 5.1). What does not: whether the signature is
good: it says nothing that a fax could show.
"""

from typing import NamedTuple

from gateway.mail.mime import MailError

_SIGNED = bytes.fromhex("2a864886f70d010702")
_DATA = bytes.fromhex("2a864886f70d010701")
_SEQUENCE, _SET, _IDENTITY, _OCTETS, _OCTETS_IN_PIECES, _FIRST = 0x30, 0x31, 0x06, 0x04, 0x24, 0xA0
_DEEPEST = 12


class _Value(NamedTuple):
    """One value in BER: its tag, its content, and where what follows it begins."""

    tag: int
    content: bytes
    end: int


def signed_content(message: bytes) -> bytes:
    """The content that was signed; empty for a signature that stands beside its content.

    Raises:
        MailError: it is no SignedData, or cut off.
    """
    kind, wrapped = _children(_value(message, 0, 0).content)[:2] or (None, None)
    if kind is None or wrapped is None or (kind.tag, kind.content) != (_IDENTITY, _SIGNED):
        raise MailError("no signed content")
    signed = _children(_value(wrapped.content, 0, 0).content)
    frame = next((one for one in signed if one.tag == _SEQUENCE), None)
    inner = _children(frame.content) if frame else []
    if len(inner) < 2 or inner[0].content != _DATA:
        return b""
    return _octets(_value(inner[1].content, 0, 0), 0)


def _octets(value: _Value, depth: int) -> bytes:
    """An octet string, which BER allows to come in pieces."""
    if value.tag == _OCTETS:
        return value.content
    if value.tag != _OCTETS_IN_PIECES or depth > _DEEPEST:
        raise MailError("no octets where the signed content should be")
    return b"".join(_octets(piece, depth + 1) for piece in _children(value.content))


def _children(content: bytes) -> list[_Value]:
    found: list[_Value] = []
    place = 0
    while place < len(content):
        value = _value(content, place, 0)
        found.append(value)
        place = value.end
    return found


def _value(content: bytes, place: int, depth: int) -> _Value:
    """The value at `place`: identity, length (X.690 8.1.3), content."""
    if place + 2 > len(content) or depth > _DEEPEST:
        raise MailError("the signature is cut off")
    tag, first = content[place], content[place + 1]
    start = place + 2
    if first == 0x80:
        return _endless(content, tag, start, depth)
    size = first
    if first > 0x80:
        size = int.from_bytes(content[start : start + (first & 0x7F)])
        start += first & 0x7F
    if start + size > len(content):
        raise MailError("the signature is cut off")
    return _Value(tag, content[start : start + size], start + size)


def _endless(content: bytes, tag: int, start: int, depth: int) -> _Value:
    """A value whose length is not told but ended by two zero octets."""
    place = start
    while content[place : place + 2] != b"\0\0":
        place = _value(content, place, depth + 1).end
    return _Value(tag, content[start:place], place + 2)
