"""From a ready job to the end of its call: claim, stamp the header, call, name the outcome, settle.

What lives here: the order of those steps. What does not: the call (`gateway.fax`), outcomes and retries
(`gateway.domain`), rows (`gateway.store`).
"""

import asyncio
import functools
import json
import logging
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from gateway.domain.archive import Direction, order_of
from gateway.domain.call import CallReport, Cause
from gateway.domain.clock import Clock
from gateway.domain.errors import LostClaimError, UnavailableError
from gateway.domain.job import JobEvent
from gateway.domain.outcome import Outcome, Verdict, classify
from gateway.domain.retry import History, Past, Retry, Stop, alarm_after, met_no_machine, what_follows
from gateway.domain.retry_policy import RATES, Continuation, Policy, Walk, walk_of
from gateway.domain.setting_catalog import Effective
from gateway.domain.tally import NOBODY, Metric, Tally
from gateway.domain.time_zones import zones_of
from gateway.domain.trunks import Route, next_route
from gateway.fax.call_journal import CallJournal, JournaledTransport, OpenJournal
from gateway.fax.transport import CallOrder, Transport
from gateway.gate import Gate
from gateway.line_pages import Resumption, header_line, line_pages, station_of
from gateway.notices import WITH_PAGES, Composer
from gateway.owed import Owed
from gateway.running_call import RunningCall, RunningCalls, ticks
from gateway.store import calls, jobs, material
from gateway.store.calls import CallClaim, CallEnd
from gateway.store.database import Database
from gateway.store.handback import Owned
from gateway.store.material import Material
from gateway.store.outbox import Post
from gateway.store.spool import Spool
from gateway.store.strands import apart, at_once
from renderers.faxpage import tiff_of

log = logging.getLogger(__name__)
TONE_WAIT = timedelta(seconds=35)  # T.30 5.4.3.1, T1


@dataclass(frozen=True, slots=True)
class Trunk:
    """One of the ways that calls go, and what carries them."""

    route: Route
    transport: Transport


