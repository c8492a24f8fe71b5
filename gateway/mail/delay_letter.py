"""The notice that a fax takes longer than was expected: one for a job, while we go on trying.

What lives here: what it tells. What does not: when it is due (`gateway.delays`), the notices of the beginning and the
end (`messages`).
"""

from collections.abc import Sequence
from dataclasses import replace

from gateway.domain.job import Job, JobState
from gateway.domain.outcome import Outcome
from gateway.mail.letter import Letter
from gateway.mail.notice_facts import AttemptFacts, NoticeFacts, NoticeKind
from gateway.mail.notice_looks import look_of
from gateway.mail.notice_machine import Told, as_json
from gateway.mail.notice_mail import Draft, Notice, Reported, report_notice
from gateway.mail.notice_tables import attempt_table, number, waiting_rows
from gateway.mail.statuses import STATUS
from gateway.mail.wording import NOTHING_TO_DO, Words, what_follows

_HELD = Words(
    "Your fax has not been delivered yet: it is held.",
    "A fax administrator holds it, and no calls are made until it is released.",
    "Ask your fax administrator when it will go on.",
)
_PREPARED = Words(
    "Your fax has not been delivered yet: its pages are still being made.",
    "Other faxes are before it. We call as soon as its pages are ready.",
    NOTHING_TO_DO,
)
_QUEUED = Words(
    "Your fax has not been delivered yet: no line was free for it.",
    "Other faxes are before it. We call as soon as its turn has come.",
    NOTHING_TO_DO,
)
_CALLED = Words(
    "Your fax has not been delivered yet.",
    "The calls below did not get all of it across, and we go on trying.",
    "If it is urgent, ask the recipient whether their machine is all right, or for another fax number.",
)
CONGESTED, HELD = "4.4.5", "4.3.0"  # RFC 3463: too much for us at the moment; our system, otherwise


def delivery_delayed(facts: NoticeFacts, job: Job, attempts: Sequence[AttemptFacts]) -> Notice:
    """The fax has not been delivered, long after it was expected to be, and is not given up."""
    words = _words(job, attempts)
    follows = "" if job.state is JobState.HELD else f" {what_follows(facts.awaited)}"
    letter = Letter(
        title=f"Fax to {number(job.destination)} is delayed",
        happened=words.happened,
        means=words.means,
        next=f"{words.next}{follows}",
        good=False,
        rows=waiting_rows(facts, job),
        tables=(attempt_table(facts, attempts),) if attempts else (),
    )
    kind = NoticeKind.DELIVERY_DELAYED
    # How the last call ended is told with the calls: of the fax itself nothing is decided.
    open_job = replace(job, outcome=None, outcome_detail="")
    machine = as_json(replace(facts, jobs=(open_job,)), Told(kind, attempts))
    look = look_of(letter, kind, f"job {job.public_id}", facts.voice.dress)
    draft = Draft(kind, job.public_id, look, (job.public_id,), machine)
    last = attempts[-1].outcome if attempts else None
    reported = Reported(
        destination=job.destination,
        status=_status(job, last),
        diagnostic=f"x-t30; {last.value if last else 'not called yet'}; {_calls(len(attempts))}",
        job_id=job.public_id,
        sub_address=job.sub_address,
        retried_until=job.expires,
        attempted=attempts[-1].started if attempts else None,
    )
    return report_notice(draft, facts, [reported])


def _words(job: Job, attempts: Sequence[AttemptFacts]) -> Words:
    if job.state is JobState.HELD:
        return _HELD
    if job.state is JobState.ACCEPTED:
        return _PREPARED
    return _CALLED if attempts else _QUEUED


def _status(job: Job, last: Outcome | None) -> str:
    """The code of how the last call ended, as something that may pass (RFC 3463 3.1: the class 4)."""
    if job.state is JobState.HELD:
        return HELD
    return CONGESTED if last is None else f"4{STATUS[last][1:]}"


def _calls(count: int) -> str:
    return "1 call" if count == 1 else f"{count} calls"
