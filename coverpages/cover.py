"""Cover pages: those that ship, and what every cover page is made of.

What lives here: the cover as callers use it. What does not: the language of templates (`language`), what strangers'
templates may hold (`markup`, `styles`), laying the page out (the renderers do, as with any HTML, and fetch nothing).
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType

from coverpages.language import fill, used_fields

_TEMPLATES = Path(__file__).with_name("templates")
_PAGE, _FACTS = "template.html", "cover.toml"


@dataclass(frozen=True, slots=True)
class Cover:
    """A template and what is said of it; `paper` is the one that it is drawn for, any other will do."""

    name: str
    title: str
    description: str
    paper: str
    html: str

    @property
    def fields(self) -> list[str]:
        """The fields that it asks for."""
        return used_fields(self.html)

    def filled(self, fields: Mapping[str, str]) -> str:
        """The page as HTML, every value escaped.

        Raises:
            TemplateError: the template is broken; never with one that was checked.
            KeyError: a field that does not exist.
        """
        return fill(self.html, fields)


@cache
def shipped() -> Mapping[str, Cover]:
    """The covers that come with the gateway, by name."""
    found = {folder.name: _read(folder) for folder in sorted(_TEMPLATES.iterdir()) if (folder / _PAGE).is_file()}
    return MappingProxyType(found)


def _read(folder: Path) -> Cover:
    facts = tomllib.loads((folder / _FACTS).read_text("utf-8"))
    html = (folder / _PAGE).read_text("utf-8")
    return Cover(folder.name, facts["title"], facts["description"], facts["paper"], html)
