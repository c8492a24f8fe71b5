"""Text in header fields: RFC 2047 encoded words and octets of any charset, made readable.

What lives here: decoding that never fails, whatever it is given. What does not: addresses, whose encoded words are
not decoded (RFC 2047 5: none may stand in an address).
"""

import binascii
import codecs
import quopri
import re
from base64 import b64decode

_WORD = re.compile(r"=\?([A-Za-z0-9_.:()\-]{1,40})(?:\*[^?]*)?\?([BbQq])\?([^?]*)\?=")
_BETWEEN = re.compile(r"(\?=)[ \t]+(?==\?)")


def decode_octets(octets: bytes, charset: str = "") -> str:
    """Octets as text: the named charset if it fits, else UTF-8, else Windows-1252, which takes nearly anything."""
    for name in (charset, "utf-8"):
        try:
            return octets.decode(codecs.lookup(name).name) if name else octets.decode("ascii")
        except (LookupError, ValueError):
            continue
    return octets.decode("cp1252", "replace")


def decode_words(text: str) -> str:
    """A header value with its encoded words replaced, on one line and without control characters.

    Neighbouring words of one charset are joined before they are decoded: some senders cut a letter in two.
    """
    if "=?" not in text and text.isascii() and text.isprintable():
        return " ".join(text.split())
    pieces: list[tuple[str, bytes]] = []
    end = 0
    joined = _BETWEEN.sub(r"\1", text)
    for match in _WORD.finditer(joined):
        _append(pieces, "", joined[end : match.start()].encode("utf-8", "surrogateescape"))
        _append(pieces, match[1].lower(), _decoded(match[2], match[3]))
        end = match.end()
    _append(pieces, "", joined[end:].encode("utf-8", "surrogateescape"))
    return _one_line("".join(decode_octets(octets, charset) for charset, octets in pieces))


def _append(pieces: list[tuple[str, bytes]], charset: str, octets: bytes) -> None:
    if not octets:
        return
    if pieces and pieces[-1][0] == charset:
        pieces[-1] = (charset, pieces[-1][1] + octets)
    else:
        pieces.append((charset, octets))


def _decoded(encoding: str, text: str) -> bytes:
    octets = text.encode("utf-8", "surrogateescape")
    if encoding in "Qq":
        return quopri.decodestring(octets.replace(b"_", b" "), header=False)
    try:
        return b64decode(octets + b"=" * (-len(octets) % 4))
    except (binascii.Error, ValueError):
        return octets


def _one_line(text: str) -> str:
    visible = "".join(character if character.isprintable() or character == "\t" else " " for character in text)
    return " ".join(visible.split())
