"""The tree as a YAML file: exported with its settings, and applied again, so that the tree is what the file says.

What lives here: YAML, and the acts that end each difference. What does not: the document's form
(`gateway.domain.tree_document`), reading the tree (`gateway.store.tree_dump`), users (`user_file`).
"""

from collections.abc import Mapping
from pathlib import Path

import yaml

from gateway.admin import contacts
from gateway.admin.acts import Act, Changed, Door, Target
from gateway.admin.tree import kind_of
from gateway.admin.tree_nodes import Known, Run, exact, key_of_path, known_in, set_lock
from gateway.admin.user_file import enter_newcomers, settle_users
from gateway.domain.actors import SYSTEM
from gateway.domain.errors import UsageError
from gateway.domain.nodes import NodeKind, checked_name
from gateway.domain.tree_document import Branch, read, walk, written
from gateway.store import contacts as contact_store
from gateway.store import named, tree, tree_changes, tree_dump
from gateway.store.places import name_key

_SAFE = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # ten times as fast where libyaml is there
_DUMPER = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
_SEEN = ("departments.view", "users.view", "settings.view", "fax.view", "covers.view", "notifications.view",
         "archive.view", "security.view")  # fmt: skip


def export(door: Door, company: str = "") -> str:
    """All companies, or one, with all below and all settings, as YAML; without passwords and uploaded covers.

    Raises:
        NotAllowedError: the actor may not see all of that.
        NotFoundError, UsageError: there is no such company.
    """
    wanted = company or (door.actor.place[0] if door.actor.place else None)
    for right in _SEEN:
        found = door.look(right, wanted)
    if found is not None and kind_of(found) is not NodeKind.COMPANY:
        raise UsageError(f"{found.path} is a {kind_of(found)}: whole companies are exported")
    branches = [one for one in tree_dump.dump(door.db).companies if found is None or one.name == found.path]
    text: str = yaml.dump(written(branches), Dumper=_DUMPER, sort_keys=False, allow_unicode=True, width=110)
    return text


def apply(door: Door, text: str, *, prune: bool = False) -> Changed[int]:
    """Make the tree what a document says: add what is missing, change what differs; how many nodes it does not name.

    A node of the document gets exactly the settings and locks that stand there; a user is known by the user name, and
    moved when he stands elsewhere. Nodes that the document does not name stay, or with `prune` are deleted below the
    companies that it names.

    Raises:
        UsageError: it is no such document; names the place.
        ConflictError: an address or number is somebody's already.
        NotAllowedError: says which right is missing.
    """
    branches = read(_parsed(text))
    home = door.actor.place[-1] if door.actor.place else None

    def work(act: Act) -> int:
        run = Run(act, known_in(tree_dump.dump(act.db)))
        for names, branch in walk(branches):
            if branch.kind is NodeKind.USER:
                run.users.append((names, branch))
            else:
                _settle(run, names, branch)
        settle_users(run)
        enter_newcomers(run, door.now())
        left = _left(run, {name_key(branch.name) for branch in branches})
        if prune:
            _prune(run, left, door)
        return 0 if prune else len(left)

    return door.change("departments.view", home, work)


def read_file(path: Path) -> str:
    """The text of a file.

    Raises:
        UsageError: it cannot be read.
    """
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{path}: cannot be read ({error.strerror})") from None
    except UnicodeDecodeError:
        raise UsageError(f"{path}: is not in UTF-8") from None


def _parsed(text: str) -> object:
    try:
        document: object = yaml.load(text, Loader=_SAFE)
    except yaml.YAMLError as error:
        raise UsageError(f"that is no YAML: {' '.join(str(error).split())}") from None
    return document


def _settle(run: Run, names: tuple[str, ...], branch: Branch) -> None:
    """Make one company or department what the document says of it alone."""
    known = run.known.get(key_of_path(names))
    if known is not None and known.branch.kind is not branch.kind:
        raise UsageError(f"{'/'.join(names)} is a {known.branch.kind}, not a {branch.kind}")
    node = _added(run, names, branch) if known is None else None
    before = known or Known(node.id if node else 0, Branch(branch.kind, branch.name))
    run.known[key_of_path(names)] = before
    run.seen.add(before.id)
    if _own(branch) == _own(before.branch):
        return
    target = node or named.named(run.act.db, before.id)
    _rename(run, target, before, branch)
    set_lock(run.act, target, before.branch, branch)
    exact(run.act, target, before.branch, branch)
    _settle_contacts(run.act, target, before.branch, branch)


def _added(run: Run, names: tuple[str, ...], branch: Branch) -> Target:
    act, name = run.act, checked_name(branch.name, f"a {branch.kind}'s name")
    if branch.kind is NodeKind.COMPANY:
        act.need(SYSTEM)
        node = tree.add_company(act.db, name)
        act.note("company.add", node, {}, {"name": name})
        return node
    parent = named.named(act.db, run.known[key_of_path(names[:-1])].id)
    act.need("departments.add", parent)
    node = tree.add_department(act.db, parent.path, name)
    act.note("dept.add", node, {}, {"name": name})
    return node


def _rename(run: Run, target: Target, before: Known, branch: Branch) -> None:
    """A name that differs in case or blanks only is the same node."""
    if before.branch.name == branch.name:
        return
    run.act.need("companies.edit" if branch.kind is NodeKind.COMPANY else "departments.edit", target)
    after = tree_changes.rename(run.act.db, target.id, checked_name(branch.name, f"a {branch.kind}'s name"))
    word = "company" if branch.kind is NodeKind.COMPANY else "dept"
    run.act.note(f"{word}.rename", target, {"path": target.path}, {"path": after.path})


def _settle_contacts(act: Act, node: Target, before: Branch, branch: Branch) -> None:
    if before.contacts == branch.contacts:
        return
    act.need("companies.edit", node)
    wanted = {name_key(one.name): contacts.checked(one) for one in branch.contacts}
    for one in before.contacts:
        if name_key(one.name) not in wanted:
            contacts.drop(act, node, one.name)
    for one in wanted.values():
        if one not in contact_store.contacts(act.db, node.id):
            contacts.put(act, node, one)


def _left(run: Run, companies: set[str]) -> list[tuple[tuple[str, ...], Known]]:
    """What the document does not name in its companies; the deepest first."""
    found = [(path, one) for path, one in run.known.items() if path[0] in companies and one.id not in run.seen]
    return sorted(found, key=lambda pair: len(pair[0]), reverse=True)


def _prune(run: Run, left: list[tuple[tuple[str, ...], Known]], door: Door) -> None:
    words: Mapping[NodeKind, str] = {NodeKind.USER: "user", NodeKind.DEPARTMENT: "dept"}
    for _, one in left:
        node = named.named(run.act.db, one.id)
        run.act.need(f"{one.branch.kind}s.delete", node)
        tree_changes.remove(run.act.db, one.id, door.now())
        run.act.note(f"{words[one.branch.kind]}.delete", node, {"path": node.path}, {})


def _own(branch: Branch) -> tuple[object, ...]:
    return (branch.name, branch.locked, dict(branch.settings), tuple(sorted(branch.locks)), branch.contacts)
