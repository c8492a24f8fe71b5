"""What to do after an attempt: try again, when, and with what changed; or stop.

What lives here: the pure decision over a job's history. What does not: the figures (`retry_policy`), who carries it
out (`gateway.flows.transmit`). Sequences are walked independently: a no-answer after two busies starts at the first
no-answer delay. That of broken transmissions begins anew with each page that was confirmed.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise, takewhile

from gateway.domain.call import Cause
from gateway.domain.job import JobEvent
from gateway.domain.outcome import Outcome
from gateway.domain.retry_policy import RATES, Delays, Policy, Unconfirmed, Walk, walk_of

# What ends a job without asking the policy.
_ENDS = {
    Outcome.SUCCESS: JobEvent.CONFIRMED,
    Outcome.UNCONFIRMED: JobEvent.DOUBT,
    Outcome.CANCELLED: JobEvent.CANCELLED,
}


@dataclass(frozen=True, slots=True)
class Past:
    """One earlier attempt, as the decision needs it.

    `session` tells a try from a mere dial. `rate` is that of the last message sent in bit/s, none when none was.
    """

    outcome: Outcome
    detail: str
    session: bool
    first_page: int
    pages_confirmed: int
    started: datetime | None = None
    rate: int | None = None


@dataclass(frozen=True, slots=True)
class Retry:
    """Try again after `delay`; `ecm` and `slower` change the profile of the next call.

    `waits_for_day` is true when the delay was drawn out because it would be night at the destination. With `anew` the
    next call begins at the first page, whatever was confirmed.
    """

    delay: timedelta
    ecm: bool = True
    slower: int = 0
    waits_for_day: bool = False
    anew: bool = False


@dataclass(frozen=True, slots=True)
class Stop:
    """No further attempt; `reason` is kept in the job's history."""

    reason: str = ""


@dataclass(frozen=True, slots=True)
class History:
    """What the decision may look at: this job's attempts, oldest first, its end, and what is known of the number.

    `zones` are those the destination may lie in; without any there is no night.
    """

    attempts: Sequence[Past]
    expires: datetime
    reached_before: bool = False
    policy: Policy = field(default_factory=Policy)
    zones: tuple[str, ...] = ()


def what_follows(history: History, now: datetime, chance: float) -> tuple[JobEvent, Retry | Stop]:
    """What becomes of the job after the last attempt of `history`; arguments as of `decide_retry`."""
    last = history.attempts[-1].outcome
    resent = last is Outcome.UNCONFIRMED and history.policy.unconfirmed is not Unconfirmed.HOLD
    if last in _ENDS and not resent:
        return _ENDS[last], Stop()
    decision = decide_retry(history, now, chance)
    if isinstance(decision, Retry):
        return JobEvent.RETRY, decision
    doubt = any(past.outcome is Outcome.UNCONFIRMED for past in history.attempts)
    return JobEvent.DOUBT if doubt else JobEvent.GAVE_UP, decision


def decide_retry(history: History, now: datetime, chance: float) -> Retry | Stop:
    """What follows the last attempt of `history`.

    Args:
        history: at least one attempt.
        now: the present, aware.
        chance: a number from 0 to 1 that spreads the delay by the policy's jitter both ways.
    """
    last, policy = history.attempts[-1], history.policy
    delays = _delays(history)
    walk = walk_of(last.outcome, last.detail)
    same = _steps(history.attempts, walk)
    if same > len(delays):
        return Stop("no retry after this outcome" if not delays else "retries used up")
    if len(history.attempts) >= policy.caps.dials:
        return Stop("dials used up")
    if _tries_on_page(history.attempts) >= policy.caps.tries_per_page:
        return Stop("tries on this page used up")
    due = now + delays[same - 1] * (1 - policy.jitter + 2 * policy.jitter * chance)
    at = _by_day(history, due)
    if at is None:
        return Stop("it is always night somewhere in the destination's time zones")
    if at > history.expires:
        return Stop("the job's lifetime ends before the next attempt")
    anew = last.outcome is Outcome.UNCONFIRMED and policy.unconfirmed is Unconfirmed.RESEND_ALL
    return Retry(at - now, _with_ecm(history), _slower(history.attempts), at != due, anew)