@dataclass(frozen=True, slots=True)
class Transmit:
    """The flow that places calls; they try the trunks in their order.

    `hang_up` tells that our lease is over: no call may go on; `cancels` is a number that changes with each cancel.
    """

    db: Database
    spool: Spool
    clock: Clock
    trunks: Sequence[Trunk]
    composer: Composer
    process: int
    journal: CallJournal
    chance: Callable[[], float] = field(default=random.random)
    owed: Owed = field(default_factory=Owed)
    gate: Gate = field(default_factory=Gate)
    hang_up: Callable[[], bool] = field(default=lambda: False)
    cancels: Callable[[], int] = field(default=ticks)
    running: RunningCalls = field(default_factory=RunningCalls)
    tally: Tally = NOBODY
    post: Post | None = None

    async def next(self) -> bool:
        """Place one call, if a job is due, its destination free and a line too."""
        if not self.owed.is_empty:
            await asyncio.to_thread(self.owed.settle)
        claim = await self.gate.claim(self._claim)
        if claim is None:
            return False
        with self.owed.having(_owned(claim)):
            settled, counted = False, True
            try:
                await self._call(claim)
                settled = True
            except (UnavailableError, LostClaimError, asyncio.CancelledError):
                counted = False  # a full disk, a store out of reach or our own end is no fault of the job's
                raise
            finally:
                if not settled:
                    await asyncio.to_thread(self.owed.give_back, functools.partial(self._give_back, claim, counted))
        return True

    async def _claim(self, most: int) -> list[CallClaim]:
        claims = await at_once(calls.claim_calls, self.db, self.process, self._routes, self.clock.now(), most)
        self.owed.hold(*map(_owned, claims))
        return claims

    def return_left(self) -> None:
        """Free what was claimed and will not be begun."""
        self.owed.give_back_each(self.gate.left(), functools.partial(self._give_back, counted=False))

    @property
    def _routes(self) -> list[Route]:
        return [trunk.route for trunk in self.trunks]

    async def _call(self, claim: CallClaim) -> None:
        fax = await at_once(material.of_claim, self.db, claim)
        stamped, order, opened = await asyncio.to_thread(self._made_ready, claim, fax)
        report = await self._place(claim, order, opened)
        if report.cause is Cause.CANCELLED and self.hang_up():
            raise LostClaimError("no call may go on here: it was hung up")
        # Pages in a mail are read and encoded, which takes too long for the loop.
        heavy = fax.held.settings.text("notify.content") == WITH_PAGES
        await (asyncio.to_thread if heavy else at_once)(self._settle, claim, fax, stamped, report)

    def _made_ready(self, claim: CallClaim, fax: Material) -> tuple["Stamped", CallOrder, OpenJournal]:
        """What is synced before anybody dials: the pages, and the journal's first line."""
        stamped = self._stamp(claim, fax)
        order = self._order(claim, stamped)
        return stamped, order, self.journal.begin(order)

    async def _place(self, claim: CallClaim, order: CallOrder, opened: OpenJournal) -> CallReport:
        """Call, with a journal that is written before anybody else hears of a page."""
        running = self.running.add(order.call_uid, RunningCall(self.db, claim, order, self.hang_up, self.cancels))
        try:
            [carrier] = [trunk.transport for trunk in self.trunks if trunk.route.name == claim.attempt.trunk]
            transport = JournaledTransport(carrier, opened)
            return running.ended(await transport.place(order, running.watch()))
        finally:
            self.running.remove(order.call_uid)

    async def note(self) -> bool:
        """Let the store know which pages are over in the calls that run."""
        await at_once(self.running.note)
        return False

    def _give_back(self, claim: CallClaim, counted: bool) -> None:
        """Free a job whose call could not be settled."""
        end, read = self.composer.after_end, self.journal.read
        calls.give_back(self.db, claim, self.clock.now(), end, read, counted=counted)
        self.journal.forget(claim.attempt.call_uid)

    def _stamp(self, claim: CallClaim, fax: Material) -> "Stamped":
        """This attempt's pages: the job's cover, then the shared document, each with its header line."""
        job = claim.job
        digests = (job.cover_digest, fax.submission.pages_digest)
        sender, settings = fax.held.sender, fax.held.settings
        resumption = resumed(claim, fax.past, settings)
        header = header_line(sender, settings, job.destination, self.clock.now())
        files = [self.spool.path(digest) for digest in digests if digest]
        pages = line_pages(files, header, resumption)
        tiff = self.spool.put_bytes(tiff_of(pages))
        wait = settings.retry_policy().patience if met_no_machine(fax.past) else TONE_WAIT
        return Stamped(self.spool.path(tiff), tiff, station_of(sender, settings), wait, resumption.leading)

    def _order(self, claim: CallClaim, stamped: "Stamped") -> CallOrder:
        job = claim.job
        return CallOrder(
            call_uid=claim.attempt.call_uid,
            destination=str(job.destination),
            pages=stamped.tiff,
            first_page=claim.attempt.first_page,
            leading=stamped.leading,
            station_id=stamped.station,
            sub_address=job.sub_address,
            ecm=job.ecm,
            max_rate=RATES[min(job.slower, len(RATES) - 1)],
            tone_wait=stamped.tone_wait,
        )

    def _settle(self, claim: CallClaim, fax: Material, stamped: "Stamped", report: CallReport) -> None:
        verdict = classify(report, claim.job.pages - claim.attempt.first_page)
        end = self._end(claim, fax, stamped, report, verdict)
        calls.finish_call(self.db, claim, end, self.clock.now(), self.composer.after_call(claim, end, fax), self.post)
        apart(self.journal.forget, claim.attempt.call_uid)
        log.info(
            "call-ended",
            extra={
                "job": claim.job.public_id,
                "attempt": claim.attempt.number,
                "destination": claim.job.destination.masked(),
                "trunk": claim.attempt.trunk,
                "outcome": verdict.outcome.value,
                "detail": verdict.detail,
                "pages": report.pages_confirmed,
                "seconds": round(report.duration.total_seconds()),
            },
        )
        trunk = claim.attempt.trunk
        self.tally.tell(Metric.CALLS, 1, trunk, verdict.outcome.value)
        self.tally.tell(Metric.CALL_SECONDS, report.duration.total_seconds(), trunk)
        self.tally.tell(Metric.PAGES, report.pages_confirmed, trunk)
        if end.alarm:
            log.warning("operator", extra={"kind": end.alarm, "trunk": trunk, "job": claim.job.public_id})

    def _end(
        self, claim: CallClaim, fax: Material, stamped: "Stamped", report: CallReport, verdict: Verdict
    ) -> CallEnd:
        settings, policy = fax.held.settings, fax.held.settings.retry_policy()
        event, then = self._follow(claim, fax, report, verdict)
        follow = then if isinstance(then, Retry) else None
        return CallEnd(
            event=event,
            outcome=verdict.outcome,
            detail=verdict.detail,
            session=verdict.session,
            pages_confirmed=report.pages_confirmed,
            report_json=json.dumps(report.facts()),
            tiff_digest=stamped.tiff_digest,
            started=report.started,
            ended=report.ended,
            not_before=None if follow is None else report.ended + follow.delay,
            ecm=follow.ecm if follow else claim.job.ecm,
            slower=follow.slower if follow else claim.job.slower,
            anew=follow is not None and follow.anew,
            route=next_route(self._routes, claim.attempt.trunk, claim.job.route, verdict.outcome, verdict.detail),
            reason=then.reason if isinstance(then, Stop) else "",
            alarm=self._alarm(claim.attempt.trunk, verdict, policy),
            quarantine=settings.quarantine_rule(),
            archive=order_of(settings, Direction.SENT),
        )

    def _follow(
        self, claim: CallClaim, fax: Material, report: CallReport, verdict: Verdict
    ) -> tuple[JobEvent, Retry | Stop]:
        """What becomes of the job, and the retry if there is one."""
        job, well = claim.job, verdict.outcome is Outcome.SUCCESS
        last = Past(
            verdict.outcome,
            verdict.detail,
            verdict.session,
            claim.attempt.first_page,
            report.pages_confirmed,
            report.started,
            report.rate,
        )
        history = History(
            attempts=(*fax.past, last),
            expires=job.expires,
            reached_before=well or jobs.reached_before(self.db, job.destination),
            policy=fax.held.settings.retry_policy(),
            zones=() if well else zones_of(job.destination),  # nothing follows
        )
        return what_follows(history, report.ended, self.chance())

    def _alarm(self, trunk: str, verdict: Verdict, policy: Policy) -> str:
        """What the operator of the trunk must hear of, empty for nothing; told in the log, and kept with the job."""
        full = walk_of(verdict.outcome, verdict.detail) is Walk.FAST_BUSY
        before = calls.last_endings(self.db, trunk, policy.fast_busy_alarm - 1) if full else []
        return alarm_after(verdict.outcome, verdict.detail, before, policy)


@dataclass(frozen=True, slots=True)
class Stamped:
    """One attempt's pages as they go on the line, on disk and in the spool."""

    tiff: Path
    tiff_digest: str
    station: str
    tone_wait: timedelta
    leading: int


def resumed(claim: CallClaim, before: Sequence[Past], settings: Effective) -> Resumption:
    """How this call goes on from those before."""
    return Resumption(
        first_page=claim.attempt.first_page,
        again=any(past.outcome is Outcome.UNCONFIRMED for past in before),
        cover=settings.text("retry.continuation") == Continuation.COVER,
    )


def _owned(claim: CallClaim) -> Owned:
    return Owned("job", claim.job.id, claim.job.fence)
