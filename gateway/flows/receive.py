"""From a call that rings at one of our lines to a received fax: decide, keep each page, settle.

What lives here: the order of those steps, and the same end for calls whose process died. What does not: the call
(`gateway.fax`), whom a number leads to (`gateway.store.routes`), rows (`gateway.store.received`), mailing (`forward`).

A page is in the spool, synced, and its row committed before the caller hears that it is confirmed. What a process
leaves behind that dies is ended by whoever sees it first, with the pages that are there.
"""

import asyncio
import functools
import json
import logging
import os
import tempfile
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from gateway.domain.call import CallReport
from gateway.domain.clock import Clock
from gateway.domain.errors import NotFoundError, UnavailableError
from gateway.domain.numbers import Destination
from gateway.domain.received import ReceivedFax
from gateway.domain.routes import Route
from gateway.domain.tally import NOBODY, Metric, Tally
from gateway.fax.t4.classf import PageFile, write_pages
from gateway.fax.t4.libtiff import TiffError
from gateway.fax.t4.page import CodedPage
from gateway.fax.t30.reception import ReceivedPage
from gateway.fax.transport import Answered, IncomingCall, NotAnswered, Reached, Refused
from gateway.owed import Owed
from gateway.store import node_settings, received, routes
from gateway.store.database import Database
from gateway.store.handback import Owned
from gateway.store.received import BROKEN_OFF, Ending, NewPage, NewReception, Reception
from gateway.store.spool import Spool

log = logging.getLogger(__name__)
MOST_LEFT = 10  # calls of dead processes ended in one look
ROOM = 20_000_000  # octets that a fax may take: with less room no call is answered
NOT_OURS, NO_LINE, LOCKED, NO_ROOM, LEAVING = "not-assigned", "no-line", "locked", "no-room", "leaving"


class Lines:
    """How many calls this process receives at a time; any thread may ask."""

    def __init__(self, count: int) -> None:
        self._free = count
        self._lock = threading.Lock()

    def take(self) -> bool:
        """Take a line, if one is free."""
        with self._lock:
            taken = self._free > 0
            self._free -= taken
        return taken

    def give_back(self) -> None:
        """The call is over."""
        with self._lock:
            self._free += 1


