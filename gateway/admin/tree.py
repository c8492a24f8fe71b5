"""What an administrator does to companies and departments: add, rename, move, lock, delete, look at.

What lives here: the acts on them, with what the journal says. What does not: users (`users`), settings (`settings`),
rows (`gateway.store`).
"""

from collections.abc import Mapping, Sequence

from gateway import covers
from gateway.admin.acts import Act, Changed, Door, Target
from gateway.admin.settings import check_may_set, check_named
from gateway.covers import no_cover
from gateway.domain.actors import SYSTEM
from gateway.domain.errors import ConflictError, UsageError
from gateway.domain.nodes import Node, NodeKind, User, checked_name
from gateway.store import named, tree, tree_changes
from gateway.store.overview import Standing, overview

DEFAULT_COVER = "cover.default"


def add_company(door: Door, name: str, settings: Sequence[tuple[str, str]] = ()) -> Changed[Node]:
    """Create a company with its own settings.

    Raises:
        UsageError: a bad name or setting.
        ConflictError: the name is taken.
        NotAllowedError: only accounts of the machine make companies.
    """

    def work(act: Act) -> Node:
        _check_first_cover(act, settings)
        node = tree.add_company(act.db, checked_name(name, "a company's name"), dict(settings))
        act.note("company.add", node, {}, {"name": node.name, **_given(settings)})
        return node

    return door.change(SYSTEM, None, work)


def add_department(door: Door, parent: str, name: str, settings: Sequence[tuple[str, str]] = ()) -> Changed[Node]:
    """Create a department in a company or department.

    Raises:
        UsageError: a bad name or setting.
        NotFoundError: no such parent.
        ConflictError: the name is taken there, or a setting is locked above.
        NotAllowedError: says which right is missing.
    """

    def work(act: Act) -> Node:
        check_new(act, settings)
        wanted = checked_name(name, "a department's name")
        node = tree.add_department(act.db, act.node.path, wanted, dict(settings))
        act.note("dept.add", node, {}, {"name": node.name, **_given(settings)})
        return node

    return door.change("departments.add", parent, work)


def rename(door: Door, node: str, name: str, kind: NodeKind) -> Changed[Node]:
    """Give a company or department another name.

    Raises:
        UsageError: a bad name, or the node is of another kind.
        NotFoundError, ConflictError, NotAllowedError: as `add_department`.
    """

    def work(act: Act) -> Node:
        before = check_kind(act.node, kind)
        after = tree_changes.rename(act.db, act.node.id, checked_name(name, f"a {kind}'s name"))
        act.note(f"{_word(kind)}.rename", before, {"path": before.path}, {"path": after.path})
        return after

    return door.change("companies.edit" if kind is NodeKind.COMPANY else "departments.edit", node, work)


def move(door: Door, node: str, parent: str, kind: NodeKind) -> Changed[Target]:
    """Move a department or a user; the actor must have the right at both places.

    Raises:
        RefusedError: below itself, or to a user.
        UsageError, NotFoundError, ConflictError, NotAllowedError: as `rename`.
    """
    right = f"{kind}s.move"

    def work(act: Act) -> Target:
        before = check_kind(act.node, kind)
        return moved(act, before, act.find(parent, right))

    return door.change(right, node, work)


def moved(act: Act, node: Target, parent: Target) -> Target:
    """Move a node, and note it; the actor was asked for the rights before."""
    after = tree_changes.move(act.db, node.id, parent.id)
    act.note(f"{_word(kind_of(node))}.move", node, {"path": node.path}, {"path": after.path})
    return after


def lock(door: Door, node: str, kind: NodeKind, *, locked: bool) -> Changed[Target]:
    """Lock a node with all below it, or unlock it: nobody there sends or receives meanwhile.

    Raises:
        UsageError, NotFoundError, NotAllowedError: as `rename`.
    """

    def work(act: Act) -> Target:
        check_kind(act.node, kind)
        before = tree_changes.is_locked_itself(act.db, act.node.id)
        after = tree_changes.set_locked(act.db, act.node.id, locked=locked)
        what = f"{_word(kind)}.{'lock' if locked else 'unlock'}"
        act.note(what, act.node, {"locked": before}, {"locked": locked})
        return after

    return door.change(SYSTEM if kind is NodeKind.COMPANY else f"{kind}s.lock", node, work)


