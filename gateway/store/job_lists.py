"""Pages of faxes out of very many, found without reading them all.

What lives here: how a page is looked for. What does not: what is asked for (`job_filter`).

A page is found by the row before it (keyset), never by counting from the start, in the order of one index that also has
the filter in front: of a user, a number, an outcome, a state, or none. Of several users or states each
is asked for a page, and the pages are merged. Numbers by their beginning or end are few or many: few are taken from
their index and sorted, many are met soon by whoever goes from the newest back.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import literal, tuple_
from sqlmodel import Session, col, func, select

from gateway.domain.errors import NotFoundError
from gateway.store.columns import UtcTime
from gateway.store.fax_tables import JobRow
from gateway.store.job_filter import Filter, Sort, conditions, of_state, states_of
from gateway.store.paging import LAST, MAX_PAGE, MOST_BRANCHES, beginning, merged
from gateway.store.public_ids import job_number


def page(session: Session, wanted: Filter) -> Sequence[JobRow]:
    """The jobs of one page, in the order that is wanted.

    Raises:
        NotFoundError: the job that the page should follow is not there.
    """
    if wanted.status and wanted.state is not None and not states_of(wanted):
        return []
    limit = min(wanted.limit, MAX_PAGE)
    keys = _keys(wanted)
    shared = [*conditions(wanted), *_numbers(session, wanted), *_behind(session, wanted, keys)]
    order = [key.asc() if wanted.ascending else key.desc() for key in keys]
    branches = [
        select(JobRow.id, *keys).where(*shared, *branch).order_by(*order).limit(limit) for branch in _branches(wanted)
    ]
    ids = [row[0] for row in session.execute(merged(branches, len(keys), limit, ascending=wanted.ascending)).all()]
    found = {row.id: row for row in session.exec(select(JobRow).where(col(JobRow.id).in_(ids)))}
    return [found[number] for number in ids]


def _keys(wanted: Filter) -> list[Any]:
    """What the list goes by; the last two make it unique."""
    accepted, number = col(JobRow.accepted), col(JobRow.id)
    first: dict[Sort, Any] = {
        Sort.NUMBER: col(JobRow.number),
        Sort.ENDED: func.coalesce(col(JobRow.ended), literal(LAST, UtcTime)),
        Sort.OUTCOME: func.coalesce(col(JobRow.outcome), ""),
        Sort.STATE: col(JobRow.state),
        Sort.PAGES: col(JobRow.pages),
        Sort.DIALS: col(JobRow.dials),
        Sort.PRIORITY: col(JobRow.priority),
    }
    return [accepted, number] if wanted.sort is Sort.ACCEPTED else [first[wanted.sort], accepted, number]


def _behind(session: Session, wanted: Filter, keys: list[Any]) -> list[Any]:
    """The rows that follow the last one seen."""
    if not wanted.after:
        return []
    number = job_number(wanted.after)
    last = session.execute(select(*keys).where(col(JobRow.id) == number)).one_or_none()
    if number is None or last is None:
        raise NotFoundError(f"there is no job {wanted.after} for the list to follow")
    here, there = tuple_(*keys), tuple_(*(literal(value, key.type) for value, key in zip(last, keys, strict=True)))
    return [here > there if wanted.ascending else here < there]


def _branches(wanted: Filter) -> Iterator[list[Any]]:
    """One list of conditions for each page that is to be merged."""
    users = _users(wanted)
    for of_this in [of_state(state) for state in states_of(wanted)] or [[]]:
        for user in users:
            yield [*of_this, *user]


def _users(wanted: Filter) -> list[list[Any]]:
    of_one = [] if wanted.user_id is None else [JobRow.user_id == wanted.user_id]
    if wanted.user_ids is None:
        return [of_one]
    if len(wanted.user_ids) > MOST_BRANCHES or not wanted.user_ids:
        return [[*of_one, col(JobRow.user_id).in_(wanted.user_ids)]]
    return [[*of_one, JobRow.user_id == user_id] for user_id in wanted.user_ids]


def _numbers(session: Session, wanted: Filter) -> list[Any]:
    """Numbers by how they begin or end, each by the way that suits how many there are."""
    found = []
    for column, begin in (
        (col(JobRow.number), wanted.number_begins),
        (col(JobRow.number_reversed), wanted.number_ends[::-1]),
    ):
        if begin:
            found.append(beginning(session, col(JobRow.id), column, begin))
    return found
