"""What holds for a mail from the moment it is taken: its sender, and the sender's effective settings.

What lives here: freezing them as text beside the submission, and thawing. What does not: which settings hold
(`inheritance`), where the text is kept (`gateway.store`).
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Any

from gateway.domain.nodes import Contact, User
from gateway.domain.setting_catalog import CATALOG, Effective


@dataclass(frozen=True, slots=True)
class Frozen:
    """A sender as of when the mail was taken, and the settings that held then: changes after that do not reach it."""

    sender: User
    settings: Effective


@lru_cache(maxsize=10_000)
def freeze(sender: User, settings: Effective) -> str:
    """JSON of both. Who sends often has the same two again, as they are remembered; so they are written once."""
    return json.dumps({"sender": asdict(sender), "settings": settings.explicit}, ensure_ascii=False)


@lru_cache(maxsize=1000)
def thaw(text: str) -> Frozen:
    """What was frozen. What the catalogue no longer knows, or no longer allows, is left out."""
    kept = json.loads(text)
    values = {name: value for name, value in kept["settings"].items() if name in CATALOG and CATALOG[name].takes(value)}
    return Frozen(_user(kept["sender"]), Effective(values))


def _user(kept: Mapping[str, Any]) -> User:
    tuples = {name: tuple(value) for name, value in kept.items() if isinstance(value, list)}
    return User(**{**kept, **tuples, "contact": Contact(**kept["contact"])})
