"""How a statement takes the rows it is going to change.

What lives here: row locks, which PostgreSQL needs and SQLite ignores, since its writer has the whole file. What does
not: transactions (`database`).

The order in which rows are locked, so that nobody waits for each other: process, trunk, jobs by id, submission, mail.
"""

from typing import TypeVar

from sqlmodel.sql.expression import SelectOfScalar

T = TypeVar("T")


def locked(statement: SelectOfScalar[T]) -> SelectOfScalar[T]:
    """The rows are ours until the commit. Others may still add rows that point to them, as events do."""
    return statement.with_for_update(key_share=True)


def unlocked_ones(statement: SelectOfScalar[T]) -> SelectOfScalar[T]:
    """As `locked`, but steps over rows that are somebody else's just now: for taking any one of many."""
    return statement.with_for_update(key_share=True, skip_locked=True)


def kept(statement: SelectOfScalar[T]) -> SelectOfScalar[T]:
    """The rows are not deleted before the commit; any number may keep them, and change what else is in them."""
    return statement.with_for_update(read=True, key_share=True)


def doomed(statement: SelectOfScalar[T]) -> SelectOfScalar[T]:
    """The rows are ours to delete: nobody keeps them or points to them."""
    return statement.with_for_update()


def doomed_if_free(statement: SelectOfScalar[T]) -> SelectOfScalar[T]:
    """As `doomed`, but leaves alone what somebody keeps just now: he may be frozen, and would hold us up for long."""
    return statement.with_for_update(skip_locked=True)
