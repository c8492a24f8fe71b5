"""From a ready job to the end of its call: claim, stamp the header, call, name the outcome, settle.

What lives here: the order of those steps. What does not: the call (`gateway.fax`), outcomes and retries
(`gateway.domain`), rows (`gateway.store`).
"""

import asyncio
import functools
import json
import logging
import random
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from gateway.domain.call import CallReport, Cause
from gateway.domain.clock import Clock
from gateway.domain.errors import LostClaimError
from gateway.domain.job import Job, JobEvent
from gateway.domain.outcome import Verdict, classify
from gateway.domain.retry import History, Past, Retry, Stop, alarm_after, met_no_machine, what_follows
from gateway.domain.retry_policy import RATES, Policy, Walk, walk_of
from gateway.domain.setting_catalog import Effective
from gateway.domain.time_zones import zones_of
from gateway.fax.transport import CallOrder, CallWatch, Transport
from gateway.gate import Gate
from gateway.line_pages import header_line, line_pages, station_of
from gateway.notices import Composer
from gateway.owed import Owed
from gateway.store import calls, jobs, tree
from gateway.store.calls import CallClaim, CallEnd
from gateway.store.database import Database
from gateway.store.handback import Owned
from gateway.store.spool import Spool
from renderers.faxpage import write_pdf, write_tiff

log = logging.getLogger(__name__)
TONE_WAIT = timedelta(seconds=35)  # T.30 5.4.3.1, T1
CANCEL_LOOK = 0.2  # seconds between two looks at the store for a cancel


@dataclass(frozen=True, slots=True)
class Trunk:
    """What carries the calls, and how many at a time."""

    name: str
    lines: int
    transport: Transport


