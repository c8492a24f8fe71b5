"""What strangers' templates may hold: checked when one is added, every problem told with its line.

What lives here: the check of size, text, elements and attributes, by lists of what may be. What does not: style sheets
(`styles`), the language of fields (`language`). The layout fetches and runs nothing whatever a template says; this
check is there so that whoever adds one hears of it at once, and not the sender of a fax.

Fields and sections may stand in text only, never inside a tag, a style or a comment: so nothing that a sender writes
is ever anything but text, and no section left out makes markup of what was none.
"""

import re
from collections.abc import Iterator, Mapping
from html.parser import HTMLParser

from coverpages.fields import FIELDS
from coverpages.language import TAG, TemplateError, line_of, open_sections, unknown_fields
from coverpages.styles import NOTHING_FETCHED, is_picture, sheet_problems, shown

MOST_BYTES = 512 << 10
_DEEPEST = 60  # elements within each other; a layout goes as deep as that
_ELEMENTS = frozenset(
    {
        "html", "head", "meta", "title", "style", "body", "header", "footer", "main", "section", "article", "aside",
        "div", "p", "span", "h1", "h2", "h3", "h4", "h5", "h6", "table", "caption", "colgroup", "col", "thead", "tbody",
        "tfoot", "tr", "td", "th", "ul", "ol", "li", "dl", "dt", "dd", "br", "hr", "wbr", "b", "i", "u", "s", "em",
        "strong", "small", "sub", "sup", "mark", "pre", "code", "blockquote", "address", "img", "figure", "figcaption",
        "center", "font", "time", "cite", "q", "abbr", "bdi", "bdo",
    }
)  # fmt: skip
_VOID = frozenset({"meta", "col", "br", "hr", "wbr", "img"})
# Their ends may be left out (HTML 13.1.2.4), and nobody counts how deep they stand then.
_OFTEN_LEFT_OPEN = frozenset({"p", "li", "td", "th", "tr", "dd", "dt", "tbody", "thead", "tfoot", "colgroup"})
_ATTRIBUTES = frozenset(
    {
        "class", "id", "style", "lang", "dir", "title", "alt", "width", "height", "align", "valign", "colspan",
        "rowspan", "span", "scope", "charset", "name", "content", "border", "cellpadding", "cellspacing", "size",
        "face", "color", "start", "type", "value",
    }
)  # fmt: skip
_REFERENCES = frozenset({"src", "href", "srcset", "background", "action", "cite", "poster", "longdesc", "xlink:href"})
_SCRIPTS = frozenset({"script", "noscript", "object", "embed", "applet", "iframe", "frame", "frameset"})
_FETCHING = frozenset({"link", "base", "a", "audio", "video", "source", "picture", "svg", "image"})
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffe\uffff]")
IN_TEXT = "a field may stand in text only, not inside a tag, a style, the title or a comment"


def read_template(content: bytes) -> str:
    """The text of an uploaded template, when it may be used.

    Raises:
        TemplateError: it is too large, no UTF-8, or holds what a cover page may not; every problem with its line.
    """
    if len(content) > MOST_BYTES:
        raise TemplateError([f"{len(content)} bytes are too many: a cover page has at most {MOST_BYTES}"])
    template = decoded(content)
    check(template)
    return template


def decoded(content: bytes) -> str:
    """The text of a template of any kind, with plain line ends.

    Raises:
        TemplateError: it is no UTF-8, or empty.
    """
    try:
        template = content.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise TemplateError([f"line {line}: byte 0x{content[error.start]:02x} is not UTF-8; save it as such"]) from None
    if not template.strip():
        raise TemplateError(["there is nothing in it"])
    return template


def check(template: str) -> None:
    """Return when a template holds nothing but what a cover page may.

    Raises:
        TemplateError: every problem with its line.
    """
    problems = markup_problems(template, "a cover page", FIELDS)
    if not TAG.search(template):
        problems.append("line 1: no field is used: a cover page says at least {{ recipient_number }}")
    raise_for(problems)


def markup_problems(template: str, what: str, known: Mapping[str, str]) -> list[str]:
    """What a template in HTML holds that it may not; `what` it is, as in "a cover page", `known` are its fields."""
    reader = _Reader(what)
    reader.feed(template)
    reader.finish()
    return [*language_problems(template, known), *reader.problems]


def language_problems(template: str, known: Mapping[str, str]) -> list[str]:
    """What is wrong with a template of any kind: control characters, unknown fields, sections without an end."""
    return [*_text_problems(template), *unknown_fields(template, known), *open_sections(template)]


