"""A call that runs, as its owner follows it: the pages that are over, a cancel, and the leave to end the last page.

What lives here: what the engine is answered while it calls, and when a call's journal is dropped. What does not: that
journal, which is written before anything here is told (`gateway.fax.call_journal`), the call's end
(`gateway.flows.transmit`).
"""

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace

from gateway.domain.call import CallReport, Cause
from gateway.domain.errors import LostClaimError, UnavailableError
from gateway.fax.call_journal import CallJournal
from gateway.fax.transport import CallOrder, CallWatch
from gateway.store import calls
from gateway.store.calls import CallClaim
from gateway.store.database import Database

CANCEL_LOOK = 0.2  # seconds between two looks at the store for a cancel, where nobody tells of one
LOOK_ANYWAY = 5.0  # and where somebody does, who may have been missed
NOTE_EACH = 5.0  # seconds between two commits of how far the calls of this process are


def ticks() -> int:
    """A number that changes as often as the store is to be looked at, where nobody tells of cancels."""
    return int(time.monotonic() / CANCEL_LOOK)


class RunningCall:
    """One call that is ours. The engine asks and tells from a thread of its own.

    `must_hang_up` says that this process may be given up for dead at any moment; `news` tells another number when
    somebody may have cancelled a call.
    """

    def __init__(
        self,
        db: Database,
        claim: CallClaim,
        order: CallOrder,
        must_hang_up: Callable[[], bool],
        news: Callable[[], int] = ticks,
    ) -> None:
        self._db = db
        self._claim = claim
        self._before = order.first_page + order.leading
        self._leading = order.leading
        self._must_hang_up = must_hang_up
        self._asked = _Asked(lambda: calls.cancel_asked(db, claim), news)
        self._pages = self._noted = 0
        self._cancelled = False

    def watch(self) -> CallWatch:
        """What the engine tells and asks."""
        return CallWatch(self._confirm, self._is_over, self._end_last_page)

    def _confirm(self, index: int) -> None:
        self._pages = max(self._pages, index + 1 - self._before)

    def _is_over(self) -> bool:
        return self._must_hang_up() or self._asked()

    def _end_last_page(self) -> None:
        """The leave to tell the far end that the last page is over: one commit; LostClaimError without it."""
        if self._must_hang_up():
            raise LostClaimError("this process may be given up for dead at any moment")
        if not calls.record_last_page(self._db, self._claim, self._pages):
            self._cancelled = True
            raise LostClaimError("the fax was cancelled before its last page was over")

    def note(self) -> None:
        """Let the store know of pages that were confirmed, for whoever looks, or must take over without a journal."""
        if self._pages > self._noted:
            with suppress(LostClaimError):
                calls.record_page(self._db, self._claim, self._pages - 1)
            self._noted = self._pages

    def ended(self, report: CallReport) -> CallReport:
        """The report in pages of the fax, and with the cancel that ended the call as its cause."""
        own = replace(report, pages_confirmed=max(0, report.pages_confirmed - self._leading))
        return replace(own, cause=Cause.CANCELLED) if self._cancelled and own.cause is Cause.LOCAL_ERROR else own


@dataclass(slots=True)
class RunningCalls:
    """All calls of this process."""

    _calls: dict[str, RunningCall] = field(default_factory=dict)
    _next: float = 0.0

    def add(self, call_uid: str, call: RunningCall) -> RunningCall:
        """A call begins."""
        self._calls[call_uid] = call
        return call

    def remove(self, call_uid: str) -> None:
        """It is over."""
        self._calls.pop(call_uid, None)

    def note(self) -> None:
        """Let the store know how far they are, if it was not told just now."""
        if time.monotonic() < self._next:
            return
        self._next = time.monotonic() + NOTE_EACH
        for call in list(self._calls.values()):
            call.note()


def forget_settled(db: Database, journal: CallJournal) -> int:
    """Drop the journals of calls whose rows say that they are settled; how many those were."""
    settled = calls.settled_calls(db, journal.kept())
    for call_uid in settled:
        journal.forget(call_uid)
    return len(settled)


class _Asked:
    """Asks a question when there is news, and now and then; a yes stays a yes.

    A store that does not answer ends no call: our lease does, if that lasts.
    """

    def __init__(self, ask: Callable[[], bool], news: Callable[[], int]) -> None:
        self._ask = ask
        self._news = news
        self._heard: int | None = None
        self._next = 0.0
        self._yes = False

    def __call__(self) -> bool:
        heard, present = self._news(), time.monotonic()
        if not self._yes and (heard != self._heard or present >= self._next):
            self._heard, self._next = heard, present + LOOK_ANYWAY
            with suppress(UnavailableError):
                self._yes = self._ask()
        return self._yes
