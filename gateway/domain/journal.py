"""The journal of changes: who changed what, when, from, to and why, each entry sealed to the one before.

What lives here: entries and their seal. What does not: keeping them (`gateway.store.journal`), making changes
(`gateway.admin.acts`).
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

Facts = Mapping[str, object]  # names and values as JSON knows them
FIRST = ""  # what the first entry is sealed to


@dataclass(frozen=True, slots=True)
class Note:
    """One change of one thing. `target` is a node's path, or the name of what stands in no tree.

    `before` is empty of what is new, `after` of what is gone; both hold only what differs. No secrets.
    """

    what: str
    node_id: int | None
    target: str
    before: Facts
    after: Facts


@dataclass(frozen=True, slots=True)
class Entry:
    """A note that was kept. `before` and `after` are JSON; `digest` seals all the rest and the entry before."""

    number: int
    at: datetime
    who: str
    what: str
    node_id: int | None
    target: str
    before: str
    after: str
    reason: str
    previous: str
    digest: str = ""

    @property
    def is_sound(self) -> bool:
        """Whether nothing in it was changed after it was sealed."""
        return self.digest == _seal(self)


@dataclass(frozen=True, slots=True)
class Signature:
    """What all entries of one act share."""

    who: str
    at: datetime
    reason: str


def entry_after(number: int, previous: str, note: Note, signature: Signature) -> Entry:
    """The sealed entry that follows entry `number`, whose digest is `previous`."""
    entry = Entry(
        number=number + 1,
        at=signature.at,
        who=signature.who,
        what=note.what,
        node_id=note.node_id,
        target=note.target,
        before=as_text(note.before),
        after=as_text(note.after),
        reason=signature.reason,
        previous=previous,
    )
    return replace(entry, digest=_seal(entry))


def as_text(facts: Facts) -> str:
    """JSON that is the same for the same facts."""
    return json.dumps(dict(facts), sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def differing(before: Facts, after: Facts) -> tuple[dict[str, object], dict[str, object]]:
    """Of two states of one thing, what is not the same in both."""
    return _unlike(before, after), _unlike(after, before)


def _unlike(one: Facts, other: Facts) -> dict[str, object]:
    return {name: value for name, value in one.items() if name not in other or other[name] != value}


def _seal(entry: Entry) -> str:
    told = [
        entry.number, entry.at.isoformat(timespec="microseconds"), entry.who, entry.what, entry.node_id, entry.target,
        entry.before, entry.after, entry.reason, entry.previous,
    ]  # fmt: skip
    return hashlib.sha256(json.dumps(told, ensure_ascii=True).encode("ascii")).hexdigest()