def raise_for(problems: list[str]) -> None:
    """Return when there are none.

    Raises:
        TemplateError: all of them, by line.
    """
    if problems:
        raise TemplateError(sorted(problems, key=_line))


def _text_problems(template: str) -> Iterator[str]:
    for found in _CONTROL.finditer(template):
        yield f"line {line_of(template, found.start())}: control character U+{ord(found[0]):04X}"
    rest = TAG.sub(lambda tag: "\n" * tag[0].count("\n"), template)  # as many lines as before
    for found in re.finditer(r"\{\{", rest):
        yield f"line {line_of(rest, found.start())}: {{{{ is not closed by }}}}"


def _line(problem: str) -> int:
    """The line that a problem names."""
    found = re.match(r"line (\d+)", problem)
    return int(found[1]) if found else 0


class _Reader(HTMLParser):
    """Looks at each piece of markup once; `problems` is what it found."""

    def __init__(self, what: str) -> None:
        super().__init__(convert_charrefs=False)
        self._what = what
        self.problems: list[str] = []
        self._open: list[str] = []

    def finish(self) -> None:
        """Read what is left; a style or a title that never ends swallows all that follows, for some readers."""
        self.close()
        left = [tag for tag in self._open if tag in ("style", "title")]
        if left or self.rawdata:
            self._found(f"<{left[0]}> is never closed" if left else f"the markup breaks off at {self.rawdata[:20]!r}")

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        field = TAG.search(self.get_starttag_text() or "")
        if field:
            self._found(f"{field[0]} stands inside a tag: {IN_TEXT}")
        elif tag not in _ELEMENTS:
            self._found(f"<{tag}> may not stand in {self._what}{_why(tag)}")
        else:
            for name, value in attrs:
                self._attribute(tag, name, value or "")
        if tag not in _VOID and tag not in _OFTEN_LEFT_OPEN:
            self._open.append(tag)
            if len(self._open) == _DEEPEST:
                self._found(f"<{tag}> is nested too deep")

    def handle_endtag(self, tag: str) -> None:
        if tag in self._open:
            while self._open.pop() != tag:
                pass

    def handle_data(self, data: str) -> None:
        within = self._open[-1] if self._open else ""
        field = TAG.search(data)
        if field and within in ("style", "title"):
            self._found(f"{field[0]} stands inside <{within}>: {IN_TEXT}", data, field.start())
        elif "<" in data:  # markup to some readers, text to others: nobody shall have to guess
            self._found("write &lt; for a < that is no tag", data, data.index("<"))
        elif within == "style":
            self.problems += sheet_problems(data, self.getpos()[0], self._what)

    def handle_comment(self, data: str) -> None:
        field = TAG.search(data)
        if field:
            self._found(f"{field[0]} stands inside a comment: {IN_TEXT}", data, field.start())
        elif "<" in data or ">" in data:
            self._found("a comment may hold neither < nor >")

    def handle_decl(self, decl: str) -> None:
        if decl.split()[:1] not in (["doctype"], ["DOCTYPE"]) or TAG.search(decl):
            self._found(f"<!{decl[:20]}> may not stand in {self._what}")

    def unknown_decl(self, data: str) -> None:
        self._found(f"<![{data[:20]} may not stand in {self._what}")

    def handle_pi(self, data: str) -> None:
        self._found(f"<?{data[:20]}> may not stand in {self._what}")

    def _attribute(self, tag: str, name: str, value: str) -> None:
        if name.startswith("on"):
            self._found(f"event handler {name} of <{tag}>: {self._what} runs nothing")
        elif name in _REFERENCES and not (name == "src" and tag == "img" and is_picture(value)):
            self._found(f"{name} of <{tag}> refers to {shown(value)}: {NOTHING_FETCHED}")
        elif name not in _ATTRIBUTES and name not in _REFERENCES:
            self._found(f"attribute {name!r} of <{tag}> may not stand in {self._what}")
        elif name == "charset" and value.lower() not in ("utf-8", "utf8"):
            self._found(f"charset {value!r}: {self._what} is UTF-8")
        elif name == "style":
            self.problems += sheet_problems(value, self.getpos()[0], self._what)

    def _found(self, words: str, within: str = "", position: int = 0) -> None:
        self.problems.append(f"line {self.getpos()[0] + within.count(chr(10), 0, position)}: {words}")


def _why(tag: str) -> str:
    if tag in _SCRIPTS:
        return ": it runs nothing and embeds nothing"
    return f": {NOTHING_FETCHED}" if tag in _FETCHING else ""
