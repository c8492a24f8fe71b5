"""The names and heads of streams in an OLE compound file ([MS-CFB]): enough to tell formats and passwords apart.

What lives here: that reader. What does not: what the streams mean (`sniff`).
"""

import struct
from pathlib import Path

MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_END = 0xFFFFFFF0  # and above: end of chain, free, tables
_MOST_SECTORS = 4096


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
        head = b""
        for number in self._chain(start):
            head += self._sector(number)
            if len(head) >= most:
                break
        return head[:most]

    def _sector(self, number: int) -> bytes:
        start = (number + 1) * self.sector
        return self.content[start : start + self.sector]

    def _chain(self, number: int) -> list[int]:
        chain: list[int] = []
        while number < _END and len(chain) < _MOST_SECTORS:
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
