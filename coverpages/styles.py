"""What the style sheets of a template may hold: looks, and nothing that is fetched.

What lives here: the check of CSS, token by token (CSS Syntax 3), so that no way of writing hides a URL. What does not:
markup (`markup`); whether a property does anything (the layout ignores what it does not know).
"""

import base64
import binascii
import re
from collections.abc import Iterable, Iterator
from typing import Any

import tinycss2

# PNG, JPEG and GIF inside the template itself (RFC 2397); SVG is a document of its own, with scripts and references.
_PICTURE = re.compile(r"data:image/(png|jpeg|gif);base64,([A-Za-z0-9+/\s]+={0,2}\s*)")
_BEGINNINGS = {"png": b"\x89PNG\r\n\x1a\n", "jpeg": b"\xff\xd8\xff", "gif": b"GIF8"}
_CORNERS = {f"{side}-{place}" for side in ("top", "bottom") for place in ("left", "center", "right")}
_CORNERS |= {f"{side}-{end}-corner" for side in ("top", "bottom") for end in ("left", "right")}
_CORNERS |= {f"{side}-{place}" for side in ("left", "right") for place in ("top", "middle", "bottom")}
_RULES = frozenset(_CORNERS | {"page", "media"})
_FUNCTIONS = frozenset(
    {
        "calc", "min", "max", "clamp", "rgb", "rgba", "hsl", "hsla", "counter", "counters", "string", "element",
        "running", "content", "not", "is", "where", "lang", "nth-child", "nth-of-type", "nth-last-child", "rotate",
        "scale", "translate", "repeat", "minmax",
    }
)  # fmt: skip
_OWN_FONT = "fonts are those of the gateway; name one, as in font-family: sans-serif"
NOTHING_FETCHED = "nothing is fetched; put pictures in as data:image/png;base64,..."


def sheet_problems(css: str, line: int, what: str = "a cover page") -> list[str]:
    """What is wrong with a style sheet, or the declarations of a style attribute, that begins in this line.

    `what` is the kind of template that it stands in.
    """
    tokens = tinycss2.parse_component_value_list(css, skip_comments=True)
    return [f"line {line + token.source_line - 1}: {words}" for token, words in _problems(tokens, what)]


def is_picture(reference: str) -> bool:
    """Whether a reference holds a picture itself."""
    found = _PICTURE.fullmatch(reference)
    if found is None:
        return False
    try:
        return base64.b64decode(found[2]).startswith(_BEGINNINGS[found[1]])
    except binascii.Error:
        return False


def shown(reference: str) -> str:
    """A reference as a person is told of it."""
    return repr(reference if len(reference) <= 60 else f"{reference[:57]}...")


def _problems(tokens: Iterable[Any], what: str) -> Iterator[tuple[Any, str]]:
    for token in tokens:
        words = _problem(token, what)
        if words:
            yield token, words
        yield from _problems(getattr(token, "content", None) or getattr(token, "arguments", None) or (), what)


def _problem(token: Any, what: str) -> str:
    """What is wrong with one token, empty for nothing."""
    match token.type:
        case "error":
            return f"the style is no CSS: {token.message}"
        case "at-keyword" if token.lower_value == "font-face":
            return f"@font-face: {_OWN_FONT}"
        case "at-keyword" if token.lower_value == "import":
            return f"@import: {NOTHING_FETCHED}"
        case "at-keyword" if token.lower_value not in _RULES:
            return f"@{token.value} may not stand in {what}; @page and @media may"
        case "url":
            return _reference(token.value)
        case "function" if token.lower_name == "url":
            return _reference("".join(part.value for part in token.arguments if part.type == "string"))
        case "function" if token.lower_name not in _FUNCTIONS:
            return f"{token.name}() may not stand in the style of {what}"
    return ""


def _reference(url: str) -> str:
    return "" if is_picture(url) else f"url({shown(url)}): {NOTHING_FETCHED}"
