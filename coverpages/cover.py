"""Cover pages: templates of HTML with named fields, filled and escaped.

What lives here: the closed list of fields and the small language of templates. What does not: laying the page out (the
renderers do, as with any HTML, and fetch nothing for it).

A template says `{{ subject }}` where a value goes, and `{{#subject}} … {{/subject}}` around what is left out when the
value is empty; `{{#sender_phone|sender_fax}}` keeps its content when any of them has a value.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from html import escape
from pathlib import Path
from types import MappingProxyType

FIELDS: Mapping[str, str] = MappingProxyType(
    {
        "sender": "the sender's name",
        "sender_email": "the sender's mail address",
        "sender_company": "the sender's company",
        "sender_phone": "the sender's telephone number",
        "sender_fax": "the sender's fax number",
        "sender_address": "the sender's postal address, line by line",
        "recipient_name": "the recipient's name",
        "recipient_company": "the recipient's company",
        "recipient_number": "the fax number called",
        "subject": "the subject of the mail, without tokens",
        "body": "the text of the mail, line by line",
        "pages": "the number of pages, with the cover",
        "date": "the date and time of sending, in the sender's format",
        "job_id": "the number of the job",
        "reference": "the sender's own reference",
        "custom_1": "custom field 1 of the sender",
        "custom_2": "custom field 2 of the sender",
        "custom_3": "custom field 3 of the sender",
        "custom_4": "custom field 4 of the sender",
    }
)

_TEMPLATES = Path(__file__).with_name("templates")
_PAGE = "template.html"
_TAG = re.compile(r"\{\{\s*([#/]?)\s*([^{}]*?)\s*\}\}")


class TemplateError(ValueError):
    """A template that cannot be filled; says which line and which field."""


@dataclass(frozen=True, slots=True)
class _Piece:
    """Text as it stands (`sign` is "text"), a field (""), or the start ("#") or end ("/") of a section."""

    sign: str
    words: str
    line: int


def templates() -> list[str]:
    """The names of the templates that ship with the gateway."""
    return sorted(page.parent.name for page in _TEMPLATES.glob(f"*/{_PAGE}"))


def fill(template: str, fields: Mapping[str, str]) -> str:
    """Fill a template; returns HTML in which every value is escaped.

    Args:
        template: the name of one that ships, or the path of a folder with a `template.html`.
        fields: values by name of `FIELDS`; one that is not given is empty.

    Raises:
        TemplateError: no such template, or it names an unknown field or leaves a section open.
        KeyError: `fields` names an unknown field: the caller's mistake, not the template's.
    """
    for name in fields:
        if name not in FIELDS:
            raise KeyError(name)
    return "".join(_filled(_pieces(_source(template)), fields))


def used_fields(template: str) -> list[str]:
    """The fields that a template asks for, in the order of `FIELDS`.

    Raises:
        TemplateError: as `fill`; so this is also the check of a template without values.
    """
    pieces = list(_pieces(_source(template)))
    list(_filled(iter(pieces), {}))
    named = {name for piece in pieces if piece.sign != "text" for name in piece.words.split("|")}
    return [name for name in FIELDS if name in named]


def _source(template: str) -> str:
    folder = _TEMPLATES / template if template in templates() else Path(template)
    try:
        return (folder / _PAGE).read_text("utf-8")
    except OSError as error:
        raise TemplateError(f"no cover page {template!r}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise TemplateError(f"cover page {template!r} is not UTF-8") from error


def _pieces(source: str) -> Iterator[_Piece]:
    """The template in pieces, each field known.

    Raises:
        TemplateError: a field that is not in `FIELDS`.
    """
    end = 0
    for tag in _TAG.finditer(source):
        yield _Piece("text", source[end : tag.start()], 0)
        line = source.count("\n", 0, tag.start()) + 1
        for name in tag[2].split("|"):
            if name not in FIELDS:
                raise TemplateError(f"line {line}: unknown field {name!r}; known are {', '.join(FIELDS)}")
        yield _Piece(tag[1], tag[2], line)
        end = tag.end()
    yield _Piece("text", source[end:], 0)


def _filled(pieces: Iterator[_Piece], fields: Mapping[str, str]) -> Iterator[str]:
    opened: list[tuple[_Piece, bool]] = []
    for piece in pieces:
        if piece.sign == "#":
            opened.append((piece, any(fields.get(name, "").strip() for name in piece.words.split("|"))))
        elif piece.sign == "/":
            if not opened or opened.pop()[0].words != piece.words:
                raise TemplateError(f"line {piece.line}: {{{{/{piece.words}}}}} closes no open section")
        elif all(shown for _, shown in opened):
            yield piece.words if piece.sign == "text" else escape(fields.get(piece.words, "").strip())
    if opened:
        raise TemplateError(f"line {opened[-1][0].line}: {{{{#{opened[-1][0].words}}}}} is never closed")
