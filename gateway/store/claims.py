"""Claims: jobs that are next, lines that are free, and attempts, taken together before anybody dials.

What lives here: one short transaction, which takes as many calls as lines want, and reads what they need of their
faxes. What does not: which job is next (`ready`), that reading (`papers`), calls that run and end (`call_ends`).

It is written by hand: of a claim's cost the engine would be the most. Who claims has locked all trunks, so lines and
calls are counted exactly over all processes. That a number is in one call, and a line too, holds the database by
itself, by unique indexes.
"""

import json
import uuid
from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import lru_cache
from itertools import islice
from types import SimpleNamespace
from typing import Any, cast

from sqlalchemy import Dialect
from sqlalchemy.exc import IntegrityError

from gateway.domain.errors import LostClaimError
from gateway.domain.job import JobEvent, JobState
from gateway.domain.trunks import Route, TrunkState, in_order
from gateway.store.by_hand import Cursor, Insertion, Reading, marked
from gateway.store.call_ends import CallClaim
from gateway.store.columns import key_of
from gateway.store.database import Database
from gateway.store.fax_rows import attempt_from, job_from
from gateway.store.fax_tables import AttemptRow, EventRow, JobRow
from gateway.store.papers import papers_of
from gateway.store.process_tables import TrunkRow
from gateway.store.ready import Found, Queue, first

MOST_AT_ONCE = 200  # calls in one claim: others wait for the trunks
_LOCKED = " FOR NO KEY UPDATE"
_KEPT = " FOR KEY SHARE"
_NUMBER = "(SELECT coalesce(max(attempt.number), 0) + 1 FROM attempt WHERE attempt.job_id = job.id)"
_TAKE = "UPDATE job SET state = 'calling', owner = ?, fence = fence + 1, dials = dials + 1"


def claim_calls(
    db: Database, process_id: int, routes: Sequence[Route], now: datetime, most: int = 1
) -> list[CallClaim]:
    """Take the next ready jobs, each with a free line; as many as there are, and `most` at most.

    Lines are counted over all processes, each trunk's from 1. A call goes by the first route that has one free,
    beginning with the one that its job wants. A number is in one call at a time. Trunks that are paused get none.

    Raises:
        LostClaimError: this process was given up for dead.
    """
    statements = _statements(db.dialect)

    def work(cursor: Cursor) -> list[CallClaim]:
        return _Claiming(statements, cursor, process_id, now).claims(routes, most)

    try:
        return db.write_by_hand(work)
    except IntegrityError:
        return []  # a process that did not wait for our trunks took the same number; who asks again finds others


