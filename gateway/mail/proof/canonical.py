"""What a signature of DKIM covers, octet by octet: fields and bodies in their canonical forms (RFC 6376 3.4).

What lives here: splitting a header block into fields, and both algorithms, simple and relaxed. A body of any size is
hashed in pieces, in time linear in its length. What does not: tags and keys (`signature`, `keys`).
"""

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import BinaryIO

_FIELD = re.compile(rb"([!-9;-~]+)[ \t]*:(.*)", re.DOTALL)
_NEXT_FIELD = re.compile(rb"\r\n(?![ \t])")
_BLANKS = re.compile(rb"  +")
_TAB_TO_BLANK = bytes.maketrans(b"\t", b" ")
_PIECE = 65536  # octets
_EMPTY_LINES = b"\r\n" * 4096


class Canonicalization(StrEnum):
    """The two algorithms; header and body each have their own."""

    SIMPLE = "simple"
    RELAXED = "relaxed"


@dataclass(frozen=True, slots=True)
class Field:
    """One header field: its name in lower case, and all of it as it came, folds included, without its final CRLF."""

    name: str
    raw: bytes

    @property
    def value(self) -> bytes:
        """What stands behind the colon, as it came."""
        return self.raw.partition(b":")[2]

    def canonical(self, algorithm: Canonicalization) -> bytes:
        """The field as it is hashed, without its final CRLF (RFC 6376 3.4.1, 3.4.2)."""
        if algorithm is Canonicalization.SIMPLE:
            return self.raw
        return self.name.encode("ascii") + b":" + relaxed_value(self.value)


def relaxed_value(value: bytes) -> bytes:
    """A value unfolded, its runs of blanks made one, none at its ends (RFC 6376 3.4.2)."""
    unfolded = value.replace(b"\r\n", b"").translate(_TAB_TO_BLANK)
    return _BLANKS.sub(b" ", unfolded).strip(b" ")


def split_fields(block: bytes) -> tuple[Field, ...] | None:
    """The fields of a header block from the top; None when a line is no field (RFC 5322 2.2)."""
    fields: list[Field] = []
    for raw in _NEXT_FIELD.split(block.removesuffix(b"\r\n")) if block else ():
        match = _FIELD.fullmatch(raw)
        if match is None:
            return None
        fields.append(Field(match[1].decode("ascii").lower(), raw))
    return tuple(fields)


def select_fields(fields: Sequence[Field], names: Iterable[str]) -> tuple[Field, ...]:
    """The fields that `names` sign: of several with one name the lowest first, none for a name too many (5.4.2)."""
    left: dict[str, list[Field]] = {}
    for field in fields:
        left.setdefault(field.name, []).append(field)
    return tuple(left[name].pop() for name in names if left.get(name))


class BodyHash:
    """The SHA-256 of a body in canonical form, fed in pieces of any size.

    A bare LF counts as a line end, as signers treat it before they sign. Of what may still turn out to be the end of
    a line or of the body only the count is held, so memory is constant.
    """

    def __init__(self, algorithm: Canonicalization) -> None:
        self._relaxed = algorithm is Canonicalization.RELAXED
        self._hash = hashlib.sha256()
        self._held = b""  # a CR whose LF may follow, and blanks that may end a line
        self._line_ends = 0  # may be empty lines at the end of the body
        self._empty = True

    def update(self, piece: bytes) -> None:
        """Take the next octets of the body."""
        text = self._held + piece
        self._held = b"\r" if text.endswith(b"\r") else b""
        text = self._tidied(text.removesuffix(b"\r"))
        if self._relaxed and text.endswith(b" "):
            text, self._held = text[:-1], b" " + self._held
        self._emit(text)

    def digest(self) -> bytes:
        """The hash; call once, after the last piece."""
        if self._held:
            self._emit(self._held)
        if not self._relaxed or not self._empty:
            self._hash.update(b"\r\n")  # a body ends in exactly one line end; an empty one of relaxed form stays empty
        return self._hash.digest()

    def _tidied(self, text: bytes) -> bytes:
        if text.count(b"\n") != text.count(b"\r\n"):
            text = text.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
        if not self._relaxed:
            return text
        text = text.translate(_TAB_TO_BLANK)
        if b"  " in text:
            text = _BLANKS.sub(b" ", text)
        return text.replace(b" \r\n", b"\r\n")

    def _emit(self, text: bytes) -> None:
        """Hash all but the line ends at the end of `text`, which are counted."""
        ending = _line_ends_at_end(text)
        if len(text) > ending:
            self._settle_line_ends()
            self._hash.update(memoryview(text)[: len(text) - ending])
            self._empty = False
        self._line_ends += ending // 2

    def _settle_line_ends(self) -> None:
        """The line ends held so far did not end the body."""
        while self._line_ends:
            count = min(self._line_ends, len(_EMPTY_LINES) // 2)
            self._hash.update(_EMPTY_LINES[: 2 * count])
            self._line_ends -= count


def _line_ends_at_end(text: bytes) -> int:
    """How many octets the CRLFs at the end of `text` take. Each LF in `text` follows a CR."""
    if not text.endswith(b"\r\n"):
        return 0
    ending = text[len(text.rstrip(b"\r\n")) :]
    bare = ending.rfind(b"\r\r")
    return len(ending) - (bare + 1 if bare >= 0 else 0)


def hash_body(file: BinaryIO, algorithm: Canonicalization) -> bytes:
    """The hash of all that follows in `file`."""
    body = BodyHash(algorithm)
    while piece := file.read(_PIECE):
        body.update(piece)
    return body.digest()
