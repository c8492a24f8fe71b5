"""What becomes of the inventory of numbers when people come, change, move and go.

What lives here: the steps that changes of the tree make. What does not: the inventory itself (`numbers`), the tree.

What holds after each: a number that a user has is in the inventory, kept for the user's company or for a department
that the user is in; and a rule leads from a number to a node of the same company.
"""

from collections.abc import Iterable, Mapping

import sqlalchemy as sa
from sqlmodel import Session, col, select

from gateway.domain.errors import ConflictError, NotFoundError
from gateway.domain.nodes import NodeKind
from gateway.store.columns import table_of
from gateway.store.database import Database
from gateway.store.number_tables import NumberRouteRow, NumberRow
from gateway.store.numbers import drop, now, owners_of, put_in
from gateway.store.places import ids_below, line_ids, place_of
from gateway.store.tree_tables import NodeRow, UserRow


def hold(session: Session, number: str, node_id: int) -> None:
    """A user, or one to be added below the node, has this number; one that was nobody's becomes the company's.

    Raises:
        ConflictError: it is kept for others.
    """
    if not number:
        return
    trouble = kept_elsewhere(session, {number: node_id}).get(number)
    if trouble:
        raise ConflictError(trouble)
    take_new(session, {number: node_id})


def give(db: Database, user_id: int, number: str) -> None:
    """Give a user a number, or with an empty one take the number that he has.

    Raises:
        ConflictError: somebody has it, or it is kept for others.
        NotFoundError: there is no such user.
    """
    user = table_of(UserRow)

    def work(session: Session) -> None:
        found = select(UserRow.node_id).where(UserRow.fax_number == number, UserRow.node_id != user_id)
        if number and session.exec(found).first() is not None:
            raise ConflictError(f"the fax number {number} is somebody's already")
        if place_of(session, user_id) is None:
            raise NotFoundError(f"there is no user {user_id}")
        hold(session, number, user_id)
        session.execute(sa.update(user).where(user.c.node_id == user_id).values(fax_number=number))

    db.write(work)


def kept_elsewhere(session: Session, wanted: Mapping[str, int]) -> dict[str, str]:
    """Why numbers cannot be had at these nodes: of those that are kept for another company or department."""
    owners = owners_of(session, list(wanted))
    lines: dict[int, tuple[int, ...]] = {}
    found = {}
    for number, owner in owners.items():
        node_id = wanted[number]
        line = lines.setdefault(node_id, line_ids(session, node_id))
        if owner not in line:
            found[number] = f"the number {number} is kept for {_owner(session, owner, line[0])}"
    return found


def take_new(session: Session, wanted: Mapping[str, int]) -> None:
    """Put numbers that are in no inventory into that of the company of the node they are wanted at."""
    owners = owners_of(session, list(wanted))
    fresh = {number: node_id for number, node_id in wanted.items() if number not in owners}
    companies = {node_id: line_ids(session, node_id)[0] for node_id in set(fresh.values())}
    put_in(session, {number: companies[node_id] for number, node_id in fresh.items()}, now())


def follow(session: Session, node_id: int) -> None:
    """A department or user stands elsewhere now: numbers that are had there are kept where their users are.

    Rules between what is of two companies now are gone.
    """
    below = ids_below(node_id)
    company = line_ids(session, node_id)[0]
    held = select(UserRow.fax_number, UserRow.node_id).where(col(UserRow.node_id).in_(below), UserRow.fax_number != "")
    stranded = list(kept_elsewhere(session, dict(session.exec(held).all())))
    number = table_of(NumberRow)
    session.execute(sa.update(number).where(number.c.number.in_(stranded)).values(node_id=company))
    _cut(session, company)


def leave(session: Session, node: NodeRow) -> None:
    """A node is taken out of the tree: a department's numbers are kept for its parent, a company's are no more ours."""
    number, rule = table_of(NumberRow), table_of(NumberRouteRow)
    session.execute(sa.delete(rule).where(rule.c.node_id == node.id))
    if node.kind == NodeKind.COMPANY.value:
        drop(session, session.exec(select(NumberRow.number).where(NumberRow.node_id == node.id)).all())
    elif node.parent_id is not None:
        session.execute(sa.update(number).where(number.c.node_id == node.id).values(node_id=node.parent_id))


def _cut(session: Session, company: int) -> None:
    """Drop the rules that lead into a company from outside, or out of it."""
    within = ids_below(company)
    number, rule = table_of(NumberRow), table_of(NumberRouteRow)
    rows = session.execute(
        sa.select(rule.c.number, rule.c.sub_address, number.c.node_id.in_(within), rule.c.node_id.in_(within)).join(
            number, number.c.number == rule.c.number
        )
    )
    _drop_rules(session, [(row[0], row[1]) for row in rows if bool(row[2]) != bool(row[3])])


def _drop_rules(session: Session, keys: Iterable[tuple[str, str]]) -> None:
    rule = table_of(NumberRouteRow)
    for number, sub_address in keys:
        session.execute(sa.delete(rule).where(rule.c.number == number, rule.c.sub_address == sub_address))


def _owner(session: Session, owner: int, company: int) -> str:
    """Who keeps a number, in words; what another company has is not told by name."""
    place = place_of(session, owner)
    mine = place is not None and line_ids(session, owner)[0] == company
    return place.path if place is not None and mine else "another company"
