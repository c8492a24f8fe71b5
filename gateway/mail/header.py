"""The header block of a stored mail: the few facts that decide what happens to it.

What lives here: reading the block, field by field, and the digest of what follows. What does not: MIME (`parse`) and
judging the facts (`gateway.domain.decision`). It runs in the process that listens, so it is small and bounded.
"""

import hashlib
import re
from pathlib import Path
from typing import BinaryIO

from gateway.domain.submission import HeaderFacts
from gateway.mail.authors import authors_of
from gateway.mail.smtp_data import HeaderRefusedError, bare_fault, header_end, header_too_long
from gateway.mail.words import decode_words

MAX_HEADER = 262_144  # octets
READ_OCTETS = 262_144
MAX_FIELDS = 1000
MAX_FAX_FIELD = 998  # characters
FAX_FIELD = "x-fax-"
MAX_REFERENCES = 20
_FIELD = re.compile(r"(?:([!-9;-~]+)[ \t]*:([^\r]*)|[^\r]*)\r\n")  # nothing is left of a line that is none
_FOLD = re.compile(r"\r\n(?=[ \t])")
_LIST = re.compile("list-")
_NOWHERE = ("",)
_REMARK = re.compile(r"[;(]")
_COMMENTS = re.compile(r"(?:[ \t]*\((?:[^()\\]|\\.)*+\))*+")  # before a value
_MESSAGE_ID = re.compile(r"<[^<>\s\x00-\x1f\x7f]{1,900}>")

Fields = dict[str, list[str]]


def read_header(path: Path, limit: int = MAX_HEADER) -> HeaderFacts:
    """The facts of a mail's header block, at most `limit` octets of it.

    Raises:
        HeaderRefusedError: 554 5.6.0, a line that is no field, a bare CR or LF, or a NUL; 552 5.3.4, too long.
        OSError: the file cannot be read.
    """
    with path.open("rb") as file:
        return header_facts(file, limit)


def header_facts(file: BinaryIO, limit: int = MAX_HEADER) -> HeaderFacts:
    """As `read_header`, of a file that is open at its beginning.

    Raises:
        HeaderRefusedError: as `read_header`.
    """
    start = file.read(limit + 4)
    end = _end(start, limit)
    whole, body = _digests(file, start, end)
    fields = _fields(start[:end].decode("utf-8", "surrogateescape"))
    return HeaderFacts(
        from_addresses=_addresses(fields, "from"),
        subject=decode_words(_first(fields, "subject")),  # whole: a token may stand at its end
        message_id=_message_id(fields),
        auto_submitted=_auto_submitted(fields),
        precedence=_keyword(fields, "precedence"),
        is_list=any(map(_LIST.match, fields)),
        is_report=_keyword(fields, "content-type") == "multipart/report",
        received_count=len(fields.get("received", ())),
        body_digest=body,
        content_digest=whole,
        references=_references(fields),
        date=_first(fields, "date")[:100],
        fax_fields=_fax_fields(fields),
        to_addresses=_addresses(fields, "to"),
        cc_addresses=_addresses(fields, "cc"),
    )


def _end(start: bytes, limit: int) -> int:
    """Where the block ends that `start` begins with, checked; its empty line is not part of it."""
    end = header_end(start)
    if end is None and len(start) == limit + 4:
        raise header_too_long(limit)
    end = len(start) if end is None else end
    fault = bare_fault(start[:end])
    if fault is not None:
        raise fault
    return end


def _digests(file: BinaryIO, start: bytes, end: int) -> tuple[str, str]:
    """The SHA-256 of all, and that of what follows the empty line, in one reading; `start` was read already."""
    whole, body = hashlib.sha256(start), hashlib.sha256(memoryview(start)[end + 2 :])
    while more := file.read(READ_OCTETS):
        whole.update(more)
        body.update(more)
    return whole.hexdigest(), body.hexdigest()


def _fields(block: str) -> Fields:
    """Unfolded values by lower-case name, in order."""
    fields: Fields = {}
    lines = _FIELD.findall(_FOLD.sub("", block.removesuffix("\r\n") + "\r\n")) if block else []
    if len(lines) > MAX_FIELDS:
        raise HeaderRefusedError(f"the header has more than {MAX_FIELDS} fields")
    for number, (name, value) in enumerate(lines, 1):
        if not name:
            raise HeaderRefusedError(f"field {number} of the header is malformed: it needs a name and a colon")
        fields.setdefault(name.lower(), []).append(value.strip(" \t"))
    return fields


def _addresses(fields: Fields, name: str) -> tuple[str, ...]:
    """Those of a field that stands there once; of two, readers differ on which one holds."""
    found = fields.get(name, [])
    return authors_of(found[0]) if len(found) == 1 else ()


def _first(fields: Fields, name: str) -> str:
    return fields.get(name, _NOWHERE)[0]


def _auto_submitted(fields: Fields) -> str:
    """The value that says most for an automatic mail, where servers on the way have added one of their own."""
    values = [_word(value) for value in fields.get("auto-submitted", ())]
    if not values:
        return ""
    return max(values, key=lambda value: (value not in ("", "no"), value != "auto-generated"), default="")


def _keyword(fields: Fields, name: str) -> str:
    return _word(_first(fields, name))


def _word(value: str) -> str:
    """A value up to its parameters or comment, and without one before it, in lower case (RFC 3834 5)."""
    return _REMARK.split(_COMMENTS.sub("", value), maxsplit=1)[0].strip().lower() if value else ""


def _fax_fields(fields: Fields) -> tuple[tuple[str, str], ...]:
    """Directives that a program put into the header; those of one name in the order in which they stand there."""
    names = [name for name in fields if name.startswith(FAX_FIELD)]
    return tuple((name.title(), decode_words(value)[:MAX_FAX_FIELD]) for name in names for value in fields[name])


def _message_id(fields: Fields) -> str:
    match = _MESSAGE_ID.fullmatch(_first(fields, "message-id"))
    return match[0] if match else ""


def _references(fields: Fields) -> str:
    """What a reply would refer to (RFC 5322 3.6.4): the thread's first mail and its latest."""
    written = _first(fields, "references") or _first(fields, "in-reply-to")
    known = _MESSAGE_ID.findall(written) if written else []
    if len(known) > MAX_REFERENCES:
        known = [known[0], *known[1 - MAX_REFERENCES :]]
    return " ".join(known)
