"""Which ready job is next: by priority, then fair between users, then by time, past numbers that cannot be called.

What lives here: the walk over the queue. What does not: taking what it finds (`claims`).

In each priority the users who have jobs take turns, each with his earliest job, so that one who sent a hundred thousand
delays another by one call. The walk costs the same however many jobs there are: it goes from user to user, and from
number to number, by the first rows of an index. A number cannot be called that is in a call, or that waits after a busy
tone. When all that it looked at in one priority is for such numbers, it jumps over them number by number.

The states are literals, or PostgreSQL could not use the partial indexes once it has a plan for any parameters.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice

from sqlalchemy import Dialect

from gateway.store.by_hand import Cursor, marked

MOST_USERS = 4  # looked at in one priority, each with as many jobs as is said next
PAGE = 16
NOBODY = -1  # below all users
FIRST = "first"
PRIORITY = "SELECT priority FROM job WHERE state = 'ready' AND priority > ? ORDER BY priority LIMIT 1"
USER = "SELECT user_id FROM job WHERE state = 'ready' AND priority = ? AND user_id > ? ORDER BY user_id LIMIT 1"
_NOT_BUSY = (
    "NOT EXISTS (SELECT 1 FROM job AS calling WHERE calling.state = 'calling' AND calling.number = {0}.number)"
    " AND NOT EXISTS (SELECT 1 FROM job AS behind WHERE behind.state = 'waiting' AND behind.outcome = 'Busy'"
    " AND behind.number = {0}.number)"
)
_PAGE = (
    "SELECT id, number, not_before FROM job WHERE state = 'ready' AND priority = ? AND user_id = ?"
    f" ORDER BY not_before, id LIMIT {PAGE}"
)
OF_USER = f"SELECT id FROM ({_PAGE}) AS page WHERE {_NOT_BUSY.format('page')} ORDER BY not_before, id LIMIT 1"
_READY = "FROM job WHERE state = 'ready'"
_TOP = f"(SELECT priority {_READY} AND priority > -1 ORDER BY priority LIMIT 1)"
_OF_TOP = f"{_READY} AND priority = {_TOP}"
# What the turns say of the highest priority, in each dialect of JSON.
_LAST_TURN = {
    "postgresql": f"COALESCE((CAST(? AS json) ->> CAST({_TOP} AS text))::bigint, {NOBODY})",
    "sqlite": f"COALESCE(CAST(? ->> CAST({_TOP} AS text) AS integer), {NOBODY})",
}
# The usual case in one step: the first priority, the user whose turn it is there, a job of his that can be called.
_FIRST = (
    f"SELECT id, {_TOP}, user_id FROM (SELECT id, user_id, number, not_before {_OF_TOP} AND user_id = COALESCE("
    f"(SELECT user_id {_OF_TOP} AND user_id > {{turn}} ORDER BY user_id LIMIT 1),"
    f" (SELECT user_id {_OF_TOP} ORDER BY user_id LIMIT 1)) ORDER BY not_before, id LIMIT {PAGE}) AS page"
    f" WHERE {_NOT_BUSY.format('page')} ORDER BY not_before, id LIMIT 1"
)
_NEXT_NUMBER = "(SELECT min(number) FROM job WHERE state = 'ready' AND priority = ? AND number > {})"
# Each step is one look into the index: as many as there are busy numbers, and one.
FREE_NUMBER = (
    f"WITH RECURSIVE hop(number) AS (SELECT {_NEXT_NUMBER.format('?')}"
    f" UNION ALL SELECT {_NEXT_NUMBER.format('hop.number')} FROM hop WHERE hop.number IS NOT NULL)"
    f" SELECT number FROM hop WHERE number IS NOT NULL AND {_NOT_BUSY.format('hop')} LIMIT 1"
)
OF_NUMBER = (
    "SELECT id, user_id FROM job WHERE state = 'ready' AND priority = ? AND number = ? ORDER BY not_before, id LIMIT 1"
)


@dataclass(frozen=True, slots=True)
class Found:
    """A job that may be called now, and whose turn that was."""

    job_id: int
    priority: int
    user_id: int


class Queue:
    """The ready jobs, seen inside one transaction; `turns` says for each priority whose turn was last."""

    def __init__(self, dialect: Dialect, cursor: Cursor, turns: dict[str, int]) -> None:
        self._say = statements(dialect.name, dialect.paramstyle)
        self._cursor = cursor
        self.turns = turns

    @property
    def told(self) -> str:
        """The turns, as `first` wants them."""
        return json.dumps(self.turns)

    def next(self) -> Found | None:
        """The job that is next; None when none can be called. Its user's turn is over when it is `taken`."""
        row = self._one(FIRST, self.told)
        return self.walk() if row is None else Found(*row)

    def walk(self) -> Found | None:
        """As `next`, when the usual case is known not to be met."""
        for priority in self._priorities():
            found = self._in(priority)
            if found is not None:
                return found
        return None

    def taken(self, found: Found) -> None:
        """The job is no longer ready: in its priority the next user follows."""
        self.turns[str(found.priority)] = found.user_id

    def _priorities(self) -> Iterator[int]:
        last = -1
        while row := self._one(PRIORITY, last):
            yield (last := row[0])

    def _in(self, priority: int) -> Found | None:
        for user_id in islice(self._users(priority), MOST_USERS):
            row = self._one(OF_USER, priority, user_id)
            if row is not None:
                return Found(row[0], priority, user_id)
        return self._past_busy_numbers(priority)

    def _users(self, priority: int) -> Iterator[int]:
        """Those who have ready jobs, from the one whose turn it is; each once."""
        begin = user_id = self.turns.get(str(priority), NOBODY)
        while row := self._one(USER, priority, user_id):
            yield (user_id := row[0])
        user_id = NOBODY
        while (row := self._one(USER, priority, user_id)) and row[0] <= begin:
            yield (user_id := row[0])

    def _past_busy_numbers(self, priority: int) -> Found | None:
        """The earliest job for the next number that is free; numbers take turns, too, or the last might never come."""
        turn = f"{priority}+"
        for begin in (f"+{self.turns.get(turn, 0)}", ""):
            number = self._one(FREE_NUMBER, priority, begin, priority)
            if number is not None:
                self.turns[turn] = int(str(number[0]))
                [job_id, user_id] = self._one(OF_NUMBER, priority, number[0]) or ()
                return Found(job_id, priority, user_id)
        return None

    def _one(self, statement: str, *values: object) -> tuple[int, ...] | None:
        row: tuple[int, ...] | None = self._cursor.execute(self._say[statement], values).fetchone()
        return row


@lru_cache(maxsize=4)
def statements(name: str, paramstyle: str) -> dict[str, str]:
    """The statements as an engine and its driver want them."""
    told = {one: marked(one, paramstyle) for one in (PRIORITY, USER, OF_USER, FREE_NUMBER, OF_NUMBER)}
    return {FIRST: marked(first(name), paramstyle), **told}


def first(name: str) -> str:
    """What finds the job that is next in the usual case, by the turns; with a question mark for those."""
    return _FIRST.format(turn=_LAST_TURN[name])
