"""What lists of very many rows share: pages that are merged, numbers by their beginning, ranges of times and pages.

What lives here: those conditions and statements. What does not: what is listed (`job_lists`, `received_lists`).
"""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, String, literal, or_, union_all
from sqlmodel import Session, func, select

from gateway.domain.mail_names import ascii_address

MAX_PAGE = 1000
MOST_BRANCHES = 100  # pages that are merged
LAST = datetime(9999, 1, 1, tzinfo=UTC)  # of what has not ended
FEW = 20_000  # numbers that are taken from their index and sorted: milliseconds
_HIGHEST = "\U0010ffff"  # behind all that numbers are made of


def beginning(session: Session, key: Any, column: Any, begin: str) -> ColumnElement[bool]:
    """Rows, with the key `key`, whose number begins so, by the way that suits how many there are."""
    within = [column >= begin, column < begin + _HIGHEST]
    some = select(literal(1)).select_from(key.table).where(*within).limit(FEW + 1).subquery()
    if session.execute(select(func.count()).select_from(some)).scalar_one() <= FEW:
        few = select(key).where(*within).cte().prefix_with("MATERIALIZED")
        found: ColumnElement[bool] = key.in_(select(few.c[0]))
        return found
    # An expression that no index has, so that neither database tries to take so many from the index of numbers.
    unindexed = column + literal("", String())
    between: ColumnElement[bool] = (unindexed >= begin) & (unindexed < begin + _HIGHEST)
    return between


def between(column: Any, since: datetime | None, until: datetime | None) -> list[Any]:
    """Rows from one time on, and before another."""
    found = [] if since is None else [column >= since]
    return found if until is None else [*found, column < until]


def so_many(column: Any, least: int | None, most: int | None) -> list[Any]:
    """Rows with at least and at most so many."""
    found = [] if least is None else [column >= least]
    return found if most is None else [*found, column <= most]


def part_of_address(column: Any, part: str) -> Any:
    """Rows with this in an address, in any case; a domain in its own letters is found by the form that is kept."""
    kept = ascii_address(part.lower())
    spellings = (part,) if part.isascii() or kept == part else (part, kept)
    return or_(*(column.icontains(one, autoescape=True) for one in spellings))


def merged(branches: list[Select[Any]], keys: int, limit: int, *, ascending: bool) -> Select[Any]:
    """The first ids of several statements, each of an id and `keys` columns that it is ordered by."""
    if len(branches) == 1:
        return branches[0]
    each = union_all(*(select(branch.subquery()) for branch in branches)).subquery()
    columns = list(each.c)
    order = [column.asc() if ascending else column.desc() for column in columns[1 : keys + 1]]
    return select(columns[0]).order_by(*order).limit(limit)
