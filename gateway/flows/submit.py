"""From an envelope to jobs: who sent it, may they, to which numbers; all durable before 250.

What lives here: the desk behind the listener, and what it keeps. What does not: SMTP (`gateway.mail.listener`), how a
mail is judged (`gateway.judging`), the rules (`gateway.domain`).
"""

import asyncio
import functools
import logging
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import ParamSpec, TypeVar

from gateway.domain.decision import Action, Decision
from gateway.domain.errors import GatewayError, RefusedError, SmtpReply, UnavailableError
from gateway.domain.replay import TakenBeforeError
from gateway.domain.submission import Envelope, NewSubmission, Refusal
from gateway.domain.tally import NOBODY, Metric, Tally
from gateway.judging import Case, Judge
from gateway.mail.desk import ON_DISK, Content
from gateway.mail.forward import KIND, forwarded
from gateway.notices import MINIMAL, Composer
from gateway.refusal_notices import refusal_notice
from gateway.signing_in import Verdict, sign_in
from gateway.store import acceptance, outbox, refusals
from gateway.store.acceptance import Acceptance, Accepted, Answer
from gateway.store.known_tree import NotKnownError
from gateway.store.outbox import NewMail
from gateway.store.spool import Spool

log = logging.getLogger(__name__)
P = ParamSpec("P")
T = TypeVar("T")
SMALL_OCTETS = 65_536  # up to here a content costs less beside its rows than in a file
AT_ONCE_OCTETS = 16_384  # reading so small a header holds nobody up


class Commits:
    """Lets many wait for one commit, which wakes the event loop once for all of them."""

    def __init__(self) -> None:
        self._commit: Future[list[Answer]] | None = None
        self._done = asyncio.Event()

    async def wait(self, commit: Future[list[Answer]], ring: Callable[[], None]) -> None:
        """Return when it is done, well or not; then it rings once for all."""
        if commit is not self._commit:
            self._commit, self._done = commit, asyncio.Event()
            wake = functools.partial(_wake, self._done, ring)
            tell = asyncio.get_running_loop().call_soon_threadsafe
            commit.add_done_callback(lambda _: tell(wake))
        await self._done.wait()


def _wake(done: asyncio.Event, ring: Callable[[], None]) -> None:
    done.set()
    ring()