@dataclass(frozen=True, slots=True)
class Receive:
    """The flow that takes calls: the switchboard of every transport of this process.

    `hang_up` tells that no call may go on, and none begin.
    """

    db: Database
    spool: Spool
    clock: Clock
    process: int
    lines: Lines
    owed: Owed = field(default_factory=Owed)
    hang_up: Callable[[], bool] = field(default=lambda: False)
    tally: Tally = NOBODY
    _damaged: set[int] = field(default_factory=set, init=False)  # of which was told

    def is_ours(self, number: str) -> bool:
        """Whether calls to this number (E.164) ring here.

        Raises:
            UnavailableError: the store is out of reach.
        """
        return routes.is_ours(self.db, number)

    def ring(self, call: IncomingCall) -> Answered | NotAnswered | Refused:
        """Decide on a call; when it is answered, the store knows of it.

        Raises:
            UnavailableError: store or disk are out of reach.
            LostClaimError: this process was given up for dead.
        """
        route = routes.route_for(self.db, call.called)
        if route is None:
            return self._turned_away(call, NotAnswered(NOT_OURS))
        if route.locked:
            return self._turned_away(call, Refused(LOCKED))
        if self.hang_up():
            return self._turned_away(call, Refused(LEAVING))
        if not self.spool.has_room(ROOM):
            return self._turned_away(call, Refused(NO_ROOM))
        if not self.lines.take():
            return self._turned_away(call, Refused(NO_LINE))
        answered = False
        try:
            found = self._answer(call, route)
            answered = True
            return found
        finally:
            if not answered:
                self.lines.give_back()

    async def next(self) -> bool:
        """End what dead processes left in a call; true when there was such."""
        return await asyncio.to_thread(self._next)

    def _answer(self, call: IncomingCall, route: Route) -> Answered:
        new = NewReception(call.call_uid, call.called, call.caller, route.node_id, call.rang or self.clock.now())
        reception = received.begin(self.db, self.process, new)
        self.owed.hold(_owned(reception))
        extra = {"fax": reception.public_id, "destination": _masked(call.called)}
        log.info("call-answered", extra={**extra, "caller": _masked(call.caller)})
        station = node_settings.effective(self.db, route.node_id).text("fax.station_id") or call.called
        return Answered(
            station_id=station,
            page_received=functools.partial(self._keep, reception),
            hang_up=self.hang_up,
            ended=functools.partial(self._end, reception),
        )

    def _turned_away(self, call: IncomingCall, how: NotAnswered | Refused) -> NotAnswered | Refused:
        kind = "refused" if isinstance(how, Refused) else "not-answered"
        log.info("call-turned-away", extra={"kind": how.why, "destination": _masked(call.called)})
        self.tally.tell(Metric.INBOUND_CALLS, 1, kind)
        return how

    def _keep(self, reception: Reception, page: ReceivedPage, reached: Reached) -> None:
        """Put a page into the spool, then its row into the store."""
        shape = page.page.shape
        new = NewPage(
            number=page.number + 1,
            digest=_kept(self.spool, [page.page]),
            width=shape.width,
            rows=shape.rows,
            across=shape.resolution.across,
            down=shape.resolution.value,
            bad_rows=page.bad_rows,
            last=page.last,
            at=reached.at or self.clock.now(),
            remote_id=reached.remote_id,
            sub_address=reached.sub_address,
        )
        received.add_page(self.db, reception, new)
        self.tally.tell(Metric.INBOUND_PAGES)

    def _end(self, reception: Reception, report: CallReport, reached: Reached) -> None:
        """Settle a call; what a full disk or a locked store does not take now is tried again."""
        try:
            with self.owed.having(_owned(reception)):
                self.owed.give_back(functools.partial(self._settle, reception, report, reached))
        finally:
            self.lines.give_back()

    def _settle(self, reception: Reception, report: CallReport, reached: Reached) -> None:
        end = Ending(
            ended=report.ended,
            tiff_digest=self._tiff(reception),
            cause=report.cause.value,
            report=json.dumps(report.facts()),
            remote_id=reached.remote_id or report.remote_id,
            rate=report.rate,
            ecm=report.ecm,
        )
        self._tell(received.finish(self.db, reception, end, self.clock.now()))

    def _tiff(self, reception: Reception) -> str:
        """The digest of all confirmed pages as one file; empty when there is none."""
        files = [self.spool.path(page.digest) for page in received.pages(self.db, reception.id)]
        return _kept(self.spool, [PageFile(path).page(0) for path in files]) if files else ""

    def _tell(self, fax: ReceivedFax) -> None:
        seconds = (fax.ended - fax.started).total_seconds() if fax.ended else 0.0
        facts = {"outcome": fax.state.value, "detail": fax.cause, "pages": fax.pages, "seconds": round(seconds)}
        log.info("fax-received", extra={"fax": fax.public_id, "destination": _masked(fax.number), **facts})
        self.tally.tell(Metric.INBOUND_CALLS, 1, fax.state.value)

    def _next(self) -> bool:
        if not self.owed.is_empty:
            self.owed.settle()
        return any([self._end_left(reception) for reception in received.orphans(self.db, MOST_LEFT)])  # noqa: C419 - all

    def _end_left(self, reception: Reception) -> bool:
        """End a call whose process died, as if it had ended then.

        One whose pages are not there waits: another node's disk, or a backup, may have them.
        """
        try:
            end = Ending(ended=self.clock.now(), tiff_digest=self._tiff(reception), cause=BROKEN_OFF)
        except NotFoundError:
            if reception.id not in self._damaged:
                log.error("reception-damaged", extra={"fax": reception.public_id})
            self._damaged.add(reception.id)
            return False
        self.owed.give_back(lambda: self._tell(received.finish(self.db, reception, end, self.clock.now())))
        return True


def _owned(reception: Reception) -> Owned:
    return Owned("received", reception.id, reception.fence)


def _kept(spool: Spool, pages: Sequence[CodedPage]) -> str:
    """Put these pages into the spool as one class F file; its digest, once it is durable."""
    try:
        descriptor, name = tempfile.mkstemp(dir=spool.incoming, prefix="fax-")
        os.close(descriptor)
        path = Path(name)
        try:
            write_pages(path, list(pages))
            return spool.put_file(path)
        finally:
            path.unlink(missing_ok=True)
    except (OSError, TiffError) as error:
        raise UnavailableError(f"the spool cannot be used: {error}") from error


def _masked(number: str) -> str:
    return Destination(number).masked() if number else ""
