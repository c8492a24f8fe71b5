"""The rows and tables of notices: facts as labels and values, in the words of people.

What lives here: how each fact is written. What does not: which facts go into which notice (`messages`), sentences on
outcomes (`wording`), the look (`letter`).
"""

import re
from collections.abc import Sequence
from datetime import timedelta
from functools import lru_cache

import phonenumbers

from gateway.domain.addresses import Destination
from gateway.domain.job import Job, JobState
from gateway.mail.letter import Table
from gateway.mail.notice_facts import AttemptFacts, FailedPart, NoticeFacts, Preview, number_alone
from gateway.mail.wording import sent_again

_CODES = re.compile(r"[245]\d\d [245](?:\.\d{1,3}){2} ")  # of a reply: programs read them


def mail_rows(facts: NoticeFacts) -> tuple[tuple[str, str], ...]:
    """The mail: when it came, its subject in a full notice, when calls begin, what to note."""
    rows = [("Your mail of", facts.dates.write(facts.received)), *_subject_rows(facts)]
    if facts.start is not None:
        rows.append(("First call", f"not before {facts.dates.write(facts.start)}"))
    if facts.expected is not None:
        rows.append(("Expected by", facts.dates.write(facts.expected)))
    if facts.call is not None:
        rows.append(("Expected call", f"about {_duration(facts.call)}"))
    rows += [("Please note", warning) for warning in facts.warnings]
    return tuple(rows)


def number_rows(facts: NoticeFacts) -> tuple[tuple[str, str], ...]:
    """The numbers that were asked for, with their jobs."""
    return tuple(("Fax number", f"{whom(job)} (job {job.public_id})") for job in facts.jobs)


def reason_rows(failed: Sequence[FailedPart], detail: str) -> tuple[tuple[str, str], ...]:
    """A reason in words, where no part is to blame."""
    return (("Reason", detail),) if " " in detail and not failed else ()


def delivery_rows(facts: NoticeFacts, job: Job, attempts: Sequence[AttemptFacts]) -> tuple[tuple[str, str], ...]:
    """One job: number, pages, times, and who answered."""
    rows = [
        ("Job", job.public_id),
        ("Fax number", whom(job)),
        ("Pages", f"{job.pages_sent} of {job.pages} confirmed"),
        ("Your mail of", facts.dates.write(facts.received)),
        *_subject_rows(facts),
        ("Ended", facts.dates.write(job.ended or facts.written)),
    ]
    remote = next((attempt.remote_id for attempt in reversed(attempts) if attempt.remote_id), "")
    if remote:
        rows.append(("Answered as", remote))
    notes = [note for note in (sent_again(attempts), *facts.warnings) if note]
    return (*rows, *(("Please note", note) for note in notes))


def waiting_rows(facts: NoticeFacts, job: Job) -> tuple[tuple[str, str], ...]:
    """A job that has not ended: number, pages, when it was expected, what comes next."""
    rows = [
        ("Job", job.public_id),
        ("Fax number", whom(job)),
        *([("Pages", f"{job.pages_sent} of {job.pages} confirmed")] if job.pages else []),
        ("Your mail of", facts.dates.write(facts.received)),
        *_subject_rows(facts),
    ]
    if facts.expected is not None:
        rows.append(("Expected by", facts.dates.write(facts.expected)))
    if job.state is JobState.WAITING:
        rows.append(("Next call", f"not before {facts.dates.write(job.not_before)}"))
    return (*rows, ("Given up at", facts.dates.write(job.expires)))


def refused_table(facts: NoticeFacts) -> Table:
    """Recipients of the same mail that the listener did not take."""
    rows = tuple((_recipient(facts, one.address), _CODES.sub("", one.reply)) for one in facts.refused)
    return Table("Not sent", ("Recipient", "Why"), rows)


def preview_rows(preview: Preview | None) -> tuple[tuple[str, str], ...]:
    """That a preview does not show all pages."""
    if preview is None or preview.shown == preview.pages:
        return ()
    return (("Please note", f"the PDF holds the first {preview.shown} of {preview.pages} pages: all are too large"),)


def job_table(facts: NoticeFacts, preview: Preview | None) -> Table:
    """The jobs of a mail."""
    rows = tuple((whom(job), job.public_id, str(job.pages)) for job in facts.jobs)
    return Table("What would be sent" if preview else "What will be sent", ("Fax number", "Job", "Pages"), rows)


def part_table(facts: NoticeFacts) -> Table:
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


def duplicate_table(facts: NoticeFacts) -> Table:
    """Numbers that were asked for more than once."""
    rows = tuple((number(one.destination), f"once only, as job {one.public_id}") for one in facts.duplicates)
    return Table("Asked for more than once", ("Fax number", "Sent"), rows)


def failed_table(facts: NoticeFacts, failed: Sequence[FailedPart]) -> Table:
    """The parts to blame; by name in a full notice only."""
    rows = tuple((_called(facts, part), part.problem.value, part.reason) for part in failed)
    return Table("What is wrong", ("Part", "Problem", "What to do"), rows)


def _recipient(facts: NoticeFacts, address: str) -> str:
    """What else than a number an address says may be the cover's words."""
    return address if facts.private is not None else number_alone(address) or "a recipient without a number"


def _called(facts: NoticeFacts, part: FailedPart) -> str:
    return f"{part.label}: {part.name}" if part.name and facts.private is not None else part.label


def _subject_rows(facts: NoticeFacts) -> tuple[tuple[str, str], ...]:
    return (("Subject", facts.private.subject),) if facts.private is not None and facts.private.subject else ()


def attempt_table(facts: NoticeFacts, attempts: Sequence[AttemptFacts]) -> Table:
    """The calls of a job."""
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


def whom(job: Job) -> str:
    """The number, and the sub-address where there is one: two at one number are two faxes."""
    lodger = f", sub-address {job.sub_address}" if job.sub_address else ""
    return f"{number(job.destination)}{lodger}"


def numbers(destinations: Sequence[Destination]) -> str:
    """One number, or how many."""
    if len(destinations) == 1:
        return number(destinations[0])
    return f"{len(destinations)} numbers" if destinations else "your number"


def spoken(text: str) -> str:
    """A number as the network told it, with its plus in the groups of its country; as it is where it is none."""
    try:
        return number(Destination(text))
    except phonenumbers.NumberParseException:
        return text


def number(destination: Destination) -> str:
    """With its plus, in the groups of its country."""
    return _grouped(destination.number)


@lru_cache(maxsize=10_000)
def _grouped(digits: str) -> str:
    """A number is written some times in each notice of a fax."""
    parsed = phonenumbers.parse(digits, None)
    shown = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.INTERNATIONAL)
    return shown.replace("-", " ")
