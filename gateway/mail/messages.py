"""The four notices: what the sender of a fax is told at the beginning and at the end.

What lives here: which facts go into which notice. What does not: the words of outcomes (`wording`), the look
(`letter`), MIME and headers (`notice_mail`).
"""

from collections.abc import Sequence
from datetime import timedelta

import phonenumbers

from gateway.domain.addresses import Destination
from gateway.domain.job import Job
from gateway.domain.outcome import Outcome
from gateway.mail.letter import Letter, Table, as_html, as_text
from gateway.mail.notice_facts import (
    NOT_SENT,
    AttemptFacts,
    Duplicate,
    FailedPart,
    NoticeFacts,
    NoticeKind,
    Preview,
    Voice,
    part_label,
)
from gateway.mail.notice_mail import Draft, Notice, Reported, plain_notice, report_notice
from gateway.mail.wording import Words, sent_again, status_for, words_for

__all__ = [
    "AttemptFacts",
    "Duplicate",
    "FailedPart",
    "Notice",
    "NoticeFacts",
    "NoticeKind",
    "Preview",
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
    "Nothing. You get another mail when the fax has been delivered, or could not be.",
)
_INCOMPLETE = Words(
    "Your fax was accepted, but not all of it: a part of your mail could not be turned into fax pages.",
    "The rest is sent, as your fax administrator has arranged. What is missing is listed below.",
    "Correct what is missing and send it in another mail, or ask the recipient whether they can do without it.",
)
_SCHEDULED = Words(
    "Your fax was accepted and is sent at the time you asked for.",
    "The pages are ready. At that time we call the recipient, and try again if the line is busy.",
    "Nothing. You get another mail when the fax has been delivered, or could not be.",
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
    numbers = _numbers([job.destination for job in facts.jobs])
    words = _begun(facts, preview)
    letter = Letter(
        title=f"Preview of your fax to {numbers}" if preview else f"Fax accepted for {numbers}",
        happened=words.happened,
        means=words.means,
        next=words.next,
        good=words is not _INCOMPLETE,
        rows=_mail_rows(facts) + _preview_rows(preview),
        tables=tuple(table for table in _begun_tables(facts, preview) if table.rows),
    )
    ids = tuple(job.public_id for job in facts.jobs)
    return plain_notice(_draft(NoticeKind.INITIAL_SUCCESS, facts, letter, ids), facts, preview.pdf if preview else b"")


def initial_failure(
    facts: NoticeFacts, outcome: Outcome, failed: Sequence[FailedPart] = (), detail: str = ""
) -> Notice:
    """The mail cannot be faxed: why, and which part is to blame. Says nothing of parts that are all right.

    `detail` is a sub-type, told to machines, or a sentence, told to people where no part is to blame.
    """
    words = words_for(outcome, detail)
    letter = Letter(
        title=f"Fax to {_numbers([job.destination for job in facts.jobs])} could not be sent: {outcome.value}",
        happened=words.happened,
        means=words.means,
        next=words.next,
        good=False,
        rows=_mail_rows(facts) + _number_rows(facts) + _reason_rows(failed, detail),
        tables=(_failed_table(failed),) if failed else (),
    )
    diagnostic = f"x-fax; {outcome.value}" + (f" ({_ascii(detail)})" if detail else "")
    reported = [Reported(job.destination, status_for(outcome, detail), diagnostic, job.public_id) for job in facts.jobs]
    ids = tuple(job.public_id for job in facts.jobs)
    return report_notice(_draft(NoticeKind.INITIAL_FAILURE, facts, letter, ids), facts, reported)


def delivery_success(facts: NoticeFacts, job: Job, attempts: Sequence[AttemptFacts]) -> Notice:
    """The fax was delivered, every page of it confirmed."""
    words = words_for(Outcome.SUCCESS)
    letter = Letter(
        title=f"Fax to {_number(job.destination)} was delivered",
        happened=words.happened,
        means=words.means,
        next=words.next,
        good=True,
        rows=_delivery_rows(facts, job, attempts),
        tables=(_attempt_table(facts, attempts),),
    )
    return plain_notice(_delivery_draft(NoticeKind.DELIVERY_SUCCESS, job, attempts, letter), facts)


def delivery_failure(facts: NoticeFacts, job: Job, attempts: Sequence[AttemptFacts]) -> Notice:
    """The fax was not delivered, or nobody knows: the outcome, every attempt, and what to do now."""
    outcome = job.outcome or Outcome.GENERAL_ERROR
    words = words_for(outcome, job.outcome_detail)
    became = "may not be complete" if outcome is Outcome.UNCONFIRMED else "was not delivered"
    letter = Letter(
        title=f"Fax to {_number(job.destination)} {became}: {outcome.value}",
        happened=words.happened,
        means=words.means,
        next=words.next,
        good=False,
        rows=_delivery_rows(facts, job, attempts),
        tables=(_attempt_table(facts, attempts),) if attempts else (),
    )
    status = status_for(outcome, job.outcome_detail)
    reported = Reported(job.destination, status, _diagnostic(job, attempts), job.public_id)
    return report_notice(_delivery_draft(NoticeKind.DELIVERY_FAILURE, job, attempts, letter), facts, [reported])


def _draft(kind: NoticeKind, facts: NoticeFacts, letter: Letter, ids: tuple[str, ...]) -> Draft:
    """An initial notice: one for each submission."""
    subject = letter.title if len(ids) != 1 else f"{letter.title} (job {ids[0]})"
    return Draft(kind, f"m{facts.submission_id}", subject, as_text(letter), as_html(letter), ids)


def _delivery_draft(kind: NoticeKind, job: Job, attempts: Sequence[AttemptFacts], letter: Letter) -> Draft:
    """A delivery notice: one for each job and the attempt that ended it."""
    last = attempts[-1].number if attempts else 0
    subject = f"{letter.title} (job {job.public_id})"
    return Draft(kind, f"{job.public_id}.{last}", subject, as_text(letter), as_html(letter), (job.public_id,))


def _mail_rows(facts: NoticeFacts) -> tuple[tuple[str, str], ...]:
    rows = [("Your mail of", facts.dates.write(facts.received))]
    if facts.start is not None:
        rows.append(("First call", f"not before {facts.dates.write(facts.start)}"))
    if facts.expected is not None:
        rows.append(("Expected by", facts.dates.write(facts.expected)))
    if facts.call is not None:
        rows.append(("Expected call", f"about {_duration(facts.call)}"))
    rows += [("Please note", warning) for warning in facts.warnings]
    return tuple(rows)


def _number_rows(facts: NoticeFacts) -> tuple[tuple[str, str], ...]:
    return tuple(("Fax number", f"{_number(job.destination)} (job {job.public_id})") for job in facts.jobs)


def _reason_rows(failed: Sequence[FailedPart], detail: str) -> tuple[tuple[str, str], ...]:
    return (("Reason", detail),) if " " in detail and not failed else ()


def _delivery_rows(facts: NoticeFacts, job: Job, attempts: Sequence[AttemptFacts]) -> tuple[tuple[str, str], ...]:
    rows = [
        ("Job", job.public_id),
        ("Fax number", _number(job.destination)),
        ("Pages", f"{job.pages_sent} of {job.pages} confirmed"),
        ("Your mail of", facts.dates.write(facts.received)),
        ("Ended", facts.dates.write(job.ended or facts.written)),
    ]
    remote = next((attempt.remote_id for attempt in reversed(attempts) if attempt.remote_id), "")
    if remote:
        rows.append(("Answered as", remote))
    if note := sent_again(attempts):
        rows.append(("Please note", note))
    return tuple(rows)


def _begun(facts: NoticeFacts, preview: Preview | None) -> Words:
    if preview is not None:
        return _PREVIEW
    if any(part.left_out.startswith(NOT_SENT) for part in facts.parts):
        return _INCOMPLETE
    return _ACCEPTED if facts.start is None else _SCHEDULED


def _begun_tables(facts: NoticeFacts, preview: Preview | None) -> tuple[Table, ...]:
    return (_job_table(facts, preview), _refused_table(facts), _part_table(facts), _duplicate_table(facts))


def _refused_table(facts: NoticeFacts) -> Table:
    """Recipients of the same mail that the listener did not take."""
    rows = tuple((one.address, one.reply) for one in facts.refused)
    return Table("Not sent", ("Recipient", "Why"), rows)


def _preview_rows(preview: Preview | None) -> tuple[tuple[str, str], ...]:
    if preview is None or preview.shown == preview.pages:
        return ()
    return (("Please note", f"the PDF holds the first {preview.shown} of {preview.pages} pages: all are too large"),)


def _job_table(facts: NoticeFacts, preview: Preview | None) -> Table:
    rows = tuple((_number(job.destination), job.public_id, str(job.pages)) for job in facts.jobs)
    return Table("What would be sent" if preview else "What will be sent", ("Fax number", "Job", "Pages"), rows)


def _part_table(facts: NoticeFacts) -> Table:
    """Which part became which pages of the document, cover pages not counted."""
    rows: list[tuple[str, str]] = []
    page = 1
    for part in facts.parts:
        rows.append((part.name, part.left_out or _page_range(page, part.pages)))
        page += part.pages
    return Table("Your mail, part by part", ("Part", "Pages of the document"), tuple(rows))


def _page_range(first: int, count: int) -> str:
    if count == 0:
        return "none"
    return f"page {first}" if count == 1 else f"pages {first} to {first + count - 1}"


def _duplicate_table(facts: NoticeFacts) -> Table:
    rows = tuple((_number(one.destination), f"once only, as job {one.public_id}") for one in facts.duplicates)
    return Table("Asked for more than once", ("Fax number", "Sent"), rows)


def _failed_table(failed: Sequence[FailedPart]) -> Table:
    rows = tuple(
        (f"{part.label}: {part.name}" if part.name else part.label, part.problem.value, part.reason) for part in failed
    )
    return Table("What is wrong", ("Part", "Problem", "What to do"), rows)


def _attempt_table(facts: NoticeFacts, attempts: Sequence[AttemptFacts]) -> Table:
    rows = tuple(
        (
            str(attempt.number),
            facts.dates.write(attempt.started),
            attempt.outcome.value,
            str(attempt.pages),
            _duration(attempt.duration),
            _speed(attempt),
        )
        for attempt in attempts
    )
    return Table("Calls", ("No.", "Time", "Outcome", "Pages", "Duration", "Speed"), rows)


def _speed(attempt: AttemptFacts) -> str:
    if attempt.rate is None:
        return "-"
    return f"{attempt.rate} bit/s" + (", error correction" if attempt.ecm else "")


def _duration(span: timedelta) -> str:
    minutes, seconds = divmod(round(span.total_seconds()), 60)
    return f"{minutes} min {seconds} s" if minutes else f"{seconds} s"


def _diagnostic(job: Job, attempts: Sequence[AttemptFacts]) -> str:
    """RFC 3464 2.3.6, with a type of our own: the outcome, the cause, how many calls."""
    outcome = job.outcome or Outcome.GENERAL_ERROR
    calls = "1 call" if len(attempts) == 1 else f"{len(attempts)} calls"
    return f"x-t30; {outcome.value} ({_ascii(job.outcome_detail or 'unknown')}); {calls}"


def _ascii(text: str) -> str:
    return "".join(character if " " <= character <= "~" else "?" for character in text)[:100]


def _numbers(destinations: Sequence[Destination]) -> str:
    if len(destinations) == 1:
        return _number(destinations[0])
    return f"{len(destinations)} numbers" if destinations else "your number"


def _number(destination: Destination) -> str:
    """With its plus, in the groups of its country."""
    parsed = phonenumbers.parse(destination.number, None)
    shown = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.INTERNATIONAL)
    return shown.replace("-", " ")
