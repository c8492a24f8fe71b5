"""Named password policies: add, change, remove, and which holds where.

What lives here: those steps. What does not: what a policy says (`gateway.domain.password_policy`), rows
(`gateway.store.policies`).
"""

from collections.abc import Mapping
from dataclasses import asdict

from gateway.admin.acts import Act, Changed, Door
from gateway.domain.errors import NotFoundError
from gateway.domain.nodes import checked_name
from gateway.domain.password_policy import GLOBAL, PasswordPolicy
from gateway.signing_in import policy_of
from gateway.store import named, policies
from gateway.store.policies import NamedPolicy


def keep(door: Door, where: str, name: str, fields: Mapping[str, str]) -> Changed[PasswordPolicy]:
    """Add a policy at a node, or for the whole system when `where` is empty; or change one that is there.

    Raises:
        UsageError: a field or a value that cannot be.
        NotFoundError: there is no such node.
        NotAllowedError: the actor may not.
    """
    wanted = checked_name(name, "a policy's name")

    def work(act: Act) -> PasswordPolicy:
        node_id = act.node.id if where else None
        before = next((one.policy for one in policies.listed(act.db, node_id) if _is(one, node_id, wanted)), None)
        policy = policies.keep(act.db, node_id, wanted, fields)
        act.note("policy.set", _called(where, wanted), asdict(before) if before else {}, asdict(policy))
        return policy

    return door.change("security.change", where or None, work)


def remove(door: Door, where: str, name: str) -> Changed[None]:
    """Delete a policy that no node's settings name.

    Raises:
        NotFoundError: there is none of that name there.
        ConflictError: it is in use.
        NotAllowedError: the actor may not.
    """

    def work(act: Act) -> None:
        node_id = act.node.id if where else None
        before = policies.named(act.db, node_id, name)
        policies.remove(act.db, node_id, name)
        act.note("policy.remove", _called(where, name), asdict(before) if before else {}, {})

    return door.change("security.change", where or None, work)


def listed(door: Door, where: str = "") -> list[NamedPolicy]:
    """The policies that a node's settings may name; of the whole system when none is given.

    Raises:
        NotFoundError, NotAllowedError: as said.
    """
    node = door.look("security.view", where or None)
    return policies.listed(door.db, node.id if node else None)


def shown(door: Door, name: str, where: str = "") -> PasswordPolicy:
    """One policy, as a node sees it.

    Raises:
        NotFoundError, NotAllowedError: as said.
    """
    node = door.look("security.view", where or None)
    found = policies.named(door.db, node.id if node else None, name)
    if found is None:
        raise NotFoundError(f"there is no policy {name!r} there; `faxgw policy list` shows those there are")
    return found


def holding(door: Door, where: str) -> PasswordPolicy:
    """The policy that holds at a node.

    Raises:
        NotFoundError, NotAllowedError: as said.
    """
    door.look("security.view", where)
    return policy_of(door.db, named.named(door.db, where).id)


def _is(one: NamedPolicy, node_id: int | None, name: str) -> bool:
    stored = one.node_id == node_id and one.policy.name.casefold() == name.casefold()
    return stored and one.policy != GLOBAL


def _called(where: str, name: str) -> str:
    return f"policy {name} of {where}" if where else f"policy {name}"