def remove(door: Door, node: str, kind: NodeKind, move_to: str = "") -> Changed[Target]:
    """Delete a node that holds nothing; with `move_to` what it holds is moved there first, in the same commit.

    Raises:
        ConflictError: it is not empty; names what is in it.
        UsageError, NotFoundError, NotAllowedError: as `move`.
    """

    def work(act: Act) -> Target:
        before = check_kind(act.node, kind)
        if move_to:
            _empty(act, move_to)
        _removed(act, door, before)
        act.note(f"{_word(kind)}.delete", before, {"path": before.path}, {})
        return before

    return door.change(SYSTEM if kind is NodeKind.COMPANY else f"{kind}s.delete", node, work)


def companies(door: Door, search: str = "") -> Sequence[Node]:
    """The companies whose name holds `search`, by name; of an administrator, the one he sits at.

    Raises:
        NotAllowedError: the actor may not see it.
    """
    found = tree.companies(door.db, search)
    if door.actor.place is None:
        return found
    door.look("companies.view", door.actor.place[0])
    return [one for one in found if one.id == door.actor.place[0]]


def departments(door: Door, under: str = "", search: str = "") -> Sequence[Node]:
    """All departments, or those below a node, whose path holds `search`.

    Raises:
        NotFoundError, NotAllowedError: as `move`.
    """
    return tree.departments(door.db, below(door, under, "departments.view"), search)


def show_tree(door: Door, under: str = "", *, with_users: bool = True) -> Sequence[Standing]:
    """A node with all below it, from the top down, each behind its parent.

    Raises:
        NotFoundError, NotAllowedError: as `move`.
    """
    top = below(door, under, "departments.view")
    with_users = with_users and (not under or door.look("users.view", f"/{top}") is not None)
    return overview(door.db, top, with_users=with_users)


def below(door: Door, under: str, right: str) -> str:
    """The path to look below: that of a node, the place of an administrator when none is named, or all.

    Raises:
        NotFoundError, NotAllowedError: as `move`.
    """
    if not under and door.actor.place is None:
        door.look(right)
        return ""
    found = door.look(right, under or door.actor.place[-1] if door.actor.place else under)
    assert found is not None  # a node was named
    return found.path


def check_new(act: Act, settings: Sequence[tuple[str, str]]) -> None:
    """Return when settings may be given to a node that is made below the target.

    Raises:
        UsageError: there is no such cover there.
        NotAllowedError: says which right is missing.
    """
    for name, value in settings:
        check_may_set(act, name)
        check_named(act.db, act.node.id, name, value)


def check_kind(node: Target, kind: NodeKind) -> Target:
    """The node, when it is of that kind.

    Raises:
        UsageError: it is of another; says which command is for it.
    """
    found = kind_of(node)
    if found is not kind:
        raise UsageError(f"{node.path} is a {found}: see faxgw {_word(found)} --help")
    return node


def kind_of(node: Target) -> NodeKind:
    """What a node is."""
    return NodeKind.USER if isinstance(node, User) else node.kind


def _check_first_cover(act: Act, settings: Sequence[tuple[str, str]]) -> None:
    """A company that is made has no covers of its own yet."""
    shelf = covers.everywhere(act.db)
    for name, value in settings:
        if name == DEFAULT_COVER and value not in shelf:
            raise UsageError(f"{no_cover(value, shelf.names)}; {DEFAULT_COVER} must be one of them")


def _empty(act: Act, place: str) -> None:
    for number in tree_changes.children(act.db, act.node.id):
        child = named.named(act.db, number)
        right = f"{kind_of(child)}s.move"
        act.need(right, child)
        moved(act, child, act.find(place, right))


def _removed(act: Act, door: Door, node: Target) -> None:
    try:
        tree_changes.remove(act.db, node.id, door.now())
    except ConflictError as error:
        offer = "; --move-to PLACE moves them first" if kind_of(node) is NodeKind.DEPARTMENT else ""
        raise ConflictError(f"{error.text}{offer}") from None


def _given(settings: Sequence[tuple[str, str]]) -> Mapping[str, object]:
    return {"settings": dict(settings)} if settings else {}


def _word(kind: NodeKind) -> str:
    return "dept" if kind is NodeKind.DEPARTMENT else kind.value
