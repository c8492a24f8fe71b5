"""The inventory of numbers as rows: what is in it, for whom it is kept, and who has each.

What lives here: adding, removing, finding and listing numbers. What does not: rules by sub-address (`routes`), and who
has a number: that is the user's row alone (`tree`, `tree_changes`), so nothing here can contradict it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col

from gateway.domain.inventory import NumberPlace, NumberState, OwnedNumber, number_place, state_of
from gateway.store.columns import table_of
from gateway.store.database import Database
from gateway.store.number_tables import NumberRouteRow, NumberRow
from gateway.store.paging import MAX_PAGE
from gateway.store.places import ids_below, place_of
from gateway.store.tree_tables import UserRow


@dataclass(frozen=True, slots=True)
class NumberFilter:
    """Which numbers are meant; all that is given must fit. `under`: kept for a node or below it, or had there."""

    under: int | None = None
    state: NumberState | None = None
    country: str = ""
    area: str = ""  # a part of it
    starts_with: str = ""
    after: str = ""
    limit: int = 100


@dataclass(frozen=True, slots=True)
class PlaceTotal:
    """How many numbers there are at one place."""

    place: NumberPlace
    unassigned: int
    assigned: int
    pending: int


def add(db: Database, number: str, node_id: int, now: datetime, *, pending: bool = False) -> None:
    """Put a number in the inventory of a company or department; it was in none before."""
    db.write(lambda session: put_in(session, {number: node_id}, now, pending=pending))


def put_in(session: Session, owners: dict[str, int], now: datetime, *, pending: bool = False) -> None:
    """Put numbers in, each with the node it is kept for; they were in none before."""
    rows = []
    for number, node_id in owners.items():
        place = number_place(number)
        rows.append(
            {"number": number, "node_id": node_id, "country": place.country, "area": place.area, "pending": pending,
             "added": now}
        )  # fmt: skip
    if rows:
        session.flush()
        session.connection().execute(table_of(NumberRow).insert(), rows)


def keep_for(db: Database, number: str, node_id: int, *, pending: bool) -> None:
    """Keep a number for another node, or change whether it rings yet."""

    def work(session: Session) -> None:
        row = session.get(NumberRow, number)
        if row is not None:
            row.node_id, row.pending = node_id, pending
            session.flush()

    db.write(work)


def remove(db: Database, number: str) -> None:
    """Take a number out of the inventory, with its rules."""
    db.write(lambda session: drop(session, [number]))


def drop(session: Session, numbers: Sequence[str]) -> None:
    """As `remove`, several, inside a transaction."""
    for row in (NumberRouteRow, NumberRow):
        session.execute(sa.delete(row).where(col(row.number).in_(numbers)))


def owned(db: Database, number: str) -> OwnedNumber | None:
    """One number of the inventory; None when it is in none."""
    found = db.read(lambda session: _page(session, _numbers().where(col(NumberRow.number) == number)))
    return found[0] if found else None


def owners_of(session: Session, numbers: Sequence[str]) -> dict[str, int]:
    """The node that each number is kept for; of those that are in an inventory."""
    number = table_of(NumberRow)
    found = session.execute(sa.select(number.c.number, number.c.node_id).where(number.c.number.in_(numbers)))
    return {row.number: row.node_id for row in found}


def listed(db: Database, wanted: NumberFilter) -> tuple[OwnedNumber, ...]:
    """A page of the inventory, by number."""
    statement = _numbers().where(*_conditions(wanted)).order_by(col(NumberRow.number))
    page = statement.limit(min(wanted.limit, MAX_PAGE))
    return tuple(db.read(lambda session: _page(session, page)))


def totals(db: Database, wanted: NumberFilter) -> tuple[PlaceTotal, ...]:
    """How many numbers there are at each place, by country and area."""
    country, area = col(NumberRow.country), col(NumberRow.area)
    held = col(UserRow.node_id).is_not(None)
    pending = col(NumberRow.pending)
    counts = [
        sa.func.sum(sa.case((fits, 1), else_=0))
        for fits in (sa.and_(~pending, ~held), sa.and_(~pending, held), pending)
    ]
    joined = sa.select(country, area, *counts).select_from(NumberRow).outerjoin(UserRow, _holds())
    statement = joined.where(*_conditions(wanted)).group_by(country, area).order_by(country, area)
    return db.read(
        lambda session: tuple(
            PlaceTotal(NumberPlace(row[0], row[1]), *(int(count) for count in row[2:]))
            for row in session.execute(statement)
        )
    )


def now() -> datetime:
    """When a number is put in along with a user: the wall's time, as for nodes."""
    return datetime.now(UTC)


def _numbers() -> sa.Select[Any]:
    """Numbers with who has each, and how many rules."""
    number, rule = table_of(NumberRow), table_of(NumberRouteRow)
    rules = sa.select(sa.func.count()).where(rule.c.number == number.c.number).scalar_subquery()
    statement = sa.select(*number.c, col(UserRow.node_id).label("holder_id"), rules.label("rules"))
    return statement.select_from(number).outerjoin(UserRow, _holds())


def _page(session: Session, statement: sa.Select[Any]) -> list[OwnedNumber]:
    """Rows with the paths of their nodes: most are kept for few nodes."""
    paths: dict[int | None, str] = {None: ""}
    found = []
    for row in session.execute(statement):
        for node_id in (row.node_id, row.holder_id):
            if node_id not in paths:
                place = place_of(session, node_id)
                paths[node_id] = place.path if place else ""
        found.append(_owned(row, paths))
    return found


def _holds() -> Any:
    # Said beside it, for the index on numbers leaves out users that have none.
    return sa.and_(col(UserRow.fax_number) == col(NumberRow.number), col(UserRow.fax_number) != "")


def _conditions(wanted: NumberFilter) -> list[Any]:
    number, held, pending = col(NumberRow.number), col(UserRow.node_id).is_not(None), col(NumberRow.pending)
    states = {
        NumberState.UNASSIGNED: sa.and_(~pending, ~held),
        NumberState.ASSIGNED: sa.and_(~pending, held),
        NumberState.PENDING: pending,
    }
    found: list[Any] = [states[wanted.state]] if wanted.state is not None else []
    if wanted.under is not None:
        below = ids_below(wanted.under)
        found.append(sa.or_(col(NumberRow.node_id).in_(below), col(UserRow.node_id).in_(below)))
    if wanted.country:
        found.append(col(NumberRow.country) == wanted.country.upper())
    if wanted.area:
        found.append(col(NumberRow.area).icontains(wanted.area, autoescape=True))
    if wanted.starts_with:
        found.append(number.startswith(wanted.starts_with, autoescape=True))
    return [*found, number > wanted.after] if wanted.after else found


def _owned(row: Any, paths: Mapping[int | None, str]) -> OwnedNumber:
    return OwnedNumber(
        number=row.number,
        owner_id=row.node_id,
        owner=paths[row.node_id],
        place=NumberPlace(row.country, row.area),
        state=state_of(pending=row.pending, held=row.holder_id is not None),
        added=row.added,
        holder_id=row.holder_id,
        holder=paths[row.holder_id],
        rules=row.rules,
    )
