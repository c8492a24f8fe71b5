"""What applying a file knows of the tree, and what companies, departments and users have alike: locks and settings.

What lives here: the run over a document, and making one node's settings exactly what the document says. What does not:
the walk (`tree_file`), users (`user_file`).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from gateway.admin.acts import Act, Target
from gateway.admin.settings import check_may_set, check_named
from gateway.domain.actors import SYSTEM
from gateway.domain.nodes import NodeKind
from gateway.domain.tree_document import Branch, walk
from gateway.store import node_settings, tree_changes
from gateway.store.places import name_key
from gateway.store.tree_dump import Dump

Path = tuple[str, ...]  # keys of names, from the company down


@dataclass(frozen=True, slots=True)
class Known:
    """A node that is there, and what it was before."""

    id: int
    branch: Branch


@dataclass(slots=True)
class Run:
    """One run over a document: the nodes that are there by path, those that it named, and its users."""

    act: Act
    known: dict[Path, Known]
    seen: set[int] = field(default_factory=set)
    users: list[tuple[tuple[str, ...], Branch]] = field(default_factory=list)
    newcomers: list[tuple[tuple[str, ...], Branch]] = field(default_factory=list)


def known_in(found: Dump) -> dict[Path, Known]:
    """Every node of the tree by its path."""
    return {key_of_path(names): Known(found.nodes[names], branch) for names, branch in walk(found.companies)}


def key_of_path(names: tuple[str, ...]) -> Path:
    """What paths are told apart by."""
    return tuple(name_key(name) for name in names)


def exact(act: Act, node: Target, before: Branch, wanted: Branch) -> None:
    """Give a node exactly these settings and locks, and note what differs.

    Raises:
        UsageError: there is no such cover there.
        NotAllowedError: says which right is missing.
    """
    changed = {name for name, _ in before.settings.items() ^ wanted.settings.items()}
    check_settings(act, node, {name: wanted.settings.get(name) for name in changed})
    if changed:
        node_settings.replace_settings(act.db, node.id, wanted.settings)
        act.note("settings.set", node, before.settings, wanted.settings)
    if set(before.locks) != set(wanted.locks):
        act.need("settings.lock", node)
        node_settings.replace_locks(act.db, node.id, wanted.locks)
        act.note("settings.lock", node, dict.fromkeys(before.locks, "locked"), dict.fromkeys(wanted.locks, "locked"))


def check_settings(act: Act, node: Target, values: Mapping[str, str | None]) -> None:
    """Return when the actor may set these at a node; None is no value.

    Raises:
        UsageError: there is no such cover there.
        NotAllowedError: says which right is missing.
    """
    for name, value in sorted(values.items()):
        check_may_set(act, name, node)
        if value is not None:
            check_named(act.db, node.id, name, value)


def set_lock(act: Act, node: Target, before: Branch, wanted: Branch) -> None:
    """Lock or unlock a node, and note it.

    Raises:
        NotAllowedError: says which right is missing.
    """
    if before.locked == wanted.locked:
        return
    kind = wanted.kind
    act.need(SYSTEM if kind is NodeKind.COMPANY else f"{kind}s.lock", node)
    tree_changes.set_locked(act.db, node.id, locked=wanted.locked)
    word = "dept" if kind is NodeKind.DEPARTMENT else kind.value
    act.note(f"{word}.{'lock' if wanted.locked else 'unlock'}", node, {"locked": before.locked},
             {"locked": wanted.locked})  # fmt: skip
