"""Plain text to PDF: any charset, tabs, form feeds, every script.

What lives here: text to HTML that keeps its lines. What does not: the layout itself (`layout`).
"""

import re
import unicodedata
from html import escape
from itertools import groupby
from pathlib import Path

from renderers.charsets import decode
from renderers.errors import Reason, RenderError
from renderers.faxpage import FaxShape
from renderers.layout import lay_out

_MOST_CHARACTERS = 2_000_000
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
_PAGE = """<!DOCTYPE html><html><head><meta charset="utf-8"><style>
pre {{ font: 10pt/1.25 "DejaVu Sans Mono", "Liberation Mono", "Noto Sans", monospace; margin: 0; tab-size: 8;
  white-space: pre-wrap; orphans: 2; widows: 2; min-height: 1.25em; }}
pre.rtl {{ direction: rtl; text-align: right;
  font-family: "Noto Naskh Arabic", "Noto Sans Hebrew", "DejaVu Sans Mono"; }}
section + section {{ break-before: page; }}
</style></head><body>{body}</body></html>"""


def text_pdf(content: bytes, target: Path, shape: FaxShape, charset: str, name: str) -> int:
    """Write text as a PDF, line for line, wrapped at the margin; returns the number of pages.

    Raises:
        RenderError: EMPTY, TOO_LARGE.
    """
    words = decode(content, charset)
    if not words.strip():
        raise RenderError(Reason.EMPTY, name)
    if len(words) > _MOST_CHARACTERS:
        raise RenderError(Reason.TOO_LARGE, name, f"{len(words)} characters")
    return lay_out(to_html(words).encode(), target, shape, "utf-8")


def to_html(words: str) -> str:
    """Text as HTML: one section a sheet between form feeds, one `pre` a run of lines of the same direction."""
    lines = words.replace("\r\n", "\n").replace("\r", "\n").rstrip("\f\n ")
    sections = ("".join(_runs(sheet)) for sheet in _CONTROLS.sub("", lines).split("\f"))
    return _PAGE.format(body="".join(f"<section>{section}</section>" for section in sections))


def _runs(sheet: str) -> list[str]:
    runs = []
    for right_to_left, lines in groupby(sheet.split("\n"), key=_right_to_left):
        kind = ' class="rtl"' if right_to_left else ""
        runs.append(f"<pre{kind}>{escape(chr(10).join(line.expandtabs(8) for line in lines))}\n</pre>")
    return runs


def _right_to_left(line: str) -> bool:
    """Whether the first strong character says so (UAX 9, P2 and P3)."""
    if line.isascii():
        return False
    strong = (unicodedata.bidirectional(character) for character in line)
    return next((kind for kind in strong if kind in {"L", "R", "AL"}), "L") != "L"
