"""Plain text to PDF: any charset, tabs, form feeds, every script.

What lives here: text to HTML that keeps its lines. What does not: the layout itself (`layout`).
"""

import re
import unicodedata
from collections.abc import Iterator
from html import escape
from itertools import groupby
from pathlib import Path

from renderers.charsets import decode
from renderers.errors import Reason, RenderError
from renderers.faxpage import FaxShape
from renderers.layout import lay_out

_MOST_CHARACTERS = 2_000_000
_LONGEST_LINE = 2000  # characters: of one line a layout takes a time that grows with its square
_LINE_POINTS = 12.5
_CONTROLS = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|[\x00-\x08\x0b\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
_PAGE = """<!DOCTYPE html><html><head><meta charset="utf-8"><style>
pre {{ font: 10pt/1.25 "DejaVu Sans Mono", "Liberation Mono", "Noto Sans", monospace; margin: 0; tab-size: 8;
  white-space: pre-wrap; orphans: 2; widows: 2; min-height: 1.25em; }}
pre.rtl {{ direction: rtl; text-align: right;
  font-family: "Noto Naskh Arabic", "Noto Sans Hebrew", "DejaVu Sans Mono"; }}
section + section {{ break-before: page; }}
</style></head><body>{body}</body></html>"""


def text_pdf(content: bytes, target: Path, shape: FaxShape, charset: str, name: str, most_pages: int = 2000) -> int:
    """Write text as a PDF, line for line, wrapped at the margin; returns the number of pages.

    Raises:
        RenderError: EMPTY, TOO_LARGE; TOO_MANY_PAGES, before a layout, where its lines alone are more.
    """
    words = decode(content, charset)
    if not words.strip():
        raise RenderError(Reason.EMPTY, name)
    if len(words) > _MOST_CHARACTERS:
        raise RenderError(Reason.TOO_LARGE, name, f"{len(words)} characters")
    if (least := _least_pages(words, shape)) > most_pages:
        raise RenderError(Reason.TOO_MANY_PAGES, name, f"{least} pages or more")
    return lay_out(to_html(words).encode(), target, shape, "utf-8")


def _least_pages(words: str, shape: FaxShape) -> int:
    """The pages of its line breaks and form feeds, without margins and without a line that is wrapped."""
    lines_a_page = shape.rows / shape.resolution.value * 72 / _LINE_POINTS
    return max(words.rstrip().count("\f"), int(words.rstrip().count("\n") / lines_a_page))


def to_html(words: str) -> str:
    """Text as HTML: one section a sheet between form feeds, one `pre` a run of lines of the same direction."""
    lines = words.replace("\r\n", "\n").replace("\r", "\n").rstrip("\f\n ")
    sections = ("".join(_runs(sheet)) for sheet in _CONTROLS.sub("", lines).split("\f"))
    return _PAGE.format(body="".join(f"<section>{section}</section>" for section in sections))


def _runs(sheet: str) -> list[str]:
    runs = []
    every = (part for line in sheet.split("\n") for part in _parts(line))
    for right_to_left, lines in groupby(every, key=_right_to_left):
        kind = ' class="rtl"' if right_to_left else ""
        runs.append(f"<pre{kind}>{escape(chr(10).join(line.expandtabs(8) for line in lines))}\n</pre>")
    return runs


def _parts(line: str) -> Iterator[str]:
    """A line in parts that can be laid out, ended at a blank where there is one in their later half."""
    while len(line) > _LONGEST_LINE:
        blank = line.rfind(" ", _LONGEST_LINE // 2, _LONGEST_LINE)
        end = blank + 1 or _LONGEST_LINE
        yield line[:end]
        line = line[end:]
    yield line


def _right_to_left(line: str) -> bool:
    """Whether the first strong character says so (UAX 9, P2 and P3)."""
    if line.isascii():
        return False
    strong = (unicodedata.bidirectional(character) for character in line)
    return next((kind for kind in strong if kind in {"L", "R", "AL"}), "L") != "L"
