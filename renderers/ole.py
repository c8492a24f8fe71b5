"""The names and heads of streams in an OLE compound file ([MS-CFB]): enough to tell formats and passwords apart.

What lives here: that reader. What does not: what the streams mean (`sniff`).
"""

import struct
from pathlib import Path

MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_END = 0xFFFFFFF0  # and above: end of chain, free, tables
_MOST_SECTORS = 4096  # of the directory
_LARGEST_PACKAGE = 64 << 20


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
