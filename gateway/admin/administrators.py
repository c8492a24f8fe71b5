"""What administrators do about administrators: add, edit, give rights, lock, delete.

What lives here: those changes and the rules between administrators. What does not: rights (`gateway.domain.rights`),
passwords (`gateway.admin.passwords`), rows (`gateway.store.administrators`).

Nobody gives away what they do not hold, and nobody touches an administrator who holds more.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from gateway.admin.acts import Act, Changed, Door
from gateway.admin.passwords import refuse_weak
from gateway.domain.actors import Actor
from gateway.domain.administrators import Administrator, NewAdministrator, checked_language, checked_zone
from gateway.domain.errors import NotAllowedError, UsageError
from gateway.domain.nodes import checked_address, checked_name
from gateway.domain.passwords import hash_password
from gateway.domain.rights import Granted, granted
from gateway.signing_in import policy_of
from gateway.store import administrators, named, passwords
from gateway.store.passwords import Login

Step = Callable[[Act, Administrator], Administrator]  # the change of one administrator, as before
_CHECKS: Mapping[str, Callable[[str], str]] = {
    "first_name": lambda text: checked_name(text, "a first name"),
    "last_name": lambda text: checked_name(text, "a last name"),
    "email": checked_address,
    "user_name": lambda text: checked_name(text, "a user name"),
    "time_zone": checked_zone,
    "language": checked_language,
}


def add(door: Door, new: NewAdministrator, password: str = "") -> Changed[Administrator]:
    """Add an administrator at a company or a department; without a password nobody can sign in as them.

    Raises:
        UsageError: a field that cannot be.
        RefusedError: the place is a user, or the policy speaks against the password.
        ConflictError: the user name is taken.
        NotAllowedError: the actor may not, or does not hold all that is given.
    """
    wanted = new.checked()

    def work(act: Act) -> Administrator:
        _refuse_more(act.actor, wanted.rights)
        made = administrators.add(act.db, replace(wanted, path=_path(act)), door.now())
        if password:
            _give_password(act, door, made, password)
        act.note("admin.add", act.node, {}, _facts(made))
        return made

    return door.change("administrators.add", new.path, work)


def edit(door: Door, name: str, values: Mapping[str, str]) -> Changed[Administrator]:
    """Change fields of an administrator.

    Raises:
        UsageError: an unknown field, or a value that cannot be.
        NotFoundError, NotAllowedError, ConflictError: as said.
    """
    unknown = [field for field in values if field not in _CHECKS]
    if unknown:
        raise UsageError(f"an administrator has no {unknown[0]!r} to edit; there are {', '.join(_CHECKS)}")
    wanted = {field: _CHECKS[field](text) for field, text in values.items()}
    return _changed(door, name, "edit", lambda act, one: administrators.edit(act.db, one.user_name, wanted))


def give(
    door: Door, name: str, grant: Sequence[str] = (), clear: Sequence[str] = (), read_only: bool | None = None
) -> Changed[Administrator]:
    """Clear rights of an administrator, then grant others; `read_only` is left as it is when None.

    Raises:
        UsageError: there is no such right.
        NotAllowedError: the actor may not, or does not hold what is given.
    """

    def work(act: Act, one: Administrator) -> Administrator:
        rights = one.rights if read_only is None else replace(one.rights, read_only=read_only)
        for right in clear:
            rights = rights.clear(right)
        for right in grant:
            rights = rights.grant(right)
        _refuse_more(act.actor, rights)
        return administrators.set_rights(act.db, one.user_name, rights)

    granted([*grant, *clear])  # a right that does not exist is told before anything else
    return _changed(door, name, "edit", work)


def set_locked(door: Door, name: str, *, locked: bool) -> Changed[Administrator]:
    """Lock or unlock an administrator; unlocking ends a lock-out as well.

    Raises:
        NotFoundError, NotAllowedError: as said.
    """

    def work(act: Act, one: Administrator) -> Administrator:
        if not locked:
            passwords.forget_failures(act.db, one.user_name)
        return administrators.set_locked(act.db, one.user_name, locked=locked)

    return _changed(door, name, "lock", work)


def delete(door: Door, name: str) -> Changed[Administrator]:
    """Delete an administrator; what they did stays in the journal.

    Raises:
        NotFoundError, NotAllowedError: as said; nobody deletes themselves.
    """

    def work(act: Act) -> Administrator:
        one = administrators.by_name(act.db, name)
        _refuse_touching(act.actor, one)
        if act.actor.place is not None and act.actor.name == one.user_name:
            raise NotAllowedError("nobody deletes themselves: ask another administrator")
        administrators.remove(act.db, one.user_name)
        act.note("admin.delete", act.node, _facts(one), {})
        return one

    return door.change("administrators.delete", _where(door, name), work)


def listed(door: Door, under: str = "") -> list[Administrator]:
    """The administrators at a node and below it; without one, all that the actor reaches.

    Raises:
        NotAllowedError: the actor may not see them there.
    """
    place = door.actor.place
    if under or place is None:
        door.look("administrators.view", under or None)
        path = named.named(door.db, under).path if under else ""
    else:
        path = named.named(door.db, place[-1]).path
        door.look("administrators.view", place[-1])
    return administrators.listed(door.db, path)


def shown(door: Door, name: str) -> Administrator:
    """One administrator.

    Raises:
        NotFoundError, NotAllowedError: as said.
    """
    found = administrators.by_name(door.db, name)
    door.look("administrators.view", found.line[-1])
    return found


def _changed(door: Door, name: str, verb: str, work: Step) -> Changed[Administrator]:
    def within(act: Act) -> Administrator:
        before = administrators.by_name(act.db, name)
        _refuse_touching(act.actor, before)
        after = work(act, before)
        act.note(f"admin.{verb}", act.node, _facts(before), _facts(after))
        return after

    return door.change(f"administrators.{verb}", _where(door, name), within)


def _where(door: Door, name: str) -> int:
    return administrators.by_name(door.db, name).line[-1]


def _path(act: Act) -> str:
    return f"/{act.node.path}"


def _give_password(act: Act, door: Door, one: Administrator, password: str) -> None:
    policy = policy_of(act.db, one.line[-1])
    login = passwords.login(act.db, one.user_name)
    assert isinstance(login, Login)  # it was added a moment ago, in this transaction
    refuse_weak(act.db, policy, login, password)
    passwords.set_password(act.db, one.user_name, hash_password(password), door.now(), must_change=policy.forced_change)


def _refuse_more(actor: Actor, rights: Granted) -> None:
    """Nobody gives away what they do not hold."""
    if actor.place is None:
        return
    missing = [right.name for right in rights.rights() if not actor.rights.allows(right.name)]
    if missing:
        raise NotAllowedError(f"{actor} does not hold {', '.join(missing)}, and so cannot give it")


def _refuse_touching(actor: Actor, one: Administrator) -> None:
    """Nobody changes an administrator who may do more: a password or a name is as good as the rights behind it."""
    if actor.place is None:
        return
    more = [right.name for right in one.rights.rights() if not actor.rights.allows(right.name)]
    if more:
        raise NotAllowedError(f"{one.user_name} holds {', '.join(more)}, which {actor} does not")


def _facts(one: Administrator) -> dict[str, object]:
    return {
        "user_name": one.user_name,
        "first_name": one.first_name,
        "last_name": one.last_name,
        "email": one.email,
        "time_zone": one.time_zone,
        "language": one.language,
        "rights": sorted(one.rights.names),
        "read_only": one.rights.read_only,
        "locked": one.locked,
    }
