"""The four notices: what the sender of a fax is told at the beginning and at the end.

What lives here: which facts go into which notice. What does not: the words of outcomes (`wording`), the look
(`letter`), MIME and headers (`notice_mail`).
"""

from collections.abc import Sequence
from dataclasses import replace

from gateway.domain.job import Job
from gateway.domain.outcome import Outcome
from gateway.mail.letter import Letter, Table
from gateway.mail.notice_facts import (
    NOT_SENT,
    AttemptFacts,
    Awaited,
    Duplicate,
    FailedPart,
    NoticeFacts,
    NoticeKind,
    Preview,
    Private,
    Voice,
    part_label,
)
from gateway.mail.notice_looks import look_of
from gateway.mail.notice_machine import Told, as_json
from gateway.mail.notice_mail import Draft, Notice, Reported, plain_notice, report_notice
from gateway.mail.notice_tables import (
    attempt_table,
    delivery_rows,
    duplicate_table,
    failed_table,
    job_table,
    mail_rows,
    number,
    number_rows,
    numbers,
    part_table,
    preview_rows,
    reason_rows,
    refused_table,
)
from gateway.mail.statuses import status_for, status_of_mail
from gateway.mail.wording import NOTHING_TO_DO, WISH, Words, what_follows, words_for

__all__ = [
    "AttemptFacts",
    "Awaited",
    "Duplicate",
    "FailedPart",
    "Notice",
    "NoticeFacts",
    "NoticeKind",
    "Preview",
    "Private",
    "Voice",
    "delivery_failure",
    "delivery_success",
    "initial_failure",
    "initial_success",
    "part_label",
]

_ACCEPTED = Words(
    "Your fax was accepted and is on its way.",
    "The pages are ready, and we call the recipient as soon as a line is free. If the line is busy, we try again.",
    NOTHING_TO_DO,
)
_INCOMPLETE = Words(
    "Your fax was accepted, but not all of it: a part of your mail could not be turned into fax pages.",
    "The rest is sent, as your fax administrator has arranged. What is missing is listed below.",
    "Correct what is missing and send it in another mail, or ask the recipient whether they can do without it.",
)
_SCHEDULED = Words(
    "Your fax was accepted and is sent at the time you asked for.",
    "The pages are ready. At that time we call the recipient, and try again if the line is busy.",
    NOTHING_TO_DO,
)
_PREVIEW = Words(
    "This is how your fax would look. Nothing was sent, because you asked for a preview.",
    "The attached PDF has the pages as the first of your recipients would get them.",
    "Send your mail again without %{Preview} to have it faxed.",
)


def initial_success(facts: NoticeFacts, preview: Preview | None = None) -> Notice:
    """The fax was accepted and rendered: jobs, numbers, which part became which pages, when to expect it.

    With a preview it was not accepted: the pages go back to their sender, and nothing is called.
    """
    whom = numbers([job.destination for job in facts.jobs])
    words = _begun(facts, preview)
    letter = Letter(
        title=f"Preview of your fax to {whom}" if preview else f"Fax accepted for {whom}",
        happened=words.happened,
        means=words.means,
        next=words.next,
        good=words != _INCOMPLETE,
        rows=mail_rows(facts) + preview_rows(preview),
        tables=tuple(table for table in _begun_tables(facts, preview) if table.rows),
    )
    ids = tuple(job.public_id for job in facts.jobs)
    draft = _draft(Told(NoticeKind.INITIAL_SUCCESS), facts, letter, ids)
    return plain_notice(draft, facts, preview.pdf if preview else b"")


def initial_failure(
    facts: NoticeFacts, outcome: Outcome, failed: Sequence[FailedPart] = (), detail: str = ""
) -> Notice:
    """The mail cannot be faxed: why, and which part is to blame. Says nothing of parts that are all right.

    `detail` is a sub-type, told to machines, or a sentence, told to people where no part is to blame.
    """
    known = WISH if " " in detail else detail
    words = words_for(outcome, known)
    letter = Letter(
        title=f"Fax to {numbers([job.destination for job in facts.jobs])} could not be sent: {outcome.value}",
        happened=words.happened,
        means=words.means,
        next=words.next,
        good=False,
        rows=mail_rows(facts) + number_rows(facts) + reason_rows(failed, detail),
        tables=(failed_table(facts, failed),) if failed else (),
    )
    cause = detail or ", ".join(dict.fromkeys(part.problem.value for part in failed))
    diagnostic = f"x-fax; {outcome.value}" + (f" ({_ascii(cause)})" if cause else "")
    status = status_of_mail(outcome, known, failed)
    reported = [Reported(job.destination, status, diagnostic, job.public_id, job.sub_address) for job in facts.jobs]
    ids = tuple(job.public_id for job in facts.jobs)
    told = Told(NoticeKind.INITIAL_FAILURE, failed=failed, outcome=outcome, detail=detail)
    return report_notice(_draft(told, facts, letter, ids), facts, reported)


