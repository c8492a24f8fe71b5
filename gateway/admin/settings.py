"""What an administrator does with settings: look at them and why they hold, set, lock and push them, compare nodes.

What lives here: the acts on settings, with what the journal says of them. What does not: rows (`gateway.store`), the
catalogue and the rule (`gateway.domain`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gateway import covers
from gateway.admin.acts import Act, Changed, Door, Target
from gateway.covers import no_cover
from gateway.domain.errors import NotAllowedError, UsageError
from gateway.domain.inheritance import Held, Level, settle
from gateway.domain.journal import Note
from gateway.domain.setting_catalog import CATALOG, Setting, checked_value, setting_named
from gateway.store import named, node_settings, policies, push
from gateway.store.database import Database
from gateway.store.push import Reached

DEFAULT_COVER = "cover.default"


@dataclass(frozen=True, slots=True)
class Explained:
    """A setting at a node: what holds and why. `levels` are those from the company down, with what each says of it."""

    setting: Setting
    held: Held
    levels: tuple[Level, ...]


@dataclass(frozen=True, slots=True)
class Difference:
    """A setting that is not the same at two nodes."""

    name: str
    one: Held
    other: Held


def all_at(door: Door, node: str, group: str = "") -> Sequence[Explained]:
    """What holds at a node, of all settings that the actor may see, or of one group of them.

    Raises:
        NotAllowedError: the actor may see none of them there.
        NotFoundError, UsageError: there is no such node, or no such group.
    """
    groups = tuple(dict.fromkeys(setting.group for setting in CATALOG.values()))
    if group and group not in groups:
        raise UsageError(f"there is no group of settings {group!r}; there are {', '.join(groups)}")
    chosen = [setting for setting in CATALOG.values() if group in ("", setting.group)]
    levels = node_settings.levels(door.db, node)
    held = settle(levels)
    return [Explained(one, held[one.name], levels) for one in _seen(door, levels, chosen)]


def explain(door: Door, node: str, name: str) -> Explained:
    """What holds of one setting at a node, and why.

    Raises:
        NotAllowedError: the actor may not see it there.
        NotFoundError, UsageError: there is no such node or setting.
    """
    setting = setting_named(name)
    levels = node_settings.levels(door.db, node)
    door.look(f"{setting.part}.view", levels[-1].node_id)
    return Explained(setting, settle(levels)[name], levels)


def compare(door: Door, one: str, other: str) -> Sequence[Difference]:
    """The settings that differ between two nodes.

    Raises:
        NotAllowedError, NotFoundError, UsageError: as `all_at`.
    """
    mine = {found.setting.name: found.held for found in all_at(door, one)}
    theirs = {found.setting.name: found.held for found in all_at(door, other)}
    shared = [name for name in mine if name in theirs]
    return [Difference(name, mine[name], theirs[name]) for name in shared if mine[name].value != theirs[name].value]


def give(door: Door, node: str, pairs: Sequence[tuple[str, str]]) -> Changed[Target]:
    """Set settings at a node.

    Raises:
        UsageError: unknown setting or value, or not given at such a node.
        ConflictError: a level above has locked it.
        NotAllowedError, NotFoundError: as `Door.change`.
    """
    return door.change(_right(pairs[0][0]), node, lambda act: _given(act, pairs))


def _given(act: Act, pairs: Sequence[tuple[str, str]]) -> Target:
    for name, value in pairs:
        check_may_set(act, name)
        put(act, act.node, name, value)
    return act.node


def put(act: Act, node: Target, name: str, value: str) -> None:
    """Set one setting at a node, and note it; the actor was asked for the right before.

    Raises:
        UsageError, ConflictError: as `give`.
    """
    check_named(act.db, node.id, name, checked_value(name, value))
    before = node_settings.explicit_settings(act.db, node.id)
    node_settings.set_setting(act.db, node.id, name, value)
    act.note("settings.set", node, _only(name, before), {name: value})


def take_back(door: Door, node: str, names: Sequence[str]) -> Changed[Target]:
    """Unset settings at a node, so that it follows the levels above again.

    Raises:
        UsageError, NotAllowedError, NotFoundError: as `give`.
    """

    def work(act: Act) -> Target:
        for name in names:
            check_may_set(act, name)
            before = node_settings.explicit_settings(act.db, act.node.id)
            node_settings.unset_setting(act.db, act.node.id, name)
            act.note("settings.unset", act.node, _only(name, before), {})
        return act.node

    return door.change(_right(names[0]), node, work)


def lock(door: Door, node: str, names: Sequence[str], *, locked: bool) -> Changed[Target]:
    """Lock settings at a company or department against the levels below, or let those override them again.

    Raises:
        UsageError, ConflictError, NotAllowedError, NotFoundError: as `give`.
    """

    def work(act: Act) -> Target:
        for name in names:
            check_may_set(act, name)
            before = name in node_settings.levels(act.db, act.node.id)[-1].locks
            node_settings.set_lock(act.db, act.node.id, name, locked=locked)
            what = "settings.lock" if locked else "settings.unlock"
            act.note(what, act.node, {name: _locked(before)}, {name: _locked(locked)})
        return act.node

    return door.change("settings.lock", node, work)


def push_down(
    door: Door, node: str, name: str, value: str | None, *, follow: bool = False
) -> Changed[tuple[str, tuple[Reached, ...]]]:
    """Write a value, or the one that holds at a node, there and at every node below it.

    With `follow` the nodes below lose their own values instead, so that they follow the node from then on.

    Returns:
        The value, and the nodes that change, as they were before.

    Raises:
        UsageError, ConflictError, NotAllowedError, NotFoundError: as `give`.
    """
    setting = setting_named(name)

    def work(act: Act) -> tuple[str, tuple[Reached, ...]]:
        check_may_set(act, name)
        line = node_settings.levels(act.db, act.node.id)
        wanted = settle(line)[name].value if value is None else checked_value(name, value)
        check_named(act.db, act.node.id, name, wanted)
        changed = push.push(act.db, act.node.id, name, wanted, follow=follow)
        kinds = (line[-1].kind,) if follow else setting.levels
        act.note_all(
            [_pushed(one, name, wanted if one.kind in kinds else None, act.node.id, follow) for one in changed]
        )
        return wanted, changed

    return door.change("settings.push", node, work)


def pairs_of(texts: Sequence[str]) -> list[tuple[str, str]]:
    """Settings as typed, NAME=VALUE.

    Raises:
        UsageError: one is not written so, or is not in the catalogue.
    """
    pairs = []
    for text in texts:
        name, separator, value = text.partition("=")
        if not separator:
            raise UsageError(f"write a setting as NAME=VALUE, not {text!r}")
        pairs.append((name, checked_value(name, value)))
    return pairs


def check_named(db: Database, node: int | str, name: str, value: str) -> None:
    """Return unless the value names a cover or a policy that there is not: the catalogue cannot know them.

    Raises:
        UsageError: names those there are.
    """
    if name == DEFAULT_COVER:
        shelf = covers.shelf(db, node)
        if value not in shelf:
            raise UsageError(f"{no_cover(value, shelf.names)}; {DEFAULT_COVER} must be one of them")
    elif name == policies.SETTING:
        place = named.named(db, node).id
        if policies.named(db, place, value) is None:
            known = ", ".join(one.policy.name for one in policies.listed(db, place))
            raise UsageError(f"there is no policy {value!r} here; known are {known} (see faxgw policy set)")


def _pushed(one: Reached, name: str, value: str | None, top: int, follow: bool) -> Note:
    keeps = value is not None and (one.node_id == top or not follow)
    before = {} if one.explicit is None else {name: one.explicit}
    return Note("settings.push", one.node_id, one.path, before, {name: value} if keeps else {})


def _only(name: str, explicit: Mapping[str, str]) -> dict[str, str]:
    return {name: explicit[name]} if name in explicit else {}


def _locked(locked: bool) -> str:
    return "locked" if locked else "open"


def _right(name: str) -> str:
    return f"{setting_named(name).part}.change"


def check_may_set(act: Act, name: str, node: Target | None = None) -> None:
    """Return when the actor may set a setting at a node, by default the target, or at what is made below it.

    Raises:
        NotAllowedError: says which right is missing.
    """
    setting = setting_named(name)
    if setting.system_only and act.actor.place is not None:
        raise NotAllowedError(f"{act.actor}: {setting.name} is set by accounts of the machine alone")
    act.need(f"{setting.part}.change", node or act.node)


def _seen(door: Door, levels: Sequence[Level], settings: Sequence[Setting]) -> list[Setting]:
    """Those that the actor may see; who may see none is refused by the last one asked for."""
    node = levels[-1].node_id
    seen, refusal = [], None
    for part in dict.fromkeys(setting.part for setting in settings):
        try:
            door.look(f"{part}.view", node)
        except NotAllowedError as error:
            refusal = error
        else:
            seen += [setting.name for setting in settings if setting.part == part]
    if refusal is not None and not seen:
        raise refusal
    return [setting for setting in settings if setting.name in seen]
