"""A mail as Outlook keeps it: a text, a heading and attachments, of MAPI properties ([MS-OXPROPS]).

What lives here: what the properties mean. What does not: where they are kept (`tnef`, `msg`), and what becomes of the
mail (`unpack`).
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

from gateway.mail.lzfu import unpacked_rtf
from renderers.charsets import decode

# Properties ([MS-OXPROPS]), by their identity.
CODE_PAGE, OBJECT, METHOD = 0x3FFD, 0x3701, 0x3705
_BODY_TEXT, _BODY_RTF, _BODY_HTML, _SUBJECT_TEXT = 0x1000, 0x1009, 0x1013, 0x0037
_FROM, _FROM_ADDRESS, _FROM_SMTP, _TO, _CC = 0x0C1A, 0x0C1F, 0x5D01, 0x0E04, 0x0E03
_SENT, _DELIVERED, _HTML_PAGE = 0x0039, 0x0E06, 0x3FDE
_LONG_NAME, _SHORT_NAME, _SHOWN_NAME, _TYPE, _CONTENT_ID = 0x3707, 0x3704, 0x3001, 0x370E, 0x3712
STRING, UNICODE, BINARY, EMBEDDED = 0x1E, 0x1F, 0x102, 0x0D  # types ([MS-OXCDATA] 2.11.1)
_EPOCH = datetime(1601, 1, 1, tzinfo=UTC)
_CONTROL = re.compile(rb"\\'[0-9a-f]{2}|\\[a-z]+-?\d* ?|[{}\s\0]")

Properties = Mapping[int, bytes | str]


@dataclass(slots=True)
class OutlookAttachment:
    """One attachment. `mail` opens it where it is a mail; it raises MailError where that is damaged.

    `is_object` when a program put it into the text of the mail.
    """

    name: str = ""
    media_type: str = ""
    content: bytes = b""
    content_id: str = ""
    is_object: bool = False
    mail: "Callable[[], OutlookMail] | None" = None

    def describe(self, properties: Properties) -> None:
        """Take name, type and identity from properties."""
        names = [str(properties[key]) for key in (_LONG_NAME, _SHORT_NAME, _SHOWN_NAME) if properties.get(key)]
        self.name = names[0] if names else self.name
        self.media_type = str(properties.get(_TYPE, "")).lower()
        self.content_id = str(properties.get(_CONTENT_ID, "")).strip("<>")
        if self.media_type == "multipart/signed":  # so Outlook keeps a whole signed mail
            self.media_type = "message/rfc822"


@dataclass(slots=True)
class OutlookMail:
    """A mail as Outlook keeps it. `body` is empty when it has no text; `heading` is as in a mail's header."""

    body: bytes = b""
    body_type: str = ""
    charset: str = ""
    heading: tuple[tuple[str, str], ...] = ()
    attachments: list[OutlookAttachment] = field(default_factory=list)

    def set_body(self, properties: Properties, plain: str) -> None:
        """Take the text: plain where there is any, else HTML, else RTF.

        Raises:
            ValueError: the RTF is damaged.
        """
        words = str(properties.get(_BODY_TEXT, "")) or plain
        html = properties.get(_BODY_HTML, b"")
        packed = properties.get(_BODY_RTF, b"")
        if words.strip():
            self.body, self.body_type, self.charset = words.encode("utf-8", "replace"), "text/plain", "utf-8"
        elif html:
            self._set_html(html, properties.get(_HTML_PAGE, b""))
        elif isinstance(packed, bytes) and packed:
            rtf = unpacked_rtf(packed)
            self.body, self.body_type = rtf if _says_something(rtf) else b"", "application/rtf"

    def _set_html(self, html: bytes | str, page: bytes | str) -> None:
        self.body_type = "text/html"
        if isinstance(html, str):
            self.body, self.charset = html.encode("utf-8", "replace"), "utf-8"
        else:
            self.body = html
            self.charset = code_page(int.from_bytes(page, "little")) if isinstance(page, bytes) and page else ""


def decoded(value: bytes, kind: int, page: str) -> bytes | str:
    """A property's value by its type: octets that are no string stay octets."""
    if kind == UNICODE:
        return value.decode("utf-16-le", "replace").rstrip("\0")
    return text(value, page) if kind == STRING else value


def text(value: bytes, page: str) -> str:
    """A string that a zero octet ends."""
    return decode(value.split(b"\0")[0], page)


def code_page(number: int) -> str:
    """The charset of a Windows code page."""
    return {65001: "utf-8", 20127: "ascii", 28591: "latin-1"}.get(number, f"cp{number}")


def heading(properties: Properties, subject: str = "") -> tuple[tuple[str, str], ...]:
    """The fields that there are, named as in RFC 5322."""
    sender = str(properties.get(_FROM, ""))
    addresses = [str(properties.get(key, "")) for key in (_FROM_SMTP, _FROM_ADDRESS)]
    address = next((one for one in addresses if "@" in one), addresses[1])
    written = {
        "From": f"{sender} <{address}>" if sender and "@" in address and sender != address else sender or address,
        "To": str(properties.get(_TO, "")),
        "Cc": str(properties.get(_CC, "")),
        "Date": _moment(properties.get(_SENT, b"") or properties.get(_DELIVERED, b"")),
        "Subject": str(properties.get(_SUBJECT_TEXT, "")) or subject,
    }
    return tuple((name, value) for name, value in written.items() if value)


def _moment(value: bytes | str) -> str:
    """A time in units of 100 ns since 1601, as RFC 5322 writes it; nothing for one that no calendar has."""
    if not isinstance(value, bytes) or len(value) != 8:
        return ""
    try:
        return format_datetime(_EPOCH + timedelta(microseconds=int.from_bytes(value, "little") // 10))
    except OverflowError:
        return ""


def _says_something(rtf: bytes) -> bool:
    """Whether there is more than frame and fonts: RTF has its text behind the first paragraph's properties."""
    words = rtf.partition(b"\\pard")[2]
    return bool(_CONTROL.sub(b"", words).strip()) or b"\\pict" in words or b"\\objattph" in words