def delivery_success(facts: NoticeFacts, job: Job, attempts: Sequence[AttemptFacts]) -> Notice:
    """The fax was delivered, every page of it confirmed."""
    words = words_for(Outcome.SUCCESS)
    letter = Letter(
        title=f"Fax to {number(job.destination)} was delivered",
        happened=words.happened,
        means=words.means,
        next=words.next,
        good=True,
        rows=delivery_rows(facts, job, attempts),
        tables=(attempt_table(facts, attempts),),
    )
    told = Told(NoticeKind.DELIVERY_SUCCESS, attempts)
    return plain_notice(_delivery_draft(told, facts, job, letter), facts)


def delivery_failure(facts: NoticeFacts, job: Job, attempts: Sequence[AttemptFacts]) -> Notice:
    """The fax was not delivered, or nobody knows: the outcome, every attempt, and what to do now."""
    outcome = job.outcome or Outcome.GENERAL_ERROR
    words = words_for(outcome, job.outcome_detail)
    became = "may not be complete" if outcome is Outcome.UNCONFIRMED else "was not delivered"
    letter = Letter(
        title=f"Fax to {number(job.destination)} {became}: {outcome.value}",
        happened=words.happened,
        means=words.means,
        next=words.next,
        good=False,
        rows=delivery_rows(facts, job, attempts),
        tables=(attempt_table(facts, attempts),) if attempts else (),
    )
    status = status_for(outcome, job.outcome_detail)
    reported = Reported(job.destination, status, _diagnostic(job, attempts), job.public_id, job.sub_address)
    told = Told(NoticeKind.DELIVERY_FAILURE, attempts)
    return report_notice(_delivery_draft(told, facts, job, letter), facts, [reported])


def _draft(told: Told, facts: NoticeFacts, letter: Letter, ids: tuple[str, ...]) -> Draft:
    """An initial notice: one for each submission."""
    look = look_of(letter, told.kind, f"job {ids[0]}" if len(ids) == 1 else "", facts.voice.dress)
    return Draft(told.kind, f"m{facts.submission_id}", look, ids, as_json(facts, told))


def _delivery_draft(told: Told, facts: NoticeFacts, job: Job, letter: Letter) -> Draft:
    """A delivery notice: one for each job and the attempt that ended it."""
    last = told.attempts[-1].number if told.attempts else 0
    look = look_of(letter, told.kind, f"job {job.public_id}", facts.voice.dress)
    machine = as_json(replace(facts, jobs=(job,)), told)
    return Draft(told.kind, f"{job.public_id}.{last}", look, (job.public_id,), machine)


def _begun(facts: NoticeFacts, preview: Preview | None) -> Words:
    if preview is not None:
        return _PREVIEW
    if any(part.left_out.startswith(NOT_SENT) for part in facts.parts):
        return _INCOMPLETE
    words = _ACCEPTED if facts.start is None else _SCHEDULED
    return replace(words, next=f"{NOTHING_TO_DO} {what_follows(facts.awaited)}")


def _begun_tables(facts: NoticeFacts, preview: Preview | None) -> tuple[Table, ...]:
    return (job_table(facts, preview), refused_table(facts), part_table(facts), duplicate_table(facts))


def _diagnostic(job: Job, attempts: Sequence[AttemptFacts]) -> str:
    """RFC 3464 2.3.6, with a type of our own: the outcome, the cause, how many calls."""
    outcome = job.outcome or Outcome.GENERAL_ERROR
    calls = "1 call" if len(attempts) == 1 else f"{len(attempts)} calls"
    return f"x-t30; {outcome.value} ({_ascii(job.outcome_detail or 'unknown')}); {calls}"


def _ascii(text: str) -> str:
    return "".join(character if " " <= character <= "~" else "?" for character in text)[:100]
