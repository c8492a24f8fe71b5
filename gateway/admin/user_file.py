"""The users of a document: known ones moved and edited, new ones entered many at a time.

What lives here: that part of applying a file. What does not: companies and departments (`tree_file`), rows
(`gateway.store`).
"""

from collections.abc import Sequence
from datetime import datetime

from gateway.admin import users as people
from gateway.admin.acts import Act
from gateway.admin.numbers import check_wanted
from gateway.admin.tree import moved
from gateway.admin.tree_nodes import Known, Path, Run, check_settings, exact, key_of_path, set_lock
from gateway.domain.errors import ConflictError
from gateway.domain.journal import Note
from gateway.domain.nodes import NodeKind
from gateway.domain.tree_document import Branch, Person
from gateway.store import bulk, named, tree_changes
from gateway.store.bulk import Inherited, Newcomer
from gateway.store.people import NewUser

AT_ONCE = 500
_NOTHING = Inherited(frozenset(), {})  # of a document a user has exactly the settings that stand there


def settle_users(run: Run) -> None:
    """Move and edit the users that are known by their names; the others wait as newcomers.

    Addresses and numbers that change are let go of first, so that two users may have exchanged theirs.

    Raises:
        ConflictError: one is somebody else's.
        NotAllowedError: says which right is missing.
    """
    standing = {path[-1]: (path, one) for path, one in run.known.items() if one.branch.kind is NodeKind.USER}
    edits: list[tuple[Known, Branch]] = []
    for names, branch in run.users:
        found = standing.get(key_of_path(names)[-1])
        if found is None:
            run.newcomers.append((names, branch))
            continue
        path, known = found
        run.seen.add(known.id)
        _stand(run, known, path, names)
        edits.append((known, branch))
    changed = [(known, branch) for known, branch in edits if _new_user(branch) != _kept(known.branch)]
    for known, _ in changed:
        run.act.need("users.edit", named.named(run.act.db, known.id))
    tree_changes.let_go(run.act.db, [known.id for known, _ in changed])
    for known, branch in changed:
        _edit(run.act, known, branch)
    for known, branch in edits:
        _rest(run.act, known, branch)


def enter_newcomers(run: Run, now: datetime) -> None:
    """Add the users that the tree did not have.

    Raises:
        ConflictError: a name, address or number is somebody's already; names all.
        NotAllowedError: says which right is missing.
    """
    for start in range(0, len(run.newcomers), AT_ONCE):
        _enter(run, run.newcomers[start : start + AT_ONCE], now)


def _stand(run: Run, known: Known, path: Path, names: tuple[str, ...]) -> None:
    """Have a user stand where the document says."""
    wanted = key_of_path(names)[:-1]
    if path[:-1] == wanted:
        return
    node, parent = (named.named(run.act.db, number) for number in (known.id, run.known[wanted].id))
    for place in (node, parent):
        run.act.need("users.move", place)
    moved(run.act, node, parent)


def _edit(act: Act, known: Known, branch: Branch) -> None:
    new = _new_user(branch)
    if new.fax_number != _kept(known.branch).fax_number:
        check_wanted(act, new.fax_number, named.named(act.db, known.id))
    after = tree_changes.edit_user(act.db, known.id, new)
    act.note("user.edit", after, people.facts(_kept(known.branch)), people.facts(after))


def _rest(act: Act, known: Known, branch: Branch) -> None:
    before = known.branch
    if (before.locked, dict(before.settings)) == (branch.locked, dict(branch.settings)):
        return
    node = named.named(act.db, known.id)
    set_lock(act, node, before, branch)
    exact(act, node, before, branch)


def _enter(run: Run, some: Sequence[tuple[tuple[str, ...], Branch]], now: datetime) -> None:
    act, parents = run.act, [run.known[key_of_path(names[:-1])].id for names, _ in some]
    _check(run, parents, [branch for _, branch in some])
    newcomers = [
        Newcomer(line, parent, _new_user(branch), branch.settings)
        for line, (parent, (_, branch)) in enumerate(zip(parents, some, strict=True))
    ]
    for one in newcomers:
        check_wanted(act, one.new.fax_number, named.named(act.db, one.parent_id))
    entered = bulk.enter(act.db, newcomers, dict.fromkeys(parents, _NOTHING), now)
    if entered.troubles:
        told = [f"{'/'.join(some[line][0])}: {reason}" for line, reason in entered.troubles.items()]
        raise ConflictError("; ".join(told))
    for one, (names, branch) in zip(newcomers, some, strict=True):
        given = {"settings": dict(branch.settings)} if branch.settings else {}
        number = entered.nodes[one.line]
        act.note_all([Note("user.add", number, "/".join(names), {}, {**people.facts(one.new), **given})])
        if branch.locked:
            set_lock(act, named.named(act.db, number), Branch(branch.kind, branch.name), branch)
    act.keep_notes()


def _check(run: Run, parents: Sequence[int], branches: Sequence[Branch]) -> None:
    """Ask once for each place and value whether the actor may, and whether the cover is there."""
    asked: dict[int, set[tuple[str, str]]] = {}
    for parent, branch in zip(parents, branches, strict=True):
        asked.setdefault(parent, set()).update(branch.settings.items())
    for parent, pairs in asked.items():
        place = named.named(run.act.db, parent)
        run.act.need("users.add", place)
        for name, value in pairs:
            check_settings(run.act, place, {name: value})


def _new_user(branch: Branch) -> NewUser:
    person = branch.person or Person()
    first, second, third, fourth = person.custom
    form = people.UserForm(
        parent="",
        first_name=person.first_name,
        last_name=person.last_name,
        sending=person.sending,
        receiving=person.receiving,
        user_name=branch.name,
        fax_number=person.fax_number,
        contact=person.contact,
        custom=(first, second, third, fourth),
    )
    return people.checked(form)


def _kept(branch: Branch) -> NewUser:
    """A user as is; what is there was checked when it came."""
    person = branch.person or Person()
    first, second, third, fourth = person.custom
    return NewUser(
        parent_path="",
        first_name=person.first_name,
        last_name=person.last_name,
        sending_addresses=person.sending,
        receiving_addresses=person.receiving,
        user_name=branch.name,
        fax_number=person.fax_number,
        contact=person.contact,
        custom=(first, second, third, fourth),
    )
