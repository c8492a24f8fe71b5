"""One table of a scenario file, read key by key; every mistake is told with file, table and key.

What lives here: types and ranges of values. What does not: which keys there are and what they mean (`scenarios`).
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any, NoReturn, TypeVar

from gateway.domain.errors import UsageError

_E = TypeVar("_E", bound=Enum)


@dataclass(frozen=True, slots=True)
class Table:
    """A TOML table: the file it is in, how it is called there, its content. Methods raise UsageError."""

    path: Path
    place: str
    content: Mapping[str, Any]

    def __contains__(self, key: str) -> bool:
        return key in self.content

    def refuse(self, words: str) -> NoReturn:
        """Raise UsageError with where the mistake is."""
        raise UsageError(f"{self.path}: {self.place + ': ' if self.place else ''}{words}")

    def refuse_unknown(self, known: Collection[str]) -> None:
        """Every key must be one of these."""
        unknown = sorted(set(self.content) - set(known))
        if unknown:
            self.refuse(f"unknown key {unknown[0]!r}; known: {', '.join(sorted(known))}")

    def need(self, *keys: str) -> None:
        """These keys must be there."""
        missing = [key for key in keys if key not in self.content]
        if missing:
            self.refuse(f"needs {', '.join(missing)}")

    def text(self, key: str, default: str = "") -> str:
        """A text."""
        value = self.content.get(key, default)
        return value if isinstance(value, str) else self._wrong(key, "text in quotes")

    def truth(self, key: str, default: bool) -> bool:
        """True or false."""
        value = self.content.get(key, default)
        return value if isinstance(value, bool) else self._wrong(key, "true or false")

    def whole(self, key: str, default: int, least: int = 0) -> int:
        """A whole number of `least` or more."""
        value = self.content.get(key, default)
        if isinstance(value, int) and not isinstance(value, bool) and value >= least:
            return value
        return self._wrong(key, f"a whole number, {least} or more")

    def share(self, key: str, default: float) -> float:
        """A number from 0 to 1."""
        value = self.content.get(key, default)
        if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1:
            return float(value)
        return self._wrong(key, "a number from 0 to 1")

    def octets(self, key: str, default: bytes) -> bytes:
        """Octets, written as hexadecimal digits."""
        if key not in self.content:
            return default
        try:
            return bytes.fromhex(self.text(key))
        except ValueError:
            return self._wrong(key, "pairs of hexadecimal digits")

    def by_value(self, key: str, kind: type[_E], default: _E) -> _E:
        """The member of an enum that has the value given."""
        value = self.content.get(key, default)
        try:
            return kind(value)
        except ValueError:
            self.refuse(f"{key} = {value!r} is none of {', '.join(str(each.value) for each in kind)}")

    def by_name(self, key: str, kind: type[_E], default: _E) -> _E:
        """The member of an enum that has the name given."""
        name = self.text(key, default.name)
        if name not in kind.__members__:
            self.refuse(f"{key} = {name!r} is none of {', '.join(kind.__members__)}")
        return kind[name]

    def names(self, key: str) -> list[str]:
        """One text or a list of texts."""
        value = self.content.get(key, [])
        listed = [value] if isinstance(value, str) else value
        if isinstance(listed, list) and all(isinstance(name, str) for name in listed):
            return listed
        return self._wrong(key, "a text or a list of texts")

    def tables(self, key: str, place: str = "") -> "list[Table]":
        """A list of tables."""
        value = self.content.get(key, [])
        if isinstance(value, list) and all(isinstance(each, dict) for each in value):
            return [Table(self.path, place or self._under(key), each) for each in value]
        return self._wrong(key, "a list of tables")

    def named_tables(self, key: str) -> "dict[str, Table]":
        """Tables by name: [key.name]."""
        value = self.content.get(key, {})
        if isinstance(value, dict) and all(isinstance(each, dict) for each in value.values()):
            return {name: Table(self.path, f"{key}.{name}", each) for name, each in value.items()}
        return self._wrong(key, f"tables with names: [{key}.NAME]")

    def _under(self, key: str) -> str:
        return f"{self.place}, {key}" if self.place else key

    def _wrong(self, key: str, wanted: str) -> NoReturn:
        self.refuse(f"{key} = {self.content[key]!r} must be {wanted}")
