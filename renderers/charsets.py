"""Bytes to text, whatever the mail said of them.

What lives here: choosing the charset. What does not: what the text means.
"""

import codecs
from contextlib import suppress

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def decode(content: bytes, charset: str = "") -> str:
    """Text in its charset: by byte order mark, as declared, as UTF-8, and else as Windows-1252; never fails."""
    for mark, name in _MARKS:
        if content.startswith(mark):
            return content.decode(name, "replace")
    for name in filter(None, (charset, "utf-8")):
        with suppress(LookupError, UnicodeDecodeError):
            return content.decode(name)
    return content.decode("cp1252", "replace")


def known(charset: str) -> str:
    """The charset if Python knows it, else nothing."""
    with suppress(LookupError):
        return codecs.lookup(charset).name if charset else ""
    return ""
