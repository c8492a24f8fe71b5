"""The inventory of numbers: added, removed, assigned to users, released, looked at.

What lives here: those steps, with what the journal says. What does not: rows (`gateway.store.numbers`), rules by
sub-address (`gateway.admin.routes`), ordering and porting.

A user's fax number stands with the user alone: assigning one here and giving it by `users` are the same.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from gateway.admin.acts import Act, Changed, Door, Target
from gateway.admin.tree import check_kind
from gateway.domain.errors import ConflictError, GatewayError, NotFoundError, RefusedError, UsageError
from gateway.domain.inventory import NumberLine, OwnedNumber, read_numbers, read_owned
from gateway.domain.nodes import NodeKind, User
from gateway.store import holding, named, numbers, tree
from gateway.store.numbers import NumberFilter, PlaceTotal

VIEW, ASSIGN, REQUEST = "numbers.view", "numbers.assign", "numbers.request"
MOST_TOLD = 20  # lines of a list that are named
Tell = Callable[[int], None]


def add(door: Door, texts: Sequence[str], node: str = "", *, pending: bool = False) -> Changed[int]:
    """Put numbers in the inventory of a company, or keep them for a department; how many are new or kept anew.

    One that is there already is kept for the node from now on, and rings unless `pending`.

    Raises:
        BadNumberError: one of them is none; nothing is added.
        ConflictError: one is another company's, or its user would be outside.
        NotAllowedError: the actor may not.
    """

    def work(act: Act) -> int:
        return sum(_add(act, read_owned(text), _keeper(act.node), pending=pending) for text in texts)

    return door.change(REQUEST, node or home(door), work)


def load(door: Door, lines: Iterable[str], node: str = "", tell: Tell = lambda _count: None) -> Changed[int]:
    """Put all numbers of a list in the inventory, or none; how many are new or kept anew.

    Raises:
        UsageError: lines that cannot be taken; says which and why.
        NotAllowedError: the actor may not.
    """
    text = list(lines)

    def work(act: Act) -> int:
        bad: list[str] = []
        done = 0
        for count, line in enumerate(read_numbers(text), 1):
            try:
                done += _load(act, line)
            except GatewayError as error:
                bad.append(f"line {line.line}: {error.text}")
            tell(count)
        if bad:
            more = f"; and {len(bad) - MOST_TOLD} more" if len(bad) > MOST_TOLD else ""
            raise UsageError(f"nothing was added: {'; '.join(bad[:MOST_TOLD])}{more}")
        return done

    return door.change(REQUEST, node or home(door), work)


def remove(door: Door, text: str) -> Changed[OwnedNumber]:
    """Take a number that nobody has out of the inventory, with its rules: it is not answered any more.

    Raises:
        NotFoundError: it is not in it.
        ConflictError: a user has it; says who.
        NotAllowedError: the actor may not.
    """
    found = _owned(door, text)

    def work(act: Act) -> OwnedNumber:
        now = _again(act, found)
        if now.holder_id is not None:
            raise ConflictError(f"{now.number} is {now.holder}'s: `faxgw number release {now.number}` takes it back")
        numbers.remove(act.db, now.number)
        act.note("number.remove", act.node, _facts(now), {})
        return now

    return door.change(REQUEST, found.owner_id, work)


def assign(door: Door, text: str, who: str, *, replacing: bool = False) -> Changed[OwnedNumber]:
    """Give a user a number that nobody has; with `replacing` in the place of the one he has.

    Raises:
        NotFoundError: the number is not in the inventory, or there is no such user.
        ConflictError: somebody has it, it is kept for others, or the user has one already.
        NotAllowedError: the actor may not, at the user or at what the number is kept for.
    """
    found = _owned(door, text)

    def work(act: Act) -> OwnedNumber:
        user, now = _user(act, act.node), _again(act, found)
        act.need(ASSIGN, named.named(act.db, now.owner_id))
        if now.holder_id not in (None, user.id):
            raise ConflictError(f"{now.number} is {now.holder}'s: `faxgw number release {now.number}` takes it back")
        if user.fax_number not in ("", now.number) and not replacing:
            raise ConflictError(f"{user.path} has {user.fax_number} already; --replace gives this one in its place")
        holding.give(act.db, user.id, now.number)
        act.note("number.assign", user, {"fax_number": user.fax_number}, {"fax_number": now.number})
        return _again(act, now)

    return door.change(ASSIGN, who, work)


def release(door: Door, text: str) -> Changed[OwnedNumber]:
    """Take a number from its user; it stays in the inventory, and rings in vain unless a rule leads on.

    Raises:
        NotFoundError: it is not in the inventory.
        RefusedError: nobody has it.
        NotAllowedError: the actor may not.
    """
    found = _owned(door, text)
    if found.holder_id is None:
        raise RefusedError(f"nobody has {found.number}")

    def work(act: Act) -> OwnedNumber:
        user = _user(act, act.node)
        if user.fax_number != found.number:
            raise ConflictError(f"somebody else has just changed who has {found.number}")
        holding.give(act.db, user.id, "")
        act.note("number.release", user, {"fax_number": found.number}, {"fax_number": ""})
        return _again(act, found)

    return door.change(ASSIGN, found.holder_id, work)


def listed(door: Door, wanted: NumberFilter, under: str = "") -> Sequence[OwnedNumber]:
    """Numbers of the actor's place, or of a node: kept for it or below it, or had there.

    Raises:
        NotFoundError: there is no such node.
        NotAllowedError: the actor may not see them.
    """
    return numbers.listed(door.db, _placed(door, wanted, under))


def totals(door: Door, wanted: NumberFilter, under: str = "") -> Sequence[PlaceTotal]:
    """How many there are at each place by the number plan.

    Raises:
        NotFoundError, NotAllowedError: as `listed`.
    """
    return numbers.totals(door.db, _placed(door, wanted, under))


def show(door: Door, text: str) -> OwnedNumber:
    """One number.

    Raises:
        BadNumberError: that is none.
        NotFoundError: it is not in the inventory.
        NotAllowedError: the actor may see neither what it is kept for nor who has it.
    """
    found = _owned(door, text)
    door.look(VIEW, _seen_at(door, found))
    return found


def check_wanted(act: Act, number: str, node: Target) -> None:
    """Return when a user at a node, or to be made below it, may be given this number by the actor.

    Raises:
        NotAllowedError: says which right is missing.
    """
    if not number or act.actor.place is None:
        return
    found = numbers.owned(act.db, number)
    if found is not None:
        act.need(ASSIGN, named.named(act.db, found.owner_id))
    else:
        act.need(REQUEST, named.named(act.db, named.line(act.db, node.id)[0]))


def home(door: Door) -> int:
    """The actor's company, or the only one there is.

    Raises:
        UsageError: there are several, or none.
    """
    if door.actor.place is not None:
        return door.actor.place[0]
    found = tree.companies(door.db)
    if len(found) != 1:
        names = ", ".join(node.name for node in found[:10])
        raise UsageError(f"name the company: {names}" if found else "there is no company yet; see faxgw company add")
    return found[0].id


def _add(act: Act, number: str, node: Target, *, pending: bool) -> bool:
    before = numbers.owned(act.db, number)
    if before is None:
        numbers.add(act.db, number, node.id, act.at, pending=pending)
    else:
        _refuse_stranger(act, before, node)
        numbers.keep_for(act.db, number, node.id, pending=pending)
    after = numbers.owned(act.db, number)
    assert after is not None  # it was just put in
    if before is not None and _facts(before) == _facts(after):
        return False
    known = {} if before is None else _facts(before)
    known.pop("number", None)  # so that the entry tells which one it is
    act.note("number.add", node, known, _facts(after))
    return True


def _load(act: Act, line: NumberLine) -> bool:
    if line.trouble:
        raise UsageError(line.trouble)
    node = act.find(line.node, REQUEST) if line.node else act.node
    return _add(act, line.number, _keeper(node), pending=line.pending)


def _refuse_stranger(act: Act, number: OwnedNumber, node: Target) -> None:
    """Return when the number may be kept for the node: of the same company, and not away from its user.

    Raises:
        ConflictError: says why not.
    """
    line = named.line(act.db, node.id)
    if named.line(act.db, number.owner_id)[0] != line[0]:
        raise ConflictError(f"{number.number} is another company's")
    if number.holder_id is not None and node.id not in named.line(act.db, number.holder_id):
        raise ConflictError(f"{number.number} is {number.holder}'s, who is not in {node.path}")


def _keeper(node: Target) -> Target:
    if isinstance(node, User):
        raise UsageError(f"{node.path} is a user: numbers are kept for companies and departments; see number assign")
    return node


def _user(act: Act, node: Target) -> User:
    return tree.user_by_id(act.db, check_kind(node, NodeKind.USER).id)


def _owned(door: Door, text: str) -> OwnedNumber:
    number = read_owned(text)
    found = numbers.owned(door.db, number)
    if found is None:
        raise NotFoundError(f"{number} is not in the inventory; `faxgw number add {number}` puts it in")
    return found


def _again(act: Act, number: OwnedNumber) -> OwnedNumber:
    """The number as it is within the change.

    Raises:
        NotFoundError: it has just been removed.
    """
    found = numbers.owned(act.db, number.number)
    if found is None:
        raise NotFoundError(f"{number.number} is not in the inventory any more")
    return found


def _placed(door: Door, wanted: NumberFilter, under: str) -> NumberFilter:
    node = door.look(VIEW, under or (door.actor.place[-1] if door.actor.place else None))
    return replace(wanted, under=None if node is None else node.id)


def _seen_at(door: Door, number: OwnedNumber) -> int:
    """Where the actor is asked for the right to see: at the user when he sits below what it is kept for."""
    place = door.actor.place or ()
    held = number.holder_id is not None and place and place[-1] in named.line(door.db, number.holder_id)
    return number.holder_id if held and number.holder_id is not None else number.owner_id


def _facts(number: OwnedNumber) -> dict[str, object]:
    return {"number": number.number, "kept_for": number.owner, "pending": number.state == "pending"}
