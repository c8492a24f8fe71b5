"""What machines are told of each outcome: an enhanced status code (RFC 3463).

What lives here: one table of codes by outcome, one by its detail, one by what is wrong with a part. What does not:
words for people (`wording`), the report that they stand in (`notice_mail`).
"""

from collections.abc import Sequence
from types import MappingProxyType

from gateway.domain.blocks import NUMBER_BLOCKED
from gateway.domain.call import Cause
from gateway.domain.outcome import Outcome
from gateway.mail.notice_facts import FailedPart, Problem
from gateway.mail.wording import EXPIRED, WISH

STATUS = MappingProxyType(
    {
        Outcome.SUCCESS: "2.0.0",
        Outcome.BUSY: "5.4.1",
        Outcome.ECM_RETRANSMIT: "5.4.2",
        Outcome.FAST_BUSY: "5.4.1",
        Outcome.GENERAL_ERROR: "5.3.0",
        Outcome.INVALID_ATTACHMENT: "5.6.1",
        Outcome.INVALID_NUMBER: "5.1.1",
        Outcome.CANCELLED: "5.0.0",
        Outcome.NEGOTIATION_FAILED: "5.4.2",
        Outcome.NO_ANSWER: "5.4.1",
        Outcome.NO_ATTACHMENT: "5.6.0",
        Outcome.NOT_A_FAX: "5.1.0",
        Outcome.SIT_TONE: "5.1.0",
        Outcome.TRANSMISSION_FAILED: "5.4.2",
        Outcome.UNAUTHORIZED: "5.7.1",
        Outcome.VOICE_ANSWER: "5.1.0",
        Outcome.UNCONFIRMED: "5.4.2",
    }
)
DETAIL_STATUS = MappingProxyType(
    {
        (Outcome.CANCELLED, EXPIRED): "5.4.7",
        (Outcome.CANCELLED, NUMBER_BLOCKED): "5.7.1",
        (Outcome.GENERAL_ERROR, WISH): "5.5.4",
        (Outcome.SIT_TONE, Cause.SIT_NO_CIRCUIT.value): "5.4.1",
        (Outcome.SIT_TONE, Cause.SIT_REORDER.value): "5.4.1",
        (Outcome.SIT_TONE, Cause.SIT_VACANT.value): "5.1.1",
        (Outcome.SIT_TONE, Cause.SIT_INTERCEPT.value): "5.1.6",
        (Outcome.NEGOTIATION_FAILED, Cause.INCOMPATIBLE.value): "5.6.1",
    }
)
# Of parts that cannot be faxed: too large, or a conversion that failed; else of a kind that is not taken.
PROBLEM_STATUS = MappingProxyType(
    {
        Problem.TOO_LARGE: "5.3.4",
        Problem.TOO_MANY_PAGES: "5.3.4",
        Problem.CORRUPT: "5.6.5",
        Problem.TOO_LONG: "5.6.5",
        Problem.TOOL_MISSING: "5.6.5",
    }
)


def status_for(outcome: Outcome, detail: str = "") -> str:
    """The enhanced status code of a report on that outcome (RFC 3463)."""
    return DETAIL_STATUS.get((outcome, detail), STATUS[outcome])


def status_of_mail(outcome: Outcome, detail: str, failed: Sequence[FailedPart]) -> str:
    """As `status_for`, of a mail that cannot be faxed: by what is wrong with the first part that is to blame."""
    status = PROBLEM_STATUS.get(failed[0].problem) if failed else None
    return status or status_for(outcome, detail)
