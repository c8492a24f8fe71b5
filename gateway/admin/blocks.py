"""Blocked numbers of a company: add, remove, look up, list, count, import; and the jobs that wait for them.

What lives here: those steps. What does not: rows (`gateway.store.blocks`), the refusal of a recipient
(`gateway.domain.blocks`).
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from gateway.admin.acts import Act, Changed, Door
from gateway.domain.blocks import BadLine, Block, read_list, read_number
from gateway.domain.errors import NotFoundError, RefusedError, UsageError
from gateway.domain.nodes import NodeKind, User
from gateway.domain.numbers import NumberPlan
from gateway.store import blocks, named, tree

MOST_LINES_TOLD = 20


@dataclass(frozen=True, slots=True)
class Blocked:
    """What blocking did: how many numbers are new on the list, how many were there already."""

    fresh: int
    known: int


def add(door: Door, company: str, numbers: Sequence[str], note: str = "") -> Changed[Blocked]:
    """Block numbers, in force from the next recipient on; written in any form that the company's plan reads.

    Raises:
        BadNumberError: one of them is no number; nothing is blocked.
        NotAllowedError: the actor may not.
    """

    def work(act: Act) -> Blocked:
        plan = _plan(act)
        made = [Block(read_number(text, plan).number, door.now(), note) for text in numbers]
        return _added(act, made)

    return door.change("blocks.change", _company(door, company), work)


def load(
    door: Door, company: str, lines: Iterable[str], progress: Callable[[int], None] = lambda _count: None
) -> Changed[Blocked]:
    """Block all numbers of a list, or none: every line that is no number is named.

    Raises:
        UsageError: lines that are no numbers; says which and why.
        NotAllowedError: the actor may not.
    """
    text = list(lines)

    def work(act: Act) -> Blocked:
        plan, now = _plan(act), door.now()
        good: dict[str, Block] = {}
        bad: list[BadLine] = []
        for count, found in enumerate(read_list(text, plan), 1):
            if isinstance(found, BadLine):
                bad.append(found)
            else:
                good[found[0]] = Block(found[0], now, found[1])
            progress(count)
        _refuse_bad(bad)
        return _added(act, list(good.values()))

    return door.change("blocks.change", _company(door, company), work)


def remove(door: Door, company: str, numbers: Sequence[str]) -> Changed[int]:
    """Take numbers from the list, from the next recipient on.

    Raises:
        NotFoundError: one of them is not blocked; nothing is removed.
        NotAllowedError: the actor may not.
    """

    def work(act: Act) -> int:
        plan = _plan(act)
        for text in numbers:
            number = read_number(text, plan).number
            found = blocks.lookup(act.db, act.node.id, number)
            if found is None:
                raise NotFoundError(f"{number} is not blocked; `faxgw block list` shows the numbers that are")
            blocks.remove(act.db, act.node.id, number)
            act.note("block.remove", act.node, {"number": number, "note": found.note}, {})
        return len(numbers)

    return door.change("blocks.change", _company(door, company), work)


def lookup(door: Door, company: str, number: str) -> Block | None:
    """One number's block; None when it may be faxed.

    Raises:
        BadNumberError: that is no number.
        NotAllowedError: the actor may not see it.
    """
    company_id = _company(door, company)
    door.look("blocks.view", company_id)
    plan = tree.effective(door.db, company_id).number_plan()
    return blocks.lookup(door.db, company_id, read_number(number, plan).number)


def listed(door: Door, company: str, starts_with: str = "") -> Iterator[Block]:
    """A company's blocked numbers, one after another: there may be very many.

    Raises:
        NotAllowedError: the actor may not see them.
    """
    company_id = _company(door, company)
    door.look("blocks.view", company_id)
    return blocks.listed(door.db, company_id, starts_with)


def count(door: Door, company: str) -> int:
    """How many numbers a company has blocked.

    Raises:
        NotAllowedError: the actor may not see it.
    """
    company_id = _company(door, company)
    door.look("blocks.view", company_id)
    return blocks.count(door.db, company_id)


def _added(act: Act, made: Sequence[Block]) -> Blocked:
    fresh = blocks.add(act.db, act.node.id, made)
    notes = {block.number: block.note for block in made}
    for number in fresh:
        act.note("block.add", act.node, {}, {"number": number, "note": notes[number]})
    return Blocked(len(fresh), len(made) - len(fresh))


def _plan(act: Act) -> NumberPlan:
    return tree.effective(act.db, act.node.id).number_plan()


def _company(door: Door, text: str) -> int:
    """The company that is named, or that of the actor, or the only one there is.

    Raises:
        UsageError: none is named, and there are several.
        RefusedError: what is named is no company.
    """
    if not text and door.actor.place is not None:
        return door.actor.place[0]
    if not text:
        return _only_company(door)
    found = named.named(door.db, text)
    if isinstance(found, User) or found.kind is not NodeKind.COMPANY:
        raise RefusedError(f"{found.path} is no company: blocked numbers are a company's")
    return found.id


def _only_company(door: Door) -> int:
    found = tree.companies(door.db)
    if len(found) != 1:
        names = ", ".join(node.name for node in found[:10])
        raise UsageError(f"name the company: {names}" if found else "there is no company yet; see faxgw company add")
    return found[0].id


def _refuse_bad(bad: Sequence[BadLine]) -> None:
    if not bad:
        return
    told = "; ".join(f"line {one.line}: {one.reason}" for one in bad[:MOST_LINES_TOLD])
    more = f"; and {len(bad) - MOST_LINES_TOLD} more" if len(bad) > MOST_LINES_TOLD else ""
    raise UsageError(f"nothing was blocked, for {len(bad)} lines are no fax numbers: {told}{more}")