class _Claiming:
    """One transaction that claims."""

    def __init__(self, statements: "_Statements", cursor: Cursor, process_id: int, now: datetime) -> None:
        self._make = statements
        self._cursor = cursor
        self._process = process_id
        self._now = now

    def claims(self, routes: Sequence[Route], most: int) -> list[CallClaim]:
        trunks = self._trunks(routes)
        free = self._free_lines([route for route in routes if trunks[route.name][0] == TrunkState.OPEN.value])
        if not any(free.values()):
            return []
        # The first trunk keeps the turns: all that call by the same routes share them.
        before = trunks[routes[0].name][1]
        queue = Queue(self._make.dialect, self._cursor, json.loads(before))
        wanted = min(most, MOST_AT_ONCE, sum(len(lines) for lines in free.values()))
        taken = [self._on_a_line(*found, routes, free) for found in islice(self._jobs(queue), wanted)]
        after = json.dumps(queue.turns, sort_keys=True)
        if after != before:
            self._cursor.execute(self._make.keep_turns, (after, routes[0].name))
        return self._claims(taken) if taken else []

    def _jobs(self, queue: Queue) -> Iterator[tuple[JobRow, int]]:
        """The jobs that are next, each taken as it comes, with the number of its attempt."""
        while (row := self._take(queue)) is not None:
            *values, number = row
            job = cast(JobRow, self._make.job.row(values))
            queue.taken(Found(key_of(job.id), job.priority, job.user_id))
            yield job, number

    def _take(self, queue: Queue) -> Sequence[Any] | None:
        """The values of the next job, which is taken: at one go in the usual case."""
        row: Sequence[Any] | None = self._cursor.execute(self._make.take_first, (self._process, queue.told)).fetchone()
        found = queue.walk() if row is None else None
        if found is not None:  # when it is not taken after all, somebody cancels it now; the next claim finds out
            row = self._cursor.execute(self._make.take, (self._process, found.job_id)).fetchone()
        return row

    def _on_a_line(
        self, job: JobRow, number: int, routes: Sequence[Route], free: dict[str, list[int]]
    ) -> tuple[JobRow, dict[str, Any]]:
        """A job that was taken, and its attempt on the first line that is free on the trunk that it wants most."""
        trunk = next(route.name for route in in_order(routes, job.route) if free[route.name])
        # A clock that skips may have done so between reading `now` and here: no job starts before its time.
        return job, {
            "job_id": job.id, "number": number, "call_uid": uuid.uuid4().hex, "trunk": trunk,
            "line": free[trunk].pop(0), "first_page": job.pages_sent, "started": max(self._now, job.not_before),
        }  # fmt: skip

    def _claims(self, taken: Sequence[tuple[JobRow, dict[str, Any]]]) -> list[CallClaim]:
        """Write all that was taken down; the claims, with what their calls need to know."""
        rows = self._make.add_attempt.add_each(self._cursor, [row for _, row in taken], "call_uid")
        self._make.add_event.add(self._cursor, [_event(job, row["started"]) for job, row in taken])
        jobs = [job_from(job) for job, _ in taken]
        attempts = [attempt_from(cast(AttemptRow, SimpleNamespace(**row))) for row in rows]
        numbers = [attempt.id for attempt in attempts]
        papers = papers_of(self._make.dialect, self._cursor, list(zip(jobs, numbers, strict=True)))
        return [CallClaim(job, attempt, papers.get(job.id)) for job, attempt in zip(jobs, attempts, strict=True)]

    def _trunks(self, routes: Sequence[Route]) -> dict[str, tuple[str, str]]:
        """State and turns of every trunk, locked until the commit: one process claims at a time."""
        rows = self._cursor.execute(self._make.trunks, (self._process,)).fetchall()
        if not rows or rows[0][3] is None:
            self._check_process()
        found = {name: (state, turns) for name, state, turns, _ in rows}
        for route in routes:
            if route.name not in found:
                self._make.add_trunk.add(self._cursor, [{"name": route.name, "lines": route.lines}])
                found[route.name] = (TrunkState.OPEN.value, "{}")
        return found

    def _check_process(self) -> None:
        if self._cursor.execute(self._make.process, (self._process,)).fetchone() is None:
            raise LostClaimError("this process was given up for dead: it must start anew")

    def _free_lines(self, routes: Sequence[Route]) -> dict[str, list[int]]:
        """The free lines of these trunks, the lowest first; other trunks have none."""
        busy = defaultdict(set)
        for trunk, line in self._cursor.execute(self._make.busy_lines).fetchall():
            busy[trunk].add(line)
        free = {route.name: sorted(set(range(1, route.lines + 1)) - busy[route.name]) for route in routes}
        return defaultdict(list, free)


def _event(job: JobRow, at: datetime) -> dict[str, Any]:
    """The event of a claim, as `fax_rows.move` would write it."""
    return {
        "submission_id": job.submission_id, "job_id": job.id, "at": at, "name": JobEvent.CLAIMED.value,
        "from_state": JobState.READY.value, "to_state": JobState.CALLING.value,
    }  # fmt: skip


class _Statements:
    """What a claim says to one kind of database."""

    def __init__(self, dialect: Dialect) -> None:
        self.dialect = dialect
        self.job = Reading(JobRow, dialect)
        self.add_trunk = Insertion(TrunkRow, dialect)
        self.add_attempt = Insertion(AttemptRow, dialect)
        self.add_event = Insertion(EventRow, dialect)
        far = dialect.name != "sqlite"
        # The process's row stays until our commit, so no reaper comes between; as `fax_rows.check_process`.
        self.process = self._say("SELECT id FROM process WHERE id = ?", _KEPT if far else "")
        # Both at one go: who we are, and then the trunks.
        me = f"WITH me AS (SELECT id FROM process WHERE id = ?{_KEPT if far else ''})"
        every = "SELECT name, state, turns, (SELECT id FROM me) FROM trunk ORDER BY name"
        self.trunks = self._say(f"{me} {every}", f"{_LOCKED} OF trunk" if far else "")
        self.busy_lines = self._say("SELECT trunk, line FROM attempt WHERE ended IS NULL")
        self.keep_turns = self._say("UPDATE trunk SET turns = ? WHERE name = ?")
        self.take = self._taking("?", far)
        self.take_first = self._taking(f"(SELECT id FROM ({first(dialect.name)}) AS found)", far)

    def _taking(self, which: str, far: bool) -> str:
        mine = f"id = {which} AND state = 'ready'"
        still = f"id = (SELECT id FROM job WHERE {mine}{_LOCKED} SKIP LOCKED)" if far else mine
        return self._say(f"{_TAKE} WHERE {still} RETURNING {self.job.columns}, {_NUMBER}")

    def _say(self, statement: str, lock: str = "") -> str:
        return marked(statement + lock, self.dialect.paramstyle)


@lru_cache(maxsize=8)
def _statements(dialect: Dialect) -> _Statements:
    """Made once for each engine."""
    return _Statements(dialect)
