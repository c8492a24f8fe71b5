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
from pathlib import Path

from gateway.domain.call import CallReport
from gateway.domain.clock import Clock
from gateway.domain.job import Attempt, Job, JobEvent
from gateway.domain.outcome import Outcome, Verdict, classify
from gateway.domain.retry import History, Past, Retry, decide_retry
from gateway.fax.transport import CallOrder, CallWatch, Transport
from gateway.line_pages import header_line, line_pages, station_of
from gateway.notices import Composer
from gateway.owed import Owed
from gateway.store import calls, jobs, tree
from gateway.store.calls import CallClaim, CallEnd
from gateway.store.database import Database
from gateway.store.spool import Spool
from renderers.faxpage import write_pdf, write_tiff

log = logging.getLogger(__name__)
CANCEL_LOOK = 0.2  # seconds between two looks at the store for a cancel
RATES = (14400, 12000, 9600, 7200, 4800, 2400)  # bit/s; `slower` counts steps down this ladder


@dataclass(frozen=True, slots=True)
class Trunk:
    """What carries the calls, and how many at a time."""

    name: str
    lines: int
    transport: Transport


@dataclass(frozen=True, slots=True)
class Transmit:
    """The flow that places calls; `work` is a folder for what one call needs."""

    db: Database
    spool: Spool
    clock: Clock
    trunk: Trunk
    composer: Composer
    process: int
    work: Path
    chance: Callable[[], float] = field(default=random.random)
    owed: Owed = field(default_factory=Owed)

    async def next(self) -> bool:
        """Place one call, if a job is due, its destination free and a line too."""
        await asyncio.to_thread(self.owed.settle)
        claim = await asyncio.to_thread(
            calls.claim_call, self.db, self.process, self.trunk.name, self.trunk.lines, self.clock.now()
        )
        if claim is None:
            return False
        try:
            await self._call(claim)
        finally:
            await asyncio.to_thread(self.owed.give_back, functools.partial(self._give_back, claim))
        return True

    async def _call(self, claim: CallClaim) -> None:
        with tempfile.TemporaryDirectory(dir=self.work, prefix="call-") as folder:
            stamped = await asyncio.to_thread(self._stamp, claim, Path(folder))
            report = await self.trunk.transport.place(self._order(claim, stamped), self._watch(claim))
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
        pages = line_pages([self.spool.path(digest) for digest in digests if digest], header)
        tiff, pdf = folder / "sent.tif", folder / "sent.pdf"
        write_tiff(tiff, pages)
        write_pdf(pdf, pages)
        return Stamped(tiff, self.spool.put_copy(tiff), self.spool.put_copy(pdf), station_of(sender, settings))

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
        )

    def _watch(self, claim: CallClaim) -> CallWatch:
        first = claim.attempt.first_page
        asked = _Throttled(lambda: calls.cancel_asked(self.db, claim), CANCEL_LOOK)
        return CallWatch(
            page_confirmed=lambda index: calls.record_page(self.db, claim, index - first),
            cancelled=asked,
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

    def _end(self, claim: CallClaim, stamped: "Stamped", report: CallReport, verdict: Verdict) -> CallEnd:
        event, follow = self._follow(claim.job, claim.attempt, verdict, report)
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
        )

    def _follow(
        self, job: Job, attempt: Attempt, verdict: Verdict, report: CallReport
    ) -> tuple[JobEvent, Retry | None]:
        """What becomes of the job, and the retry if there is one."""
        final = {
            Outcome.SUCCESS: JobEvent.CONFIRMED,
            Outcome.UNCONFIRMED: JobEvent.DOUBT,
            Outcome.CANCELLED: JobEvent.CANCELLED,
        }.get(verdict.outcome)
        if final is not None:
            return final, None
        past = Past(verdict.outcome, verdict.detail, verdict.session, attempt.first_page, report.pages_confirmed)
        history = History(
            attempts=(*jobs.history(self.db, job), past),
            expires=job.expires,
            reached_before=jobs.reached_before(self.db, job.destination),
            caps=tree.effective(self.db, job.user_id).caps(),
        )
        decision = decide_retry(history, report.ended, self.chance())
        return (JobEvent.RETRY, decision) if isinstance(decision, Retry) else (JobEvent.GAVE_UP, None)


@dataclass(frozen=True, slots=True)
class Stamped:
    """One attempt's pages as they go on the line, on disk and in the spool."""

    tiff: Path
    tiff_digest: str
    pdf_digest: str
    station: str


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
