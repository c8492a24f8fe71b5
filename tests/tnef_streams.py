"""Writes TNEF streams, compressed RTF and CMS signatures as Outlook does, for the tests of what opens them."""

import struct
from collections.abc import Sequence

CONTENT, TITLE, NEW, PROPERTIES, OF_ATTACHMENT = 0x6800F, 0x18010, 0x69002, 0x69003, 0x69005
BODY, CODE_PAGE = 0x2800C, 0x69007
MESSAGE_IDENTITY = bytes.fromhex("0703020000000000c000000000000046")
STORAGE_IDENTITY = bytes.fromhex("0b00000000000000c000000000000046")

Attribute = tuple[int, bytes]
Property = tuple[int, int, bytes]


def attribute(kind: int, value: bytes, level: int = 1) -> bytes:
    return struct.pack("<BII", level, kind, len(value)) + value + struct.pack("<H", sum(value) & 0xFFFF)


def stream(*attributes: bytes) -> bytes:
    return struct.pack("<IH", 0x223E9F78, 1) + b"".join(attributes)


def properties(*values: Property) -> bytes:
    """MAPI properties of type, identity and octets."""
    return struct.pack("<I", len(values)) + b"".join(_property(*one) for one in values)


def _property(kind: int, identity: int, value: bytes) -> bytes:
    head = struct.pack("<HH", kind, identity)
    if identity >= 0x8000:
        head += bytes(16) + struct.pack("<II", 1, 6) + b"n\0a\0\0\0" + bytes(2)
    if kind in {0x1E, 0x1F, 0x102, 0x0D}:
        head += struct.pack("<II", 1, len(value))
    return head + value + bytes(-len(value) % 4)


def attached(name: str, content: bytes, *more: Property) -> bytes:
    """One attachment, its content before its name, as some versions write it."""
    named = (0x1F, 0x3707, name.encode("utf-16-le"))
    return (
        attribute(NEW, bytes(14), 2)
        + attribute(CONTENT, content, 2)
        + attribute(TITLE, name[:8].encode("ascii", "replace") + b"\0", 2)
        + attribute(OF_ATTACHMENT, properties(named, *more), 2)
    )


def enclosed(name: str, inner: bytes, identity: bytes = MESSAGE_IDENTITY) -> bytes:
    """A mail, or a program's object, that was attached."""
    return attached(name, b"", (0x0D, 0x3701, identity + inner))


def literal_rtf(rtf: bytes) -> bytes:
    """Compressed RTF that compresses nothing."""
    packed = b"".join(b"\0" + rtf[place : place + 8] for place in range(0, len(rtf), 8))
    return struct.pack("<4I", len(packed) + 12, len(rtf), 0x75465A4C, 0) + packed


def ber(tag: int, *contents: bytes) -> bytes:
    """A value in DER."""
    content = b"".join(contents)
    if len(content) < 128:
        return bytes([tag, len(content)]) + content
    size = len(content).to_bytes((len(content).bit_length() + 7) // 8)
    return bytes([tag, 0x80 | len(size)]) + size + content


def endless(tag: int, *contents: bytes) -> bytes:
    """A value in BER whose length is not told."""
    return bytes([tag, 0x80]) + b"".join(contents) + b"\0\0"


def signed(content: bytes, pieces: Sequence[bytes] = ()) -> bytes:
    """An opaque S/MIME signature around a mail; in pieces of unknown length when they are given."""
    identity, data = bytes.fromhex("06092a864886f70d010702"), bytes.fromhex("06092a864886f70d010701")
    version, algorithms = ber(0x02, b"\1"), ber(0x31)
    if pieces:
        octets = endless(0x24, *(ber(0x04, piece) for piece in pieces))
        return endless(
            0x30,
            identity,
            endless(0xA0, endless(0x30, version, algorithms, endless(0x30, data, endless(0xA0, octets)))),
        )
    wrapped = [ber(0xA0, ber(0x04, content))] if content else []
    return ber(0x30, identity, ber(0xA0, ber(0x30, version, algorithms, ber(0x30, data, *wrapped), ber(0x31))))
