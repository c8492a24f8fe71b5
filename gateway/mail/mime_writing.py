"""Writes MIME as octets: parts of text, files and multiparts, for mails that we compose ourselves.

What lives here: encodings and headers on the wire (RFC 2045, RFC 2046, RFC 5322). What does not: what a mail says. A
notice is written in the commit that it belongs to, so that every millisecond counts; Python's own email package takes
ten times as long, and is asked only for what is not plain: fields that are long, or not ASCII.
"""

import base64
import binascii
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from email import policy

from gateway.domain.mail_names import ascii_address

Field = tuple[str, str]
LINE_OCTETS = 200  # of a field that is not folded; a line may have 998 (RFC 5322 2.1.1)
_FOLDING = policy.SMTP.clone(max_line_length=LINE_OCTETS)  # else a long subject leaves its field's first line empty
END = b"\r\n"


@dataclass(frozen=True, slots=True)
class Part:
    """A body with the fields that describe it; the body's lines end with CRLF."""

    fields: tuple[Field, ...]
    body: bytes

    def octets(self, *before: Field, after: Iterable[Field] = ()) -> bytes:
        """The fields, those given around them, and the body."""
        head = b"".join(_written(name, value) for name, value in (*before, *self.fields, *after))
        return head + END + self.body


def text(words: str, subtype: str) -> Part:
    """A text in UTF-8, quoted-printable."""
    lines = words if words.endswith("\n") else f"{words}\n"
    encoded = binascii.b2a_qp(lines.replace("\r\n", "\n").encode(), istext=True)
    fields = (
        ("Content-Type", f'text/{subtype}; charset="utf-8"'),
        ("Content-Transfer-Encoding", "quoted-printable"),
    )
    return Part(fields, encoded.replace(b"\n", END))


def attachment(content: bytes, media_type: str, name: str) -> Part:
    """A file; its name is of plain ASCII."""
    fields = (
        ("Content-Type", media_type),
        ("Content-Transfer-Encoding", "base64"),
        ("Content-Disposition", f'attachment; filename="{name}"'),
    )
    return Part(fields, base64.encodebytes(content).replace(b"\n", END))


def blocks(media_type: str, groups: Sequence[Sequence[Field]]) -> Part:
    """Groups of fields, each followed by an empty line (RFC 3464 2.1)."""
    body = b"".join(b"".join(_written(name, value) for name, value in group) + END for group in groups)
    return Part((("Content-Type", media_type),), body)


def multipart(kind: str, boundary: str, parts: Iterable[Part]) -> Part:
    """Parts of one whole; `kind` may have parameters. The boundary must not begin any line of theirs."""
    edge = b"--" + boundary.encode()
    body = b"".join(edge + END + part.octets() + END for part in parts) + edge + b"--" + END
    return Part((("Content-Type", f'multipart/{kind}; boundary="{boundary}"'),), body)


def _written(name: str, value: str) -> bytes:
    """One field. A value with line ends in it is no value: ValueError.

    An address alone stands as it is, for there is no encoding for it (RFC 2047 5): where it has letters beyond ASCII,
    the mail goes by SMTPUTF8 or not at all (RFC 6532).
    """
    if name == "To" and not value.isascii() and value.isprintable():
        return f"{name}: {ascii_address(value)}\r\n".encode()
    if value.isascii() and value.isprintable() and len(name) + len(value) < LINE_OCTETS:
        return f"{name}: {value}\r\n".encode()
    folded: str = _FOLDING.fold(name, _FOLDING.header_store_parse(name, value)[1])
    return folded.encode()
