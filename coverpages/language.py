"""The small language of templates, of cover pages and others: where a value goes, and what is left out without one.

What lives here: taking a template apart and filling it. What does not: which markup a template may hold (`markup`,
`styles`), what there is to fill in (`fields`, for cover pages).

A template says `{{ subject }}` where a value goes, and `{{#subject}} … {{/subject}}` around what is left out when the
value is empty; `{{#sender_phone|sender_fax}}` keeps its content when any of them has a value.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape

from coverpages.fields import FIELDS

TAG = re.compile(r"\{\{\s*([#/]?)\s*([^{}]*?)\s*\}\}")
# No sign of a page, or one that would break the page's file: controls, surrogates, what is no character.
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\x80-\x9f\ud800-\udfff\ufffe\uffff]")
MOST_TOLD = 5  # of the problems of a template
_RIGHT_TO_LEFT, _END = "\u2067", "\u2069"  # an isolate (UAX 9)
_LINE = '<span dir="rtl" style="display: block; direction: rtl; text-align: right">{}</span>'
_OTHER_LINE = '<span style="display: block">{}</span>'


class TemplateError(ValueError):
    """A template that cannot be used; says which lines, and of each what is wrong and the field or name at fault."""

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        more = f"; and {len(problems) - MOST_TOLD} more" if len(problems) > MOST_TOLD else ""
        super().__init__("; ".join(self.problems[:MOST_TOLD]) + more)


@dataclass(frozen=True, slots=True)
class Piece:
    """Text as it stands (`sign` is "text"), a field (""), or the start ("#") or end ("/") of a section."""

    sign: str
    words: str
    line: int

    @property
    def names(self) -> list[str]:
        """The fields that a field or a section names."""
        return [] if self.sign == "text" else self.words.split("|")


def escaped(_name: str, value: str) -> str:
    """A value as HTML: escaped, and what is written from right to left laid out so."""
    lines = _UNPRINTABLE.sub("", value).strip().split("\n")
    if not any(map(_is_right_to_left, lines)):
        return escape("\n".join(lines))
    if len(lines) == 1:
        return f"{_RIGHT_TO_LEFT}{escape(lines[0])}{_END}"
    shown = ((_LINE if _is_right_to_left(line) else _OTHER_LINE).format(escape(line) or "&nbsp;") for line in lines)
    return "".join(shown)


def fill(
    template: str,
    fields: Mapping[str, str],
    known: Mapping[str, str] = FIELDS,
    written: Callable[[str, str], str] = escaped,
) -> str:
    """Fill a template; returns HTML in which every value is escaped.

    Args:
        template: the HTML of a template.
        fields: values by name; one that is not given is empty.
        known: the names there are.
        written: makes what is put in, of a name and its value.

    Raises:
        TemplateError: it names an unknown field or leaves a section open.
        KeyError: `fields` names an unknown field: the caller's mistake, not the template's.
    """
    for name in fields:
        if name not in known:
            raise KeyError(name)
    problems = unknown_fields(template, known) + open_sections(template)
    if problems:
        raise TemplateError(problems)
    return "".join(_filled(pieces(template), fields, written))


def used_fields(template: str) -> list[str]:
    """The fields that a template asks for, in the order of `FIELDS`."""
    named = {name for piece in pieces(template) for name in piece.names}
    return [name for name in FIELDS if name in named]


def pieces(template: str) -> Iterator[Piece]:
    """The template in pieces, each with the line it begins in."""
    end = 0
    for tag in TAG.finditer(template):
        yield Piece("text", template[end : tag.start()], line_of(template, end))
        yield Piece(tag[1], tag[2], line_of(template, tag.start()))
        end = tag.end()
    yield Piece("text", template[end:], line_of(template, end))


def line_of(template: str, position: int) -> int:
    """The line, from 1, in which a character stands."""
    return template.count("\n", 0, position) + 1


def unknown_fields(template: str, known: Mapping[str, str] = FIELDS) -> list[str]:
    """What names a field that is not known."""
    found = ((piece.line, name) for piece in pieces(template) for name in piece.names if name not in known)
    names = ", ".join(known)
    return [f"line {line}: unknown field {name!r}; known are {names}" for line, name in found]


def open_sections(template: str) -> list[str]:
    """The first end without its beginning, or the last beginning without its end."""
    opened: list[Piece] = []
    for piece in pieces(template):
        if piece.sign == "#":
            opened.append(piece)
        elif piece.sign == "/" and (not opened or opened.pop().words != piece.words):
            return [f"line {piece.line}: {{{{/{piece.words}}}}} closes no open section"]
    return [f"line {piece.line}: {{{{#{piece.words}}}}} is never closed" for piece in opened[-1:]]


def _filled(parts: Iterator[Piece], fields: Mapping[str, str], written: Callable[[str, str], str]) -> Iterator[str]:
    shown: list[bool] = []
    for piece in parts:
        if piece.sign == "#":
            shown.append(any(fields.get(name, "").strip() for name in piece.names))
        elif piece.sign == "/":
            shown.pop()
        elif all(shown):
            yield piece.words if piece.sign == "text" else written(piece.words, fields.get(piece.words, ""))


def _is_right_to_left(line: str) -> bool:
    """Whether the first strong character says so (UAX 9, P2 and P3)."""
    strong = (unicodedata.bidirectional(character) for character in line)
    return not line.isascii() and next((kind for kind in strong if kind in {"L", "R", "AL"}), "L") != "L"
