"""The one door for changes: who makes one, whether they may, the change itself and its entry in the journal.

What lives here: running a change, in one commit with its entries, or trying it out. What does not: the changes (the
other modules of `gateway.admin`), rights (`gateway.domain.rights`), entries (`gateway.store.journal`).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Generic, TypeVar

from gateway.domain.actors import Actor, check
from gateway.domain.errors import NotAllowedError, NotFoundError, UsageError
from gateway.domain.journal import Entry, Facts, Note, Signature, differing
from gateway.domain.nodes import Node, User
from gateway.store import administrators, journal, named
from gateway.store.database import Database
from gateway.store.joined import together
from gateway.store.journal import Verified, Wanted

MOST_AT_HAND = 1000  # entries of a change that writes them down as it goes
T = TypeVar("T")
Target = Node | User


@dataclass(frozen=True, slots=True)
class Changed(Generic[T]):
    """What a change answers, and what the journal says of it; with `dry_run` nothing was kept.

    Of very many entries only the first are at hand; `count` is how many there are.
    """

    answer: T
    entries: tuple[Entry, ...]
    dry_run: bool
    count: int = 0


@dataclass(frozen=True, slots=True)
class Act:
    """A change that is going on: `db` is its transaction, `target` the node that it was asked for, if any."""

    db: Database
    actor: Actor
    target: Target | None
    at: datetime
    notes: list[Note] = field(default_factory=list)
    kept: list[Entry] = field(default_factory=list)

    @property
    def node(self) -> Target:
        """The target of an act that has one."""
        assert self.target is not None  # by who calls `Door.change`
        return self.target

    def need(self, right: str, node: Target | None = None) -> None:
        """Return when the actor may do that at a node, or with the whole system.

        Raises:
            NotAllowedError: says which right is missing.
        """
        if self.actor.place is not None:  # who may do all need not be asked
            check(self.actor, right, () if node is None else named.line(self.db, node.id))

    def find(self, text: str, right: str) -> Target:
        """Another node that the change touches, by id, path or mail address; the actor must have the right there.

        Raises:
            NotFoundError: there is none; names what comes near.
            UsageError: there are several; lists them.
            NotAllowedError: says which right is missing.
        """
        found = named.named(self.db, text)
        self.need(right, found)
        return found

    def note(self, what: str, node: Target | str, before: Facts, after: Facts) -> None:
        """Say what was changed: noun.verb, the node or what it is called, and the two states; the same is no change."""
        gone, come = differing(before, after)
        if not gone and not come:
            return
        node_id, target = (None, node) if isinstance(node, str) else (node.id, node.path)
        self.notes.append(Note(what, node_id, target, gone, come))

    def keep_notes(self) -> int:
        """Write down what was noted so far, so that it need not be remembered; how many entries that makes."""
        signature = Signature(str(self.actor), self.at, self.actor.reason)
        entries = journal.append(self.db, self.notes, signature)
        self.notes.clear()
        self.kept.extend(entries if not self.kept else entries[: max(0, MOST_AT_HAND - len(self.kept))])
        return len(entries)

    def note_all(self, notes: Sequence[Note]) -> None:
        """Say what was changed at many nodes."""
        self.notes.extend(notes)


@dataclass(frozen=True, slots=True)
class Door:
    """Where one actor changes things. `now` is the world's clock. With `dry_run` all is tried, and nothing kept."""

    db: Database
    actor: Actor
    now: Callable[[], datetime]
    dry_run: bool = False

    def change(self, right: str, target: str | int | None, work: Callable[[Act], T]) -> Changed[T]:
        """Run a change with all its entries in one commit; without an entry nothing is kept in the journal.

        Args:
            right: what the actor must be allowed, a name of the tree of rights or SYSTEM.
            target: the node, by path, id or mail address; None for the whole system.
            work: the change; it may be run again when others change the same, so it touches nothing but the store.

        Raises:
            NotAllowedError: says which right is missing.
            NotFoundError: there is no such node; names what comes near.
            GatewayError: as `work` does; nothing was changed.
        """

        def within(db: Database) -> Changed[T]:
            journal.begin(db)
            act = Act(db, self.actor, self._named(db, target), self.now())
            first = journal.last_number(db)
            act.need(right, act.target)
            answer = work(act)
            act.keep_notes()
            return Changed(answer, tuple(act.kept), self.dry_run, journal.last_number(db) - first)

        return together(self.db, within, undo=self.dry_run)

    def look(self, right: str, target: str | int | None = None) -> Target | None:
        """The node, when the actor may see that there.

        Raises:
            NotAllowedError, NotFoundError, UsageError: as `change`.
        """
        found = self._named(self.db, target)
        check(self.actor, right, () if found is None else named.line(self.db, found.id))
        return found

    def _named(self, db: Database, target: str | int | None) -> Target | None:
        """The node that is meant. An administrator is not told what lies near it: that may be somebody else's."""
        if target is None or self.actor.place is None:
            return None if target is None else named.named(db, target)
        try:
            return named.named(db, target)
        except (NotFoundError, UsageError) as error:
            words = f"there is no single {target!r}: write the whole path, or the id with its number sign"
            raise type(error)(words) from None


def actor_of(db: Database, account: str, administrator: str, reason: str) -> Actor:
    """Who acts: the account of the shell, or an administrator by user name, mail address or id.

    Raises:
        NotFoundError: there is no such administrator.
        NotAllowedError: the administrator, or the place, is locked.
    """
    if not administrator:
        return Actor(account, reason)
    found = administrators.by_name(db, administrator)
    if found.locked:
        raise NotAllowedError(f"the administrator {found.user_name} is locked")
    return Actor(found.user_name, reason, found.line, found.rights)


def entries(door: Door, wanted: Wanted) -> Sequence[Entry]:
    """The journal, the latest entry first; of an administrator, that of his own place and all below it.

    Raises:
        NotAllowedError: the actor may not see it.
    """
    place = door.actor.place
    door.look("journal.view", place[-1] if place else None)
    return journal.listing(door.db, replace(wanted, below=place[-1] if place else None))


def verify(door: Door) -> Verified:
    """Whether the journal is as it was written.

    Raises:
        NotAllowedError: the actor may not see it.
    """
    door.look("journal.view")
    return journal.verify(door.db)