def alarm_after(outcome: Outcome, detail: str, before: Sequence[tuple[Outcome, str]], policy: Policy) -> str:
    """What the operator must hear of after a call, empty for nothing.

    Args:
        outcome: how it ended.
        detail: the sub-type.
        before: the endings before it on the same trunk, newest first; `policy.fast_busy_alarm` less one are enough.
        policy: of the user whose fax it was.
    """
    walk = walk_of(outcome, detail)
    if outcome is Outcome.UNCONFIRMED:
        return outcome.value.lower()
    if walk is Walk.GENERAL:
        return Walk.GENERAL.value
    asked = before[: policy.fast_busy_alarm - 1]
    in_a_row = walk is Walk.FAST_BUSY and all(walk_of(*one) is Walk.FAST_BUSY for one in asked)
    return Walk.FAST_BUSY.value if in_a_row and len(asked) == policy.fast_busy_alarm - 1 else ""


def met_no_machine(attempts: Sequence[Past]) -> bool:
    """Whether a call found no fax machine: then the next waits longer for its tone, and all the while sounds CNG."""
    return any(past.outcome is Outcome.NOT_A_FAX for past in attempts)


def _delays(history: History) -> Delays:
    last, before = history.attempts[-1], history.attempts[:-1]
    if _is_incompatible(last) and _slower(before):
        return history.policy.delays[Walk.NEGOTIATION][:1]  # it was we who left no rate that the far end has
    return history.policy.delays_for(last.outcome, last.detail, history.reached_before)


def _is_incompatible(past: Past) -> bool:
    return past.outcome is Outcome.NEGOTIATION_FAILED and past.detail == Cause.INCOMPATIBLE.value


def _steps(attempts: Sequence[Past], walk: Walk | None) -> int:
    """How far a sequence was walked. Of broken transmissions each page has its own: they bring a long fax across."""
    counted = _on_page(attempts) if walk is Walk.TRANSMISSION else attempts
    return sum(walk_of(past.outcome, past.detail) is walk for past in counted)


def _tries_on_page(attempts: Sequence[Past]) -> int:
    """How many sessions in a row ended on the page where the next call would begin."""
    return sum(past.session for past in _on_page(attempts))


def _on_page(attempts: Sequence[Past]) -> list[Past]:
    """The last attempts in a row that ended on the page where the next call would begin."""
    page = attempts[-1].first_page + attempts[-1].pages_confirmed
    return list(takewhile(lambda past: past.first_page + past.pages_confirmed == page, reversed(attempts)))


def _by_day(history: History, due: datetime) -> datetime | None:
    """The time of the next call, by day where people would be disturbed: where one answered, or may be asleep."""
    night = history.policy.night
    if not night.holds(due, history.zones):
        return due
    return night.day_from(due, history.zones) if _keeps_from_night(history) else due


def _keeps_from_night(history: History) -> bool:
    if any(past.outcome is Outcome.VOICE_ANSWER for past in history.attempts):
        return True
    if history.reached_before or history.attempts[-1].outcome is not Outcome.NO_ANSWER:
        return False
    return _calls_again_at_night(history) >= history.policy.night_calls_again


def _calls_again_at_night(history: History) -> int:
    """How often a call that nobody answered was made again at night."""
    night = history.policy.night
    again = [after.started for before, after in pairwise(history.attempts) if before.outcome is Outcome.NO_ANSWER]
    return sum(1 for started in again if started is not None and night.holds(started, history.zones))


def _with_ecm(history: History) -> bool:
    """The last try that is left after an ECM failure goes without ECM, whatever makes it the last."""
    failures = sum(past.outcome is Outcome.ECM_RETRANSMIT for past in history.attempts)
    policy, attempts = history.policy, history.attempts
    is_last = (
        failures >= len(policy.delays[Walk.ECM])
        or _tries_on_page(attempts) >= policy.caps.tries_per_page - 1
        or len(attempts) >= policy.caps.dials - 1
    )
    return not (failures and is_last)


def _slower(attempts: Sequence[Past]) -> int:
    """Steps down the ladder of rates that earlier failures taught; they hold for the rest of the job.

    Each step goes one below the rate that failed, which the line may have brought far below what was allowed. A
    transmission that broke off is a matter of the rate only when it is the second. Where no rate was left that the far
    end has, all are allowed again.
    """
    steps = broken = 0
    for past in attempts:
        if _is_incompatible(past):
            steps = 0
            continue
        broken += past.outcome is Outcome.TRANSMISSION_FAILED
        too_fast = past.outcome in (Outcome.ECM_RETRANSMIT, Outcome.NEGOTIATION_FAILED)
        if too_fast or (past.outcome is Outcome.TRANSMISSION_FAILED and broken > 1):
            steps = max(steps, RATES.index(past.rate) if past.rate in RATES else 0) + 1
    return min(steps, len(RATES) - 1)
