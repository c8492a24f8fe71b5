"""Writes compound files ([MS-CFB]) and in them mails as Outlook saves them, for the tests of what opens them."""

import itertools
import struct
from collections.abc import Iterable, Mapping
from typing import Union

Tree = Mapping[str, Union[bytes, "Tree"]]
_SECTOR, _MINI, _CUTOFF, _END, _FREE = 512, 64, 4096, 0xFFFFFFFE, 0xFFFFFFFF
_KIND_ROOT, _KIND_FOLDER, _KIND_STREAM = 5, 1, 2
OLE_OBJECT = 6


class _Writer:
    def __init__(self) -> None:
        self.sectors: list[bytes] = []
        self.table: list[int] = []
        self.mini = b""
        self.mini_table: list[int] = []
        self.entries: list[list[int | bytes | str]] = []

    def entry(self, name: str, kind: int, content: bytes | Tree) -> int:
        number = len(self.entries)
        self.entries.append([name, kind, _FREE, _FREE, 0, 0])  # name, kind, right, child, start, size
        if isinstance(content, bytes):
            self.entries[number][4:] = [self.kept(content), len(content)]
            return number
        children = [self.entry(*_kind_of(one)) for one in content.items()]
        self.entries[number][3] = children[0] if children else _FREE
        for left, right in itertools.pairwise(children):
            self.entries[left][2] = right
        return number

    def kept(self, content: bytes) -> int:
        if len(content) >= _CUTOFF:
            return self.chained(content)
        start = len(self.mini_table)
        count = -(-len(content) // _MINI)
        self.mini += content.ljust(count * _MINI, b"\0")
        self.mini_table += [*range(start + 1, start + count), _END] if count else []
        return start if count else _END

    def chained(self, content: bytes) -> int:
        start, count = len(self.table), -(-len(content) // _SECTOR)
        self.sectors += [content[at : at + _SECTOR].ljust(_SECTOR, b"\0") for at in range(0, len(content), _SECTOR)]
        self.table += [*range(start + 1, start + count), _END] if count else []
        return start if count else _END

    def written(self) -> bytes:
        self.entries[0][4:] = [self.chained(self.mini), len(self.mini)]
        minis = struct.pack(f"<{len(self.mini_table)}I", *self.mini_table)
        minis += b"\xff" * (-len(minis) % _SECTOR)
        mini_start = self.chained(minis)
        directory = self.chained(b"".join(_packed(entry) for entry in self.entries))
        count = -(-len(self.table) // 127)
        tables = range(len(self.table), len(self.table) + count)
        table = [*self.table, *([0xFFFFFFFD] * count)]
        table += [_FREE] * (-len(table) % 128)
        header = (
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16) + struct.pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6) + bytes(6)
        )
        header += struct.pack("<IIIIIIIII", 0, count, directory, 0, _CUTOFF, mini_start, len(minis) // _SECTOR, _END, 0)
        header += struct.pack("<109I", *tables, *([_FREE] * (109 - count)))
        return header + b"".join(self.sectors) + struct.pack(f"<{len(table)}I", *table)


def _kind_of(one: tuple[str, bytes | Tree]) -> tuple[str, int, bytes | Tree]:
    return one[0], _KIND_STREAM if isinstance(one[1], bytes) else _KIND_FOLDER, one[1]


def _packed(entry: list[int | bytes | str]) -> bytes:
    name, kind, right, child, start, size = entry
    letters = str(name).encode("utf-16-le") + b"\0\0"
    links = struct.pack("<HBBIII", len(letters), kind, 1, _FREE, right, child)
    return letters.ljust(64, b"\0") + links + bytes(36) + struct.pack("<IQ", start, size)


def compound(tree: Tree) -> bytes:
    """A compound file of streams (octets) and folders (more of the same), at most 6 MB of it."""
    writer = _Writer()
    writer.entry("Root Entry", _KIND_ROOT, tree)
    return writer.written()


def words(identity: int, text: str, page: str = "") -> tuple[str, bytes]:
    """A string property, in UTF-16 or in a code page."""
    return (f"__substg1.0_{identity:04X}001E", text.encode(page)) if page else (
        f"__substg1.0_{identity:04X}001F", text.encode("utf-16-le"))  # fmt: skip


def octets(identity: int, content: bytes) -> tuple[str, bytes]:
    return f"__substg1.0_{identity:04X}0102", content


def fixed(header: int, *values: tuple[int, int, int]) -> tuple[str, bytes]:
    """Properties of type, identity and number, behind a header of so many octets."""
    written = (struct.pack("<HHIQ", kind, identity, 6, number) for kind, identity, number in values)
    return "__properties_version1.0", bytes(header) + b"".join(written)


def attachments(*folders: Tree) -> dict[str, Tree]:
    return {f"__attach_version1.0_#{number:08X}": folder for number, folder in enumerate(folders)}


def attached(name: str, content: bytes, *more: tuple[str, bytes]) -> Tree:
    return dict([fixed(8, (3, 0x3705, 1)), words(0x3707, name), octets(0x3701, content), *more])


def enclosed(name: str, inner: Tree, method: int = 5) -> Tree:
    """A mail that was attached, or a program's object."""
    return dict([fixed(8, (3, 0x3705, method)), words(0x3001, name), ("__substg1.0_3701000D", inner)])  # type: ignore[list-item]


def mail_tree(subject: str, body: Iterable[tuple[str, bytes]], *folders: Tree, header: int = 32) -> Tree:
    """A mail from Anna to Bob."""
    sender = [words(0x0C1A, "Anna Smith"), words(0x0C1F, "/O=ACME/CN=ANNA"), words(0x5D01, "anna@acme.example")]
    sent = fixed(header, (64, 0x0039, 126_784_736_000_000_000), (3, 0x3FDE, 65001), (3, 0x3FFD, 1251))
    return dict([sent, words(0x0037, subject), words(0x0E04, "Bob"), *sender, *body]) | attachments(*folders)


def outlook_mail(subject: str, body: Iterable[tuple[str, bytes]], *folders: Tree) -> bytes:
    """The same as a file."""
    return compound(mail_tree(subject, body, *folders))
