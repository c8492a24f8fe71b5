"""How an attempt ended, as people are told: the outcomes of the administrator guide, and the table that finds them.

What lives here: outcomes, the mapping from a call report to an outcome, the status words of lists. What does not: what
is done next (`retry`) and the wording of notices (`gateway.mail.messages`).
"""

from dataclasses import dataclass
from enum import StrEnum

from gateway.domain.call import CallReport, Cause, Phase


class Outcome(StrEnum):
    """The public names, spelled as in the administrator guide, with `Unconfirmed` and success added."""

    SUCCESS = "Success"
    BUSY = "Busy"
    ECM_RETRANSMIT = "Exceeded ECM Retransmit"
    FAST_BUSY = "Fast Busy"
    GENERAL_ERROR = "General Error"
    INVALID_ATTACHMENT = "Invalid Attachment"
    INVALID_NUMBER = "Invalid Fax Number"
    CANCELLED = "Job Cancelled"
    NEGOTIATION_FAILED = "Negotiation Failed"
    NO_ANSWER = "No Answer"
    NO_ATTACHMENT = "No Attachment"
    NOT_A_FAX = "Not a Fax Machine"
    SIT_TONE = "Sit-Tone / Operator Msg"
    TRANSMISSION_FAILED = "Transmission Failed"
    UNAUTHORIZED = "Unauthorized Sending Address"
    VOICE_ANSWER = "Voice Answer"
    UNCONFIRMED = "Unconfirmed"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a call report comes to.

    `detail` is the sub-type (a cause's value) kept beside the public outcome; `session` is true when T.30 was begun,
    so that the attempt counts as a try and not only as a dial.
    """

    outcome: Outcome
    detail: str
    session: bool


# One row per cause; a cause that is missing here fails the table's test.
OUTCOME_OF: dict[Cause, Outcome] = {
    Cause.DONE: Outcome.SUCCESS,
    Cause.BUSY: Outcome.BUSY,
    Cause.REORDER: Outcome.FAST_BUSY,
    Cause.NO_ANSWER: Outcome.NO_ANSWER,
    Cause.SIT_NO_CIRCUIT: Outcome.SIT_TONE,
    Cause.SIT_REORDER: Outcome.SIT_TONE,
    Cause.SIT_INTERCEPT: Outcome.SIT_TONE,
    Cause.SIT_VACANT: Outcome.SIT_TONE,
    Cause.ANNOUNCEMENT: Outcome.SIT_TONE,
    Cause.UNALLOCATED: Outcome.INVALID_NUMBER,
    Cause.VOICE: Outcome.VOICE_ANSWER,
    Cause.DATA_MODEM: Outcome.NOT_A_FAX,
    Cause.NO_FAX_TONE: Outcome.NOT_A_FAX,
    Cause.CANNOT_RECEIVE: Outcome.NOT_A_FAX,
    Cause.INCOMPATIBLE: Outcome.NEGOTIATION_FAILED,
    Cause.NOTHING_TO_POLL: Outcome.NEGOTIATION_FAILED,
    Cause.PASSWORD_REFUSED: Outcome.NEGOTIATION_FAILED,
    Cause.NO_ANSWER_TO_DTC: Outcome.NEGOTIATION_FAILED,
    Cause.DISCONNECTED_AFTER_DTC: Outcome.NEGOTIATION_FAILED,
    Cause.NO_ANSWER_TO_DCS: Outcome.NEGOTIATION_FAILED,
    Cause.DISCONNECTED_BEFORE_DCS: Outcome.NEGOTIATION_FAILED,
    Cause.DISCONNECTED_AFTER_DCS: Outcome.NEGOTIATION_FAILED,
    Cause.CANNOT_TRAIN: Outcome.NEGOTIATION_FAILED,
    Cause.ECM_EXHAUSTED: Outcome.ECM_RETRANSMIT,
    Cause.LINE_DROPPED: Outcome.TRANSMISSION_FAILED,
    Cause.NO_ANSWER_AFTER_PAGE: Outcome.TRANSMISSION_FAILED,
    Cause.DISCONNECTED_AFTER_PAGE: Outcome.TRANSMISSION_FAILED,
    Cause.PAGE_REFUSED: Outcome.TRANSMISSION_FAILED,
    Cause.PROTOCOL: Outcome.GENERAL_ERROR,
    Cause.CANCELLED: Outcome.CANCELLED,
    Cause.LOCAL_ERROR: Outcome.GENERAL_ERROR,
}

NO_SESSION = frozenset(
    {Cause.VOICE, Cause.DATA_MODEM, Cause.NO_FAX_TONE, Cause.LOCAL_ERROR},
)


def classify(report: CallReport, pages_asked: int) -> Verdict:
    """Name the outcome of a call that was to send `pages_asked` pages.

    Success needs every page confirmed: a report that says done with pages missing is a General Error.
    """
    session = report.phase is not Phase.CALL_SETUP and report.cause not in NO_SESSION
    if report.pages_confirmed >= pages_asked:
        return Verdict(Outcome.SUCCESS, report.cause.value, session)
    if report.last_page_in_doubt and report.pages_confirmed == pages_asked - 1:
        return Verdict(Outcome.UNCONFIRMED, report.cause.value, session)
    if report.cause is Cause.DONE:
        return Verdict(Outcome.GENERAL_ERROR, "pages-missing", session)
    outcome = OUTCOME_OF[report.cause]
    if outcome is Outcome.NEGOTIATION_FAILED and report.pages_confirmed:
        outcome = Outcome.TRANSMISSION_FAILED
    return Verdict(outcome, report.cause.value, session)
