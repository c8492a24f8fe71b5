"""The text of a mail as DATA carries it: where it ends, and what its first block may not hold (RFC 5321 4.5.2).

What lives here: dot-unstuffing over chunks of any size, the bounded watch on the header block. What does not: sockets
and files. Only CRLF.CRLF ends the text; a bare CR or LF ends nothing, so that no text can smuggle in a command.
"""

import re

from gateway.domain.errors import GatewayError, SmtpReply

_END = b"\r\n.\r\n"
_FIELD = re.compile(rb"^[^ \t\r]", re.MULTILINE)  # the first octet of a line that continues no other
_DOTTED = re.compile(rb"\n\.")
LF = 0x0A
FEW_DOTS = 40
_BARE = re.compile(rb"\r(?!\n)|(?<!\r)\n|\0")


class HeaderRefusedError(GatewayError):
    """A header block that is too long or that no two programs would read alike."""

    smtp_code = 554
    enhanced = "5.6.0"


class DotDecoder:
    """Undoes dot-stuffing and finds the end of the text, chunk by chunk.

    What could be the beginning of CRLF.CRLF is held back until the next chunk decides it.
    """

    def __init__(self) -> None:
        self._held = b"\r\n"  # the text's first line follows a line end: that of the DATA command
        self._skip = 2
        self.done = False
        self.rest = b""

    def feed(self, chunk: bytes) -> bytes:
        """The content that `chunk` settles. At the end `done` is true and `rest` is what came behind."""
        if self.done:
            self.rest += chunk
            return b""
        text = self._held + chunk if self._held else chunk
        first = _first_dotted(text)
        end = text.find(_END, first)
        if end >= 0:
            self.done, self.rest, self._held = True, text[end + len(_END) :], b""
            settled = text[: end + 2]
        else:
            keep = _undecided(text)
            self._held = text[len(text) - keep :]
            settled = text[: len(text) - keep] if keep else text
        content = settled.replace(b"\r\n.", b"\r\n") if first < len(settled) - 2 else settled
        if content and self._skip:
            content, self._skip = content[self._skip :], 0
        return content


def _first_dotted(text: bytes) -> int:
    """Where the first line end stands that a dot follows, CR first; the length of `text` when there is none.

    One octet is looked for much faster than a row, and base64 has no dots; where there are many, a pattern is faster.
    """
    dot = text.find(b".", 1)
    for _ in range(FEW_DOTS):
        if dot < 0:
            return len(text)
        if text[dot - 1] == LF:
            return max(0, dot - 2)
        dot = text.find(b".", dot + 1)
    dotted = _DOTTED.search(text, max(0, dot - 1)) if dot >= 0 else None
    return max(0, dotted.start() - 1) if dotted else len(text)


def _undecided(text: bytes) -> int:
    """How many octets at the end of `text` may begin the end mark."""
    for length in range(min(len(_END) - 1, len(text)), 0, -1):
        if text.endswith(_END[:length]):
            return length
    return 0


class HeaderWatch:
    """Collects the header block while it passes, up to `limit` octets and `fields` fields, and judges it once.

    It decides who the author is, so it must be unambiguous: CRLF alone ends its lines, and it holds no NUL.
    """

    def __init__(self, limit: int, fields: int) -> None:
        self._limit = limit
        self._fields = fields
        self._block: bytearray | None = bytearray()
        self.fault: HeaderRefusedError | None = None

    def feed(self, content: bytes) -> bool:
        """Look at the next content; whether the header block is over. What follows it is not looked at."""
        if self._block is None:
            return True
        seen = len(self._block)
        self._block += content[: self._limit + 4 - seen]
        end = header_end(self._block, max(0, seen - 3))  # content may come octet by octet
        if end is not None:
            self._settle(self._block[:end])
        elif len(self._block) >= self._limit + 4:
            self.fault, self._block = header_too_long(self._limit), None
        return self._block is None

    def finish(self) -> None:
        """The text is over; without an empty line all of it was header."""
        if self._block is not None:
            self._settle(self._block)

    def _settle(self, header: bytearray) -> None:
        self._block = None
        self.fault = bare_fault(header)
        if self.fault is None and len(_FIELD.findall(header)) > self._fields:
            self.fault = HeaderRefusedError(f"the header has more than {self._fields} fields")


def header_end(block: bytes | bytearray, start: int = 0) -> int | None:
    """Where the header block ends: the offset behind the CRLF of its last line, None when it goes on.

    The search begins at `start`.
    """
    if block.startswith(b"\r\n"):
        return 0
    end = block.find(b"\r\n\r\n", start)
    return None if end < 0 else end + 2


def header_too_long(limit: int) -> HeaderRefusedError:
    """The refusal of a header block of more than `limit` octets."""
    text = f"the header is longer than {limit} octets"
    return HeaderRefusedError(text, reply=SmtpReply(552, "5.3.4", text))


def bare_fault(header: bytes | bytearray) -> HeaderRefusedError | None:
    """The refusal of a bare CR, a bare LF or a NUL in a header block, None when there is none."""
    if _BARE.search(header):
        return HeaderRefusedError("the header holds a bare CR, a bare LF or a NUL")
    return None