@dataclass(frozen=True, slots=True)
class Transmit:
    """The flow that places calls; `work` is a folder for what one call needs.

    `hang_up` tells that our lease is over: no call may go on.
    """

    db: Database
    spool: Spool
    clock: Clock
    trunk: Trunk
    composer: Composer
    process: int
    work: Path
    chance: Callable[[], float] = field(default=random.random)
    owed: Owed = field(default_factory=Owed)
    gate: Gate = field(default_factory=Gate)
    hang_up: Callable[[], bool] = field(default=lambda: False)

    async def next(self) -> bool:
        """Place one call, if a job is due, its destination free and a line too."""
        if not self.owed.is_empty:
            await asyncio.to_thread(self.owed.settle)
        claim = await self.gate.claim(self._claim)
        if claim is None:
            return False
        with self.owed.having(Owned("job", claim.job.id, claim.job.fence)):
            try:
                await self._call(claim)
            finally:
                await asyncio.to_thread(self.owed.give_back, functools.partial(self._give_back, claim))
        return True

    def _claim(self) -> CallClaim | None:
        return calls.claim_call(self.db, self.process, self.trunk.name, self.trunk.lines, self.clock.now())

    async def _call(self, claim: CallClaim) -> None:
        with tempfile.TemporaryDirectory(dir=self.work, prefix="call-") as folder:
            stamped = await asyncio.to_thread(self._stamp, claim, Path(folder))
            report = await self.trunk.transport.place(self._order(claim, stamped), self._watch(claim))
            if report.cause is Cause.CANCELLED and self.hang_up():
                raise LostClaimError("the lease is over: the call was hung up")
            await asyncio.to_thread(self._settle, claim, stamped, report)

    def _give_back(self, claim: CallClaim) -> None:
        """Free a job whose call could not be settled."""
        calls.give_back(self.db, claim, self.clock.now(), self.composer.after_end)

    def _stamp(self, claim: CallClaim, folder: Path) -> "Stamped":
        """This attempt's pages: the job's cover, then the shared document, each with its header line."""
        job = claim.job
        digests = (job.cover_digest, jobs.submission(self.db, job.submission_id).pages_digest)
        sender = tree.user_by_id(self.db, job.user_id)
        settings = tree.effective(self.db, job.user_id)
        header = header_line(sender, settings, job.destination, self.clock.now())
        files = [self.spool.path(digest) for digest in digests if digest]
        pages = line_pages(files, header, claim.attempt.first_page)
        tiff, pdf = folder / "sent.tif", folder / "sent.pdf"
        write_tiff(tiff, pages)
        write_pdf(pdf, pages)
        kept = (self.spool.put_copy(tiff), self.spool.put_copy(pdf))
        return Stamped(tiff, *kept, station_of(sender, settings), self._tone_wait(job, settings))

    def _tone_wait(self, job: Job, settings: Effective) -> timedelta:
        """How long to wait for a fax machine's tone: longer where a call before met none."""
        before = jobs.history(self.db, job) if job.dials > 1 else []
        return settings.retry_policy().patience if met_no_machine(before) else TONE_WAIT

    def _order(self, claim: CallClaim, stamped: "Stamped") -> CallOrder:
        job = claim.job
        return CallOrder(
            call_uid=claim.attempt.call_uid,
            destination=str(job.destination),
            pages=stamped.tiff,
            first_page=claim.attempt.first_page,
            station_id=stamped.station,
            sub_address=job.sub_address,
            ecm=job.ecm,
            max_rate=RATES[min(job.slower, len(RATES) - 1)],
            tone_wait=stamped.tone_wait,
        )

    def _watch(self, claim: CallClaim) -> CallWatch:
        first = claim.attempt.first_page
        asked = _Throttled(lambda: calls.cancel_asked(self.db, claim), CANCEL_LOOK)
        return CallWatch(
            page_confirmed=lambda index: calls.record_page(self.db, claim, index - first),
            cancelled=lambda: self.hang_up() or asked(),
            last_page_sent=lambda: calls.record_last_page(self.db, claim),
        )

    def _settle(self, claim: CallClaim, stamped: "Stamped", report: CallReport) -> None:
        verdict = classify(report, claim.job.pages - claim.attempt.first_page)
        end = self._end(claim, stamped, report, verdict)
        calls.finish_call(self.db, claim, end, self.clock.now(), self.composer.after_call(claim, end))
        log.info(
            "call-ended",
            extra={
                "job": claim.job.public_id,
                "attempt": claim.attempt.number,
                "destination": claim.job.destination.masked(),
                "outcome": verdict.outcome.value,
                "detail": verdict.detail,
                "pages": report.pages_confirmed,
                "seconds": round(report.duration.total_seconds()),
            },
        )
        if end.alarm:
            log.warning("operator", extra={"kind": end.alarm, "trunk": self.trunk.name, "job": claim.job.public_id})

    def _end(self, claim: CallClaim, stamped: "Stamped", report: CallReport, verdict: Verdict) -> CallEnd:
        settings = tree.effective(self.db, claim.job.user_id)
        event, then = self._follow(claim, verdict, report, settings.retry_policy())
        follow = then if isinstance(then, Retry) else None
        return CallEnd(
            event=event,
            outcome=verdict.outcome,
            detail=verdict.detail,
            session=verdict.session,
            pages_confirmed=report.pages_confirmed,
            report_json=json.dumps(report.facts()),
            tiff_digest=stamped.tiff_digest,
            pdf_digest=stamped.pdf_digest,
            started=report.started,
            ended=report.ended,
            not_before=None if follow is None else report.ended + follow.delay,
            ecm=follow.ecm if follow else claim.job.ecm,
            slower=follow.slower if follow else claim.job.slower,
            reason=then.reason if isinstance(then, Stop) else "",
            alarm=self._alarm(verdict, settings.retry_policy()),
            quarantine=settings.quarantine_rule(),
        )

    def _follow(
        self, claim: CallClaim, verdict: Verdict, report: CallReport, policy: Policy
    ) -> tuple[JobEvent, Retry | Stop]:
        """What becomes of the job, and the retry if there is one."""
        job = claim.job
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
            attempts=(*jobs.history(self.db, job), last),
            expires=job.expires,
            reached_before=jobs.reached_before(self.db, job.destination),
            policy=policy,
            zones=zones_of(job.destination),
        )
        return what_follows(history, report.ended, self.chance())

    def _alarm(self, verdict: Verdict, policy: Policy) -> str:
        """What the operator of the trunk must hear of, empty for nothing; told in the log, and kept with the job."""
        full = walk_of(verdict.outcome, verdict.detail) is Walk.FAST_BUSY
        before = calls.last_endings(self.db, self.trunk.name, policy.fast_busy_alarm - 1) if full else []
        return alarm_after(verdict.outcome, verdict.detail, before, policy)


@dataclass(frozen=True, slots=True)
class Stamped:
    """One attempt's pages as they go on the line, on disk and in the spool."""

    tiff: Path
    tiff_digest: str
    pdf_digest: str
    station: str
    tone_wait: timedelta


class _Throttled:
    """Asks a question at most every `every` seconds; a yes stays a yes."""

    def __init__(self, ask: Callable[[], bool], every: float) -> None:
        self._ask = ask
        self._every = every
        self._next = 0.0
        self._yes = False

    def __call__(self) -> bool:
        if not self._yes and time.monotonic() >= self._next:
            self._next = time.monotonic() + self._every
            self._yes = self._ask()
        return self._yes
