"""HTML bodies and files to PDF, laid out as a browser prints them.

What lives here: the limits, and the words of an HTML that defies layout. What does not: the layout (`layout`).
"""

from collections.abc import Mapping
from html.parser import HTMLParser
from pathlib import Path

from renderers.alarm import TimeUpError, within
from renderers.charsets import charset_of, decode, known
from renderers.errors import Reason, RenderError
from renderers.faxpage import FaxShape
from renderers.layout import lay_out

_MOST_BYTES = 16 << 20
_DEEPEST = 400
_LAYOUT_SECONDS = 25.0  # of processor time; long honest newsletters take a quarter of it
_VOID = frozenset(
    {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
)
_OFTEN_LEFT_OPEN = frozenset({"p", "li", "td", "th", "tr", "dd", "dt", "option", "tbody", "thead"})
_UNSEEN = frozenset({"script", "style", "head", "title", "template"})
_DRAWING = frozenset({"svg", "object", "embed", "input", "textarea", "select", "button", "hr"})
_LINES = frozenset(
    {"address", "article", "blockquote", "br", "dd", "div", "dl", "dt", "h1", "h2", "h3", "h4", "h5", "h6"}
    | {"hr", "li", "ol", "p", "pre", "section", "table", "tr", "ul"}
)


# Sizes beyond all measure end in a division by zero, and what no page of the web holds in whatever it stumbles over.
_BEYOND_LAYOUT = (
    ArithmeticError, AssertionError, AttributeError, LookupError, MemoryError, NameError, RuntimeError, TimeUpError,
    TypeError, ValueError,
)  # fmt: skip


class TooDeepError(Exception):
    """Elements nested, of a size, or in a number beyond what a layout can do; `words` is what they say."""

    def __init__(self, words: str) -> None:
        super().__init__("nested too deep")
        self.words = words


def html_pdf(content: bytes, target: Path, shape: FaxShape, name: str, charset: str, inline: Mapping[str, Path]) -> int:
    """Write HTML as a PDF; returns the number of pages.

    Raises:
        RenderError: TOO_LARGE; EMPTY, where it has neither words nor a picture that came with it.
        TooDeepError: render its words as text instead.
    """
    if len(content) > _MOST_BYTES:
        raise RenderError(Reason.TOO_LARGE, name, f"{len(content)} bytes of HTML")
    reader = _Reader()
    reader.feed(decode(content, charset))
    if not reader.words and not reader.draws:
        raise RenderError(Reason.EMPTY, name)
    if reader.deepest > _DEEPEST:
        raise TooDeepError(reader.words)
    try:
        with within(_LAYOUT_SECONDS):
            return lay_out(content, target, shape, _charset(content, charset), inline)
    except _BEYOND_LAYOUT as error:
        raise TooDeepError(reader.words) from error


def _charset(content: bytes, declared: str) -> str:
    """What overrides the HTML's own words on its charset; nothing where it says one and the mail does not."""
    says_one = b"charset" in content[:4096].lower() or content.startswith((b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf"))
    return "" if says_one and not known(declared) else charset_of(content, known(declared))


def _is_here(attrs: list[tuple[str, str | None]]) -> bool:
    """Whether of a picture there is something to see: it came along, or has words in its place."""
    said = dict(attrs)
    source = (said.get("src") or "").strip().lower()
    return source.startswith(("cid:", "data:")) or bool((said.get("alt") or "").strip())


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._parts: list[str] = []
        self._open: list[str] = []
        self._depth = 0  # of those open that are not often left open
        self.deepest = 0
        self.draws = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.draws = self.draws or tag in _DRAWING or (tag == "img" and _is_here(attrs))
        if tag in _LINES:
            self._parts.append("\n")
        if tag not in _VOID:
            self._open.append(tag)
            self._depth += tag not in _OFTEN_LEFT_OPEN
            self.deepest = max(self.deepest, self._depth)

    def handle_endtag(self, tag: str) -> None:
        if tag in self._open[-20:]:
            while (closed := self._open.pop()) != tag:
                self._depth -= closed not in _OFTEN_LEFT_OPEN
            self._depth -= tag not in _OFTEN_LEFT_OPEN
        if tag in _LINES:
            self._parts.append("\n")

    def handle_data(self, data: str) -> None:
        if not _UNSEEN & set(self._open[-3:]):
            self._parts.append(" ".join(data.split()) + " " if data.strip() else "")

    @property
    def words(self) -> str:
        lines = "".join(self._parts).split("\n")
        return "\n".join(line.strip() for line in lines if line.strip())
