"""What would follow if the calls of a job ended as somebody says, by the code that decides it for real.

What lives here: endings by name, and one call after another on a clock of its own. What does not: the policy
(`gateway.domain.retry`), the words of the answer (`gateway.cli.try_retry`).
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from types import MappingProxyType

from gateway.domain.call import CallReport, Cause, Phase
from gateway.domain.errors import UsageError
from gateway.domain.job import JobEvent
from gateway.domain.numbers import Destination
from gateway.domain.outcome import OUTCOME_OF, Outcome, classify
from gateway.domain.quarantine import speaks_of_number
from gateway.domain.retry import History, Past, Retry, Stop, alarm_after, met_no_machine, what_follows
from gateway.domain.retry_policy import RATES
from gateway.domain.setting_catalog import Effective
from gateway.domain.time_zones import zones_of

LEAST, MIDDLE, MOST = 0.0, 0.5, 1.0  # chances: the shortest delay, as the table has it, the longest
_ENDING = re.compile(r"([a-z/ -]+)(?::(\d{1,4}))?", re.ASCII | re.IGNORECASE)
_SETUP = frozenset(
    {Cause.BUSY, Cause.REORDER, Cause.NO_ANSWER, Cause.UNALLOCATED, Cause.ANNOUNCEMENT, Cause.SIT_NO_CIRCUIT}
    | {Cause.SIT_REORDER, Cause.SIT_INTERCEPT, Cause.SIT_VACANT, Cause.LOCAL_ERROR}
)


@dataclass(frozen=True, slots=True)
class Trial:
    """A job of `pages` pages that is called for the first time at `start`, and lives from then on.

    `reached` says whether its number has taken a fax before.
    """

    start: datetime
    destination: Destination
    settings: Effective = field(default_factory=lambda: Effective({}))
    reached: bool = False
    pages: int = 10


@dataclass(frozen=True, slots=True)
class TrialCall:
    """One call of the trial, its profile, how it ended, and what follows.

    `next` is the time of the next call, with jitter between `earliest` and `latest`, either of which is none where
    that one would come too late; none at all when the job has ended. `dials` and `tries` count up to this call;
    `waits_for_day` is true when night put the next one off. `counts` says whether it counts towards quarantine.
    """

    number: int
    begins: datetime
    first_page: int
    max_rate: int
    ecm: bool
    patient: bool
    outcome: Outcome
    detail: str
    dials: int
    tries: int
    event: JobEvent
    reason: str
    next: datetime | None
    earliest: datetime | None
    latest: datetime | None
    waits_for_day: bool
    alarm: str
    counts: bool


def try_retry(trial: Trial, endings: Sequence[str]) -> list[TrialCall]:
    """One call for each ending, until the job has ended; a call takes no time.

    Raises:
        UsageError: an ending that no call can have.
    """
    read = [_read(ending) for ending in endings]
    calls: list[TrialCall] = []
    pasts: list[Past] = []
    at, profile = trial.start, Retry(timedelta())
    for ending in read:
        patient = met_no_machine(pasts)
        pasts.append(_past(ending, [] if profile.anew else pasts, trial.pages, at, RATES[profile.slower]))
        calls.append(_call(trial, pasts, profile, patient))
        then = _follows(trial, pasts, MIDDLE)[1]
        if isinstance(then, Stop):
            break
        at, profile = at + then.delay, then
    return calls


def _past(ending: "_Ending", before: Sequence[Past], pages: int, at: datetime, rate: int) -> Past:
    """The attempt that a call with this ending comes to, by the table that names outcomes."""
    first_page = before[-1].first_page + before[-1].pages_confirmed if before else 0
    asked = pages - first_page
    confirmed = {Outcome.SUCCESS: asked, Outcome.UNCONFIRMED: asked - 1}.get(
        ending.outcome, min(ending.pages, asked - 1)
    )
    phase = Phase.CALL_SETUP if ending.cause in _SETUP else Phase.PRE_MESSAGE
    doubt = ending.outcome is Outcome.UNCONFIRMED
    report = CallReport("trial", at, at, ending.cause, phase, confirmed, last_page_in_doubt=doubt)
    verdict = classify(report, asked)
    spoke = rate if verdict.session else None
    return Past(verdict.outcome, verdict.detail, verdict.session, first_page, confirmed, at, spoke)


def _call(trial: Trial, pasts: Sequence[Past], profile: Retry, patient: bool) -> TrialCall:
    last, policy = pasts[-1], trial.settings.retry_policy()
    event, then = _follows(trial, pasts, MIDDLE)
    before = [(past.outcome, past.detail) for past in reversed(pasts[:-1])]
    at = last.started or trial.start
    return TrialCall(
        number=len(pasts),
        begins=at,
        first_page=last.first_page,
        max_rate=RATES[profile.slower],
        ecm=profile.ecm,
        patient=patient,
        outcome=last.outcome,
        detail=last.detail,
        dials=len(pasts),
        tries=sum(past.session for past in pasts),
        event=event,
        reason=then.reason if isinstance(then, Stop) else "",
        next=_next(then, at),
        earliest=_next(_follows(trial, pasts, LEAST)[1], at),
        latest=_next(_follows(trial, pasts, MOST)[1], at),
        waits_for_day=isinstance(then, Retry) and then.waits_for_day,
        alarm=alarm_after(last.outcome, last.detail, before, policy),
        counts=trial.settings.quarantine_rule().after > 0 and speaks_of_number(last.outcome, last.detail),
    )


def _follows(trial: Trial, pasts: Sequence[Past], chance: float) -> tuple[JobEvent, Retry | Stop]:
    policy = trial.settings.retry_policy()
    history = History(
        attempts=pasts,
        expires=trial.start + policy.caps.lifetime,
        reached_before=trial.reached or any(past.pages_confirmed for past in pasts),
        policy=policy,
        zones=zones_of(trial.destination),
    )
    return what_follows(history, pasts[-1].started or trial.start, chance)


def _next(then: Retry | Stop, at: datetime) -> datetime | None:
    return at + then.delay if isinstance(then, Retry) else None


@dataclass(frozen=True, slots=True)
class _Ending:
    """How a call is said to end, after so many pages were confirmed in it."""

    cause: Cause
    outcome: Outcome
    pages: int = 0


def _read(text: str) -> _Ending:
    """An ending as people write it: the name of an outcome or a cause, and how many pages were confirmed before."""
    match = _ENDING.fullmatch(text.strip())
    name = _slug(match[1]) if match else ""
    if match is None or name not in ENDINGS:
        raise UsageError(f"{text!r} is no ending of a call; known are {', '.join(ENDINGS)}")
    return replace(ENDINGS[name], pages=int(match[2] or 0))


def _slug(text: str) -> str:
    return re.sub(r"[^a-z]+", "-", text.lower()).strip("-")


def _endings() -> Mapping[str, _Ending]:
    """Every cause by its own name, and every outcome that a call can have by the guide's name and by ours."""
    found = {cause.value: _Ending(cause, outcome) for cause, outcome in OUTCOME_OF.items()}
    first = {outcome: cause for cause, outcome in reversed(OUTCOME_OF.items())}
    first[Outcome.SIT_TONE] = Cause.ANNOUNCEMENT
    first[Outcome.NEGOTIATION_FAILED] = Cause.CANNOT_TRAIN
    first[Outcome.NOT_A_FAX] = Cause.NO_FAX_TONE
    first[Outcome.UNCONFIRMED] = Cause.NO_ANSWER_AFTER_PAGE
    for outcome, cause in first.items():
        found[_slug(outcome.value)] = found[_slug(outcome.name)] = _Ending(cause, outcome)
    return MappingProxyType(dict(sorted(found.items())))


ENDINGS = _endings()
