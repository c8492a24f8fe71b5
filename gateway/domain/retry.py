"""What to do after an attempt: try again, when, and with what changed; or stop.

What lives here: the policy table and the pure decision over a job's history. What does not: who carries it out
(`gateway.flows.transmit`). Sequences are walked independently: a no-answer after two busies starts at the first
no-answer delay.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import MappingProxyType

from gateway.domain.call import Cause
from gateway.domain.outcome import Outcome

JITTER = 0.25  # each delay is spread by this share, both ways


@dataclass(frozen=True, slots=True)
class Caps:
    """The limits over all outcomes of one job."""

    dials: int = 12
    tries_per_page: int = 3
    lifetime: timedelta = timedelta(hours=3)


@dataclass(frozen=True, slots=True)
class Past:
    """One earlier attempt, as the decision needs it."""

    outcome: Outcome
    detail: str
    session: bool
    first_page: int
    pages_confirmed: int


@dataclass(frozen=True, slots=True)
class Retry:
    """Try again after `delay`; `ecm` and `slower` change the profile of the next call."""

    delay: timedelta
    ecm: bool = True
    slower: int = 0


@dataclass(frozen=True, slots=True)
class Stop:
    """No further attempt; `reason` is kept with the job."""

    reason: str


def _minutes(*values: float) -> tuple[timedelta, ...]:
    return tuple(timedelta(minutes=value) for value in values)


FINAL: tuple[timedelta, ...] = ()
DELAYS = MappingProxyType(
    {
        Outcome.BUSY: _minutes(3, 5, 10, 20, 40),
        Outcome.ECM_RETRANSMIT: _minutes(1, 2, 5),
        Outcome.FAST_BUSY: _minutes(2, 5, 15, 30),
        Outcome.GENERAL_ERROR: _minutes(5, 15),
        Outcome.NEGOTIATION_FAILED: _minutes(1, 2, 5),
        Outcome.NO_ANSWER: _minutes(5, 15, 60),
        Outcome.NOT_A_FAX: _minutes(5, 30),
        Outcome.TRANSMISSION_FAILED: _minutes(1, 2, 5),
        Outcome.VOICE_ANSWER: _minutes(30),
        Outcome.INVALID_ATTACHMENT: FINAL,
        Outcome.INVALID_NUMBER: FINAL,
        Outcome.CANCELLED: FINAL,
        Outcome.NO_ATTACHMENT: FINAL,
        Outcome.UNAUTHORIZED: FINAL,
        Outcome.UNCONFIRMED: FINAL,  # held for a person: never silently sent again
        Outcome.SUCCESS: FINAL,
    }
)
# Operator messages differ by what the three tones say.
SIT_DELAYS = MappingProxyType(
    {
        Cause.SIT_NO_CIRCUIT.value: DELAYS[Outcome.FAST_BUSY],
        Cause.SIT_REORDER.value: DELAYS[Outcome.FAST_BUSY],
        Cause.ANNOUNCEMENT.value: _minutes(15),
        Cause.SIT_INTERCEPT.value: FINAL,
        Cause.SIT_VACANT.value: FINAL,
    }
)


@dataclass(frozen=True, slots=True)
class History:
    """What the decision may look at: this job's attempts, oldest first, its end, and what is known of the number."""

    attempts: Sequence[Past]
    expires: datetime
    reached_before: bool = False
    caps: Caps = field(default_factory=Caps)


def delays_for(outcome: Outcome, detail: str, reached_before: bool) -> tuple[timedelta, ...]:
    """The delay sequence of an outcome; a number never reached by fax is not rung again and again."""
    if outcome is Outcome.SIT_TONE:
        return SIT_DELAYS.get(detail, FINAL)
    delays = DELAYS[outcome]
    if outcome is Outcome.NEGOTIATION_FAILED and detail == Cause.INCOMPATIBLE.value:
        return FINAL  # the same pages would meet the same capabilities
    if outcome is Outcome.NOT_A_FAX and not reached_before:
        return delays[:1]
    if outcome is Outcome.VOICE_ANSWER and not reached_before:
        return FINAL
    return delays


def decide_retry(history: History, now: datetime, chance: float) -> Retry | Stop:
    """What follows the last attempt of `history`.

    Args:
        history: at least one attempt.
        now: the present, aware.
        chance: a number from 0 to 1 that spreads the delay by 25 % both ways.
    """
    last = history.attempts[-1]
    delays = delays_for(last.outcome, last.detail, history.reached_before)
    same = sum(1 for past in history.attempts if _walks_with(past, last))
    if same > len(delays):
        return Stop("no retry after this outcome" if not delays else "retries used up")
    if len(history.attempts) >= history.caps.dials:
        return Stop("dials used up")
    if _tries_on_page(history.attempts) >= history.caps.tries_per_page:
        return Stop("tries on this page used up")
    delay = delays[same - 1] * (1 - JITTER + 2 * JITTER * chance)
    if now + delay > history.expires:
        return Stop("the job's lifetime ends before the next attempt")
    return _profile(history, delay)


def _walks_with(past: Past, last: Past) -> bool:
    same_sequence = past.outcome is not Outcome.SIT_TONE or past.detail == last.detail
    return past.outcome is last.outcome and same_sequence


def _tries_on_page(attempts: Sequence[Past]) -> int:
    """How many sessions in a row ended on the page where the next call would begin."""
    page = attempts[-1].first_page + attempts[-1].pages_confirmed
    tries = 0
    for past in reversed(attempts):
        if past.first_page + past.pages_confirmed != page:
            break
        tries += past.session
    return tries


def _profile(history: History, delay: timedelta) -> Retry:
    """What earlier failures taught of this line holds for the rest of the job, whatever came last.

    The last try that an ECM failure is given goes without ECM; the cap on tries per page may come first.
    """
    times = Counter(past.outcome for past in history.attempts)
    exhausted, refused = times[Outcome.ECM_RETRANSMIT], times[Outcome.NEGOTIATION_FAILED]
    slower = max(exhausted, refused, times[Outcome.TRANSMISSION_FAILED] - 1, 0)
    last_try = min(len(DELAYS[Outcome.ECM_RETRANSMIT]), max(1, history.caps.tries_per_page - 1))
    return Retry(delay, ecm=exhausted < last_try, slower=slower)
