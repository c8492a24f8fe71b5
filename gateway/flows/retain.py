"""Erases documents whose time is over: a few at each look, so that nothing waits for it.

What lives here: the order of the steps, and one whole round for who asks for it. What does not: rows and files
(`gateway.store.retention`, `gateway.store.spool`).
"""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from gateway.domain.clock import Clock
from gateway.store import retention
from gateway.store.database import Database
from gateway.store.retention import Due
from gateway.store.spool import Spool

log = logging.getLogger(__name__)
MOST = 50  # jobs, and received faxes, in one look
MOST_FILES = 1000  # contents looked at: those that are young must not hide others
YOUNG = timedelta(minutes=2)  # a content that was put so lately may be somebody's whose row follows


@dataclass(frozen=True, slots=True)
class Erased:
    """What one look, or one round, has done: faxes whose documents are gone, contents, and those that must wait."""

    jobs: int = 0
    contents: int = 0
    young: int = 0


@dataclass(frozen=True, slots=True)
class Retain:
    """The flow of retention. `clock` is the gateway's, by which jobs end; `wall` the machine's, by which files age."""

    db: Database
    spool: Spool
    clock: Clock
    wall: Callable[[], datetime]

    async def next(self) -> bool:
        """Erase a few documents; true when there may be more."""
        erased = await asyncio.to_thread(self.look)
        return erased.jobs >= MOST

    def look(self) -> Erased:
        """Look once for ends of jobs, for documents that are due, and for files that are left."""
        while retention.plan(self.db):
            continue
        due = retention.due(self.db, self.clock.now(), MOST)
        erased = self._erase_files(sum(self._erase(one) for one in due))
        if erased.jobs or erased.contents:
            retention.fold(self.db)
        return erased

    def round(self) -> Erased:
        """Erase all that is due now."""
        total = self.look()
        while (more := self.look()).jobs or more.contents:
            total = Erased(total.jobs + more.jobs, total.contents + more.contents, more.young)
        return Erased(total.jobs, total.contents, more.young)

    def _erase(self, one: Due) -> bool:
        """Take documents out of the rows; false for those that must wait."""
        count = retention.erase(self.db, one, self.clock.now())
        if count is not None:
            log.info("documents-erased", extra={"job": one.public_id, "kind": one.kind.value, "count": count})
        return count is not None

    def _erase_files(self, jobs: int) -> Erased:
        left = retention.listed(self.db, MOST_FILES)
        before = (self.wall() - YOUNG).timestamp()
        gone = retention.erase_files(self.db, self.spool, left, before)
        return Erased(jobs, gone, len(left) - gone)
