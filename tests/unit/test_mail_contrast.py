"""Notices can be read on light screens and on dark ones: words stand out from their ground (WCAG 2.2, 1.4.3).

Colours are followed through the page as a browser inherits them; of the style sheet the rules for dark screens count.
"""

import re
from html.parser import HTMLParser

import pytest

from gateway.domain.notice_templates import EVERY_KIND, Dress
from gateway.mail.messages import Voice
from gateway.mail.notice_looks import start
from gateway.mail.notice_samples import SAMPLES, sample

LEAST = 4.5
VOICE = Voice("Fax", "postmaster@fax.example", "fax.example")
OWN = Voice("Fax", "postmaster@fax.example", "fax.example", Dress("Acme", {EVERY_KIND: start()}))
Style = dict[str, str]
_RULE = re.compile(r"([^{}]+)\{([^{}]*)\}")
_DARK = re.compile(r"@media \(prefers-color-scheme: dark\) \{(.*?\})\s*\}", re.DOTALL)


def declared(text: str) -> Style:
    """The colours among some declarations."""
    pairs = (line.partition(":")[::2] for line in text.split(";"))
    return {
        name.strip(): value.replace("!important", "").strip()
        for name, value in pairs
        if "color" in name or "background" in name
    }


def rules(css: str) -> dict[str, Style]:
    """The colours by selector: an element's name, or a class with its dot."""
    found: dict[str, Style] = {}
    for selectors, body in _RULE.findall(css):
        for selector in selectors.split(","):
            found.setdefault(selector.strip(), {}).update(declared(body))
    return found


class Screen(HTMLParser):
    """Reads a page as shown on a light or a dark screen; `words` are texts with their colour and ground."""

    def __init__(self, html: str, dark: bool) -> None:
        super().__init__()
        css = re.sub(r"/\*.*?\*/", "", html[html.index("<style>") + 7 : html.index("</style>")])
        found = _DARK.search(css)
        assert found is not None
        self._plain, self._dark = rules(_DARK.sub("", css)), rules(found[1]) if dark else {}
        self._open: list[tuple[str, Style]] = [("", {"color": "#000000", "background": "#ffffff"})]
        self.words: list[tuple[str, str, str]] = []
        self.feed(html[html.index("<body") : html.index("</html>")])

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        names = [tag, *(f".{name}" for name in (given.get("class") or "").split())]
        style = dict(self._open[-1][1])
        for source in (self._plain, {tag: declared(given.get("style") or "")}, self._dark):
            for name in names:
                style |= source.get(name, {})
        self._open.append((tag, style))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop()[0] == tag

    def handle_data(self, data: str) -> None:
        if data.strip():
            style = self._open[-1][1]
            self.words.append((data.strip(), style["color"], style["background"]))


def luminance(color: str) -> float:
    """Relative luminance (WCAG 2.2)."""
    parts = (int(color[place : place + 2], 16) / 255 for place in (1, 3, 5))
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def test_contrast_is_as_defined() -> None:
    assert round(contrast("#000000", "#ffffff")) == 21
    assert contrast("#777777", "#ffffff") < LEAST < contrast("#767676", "#ffffff")


@pytest.mark.parametrize("voice", [VOICE, OWN], ids=["shipped", "own"])
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("kind", SAMPLES)
def test_every_word_stands_out_from_its_ground(kind: str, dark: bool, voice: Voice) -> None:
    screen = Screen(sample(kind, voice).look.html, dark)

    faint = [words for words, color, ground in screen.words if contrast(color, ground) < LEAST]

    assert faint == []
    assert len(screen.words) > 6
    assert (luminance(screen.words[0][2]) < 0.2) is dark
