"""OLE compound files ([MS-CFB]): names and heads of their streams, to tell formats apart, and the whole tree of them.

What lives here: a quick reader that copes with damage, and the one call of olefile, which does not. What does not: what
the streams mean (`sniff`; the gateway's reader of Outlook's mails).
"""

import struct
from collections.abc import Callable, Mapping
from functools import partial
from io import BytesIO
from pathlib import Path

from olefile import OleFileIO

MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_END = 0xFFFFFFF0  # and above: end of chain, free, tables
_MOST_SECTORS = 4096  # of the directory
_LARGEST_PACKAGE = 64 << 20
_BROKEN = (OSError, struct.error, IndexError, ValueError, TypeError, AttributeError, KeyError, RecursionError)


def stream_heads(path: Path, most: int = 4096) -> dict[str, bytes]:
    """The streams of the file by name, each with its first bytes; empty when the structure is damaged.

    Only streams kept in whole sectors have a head; those in the mini stream map to b"".
    """
    with path.open("rb") as file:
        content = file.read(64 << 20)
    try:
        return _Compound(content).heads(most)
    except (struct.error, IndexError):
        return {}


def tree(path: Path) -> Mapping[tuple[str, ...], Callable[[], bytes]]:
    """Every stream by where it stands, to be read when it is wanted.

    Raises:
        ValueError: the structure is damaged; so does reading a stream that is.
    """
    content = path.read_bytes()
    try:
        file = OleFileIO(BytesIO(content))
        return {tuple(place): partial(_read, file, place) for place in file.listdir()}
    except _BROKEN as error:
        raise ValueError(f"{type(error).__name__}: {error}") from error


def _read(file: OleFileIO, place: list[str]) -> bytes:
    try:
        content: bytes = file.openstream(place).read()
    except _BROKEN as error:
        raise ValueError(f"{type(error).__name__}: {error}") from error
    return content


def packaged(path: Path) -> tuple[str, bytes] | None:
    """Name and content of a file that was put into a document as a package ([MS-OLEDS] 2.3.6); None for anything else.

    Raises:
        ValueError: the package is damaged.
    """
    native = stream_heads(path, _LARGEST_PACKAGE).get("\x01Ole10Native", b"")
    if native[4:6] != b"\2\0":
        return None
    try:
        name, _, rest = native[6:].partition(b"\0")
        rest = rest.partition(b"\0")[2]  # where it was
        (length,) = struct.unpack_from("<4xI", rest)
        (size,) = struct.unpack_from("<I", rest, 8 + length)
    except struct.error as error:
        raise ValueError(str(error)) from error
    content = rest[12 + length : 12 + length + size]
    if len(content) < size:
        raise ValueError("the package is cut off")
    return name.decode("cp1252", "replace"), content


class _Compound:
    def __init__(self, content: bytes) -> None:
        self.content = content
        self.sector = 1 << struct.unpack_from("<H", content, 30)[0]
        if self.sector not in {512, 4096}:
            raise IndexError("no such sector size")
        self.directory_start, self.mini_cutoff = struct.unpack_from("<I4xI", content, 48)
        self.tables = struct.unpack_from("<109I", content, 76)

    def heads(self, most: int) -> dict[str, bytes]:
        found: dict[str, bytes] = {}
        for number in self._chain(self.directory_start):
            block = self._sector(number)
            for offset in range(0, len(block) - 127, 128):
                self._note(block[offset : offset + 128], found, most)
        return found

    def _note(self, entry: bytes, found: dict[str, bytes], most: int) -> None:
        length, kind = struct.unpack_from("<HB", entry, 64)
        if kind != 2 or not 2 <= length <= 64:
            return
        name = entry[: length - 2].decode("utf-16-le", "replace")
        start, size = struct.unpack_from("<II", entry, 116)
        found[name] = b"" if size < self.mini_cutoff else self._head(start, min(size, most))

    def _head(self, start: int, most: int) -> bytes:
        chain = self._chain(start, -(-most // self.sector))
        return b"".join(self._sector(number) for number in chain)[:most]

    def _sector(self, number: int) -> bytes:
        start = (number + 1) * self.sector
        return self.content[start : start + self.sector]

    def _chain(self, number: int, most: int = _MOST_SECTORS) -> list[int]:
        chain: list[int] = []
        while number < _END and len(chain) < most:
            chain.append(number)
            number = self._next(number)
        return chain

    def _next(self, number: int) -> int:
        each = self.sector // 4
        if number // each >= len(self.tables):
            return _END
        table = self._sector(self.tables[number // each])
        following: int = struct.unpack_from("<I", table, number % each * 4)[0]
        return following