@dataclass(frozen=True, slots=True)
class FrontDesk:
    """What the listener asks. `ring` wakes the workers, `pool` has threads of the desk's own.

    `postmaster` is the address that letters to the postmaster go on to; empty: they are kept in the outbox.
    """

    judge: Judge
    spool: Spool
    acceptance: Acceptance
    composer: Composer
    ring: Callable[[], None]
    pool: ThreadPoolExecutor
    postmaster: str = ""
    commits: Commits = field(default_factory=Commits)
    tally: Tally = NOBODY

    async def check_recipient(self, address: str, mail_from: str, authenticated_as: str) -> None:
        """Return when a fax can go to this address; the plan for plain digits is that of whoever sends.

        It is done at once when all is at hand: a trip to a thread costs more than reading an address.

        Raises:
            BadNumberError: and its kin, with the reply to give.
        """
        try:
            self.judge.recipient(address, mail_from, authenticated_as, self.judge.known.at_hand())
        except NotKnownError:
            await self._apart(self.judge.recipient, address, mail_from, authenticated_as)

    async def authenticate(self, user_name: str, password: str) -> bool:
        """Whether the password is that of an unlocked user, and neither expired nor locked out."""
        tried = await self._apart(sign_in, self.judge.db, user_name, password, self.judge.real_time())
        return tried.verdict is Verdict.WELCOME and tried.login is not None and not tried.login.is_administrator

    async def note_refusal(self, refusal: Refusal) -> None:
        """Keep for the record what the listener itself refused.

        Raises:
            UnavailableError: it cannot be kept now.
        """
        self.tally.tell(Metric.REFUSALS, 1, refusal.rule)
        await self._apart(refusals.add_refusal, self.judge.db, refusal)

    async def to_postmaster(self, envelope: Envelope, content: Content = ON_DISK) -> SmtpReply:
        """Take a letter to the people who run the gateway.

        Raises:
            GatewayError: it is too large, or cannot be stored now.
        """
        await self._apart(self._forward, envelope, content)
        self.tally.tell(Metric.MAILS, 1, "postmaster")
        self.ring()
        return SmtpReply(250, "2.0.0", "accepted for the postmaster")

    async def submit(self, envelope: Envelope, content: Content = ON_DISK) -> SmtpReply:
        """Store the envelope's jobs and tell their ids.

        Raises:
            GatewayError: the sender, the header or a directive is refused, or the store cannot take it now.
        """
        accepted = await self._at_once(envelope, content)
        if accepted is None:
            case, accepted = await self._apart(self._begin, envelope, content)
            if accepted is None:
                accepted = await self._apart(self._finish, await self.judge.prove(case))
            self.ring()
        self._count(accepted)
        ids = " ".join(job.public_id for job in accepted.jobs)
        words = "already accepted, not sent twice: fax job" if accepted.duplicate else "accepted as fax job"
        return SmtpReply(250, "2.0.0", f"{words} {ids}"[:480])

    def _count(self, accepted: Accepted) -> None:
        self.tally.tell(Metric.MAILS, 1, "duplicate" if accepted.duplicate else "accepted")
        if not accepted.duplicate:
            self.tally.tell(Metric.JOBS, len(accepted.jobs))

    async def _at_once(self, envelope: Envelope, content: Content) -> Accepted | None:
        """Take a mail that can be judged without waiting for anything; None when another way must be gone.

        Most mail is small and comes from people who are known, by a relay of their company. It needs no thread and no
        file: only the commit is waited for. What is larger is digested and filed in a thread.
        """
        whole = content.whole()
        if not _has_small_header(whole):
            return None
        small = len(whole) <= SMALL_OCTETS
        planned = self._planned(envelope, whole) if small else await self._apart(self._filed, envelope, content)
        if planned is None:
            return None
        new, rule = planned
        entered = self.acceptance.enter(new)
        await self.commits.wait(entered.done, self.ring)
        accepted = self.acceptance.plain_answer(entered)
        if accepted is None:
            accepted = await self._apart(self.acceptance.answer, entered)
        return _told(envelope, accepted, rule)

    def _filed(self, envelope: Envelope, content: Content) -> tuple[NewSubmission, str] | None:
        """As `_planned`, of a mail that goes into the spool."""
        planned = self._planned(envelope, content.whole())
        if planned is None:
            return None
        content.settle()
        self.spool.put_synced(envelope.content, planned[0].content_digest)
        return replace(planned[0], content=b""), planned[1]

    def _planned(self, envelope: Envelope, whole: bytes) -> tuple[NewSubmission, str] | None:
        """What becomes of a mail, when all that decides it is at hand and it is taken; and by which rule."""
        try:
            case = self.judge.open(envelope, whole, self.judge.known.at_hand())
            decision = self.judge.decide(case)
            if not case.is_settled or decision.action is not Action.ACCEPT:
                return None
            new = self.judge.plan(case, decision)
        except (NotKnownError, GatewayError):
            return None  # who is refused is told so on the other way, which keeps the refusal
        return None if acceptance.is_bound(new) else (new, decision.rule)

    async def _apart(self, function: Callable[P, T], *arguments: P.args, **named: P.kwargs) -> T:
        """Run in the desk's own threads: mail is taken however long renders and calls keep the others."""
        call = functools.partial(function, *arguments, **named)
        return await asyncio.get_running_loop().run_in_executor(self.pool, call)

    def _forward(self, envelope: Envelope, content: Content) -> None:
        content.settle()
        message, message_id = forwarded(envelope, self.judge.name)
        mail = NewMail(KIND, None, None, 0, self.postmaster, message, message_id)
        unknown = "" if self.postmaster else "nobody is named as smtp.postmaster in the settings file"
        outbox.add(self.judge.db, mail, self.judge.clock.now(), dead=unknown)
        log.info("postmaster-mail", extra={"peer": envelope.peer, "size": envelope.size})

    def _begin(self, envelope: Envelope, content: Content) -> tuple[Case, Accepted | None]:
        """All at once where the connection tells enough; else as far as can be gone without asking DNS."""
        whole = content.whole()
        if not whole:
            content.settle()
        try:
            case = self.judge.open(envelope, whole)
        except UnavailableError:
            raise
        except GatewayError as error:
            raise self._refused(envelope, "header", error) from None
        if not case.is_settled or len(whole) > SMALL_OCTETS:
            content.settle()  # signatures are checked in a file
            case = replace(case, whole=b"")
        return case, self._finish(case) if case.is_settled else None

    def _finish(self, case: Case) -> Accepted:
        decision = self.judge.decide(case)
        if decision.action is not Action.ACCEPT:
            error = RefusedError("refused", reply=decision.reply)
            raise self._refused(case.envelope, decision.rule, error, case, decision)
        try:
            return self._store(case, self.judge.plan(case, decision), decision.rule)
        except TakenBeforeError as error:
            raise self._refused(case.envelope, error.rule, error, case, decision) from None
        except RefusedError as error:
            raise self._refused(case.envelope, "directives", error, case, decision) from None

    def _store(self, case: Case, new: NewSubmission, rule: str) -> Accepted:
        """Content first, then rows, or both at once: a row without its content cannot arise."""
        acceptance.check(self.judge.db, new)
        if not case.whole:
            self.spool.put_synced(case.envelope.content, new.content_digest)
        return _told(case.envelope, self.acceptance.add(new), rule)

    def _refused(
        self,
        envelope: Envelope,
        rule: str,
        error: GatewayError,
        case: Case | None = None,
        decision: Decision | None = None,
    ) -> GatewayError:
        """Keep the refusal, and tell its sender when it is surely theirs; returns the error to raise."""
        refusal = Refusal(
            at=self.judge.real_time(),
            peer=envelope.peer,
            mail_from=envelope.mail_from,
            header_from=case.evidence.header_from if case else "",
            recipients=envelope.recipients,
            rule=rule,
            reply=str(error.reply),
            evidence=decision.evidence if decision else {},
        )
        notice = None
        if case is not None:
            reply = error.plain if case.settings.text("notify.content") == MINIMAL else error.reply
            told = (refusal, reply, case.facts, case.evidence, case.settings)
            voice = self.composer.voice_for(case.sender.id) if case.sender else self.composer.voice
            notice = refusal_notice(voice, *told)
        self.tally.tell(Metric.REFUSALS, 1, rule)
        refusals.add_refusal(self.judge.db, refusal, notice, self.judge.clock.now())
        log.info("submission-refused", extra={"rule": rule, "peer": envelope.peer, "reply": error.reply.enhanced})
        return error


def _has_small_header(whole: bytes) -> bool:
    return whole.find(b"\r\n\r\n", 0, AT_ONCE_OCTETS) >= 0


def _told(envelope: Envelope, accepted: Accepted, rule: str) -> Accepted:
    """Log what was accepted."""
    log.info(
        "submission-accepted",
        extra={
            "peer": envelope.peer,
            "submission": accepted.submission_id,
            "job": [job.public_id for job in accepted.jobs],
            "size": envelope.size,
            "rule": "duplicate" if accepted.duplicate else rule,
        },
    )
    return accepted
