"""From a called number and sub-address to whom the fax is for.

What lives here: that question, and whether a number rings here at all; rules are written here, too. What does not: the
inventory (`numbers`), people (`tree`).

A rule for the sub-address comes first, then the user who has the number, then the number's rule without a sub-address.
So a caller who sends a sub-address that nobody knows still reaches whose number it is.
"""

from collections.abc import Sequence

from sqlmodel import Session, col, select

from gateway.domain.routes import Route
from gateway.store.by_hand import marked
from gateway.store.database import Database
from gateway.store.number_tables import NumberRouteRow, NumberRow
from gateway.store.places import place_of
from gateway.store.tree_tables import ReceivingAddressRow, UserRow

_PENDING = "SELECT pending FROM number WHERE number = ?"


def is_ours(db: Database, number: str) -> bool:
    """Whether calls to this number (E.164) ring here: it is in the inventory, and not merely ordered."""
    query = marked(_PENDING, db.dialect.paramstyle)  # it is asked at each call out
    found = db.read_by_hand(lambda cursor: cursor.execute(query, (number,)).fetchone())
    return found is not None and not found[0]


def route_for(db: Database, number: str, sub_address: str = "") -> Route | None:
    """Whom a fax to this number (E.164) is for; None when the number is not ours, or nobody has it."""
    return db.read(lambda session: route_in(session, number, sub_address))


def route_in(session: Session, number: str, sub_address: str = "") -> Route | None:
    """As `route_for`, inside a transaction."""
    if not _rings(session, number):
        return None
    rule = session.get(NumberRouteRow, (number, sub_address)) if sub_address else None
    if rule is None:
        holder = session.exec(select(UserRow.node_id).where(UserRow.fax_number == number)).one_or_none()
        if holder is not None:
            return _route(session, number, sub_address, holder)
        rule = session.get(NumberRouteRow, (number, ""))
    return None if rule is None else _route(session, number, sub_address, rule.node_id, rule)


def addresses_now(session: Session, number: str, sub_address: str, node_id: int) -> tuple[str, ...]:
    """Where faxes to this node by this number are mailed to as configured now.

    Those of the rule while it still leads to the node, else the user's receiving addresses. A department has none.
    """
    found = route_in(session, number, sub_address)
    if found is not None and found.node_id == node_id:
        return found.addresses
    return _of_user(session, node_id)


def rules(db: Database, number: str) -> tuple[Route, ...]:
    """The rules of a number, by sub-address."""
    statement = select(NumberRouteRow).where(NumberRouteRow.number == number)

    def work(session: Session) -> tuple[Route, ...]:
        rows = session.exec(statement.order_by(col(NumberRouteRow.sub_address))).all()
        found = (_route(session, number, row.sub_address, row.node_id, row) for row in rows)
        return tuple(route for route in found if route is not None)

    return db.read(work)


def set_rule(db: Database, number: str, sub_address: str, node_id: int, addresses: Sequence[str]) -> None:
    """Lead a number with a sub-address to a node, in the place of the rule that there is for it."""

    def work(session: Session) -> None:
        row = NumberRouteRow(number=number, sub_address=sub_address, node_id=node_id, addresses=" ".join(addresses))
        session.merge(row)
        session.flush()

    db.write(work)


def drop_rule(db: Database, number: str, sub_address: str) -> bool:
    """Take a rule away; false when there is none."""

    def work(session: Session) -> bool:
        row = session.get(NumberRouteRow, (number, sub_address))
        if row is not None:
            session.delete(row)
            session.flush()
        return row is not None

    return db.write(work)


def _rings(session: Session, number: str) -> bool:
    pending = session.exec(select(NumberRow.pending).where(NumberRow.number == number)).one_or_none()
    return pending is False


def _route(
    session: Session, number: str, sub_address: str, node_id: int, rule: NumberRouteRow | None = None
) -> Route | None:
    place = place_of(session, node_id)
    if place is None:
        return None
    own = tuple(rule.addresses.split()) if rule is not None else ()
    addresses = own or _of_user(session, node_id)
    return Route(number, sub_address, node_id, place.path, addresses, place.locked, rule is not None)


def _of_user(session: Session, node_id: int) -> tuple[str, ...]:
    received = ReceivingAddressRow
    statement = select(received.address).where(received.user_id == node_id).order_by(col(received.position))
    return tuple(session.exec(statement))
