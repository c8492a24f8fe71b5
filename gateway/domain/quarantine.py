"""Numbers that the network says are gone: after some faxes have met with that, new ones are refused.

What lives here: which endings speak of the number itself, counting them, the refusal. What does not: rows
(`gateway.store.quarantine`).
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from gateway.domain.call import Cause
from gateway.domain.errors import RefusedError
from gateway.domain.outcome import Outcome

_GONE = frozenset({Cause.SIT_INTERCEPT.value, Cause.SIT_VACANT.value})


@dataclass(frozen=True, slots=True)
class QuarantineRule:
    """After so many final endings that speak of the number, it is refused for so long; with 0, never."""

    after: int = 2
    lasts: timedelta = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Standing:
    """How a number stands: so many finals since it last took a fax, and until when it is refused, None for not."""

    number: str
    finals: int
    last: datetime
    outcome: Outcome
    detail: str
    until: datetime | None = None

    def holds(self, now: datetime) -> bool:
        """Whether faxes to the number are refused."""
        return self.until is not None and now < self.until


def speaks_of_number(outcome: Outcome, detail: str) -> bool:
    """Whether the network has said that the number is gone: changed, vacant, or never given to anybody."""
    return outcome is Outcome.INVALID_NUMBER or (outcome is Outcome.SIT_TONE and detail in _GONE)


def after_final(before: Standing | None, met: Standing, rule: QuarantineRule) -> Standing:
    """The standing after one more final; what lies further back than a quarantine lasts is forgotten.

    Args:
        before: how the number stood, None when nothing was known.
        met: the number, when, and what was met; its other fields are ignored.
        rule: of the user whose fax it was.
    """
    counts = before is not None and met.last < before.last + rule.lasts
    finals = 1 + (before.finals if before is not None and counts else 0)
    until = met.last + rule.lasts if 0 < rule.after <= finals else None
    if before is not None and before.until is not None and before.until > met.last:
        until = max(before.until, until or before.until)  # another user's rule does not shorten it
    return Standing(met.number, finals, met.last, met.outcome, met.detail, until)


def refuse_quarantined(standing: Standing | None, now: datetime) -> None:
    """Return when faxes to the number are taken.

    Raises:
        RefusedError: 5.7.1, it is in quarantine; says until when and what to do.
    """
    if standing is None or standing.until is None or not standing.holds(now):
        return
    raise RefusedError(
        f"{standing.number} is in quarantine until {standing.until:%Y-%m-%d}: the network said {standing.finals} times "
        f"that it is not in service ({standing.outcome.value}). Check the number with the recipient; if it is right, "
        f"an administrator lifts this by: faxgw quarantine release {standing.number}"
    )
