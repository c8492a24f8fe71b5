"""The story of a fax that did not go through in one call, in plain words.

What lives here: a sentence for each call that was resumed, cut or in doubt, and what that comes to. What does not: the
facts in columns (`gateway.cli.outbound`), what senders are told (`gateway.mail.wording`).
"""

from collections.abc import Iterator, Sequence

from gateway.domain.job import Attempt, Event, Job, JobEvent, JobState
from gateway.domain.outcome import Outcome

_OWNER_LOST = JobEvent.OWNER_LOST.value  # the detail of a call that its process did not outlive


def story(job: Job, attempts: Sequence[Attempt], events: Sequence[Event]) -> tuple[str, ...]:
    """What happened, a sentence for each call; nothing where every call began at the beginning and ended by itself."""
    if not any(_is_notable(attempt) for attempt in attempts):
        return ()
    told = [_call(job, attempt, attempts[:place]) for place, attempt in enumerate(attempts)]
    return (*told, *_end(job, attempts, events))


def _is_notable(attempt: Attempt) -> bool:
    return attempt.first_page > 0 or attempt.detail == _OWNER_LOST or attempt.outcome is Outcome.UNCONFIRMED


def _call(job: Job, attempt: Attempt, before: Sequence[Attempt]) -> str:
    doubtful = any(one.outcome is Outcome.UNCONFIRMED for one in before)
    first = attempt.first_page + 1
    if doubtful:
        began = f"sent it again from page {first} on, for an earlier call's last answer was lost"
    elif before:
        began = f"went on with page {first}" if attempt.first_page else "began at page 1"
    else:
        began = "began at page 1"
    return f"Call {attempt.number} {began}; {_ending(job, attempt)}."


def _ending(job: Job, attempt: Attempt) -> str:
    confirmed = _pages(attempt)
    if attempt.ended is None:
        return "it has not ended"
    if attempt.outcome is Outcome.SUCCESS:
        lost = ", which we learned from its journal after our process had ended" if _is_cut(attempt) else ""
        return f"{confirmed}, and with that the whole fax{lost}"
    if attempt.outcome is Outcome.UNCONFIRMED:
        why = "our process ended before its answer came" if _is_cut(attempt) else "the answer to it was lost"
        return f"{confirmed}; page {job.pages}, the last, was sent too, but {why}"
    if _is_cut(attempt):
        return f"{confirmed}, then our process ended and the call was cut"
    how = attempt.outcome.value if attempt.outcome else "cut"
    return f"{confirmed}, then it ended: {how}"


def _is_cut(attempt: Attempt) -> bool:
    return attempt.detail == _OWNER_LOST


def _pages(attempt: Attempt) -> str:
    if not attempt.pages_confirmed:
        return "no page was confirmed"
    first, last = attempt.first_page + 1, attempt.first_page + attempt.pages_confirmed
    return f"page {first} was confirmed" if first == last else f"pages {first} to {last} were confirmed"


def _end(job: Job, attempts: Sequence[Attempt], events: Sequence[Event]) -> Iterator[str]:
    if job.state is JobState.UNCONFIRMED:
        yield "The recipient probably has the whole fax. It is not sent again by itself; ask before you do."
    elif job.state in (JobState.READY, JobState.WAITING):
        again = any(attempt.outcome is Outcome.UNCONFIRMED for attempt in attempts)
        what = "sends it again from" if again else "goes on with"
        yield f"The next call {what} page {job.pages_sent + 1} of {job.pages}."
    elif job.state is JobState.HELD and events and events[-1].detail == _OWNER_LOST:
        yield "Calls of this fax were cut by the end of our process again and again: it is held until it is released."
