"""Rules by which faxes to our numbers go to departments, or to users by sub-address.

What lives here: setting, dropping and showing them. What does not: the inventory (`numbers`), where a call leads
(`gateway.store.routes`).
"""

from collections.abc import Sequence

from gateway.admin.acts import Act, Changed, Door, Target
from gateway.admin.numbers import ASSIGN, show
from gateway.domain.errors import ConflictError, NotFoundError, UsageError
from gateway.domain.nodes import User, checked_address
from gateway.domain.routes import Route, checked_sub_address
from gateway.store import named, routes

MOST_ADDRESSES = 3


def lead(door: Door, number: str, sub_address: str, to: str, addresses: Sequence[str]) -> Changed[Route]:
    """Lead faxes to a number with a sub-address (empty: all that nothing else fits) to a node.

    Raises:
        UsageError: a bad sub-address or mail address, none for a department, or more than three.
        NotFoundError: the number is not in the inventory, or there is no such node.
        ConflictError: the node is of another company.
        NotAllowedError: the actor may not, at the node or at what the number is kept for.
    """
    owned, wanted = show(door, number), checked_sub_address(sub_address)
    mailed_to = tuple(dict.fromkeys(checked_address(address) for address in addresses))

    def work(act: Act) -> Route:
        act.need(ASSIGN, named.named(act.db, owned.owner_id))
        _check_addresses(act.node, mailed_to)
        if named.line(act.db, act.node.id)[0] != named.line(act.db, owned.owner_id)[0]:
            raise ConflictError(f"{owned.number} is another company's")
        before = _rule(act, owned.number, wanted)
        routes.set_rule(act.db, owned.number, wanted, act.node.id, mailed_to)
        after = _rule(act, owned.number, wanted)
        assert after is not None  # it was just set
        if _facts(before) != _facts(after):
            which = ("number", "sub_address")  # told in any case
            known = {name: value for name, value in _facts(before).items() if name not in which}
            act.note("number.route", act.node, known, _facts(after))
        return after

    return door.change(ASSIGN, to, work)


def drop(door: Door, number: str, sub_address: str) -> Changed[Route]:
    """Take a rule away.

    Raises:
        NotFoundError: the number is not in the inventory, or there is no such rule.
        NotAllowedError: the actor may not.
    """
    owned, wanted = show(door, number), checked_sub_address(sub_address)

    def work(act: Act) -> Route:
        before = _rule(act, owned.number, wanted)
        if before is None:
            raise NotFoundError(f"{owned.number} has no rule for {wanted or 'no sub-address'}; see faxgw number route")
        routes.drop_rule(act.db, owned.number, wanted)
        act.note("number.route", act.node, _facts(before), {})
        return before

    return door.change(ASSIGN, owned.owner_id, work)


def rules(door: Door, number: str) -> Sequence[Route]:
    """The rules of a number, and whose it is otherwise, by sub-address.

    Raises:
        NotFoundError: the number is not in the inventory.
        NotAllowedError: the actor may not see it.
    """
    owned = show(door, number)
    found = list(routes.rules(door.db, owned.number))
    own = routes.route_for(door.db, owned.number)
    return found if own is None or own.rule else [own, *(rule for rule in found if rule.sub_address)]


def answers_all(door: Door, number: str) -> bool:
    """Whether a call without a sub-address, or with one that nobody knows, leads somewhere: else none is answered.

    Raises:
        NotFoundError: the number is not in the inventory.
        NotAllowedError: the actor may not see it.
    """
    return routes.route_for(door.db, show(door, number).number) is not None


def _rule(act: Act, number: str, sub_address: str) -> Route | None:
    return next((rule for rule in routes.rules(act.db, number) if rule.sub_address == sub_address), None)


def _check_addresses(node: Target, addresses: Sequence[str]) -> None:
    if len(addresses) > MOST_ADDRESSES:
        raise UsageError(f"a route has at most {MOST_ADDRESSES} addresses, not {len(addresses)}")
    if not addresses and not isinstance(node, User):
        raise UsageError(f"{node.path} has no mailbox of its own: name one to {MOST_ADDRESSES} by --address")


def _facts(rule: Route | None) -> dict[str, object]:
    if rule is None:
        return {}
    named_ones = {"number": rule.number, "sub_address": rule.sub_address, "to": rule.path}
    return {**named_ones, "addresses": list(rule.addresses)}
