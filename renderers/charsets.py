"""Bytes to text, whatever the mail said of them.

What lives here: choosing the charset: by marks, by what was declared, by what reads like writing (`writing`). What does
not: what the text means.
"""

import codecs
import re
from contextlib import suppress

from renderers.writing import naturalness

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# What senders mean by these names, as browsers read them (WHATWG Encoding 4.2).
_MEANT = {
    "ascii": "cp1252", "iso8859-1": "cp1252", "gb2312": "gb18030", "gbk": "gb18030", "euc_kr": "cp949",
    "shift_jis": "cp932", "big5": "big5hkscs", "iso8859-9": "cp1254", "tis-620": "cp874",
}  # fmt: skip
_GUESSES = (
    "cp1252", "cp932", "gb18030", "cp949", "big5hkscs", "euc_jp", "cp1251", "koi8-r", "cp1250", "iso8859-2", "cp1253",
    "iso8859-7", "cp1255", "cp1256", "cp874", "cp1254", "cp866", "mac-roman", "cp850",
)  # fmt: skip
# Two-octet signs of ISO-2022-JP, up to the next escape sequence.
_KANJI = re.compile(rb"\x1b\$[@B]((?:[\x21-\x7e]{2})*)(?:\x1b\([BJ])?")
_SURELY_BETTER = 0.5
_ENOUGH = 8  # octets beyond ASCII before a declaration is doubted
_SAMPLE = 6000


def decode(content: bytes, charset: str = "") -> str:
    """Text in its charset: by byte order mark, as UTF-8, as declared unless that reads like no writing; never fails.

    What is not declared, or wrongly, is read in the charset in which it reads best.
    """
    for mark, name in _MARKS:
        if content.startswith(mark):
            return content.decode(name, "replace")
    if content.isascii() and _KANJI.search(content) and not _escaped(content, known(charset)):
        return _KANJI.sub(_as_shift_jis, content).decode("cp932", "replace")
    return content.decode(charset_of(content, known(charset)), "replace")


def _as_shift_jis(found: re.Match[bytes]) -> bytes:
    """A run of ISO-2022-JP in Shift JIS, which has the signs of Windows and NEC (row 13) that mailers put into it."""
    octets = bytearray()
    for row, cell in zip(found[1][::2], found[1][1::2], strict=True):
        odd = cell + (0x1F if cell < 0x60 else 0x20)
        octets += bytes((((row + 1) >> 1) + (0x70 if row < 0x5F else 0xB0), odd if row & 1 else cell + 0x7E))
    return bytes(octets)


def known(charset: str) -> str:
    """The charset if Python knows it as one of text, else nothing."""
    with suppress(LookupError, ValueError):
        found = codecs.lookup(charset) if charset else None
        return found.name if found is not None and found._is_text_encoding else ""
    return ""


def wide(content: bytes) -> str:
    """UTF-16 without a byte order mark, by where its zero bytes stand; empty for anything else."""
    sample = content[: _SAMPLE & ~1]
    even, odd = sample[::2].count(0), sample[1::2].count(0)
    if len(sample) < 4 or max(even, odd) < len(sample) // 40 + 1 or min(even, odd) > max(even, odd) // 20:
        return ""
    name = "utf-16-le" if odd > even else "utf-16-be"
    return name if _fits(sample, name) and _is_text(sample.decode(name)) else ""


def charset_of(content: bytes, declared: str = "") -> str:
    """The charset of a text without byte order mark."""
    if b"\0" in content and (found := wide(content)):
        return found
    if b"\x1b$" in content and (found := _escaped(content, declared)):
        return found
    if declared in {"hz", "utf-7"} or (declared.startswith("utf-") and _fits(content, declared)):
        return declared
    if _fits(content, "utf-8"):
        return "utf-8"
    return _best(_telling(content), _MEANT.get(declared, declared))


def _escaped(content: bytes, declared: str) -> str:
    """The charset of a text that changes its meaning by escape sequences (ISO 2022)."""
    names = (declared if declared.startswith("iso2022") else "", "iso2022_jp", "iso2022_jp_2", "iso2022_kr")
    return next((name for name in names if name and _fits(content, name)), "")


def _best(sample: bytes, declared: str) -> str:
    """The charset in which the text reads best; the declared one unless another reads surely better."""
    marks = {name: naturalness(sample.decode(name)) for name in _GUESSES if _fits(sample, name)}
    best = max(marks, key=lambda name: marks[name], default="cp1252")
    if marks.get(best, 0) < 0:
        best = "cp1252"
    if not declared or declared.startswith("utf-") or not _fits(sample, declared):
        return best
    if sum(byte > 127 for byte in sample) < _ENOUGH:
        return declared
    return best if marks.get(best, 0) - naturalness(sample.decode(declared)) > _SURELY_BETTER else declared


def _telling(content: bytes) -> bytes:
    """The first lines that are not plain ASCII: of the others all charsets think the same."""
    lines: list[bytes] = []
    size = 0
    for line in content.splitlines():
        if not line.isascii() and size < _SAMPLE:
            lines.append(line[:_SAMPLE])
            size += len(line)
    return b"\n".join(lines)


def _is_text(words: str) -> bool:
    return naturalness(words) > 0 and all(sign >= " " or sign in "\t\n\r\f\v" for sign in words)


def _fits(content: bytes, name: str) -> bool:
    try:
        content.decode(name)
    except (UnicodeError, LookupError):
        return False
    return True
