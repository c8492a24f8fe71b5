"""The figures of the retry policy, and which of its sequences an ending walks.

What lives here: sequences of delays, caps, the night, the profile's steps; all of them are settings (`retry_settings`).
What does not: the decision itself (`retry`).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from types import MappingProxyType

from gateway.domain.call import Cause
from gateway.domain.night import Night
from gateway.domain.outcome import Outcome

RATES = (14400, 12000, 9600, 7200, 4800, 2400)  # bit/s; `slower` counts steps down this ladder

Delays = tuple[timedelta, ...]


class Walk(StrEnum):
    """A sequence of delays; each is walked for itself, whatever else happens to the job between its steps."""

    BUSY = "busy"
    ECM = "ecm_retransmit"
    FAST_BUSY = "fast_busy"
    GENERAL = "general_error"
    NEGOTIATION = "negotiation_failed"
    NO_ANSWER = "no_answer"
    NOT_A_FAX = "not_a_fax"
    ANNOUNCEMENT = "announcement"
    TRANSMISSION = "transmission_failed"
    VOICE = "voice_answer"


class Unconfirmed(StrEnum):
    """What is done with a fax whose last page is in doubt: it is left to a person, or sent again in part or whole."""

    HOLD = "hold"
    RESEND_LAST = "resend-last"
    RESEND_ALL = "resend-all"


class Continuation(StrEnum):
    """How a call that goes on where another broke off says so: in its first page's header line, or on a page before."""

    MARK = "mark"
    COVER = "cover"


# An outcome without a walk is final. Unconfirmed is too, unless `Policy.unconfirmed` has it sent again.
WALK_OF: Mapping[Outcome, Walk | None] = MappingProxyType(
    {
        Outcome.BUSY: Walk.BUSY,
        Outcome.ECM_RETRANSMIT: Walk.ECM,
        Outcome.FAST_BUSY: Walk.FAST_BUSY,
        Outcome.GENERAL_ERROR: Walk.GENERAL,
        Outcome.NEGOTIATION_FAILED: Walk.NEGOTIATION,
        Outcome.NO_ANSWER: Walk.NO_ANSWER,
        Outcome.NOT_A_FAX: Walk.NOT_A_FAX,
        Outcome.SIT_TONE: Walk.ANNOUNCEMENT,
        Outcome.TRANSMISSION_FAILED: Walk.TRANSMISSION,
        Outcome.VOICE_ANSWER: Walk.VOICE,
        Outcome.INVALID_ATTACHMENT: None,
        Outcome.INVALID_NUMBER: None,
        Outcome.CANCELLED: None,
        Outcome.NO_ATTACHMENT: None,
        Outcome.UNAUTHORIZED: None,
        Outcome.UNCONFIRMED: None,
        Outcome.SUCCESS: None,
    }
)
# Where the sub-type says more than the outcome. Tones of a full network are a fast busy by another sound. Pages are
# fitted to what the far end offers within the call (`gateway.fax.t4.fit`), so ends that cannot agree never will.
WALK_OF_DETAIL: Mapping[tuple[Outcome, str], Walk | None] = MappingProxyType(
    {
        (Outcome.SIT_TONE, Cause.SIT_NO_CIRCUIT.value): Walk.FAST_BUSY,
        (Outcome.SIT_TONE, Cause.SIT_REORDER.value): Walk.FAST_BUSY,
        (Outcome.SIT_TONE, Cause.SIT_INTERCEPT.value): None,  # says that a number has changed, too
        (Outcome.SIT_TONE, Cause.SIT_VACANT.value): None,
        (Outcome.NEGOTIATION_FAILED, Cause.INCOMPATIBLE.value): None,
        (Outcome.NEGOTIATION_FAILED, Cause.NOTHING_TO_POLL.value): None,
        (Outcome.NEGOTIATION_FAILED, Cause.PASSWORD_REFUSED.value): None,
    }
)


def walk_of(outcome: Outcome, detail: str = "") -> Walk | None:
    """The sequence that an ending walks; None when it is final."""
    return WALK_OF_DETAIL.get((outcome, detail), WALK_OF[outcome])


def minutes(*values: float) -> Delays:
    """A sequence of delays."""
    return tuple(timedelta(minutes=value) for value in values)


DELAYS: Mapping[Walk, Delays] = MappingProxyType(
    {
        Walk.BUSY: minutes(3, 5, 10, 20, 40),
        Walk.ECM: minutes(1, 2, 5),
        Walk.FAST_BUSY: minutes(2, 5, 15, 30),
        Walk.GENERAL: minutes(5, 15),
        Walk.NEGOTIATION: minutes(1, 2, 5),
        Walk.NO_ANSWER: minutes(5, 15, 60),
        Walk.NOT_A_FAX: minutes(5, 30),
        Walk.ANNOUNCEMENT: minutes(15),
        Walk.TRANSMISSION: minutes(1, 2, 5),
        Walk.VOICE: minutes(30),
    }
)
# At a number that never took a fax, most likely somebody's telephone.
STRANGERS: Mapping[Walk, Delays] = MappingProxyType({Walk.NOT_A_FAX: minutes(5), Walk.VOICE: ()})


@dataclass(frozen=True, slots=True)
class Caps:
    """The limits over all outcomes of one job: calls placed, fax sessions begun for one page, and time."""

    dials: int = 12
    tries_per_page: int = 3
    lifetime: timedelta = timedelta(hours=3)


@dataclass(frozen=True, slots=True)
class Policy:
    """What holds for one user.

    `jitter` is the share by which each delay is spread both ways. A call that nobody answered at a number never
    reached is made again so often at night: `night_calls_again`. After `fast_busy_alarm` fast busies in a row on one
    trunk its operator is told. `patience` is how long a second call waits for a fax machine's tone where the first
    heard none.
    """

    caps: Caps = field(default_factory=Caps)
    delays: Mapping[Walk, Delays] = field(default_factory=lambda: DELAYS)
    strangers: Mapping[Walk, Delays] = field(default_factory=lambda: STRANGERS)
    jitter: float = 0.25
    night: Night = field(default_factory=Night)
    night_calls_again: int = 1
    fast_busy_alarm: int = 2
    patience: timedelta = timedelta(seconds=60)
    unconfirmed: Unconfirmed = Unconfirmed.HOLD

    def delays_for(self, outcome: Outcome, detail: str, reached_before: bool) -> Delays:
        """The delay sequence of an ending; a number never reached by fax is not rung again and again."""
        if outcome is Outcome.UNCONFIRMED and self.unconfirmed is not Unconfirmed.HOLD:
            return self.delays[Walk.TRANSMISSION]
        walk = walk_of(outcome, detail)
        if walk is None:
            return ()
        return self.delays[walk] if reached_before else self.strangers.get(walk, self.delays[walk])
