"""The facts of one finished telephone call, as any transport reports them.

What lives here: the call report and the causes a call can end with. What does not: what they mean for a job
(`outcome`), and how a call is made (`gateway.fax`).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any


class Phase(StrEnum):
    """The T.30 phase a call was in when it ended (T.30 clause 3)."""

    CALL_SETUP = "A"
    PRE_MESSAGE = "B"
    MESSAGE = "C"
    POST_MESSAGE = "D"
    RELEASE = "E"


class Cause(StrEnum):
    """Why a call ended: the network's causes first, then T.30's, then our own."""

    BUSY = "busy"
    REORDER = "reorder"
    NO_ANSWER = "no-answer"
    SIT_NO_CIRCUIT = "sit-no-circuit"
    SIT_REORDER = "sit-reorder"
    SIT_INTERCEPT = "sit-intercept"
    SIT_VACANT = "sit-vacant"
    ANNOUNCEMENT = "announcement"
    UNALLOCATED = "unallocated-number"
    VOICE = "voice"
    DATA_MODEM = "data-modem"
    NO_FAX_TONE = "no-fax-tone"  # T1 ran out without a valid frame
    CANNOT_RECEIVE = "far-end-cannot-receive"  # DIS without bit 10
    INCOMPATIBLE = "incompatible"  # no common width, resolution, length or coding
    NOTHING_TO_POLL = "nothing-to-poll"
    PASSWORD_REFUSED = "password-refused"
    NO_ANSWER_TO_DTC = "no-answer-to-dtc"
    DISCONNECTED_AFTER_DTC = "disconnected-after-dtc"
    NO_ANSWER_TO_DCS = "no-answer-to-dcs"
    DISCONNECTED_BEFORE_DCS = "disconnected-before-dcs"  # DCN where DIS was due
    DISCONNECTED_AFTER_DCS = "disconnected-after-dcs"
    CANNOT_TRAIN = "cannot-train"
    ECM_EXHAUSTED = "ecm-exhausted"
    LINE_DROPPED = "line-dropped"
    NO_ANSWER_AFTER_PAGE = "no-answer-after-page"
    DISCONNECTED_AFTER_PAGE = "disconnected-after-page"
    PAGE_REFUSED = "page-refused"  # RTN at every try
    PROTOCOL = "protocol-error"
    CANCELLED = "cancelled"
    LOCAL_ERROR = "local-error"
    DONE = "done"


class Coding(StrEnum):
    """How a page is coded on the line (T.4 4.1, T.4 4.2, T.6)."""

    MH = "MH"
    MR = "MR"
    MMR = "MMR"


@dataclass(frozen=True, slots=True)
class Signal:
    """One line of a call's trace: milliseconds since the call was answered, who spoke, and what."""

    at_ms: int
    sender: str  # "us" or "far end"
    text: str


@dataclass(frozen=True, slots=True)
class CallReport:
    """What a transport says of a call that is over.

    `pages_confirmed` counts our pages that the far end confirmed in this call, from the call's first page; of an end
    that sent none, the pages that it confirmed itself, which `pages_received` counts in every call.
    `last_page_in_doubt` is true when the final page was sent whole and no answer to it was understood.
    """

    call_uid: str
    started: datetime
    ended: datetime
    cause: Cause
    phase: Phase
    pages_confirmed: int = 0
    pages_received: int = 0
    connected: datetime | None = None
    last_page_in_doubt: bool = False
    remote_id: str = ""
    remote_sub_address: str = ""
    remote_capabilities: str = ""
    rate: int | None = None  # bit/s of the last message sent
    rate_steps: tuple[int, ...] = ()  # every rate trained at, in order, bit/s
    ecm: bool | None = None
    coding: Coding | None = None
    ecm_blocks: int = 0
    ecm_frames: int = 0
    ecm_requests: int = 0  # PPR
    frames_resent: int = 0
    bad_rows: int = 0
    phase_durations: dict[Phase, timedelta] = field(default_factory=dict)
    trace: tuple[Signal, ...] = ()

    @property
    def duration(self) -> timedelta:
        """From dialling to hanging up."""
        return self.ended - self.started

    def facts(self) -> dict[str, object]:
        """The report as JSON knows it; durations in seconds, times in ISO 8601."""
        return {
            "call_uid": self.call_uid,
            "started": self.started.isoformat(),
            "connected": self.connected.isoformat() if self.connected else None,
            "ended": self.ended.isoformat(),
            "cause": self.cause.value,
            "phase": self.phase.value,
            "pages_confirmed": self.pages_confirmed,
            "pages_received": self.pages_received,
            "last_page_in_doubt": self.last_page_in_doubt,
            "remote_id": self.remote_id,
            "remote_sub_address": self.remote_sub_address,
            "remote_capabilities": self.remote_capabilities,
            "rate": self.rate,
            "rate_steps": list(self.rate_steps),
            "ecm": self.ecm,
            "coding": self.coding.value if self.coding else None,
            "ecm_blocks": self.ecm_blocks,
            "ecm_frames": self.ecm_frames,
            "ecm_requests": self.ecm_requests,
            "frames_resent": self.frames_resent,
            "bad_rows": self.bad_rows,
            "phase_seconds": {phase.value: wait.total_seconds() for phase, wait in self.phase_durations.items()},
            "trace": [[signal.at_ms, signal.sender, signal.text] for signal in self.trace],
        }


def report_of(facts: Mapping[str, Any]) -> CallReport:
    """The report whose `facts` these are.

    Raises:
        KeyError, ValueError: they are no report's.
    """
    plain = {name: facts[name] for name in _PLAIN}
    return CallReport(
        **plain,
        started=datetime.fromisoformat(facts["started"]),
        ended=datetime.fromisoformat(facts["ended"]),
        connected=datetime.fromisoformat(facts["connected"]) if facts["connected"] else None,
        cause=Cause(facts["cause"]),
        phase=Phase(facts["phase"]),
        rate_steps=tuple(facts["rate_steps"]),
        coding=Coding(facts["coding"]) if facts["coding"] else None,
        phase_durations={Phase(name): timedelta(seconds=wait) for name, wait in facts["phase_seconds"].items()},
        trace=tuple(Signal(*line) for line in facts["trace"]),
    )


_PLAIN = (
    *("call_uid", "pages_confirmed", "pages_received", "last_page_in_doubt", "remote_id", "remote_sub_address"),
    *("remote_capabilities", "rate", "ecm", "ecm_blocks", "ecm_frames", "ecm_requests", "frames_resent", "bad_rows"),
)
