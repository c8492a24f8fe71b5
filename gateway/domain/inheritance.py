"""Which value of a setting holds at a node: the nearest explicit one going up, unless a level above has locked it.

What lives here: the rule, over the levels from a company down to a node. What does not: the catalogue
(`setting_catalog`), reading levels (`gateway.store.node_settings`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from gateway.domain.nodes import NodeKind
from gateway.domain.setting_catalog import CATALOG


@dataclass(frozen=True, slots=True)
class Level:
    """A node, seen as a level of settings: what it gives, and what it locks against the levels below it."""

    node_id: int
    kind: NodeKind
    path: str
    explicit: Mapping[str, str] = field(default_factory=dict)
    locks: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Held:
    """The value that holds, the level that gave it (None: the product's default), and the one that has locked it.

    `locked` is about the node that was asked for: it may not give a value itself.
    """

    value: str
    origin: Level | None = None
    locked: Level | None = None

    @property
    def source(self) -> str:
        """The path of the level that gave it, or default."""
        return self.origin.path if self.origin else "default"


def settle(levels: Sequence[Level]) -> dict[str, Held]:
    """What holds at the last of these levels, the company first: of every setting of the catalogue."""
    origins: dict[str, Level] = {}
    locks: dict[str, Level] = {}
    for number, level in enumerate(levels):
        for name in level.explicit:
            if name not in locks:
                origins[name] = level
        if number < len(levels) - 1:
            for name in level.locks:
                locks.setdefault(name, level)
    return {name: _held(name, origins.get(name), locks.get(name)) for name in CATALOG}


def _held(name: str, origin: Level | None, locked: Level | None) -> Held:
    value = CATALOG[name].default if origin is None else origin.explicit[name]
    return Held(value, origin, locked)
