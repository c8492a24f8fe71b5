"""The heading of a mail that was forwarded as an attachment: who wrote it to whom, when, on what.

What lives here: reading those four or five fields and putting them above the mail's text. What does not: the facts of
the mail that we were sent (`header`).
"""

import re
from email import message_from_binary_file, policy
from email.errors import MessageError
from email.message import Message
from html import escape
from pathlib import Path

from gateway.mail.mime import MailError, PartFile
from gateway.mail.words import decode_words
from renderers.charsets import decode

Heading = tuple[tuple[str, str], ...]
_FIELDS = ("From", "To", "Cc", "Date", "Subject")
_MOST = 1000  # characters of one field
_BODY_TAG = re.compile(r"<body\b[^>]*>", re.IGNORECASE)
_ROW = '<tr><td style="padding:0 1em 0 0;vertical-align:top"><b>{}:</b></td><td>{}</td></tr>'
_TABLE = '<table style="margin:0 0 1em;border-bottom:1px solid;width:100%">{}</table>'


def heading_of(mail: Path) -> Heading:
    """The fields that are there, decoded, named as in RFC 5322.

    Raises:
        MailError: it has no header that can be read.
    """
    try:
        with mail.open("rb") as file:
            message = message_from_binary_file(file, policy=policy.compat32)
        values = [(name, decode_words(_raw(message, name))) for name in _FIELDS]
    except (MessageError, ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise MailError(f"the mail's header cannot be read ({type(error).__name__})") from error
    return tuple((name, value[:_MOST]) for name, value in values if value)


def _raw(message: Message, name: str) -> str:
    """A field as it stands, octets beyond ASCII as surrogates: `get` would put a sign in their place."""
    return next((str(value) for field, value in message.raw_items() if field.lower() == name.lower()), "")


def headed(heading: Heading, body: PartFile | None) -> bytes | None:
    """Heading and text as one, in UTF-8; None for a text that is neither plain nor HTML."""
    if body is None:
        return _plain(heading, "").encode()
    if body.media_type == "text/html":
        return _rich(heading, decode(body.path.read_bytes(), body.charset)).encode("utf-8", "replace")
    if body.media_type == "text/plain":
        return _plain(heading, decode(body.path.read_bytes(), body.charset)).encode("utf-8", "replace")
    return None


def _plain(heading: Heading, text: str) -> str:
    lines = [f"{name}: {value}" for name, value in heading]
    return "\n".join([*lines, "", text.lstrip("\n")]) if text.strip() else "\n".join(lines)


def _rich(heading: Heading, text: str) -> str:
    """Behind the opening of the body, or in front of all where there is none: HTML has a place for that, too."""
    rows = "".join(_ROW.format(name, escape(value)) for name, value in heading)
    if not heading:
        return text
    found = _BODY_TAG.search(text)
    place = found.end() if found else 0
    return text[:place] + _TABLE.format(rows) + text[place:]
