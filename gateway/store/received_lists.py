"""Pages of received faxes out of very many, found without reading them all.

What lives here: the filter, and how a page is looked for: as of jobs (`job_lists`), by the row before it, in the order
of an index that has the filter in front. What does not: one fax (`received`), what a page looks like (`gateway.cli`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import literal, tuple_
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, func, select

from gateway.domain.errors import NotFoundError
from gateway.domain.received import ReceivedFax, ReceivedState
from gateway.store.columns import UtcTime, in_state
from gateway.store.database import Database
from gateway.store.paging import LAST, MAX_PAGE, MOST_BRANCHES, beginning, between, merged, so_many
from gateway.store.places import ids_below
from gateway.store.public_ids import received_number
from gateway.store.received_rows import fax_from
from gateway.store.received_tables import ReceivedRow
from gateway.store.tree_tables import NodeRow, UserRow


class ReceivedSort(StrEnum):
    """What a list goes by. Lists by any but the first three read all that the filters leave."""

    STARTED = "started"
    NUMBER = "number"
    CALLER = "caller"
    ENDED = "ended"
    STATE = "state"
    PAGES = "pages"


@dataclass(frozen=True, slots=True)
class Digits:
    """Which numbers are meant, each in digits with the plus where it has one: whole, by beginning, end or a part."""

    whole: str = ""
    begins: str = ""
    ends: str = ""
    contains: str = ""


ANY = Digits()


@dataclass(frozen=True, slots=True)
class ReceivedFilter:
    """Which received faxes to list; what is empty does not filter.

    `below` is a node: faxes for it and all that is or was below it. Times are those at which the call came, `until` not
    included. `after` is the id of the last fax seen: the next page follows it.
    """

    state: ReceivedState | None = None
    number: Digits = ANY
    caller: Digits = ANY
    below: int | None = None
    faxes: tuple[str, ...] = ()
    since: datetime | None = None
    until: datetime | None = None
    least_pages: int | None = None
    most_pages: int | None = None
    remote: str = ""
    sub_address: str = ""
    cause: str = ""
    sort: ReceivedSort = ReceivedSort.STARTED
    ascending: bool = False
    after: str = ""
    limit: int = 100


@dataclass(frozen=True, slots=True)
class ReceivedLine:
    """A received fax in a list: for which user, in which department; of one for a department only that."""

    fax: ReceivedFax
    user: str
    department: str


def lines(db: Database, wanted: ReceivedFilter) -> tuple[ReceivedLine, ...]:
    """The faxes of one page, the newest first if nothing else is wanted.

    Raises:
        NotFoundError: the fax that the page should follow is not there.
    """

    def work(session: Session) -> tuple[ReceivedLine, ...]:
        rows = _page(session, wanted)
        holders = _holders(session, {row.user_id for row in rows})
        return tuple(ReceivedLine(fax_from(row), *holders.get(row.user_id, ("", ""))) for row in rows)

    return db.read(work)


def report_of(db: Database, number: int) -> str:
    """What a transport said of the call of a fax, as JSON; empty when it broke off."""
    return db.read(lambda session: session.exec(select(ReceivedRow.report).where(ReceivedRow.id == number)).one())


def _page(session: Session, wanted: ReceivedFilter) -> Sequence[ReceivedRow]:
    limit = min(wanted.limit, MAX_PAGE)
    keys = _keys(wanted)
    shared = [*_conditions(wanted), *_by_numbers(session, wanted), *_behind(session, wanted, keys)]
    order = [key.asc() if wanted.ascending else key.desc() for key in keys]
    branches = [
        select(ReceivedRow.id, *keys).where(*shared, *branch).order_by(*order).limit(limit)
        for branch in _branches(session, wanted)
    ]
    ids = [row[0] for row in session.execute(merged(branches, len(keys), limit, ascending=wanted.ascending)).all()]
    found = {row.id: row for row in session.exec(select(ReceivedRow).where(col(ReceivedRow.id).in_(ids)))}
    return [found[number] for number in ids]


def _keys(wanted: ReceivedFilter) -> list[Any]:
    """What the list goes by; the last two make it unique."""
    started, number = col(ReceivedRow.started), col(ReceivedRow.id)
    first: dict[ReceivedSort, Any] = {
        ReceivedSort.NUMBER: col(ReceivedRow.number),
        ReceivedSort.CALLER: col(ReceivedRow.caller),
        ReceivedSort.ENDED: func.coalesce(col(ReceivedRow.ended), literal(LAST, UtcTime)),
        ReceivedSort.STATE: col(ReceivedRow.state),
        ReceivedSort.PAGES: col(ReceivedRow.pages),
    }
    return [started, number] if wanted.sort is ReceivedSort.STARTED else [first[wanted.sort], started, number]


def _conditions(wanted: ReceivedFilter) -> list[Any]:
    """All but places and numbers, for which there are several ways."""
    found = _ranges(wanted)
    if wanted.state is not None:
        found.append(in_state(ReceivedRow.state, wanted.state))
    if wanted.faxes:
        found.append(col(ReceivedRow.id).in_([received_number(fax) or 0 for fax in wanted.faxes]))
    if wanted.remote:
        found.append(col(ReceivedRow.remote_id).icontains(wanted.remote, autoescape=True))
    if wanted.sub_address:
        found.append(ReceivedRow.sub_address == wanted.sub_address)
    if wanted.cause:
        found.append(ReceivedRow.cause == wanted.cause)
    return found


def _ranges(wanted: ReceivedFilter) -> list[Any]:
    times = between(col(ReceivedRow.started), wanted.since, wanted.until)
    return times + so_many(col(ReceivedRow.pages), wanted.least_pages, wanted.most_pages)


def _by_numbers(session: Session, wanted: ReceivedFilter) -> list[Any]:
    number = (wanted.number, col(ReceivedRow.number), col(ReceivedRow.number_reversed))
    caller = (wanted.caller, col(ReceivedRow.caller), col(ReceivedRow.caller_reversed))
    found: list[Any] = []
    for digits, column, backwards in (number, caller):
        if digits.whole:
            found.append(column == digits.whole)
        if digits.contains:
            found.append(column.contains(digits.contains, autoescape=True))
        for one, begin in ((column, digits.begins), (backwards, digits.ends[::-1])):
            if begin:
                found.append(beginning(session, col(ReceivedRow.id), one, begin))
    return found


def _behind(session: Session, wanted: ReceivedFilter, keys: list[Any]) -> list[Any]:
    """The rows that follow the last one seen."""
    if not wanted.after:
        return []
    number = received_number(wanted.after)
    last = session.execute(select(*keys).where(col(ReceivedRow.id) == number)).one_or_none()
    if number is None or last is None:
        raise NotFoundError(f"there is no received fax {wanted.after} for the list to follow")
    here, there = tuple_(*keys), tuple_(*(literal(value, key.type) for value, key in zip(last, keys, strict=True)))
    return [here > there if wanted.ascending else here < there]


def _branches(session: Session, wanted: ReceivedFilter) -> list[list[Any]]:
    """One list of conditions for each page that is to be merged: of few nodes one each, unless a state goes before."""
    if wanted.below is None:
        return [[]]
    nodes = list(session.execute(ids_below(wanted.below)).scalars())
    if len(nodes) > MOST_BRANCHES or (wanted.state is not None and len(nodes) > 1):
        return [[col(ReceivedRow.user_id).in_(nodes)]]
    return [[ReceivedRow.user_id == node] for node in nodes]


def _holders(session: Session, nodes: set[int]) -> dict[int, tuple[str, str]]:
    """User name and department of each node; of a department its own name."""
    above = aliased(NodeRow)
    found = session.execute(
        select(NodeRow.id, UserRow.user_name, above.name, NodeRow.name)
        .outerjoin(UserRow, col(UserRow.node_id) == col(NodeRow.id))
        .outerjoin(above, col(above.id) == col(NodeRow.parent_id))
        .where(col(NodeRow.id).in_(nodes))
    )
    return {number: (user, parent or "") if user else ("", name) for number, user, parent, name in found}
