"""The states and events of a call, and how long each state waits.

What lives here: names, the phase of each state, its timer. What does not: the moves between states (`table`). States
are named after the flow charts of T.30 clause 5.2 and Annex A.
"""

from dataclasses import dataclass
from enum import StrEnum

from gateway.domain.call import Phase


class State(StrEnum):
    """Where a call stands, for the caller first, then for the answerer."""

    DIALLED = "A dialled"
    ANSWERED = "A answered"
    SPEECH = "A speech"
    IDENTIFY = "T"
    TRAIN = "D_POST"
    PAGE = "I"
    PAGE_ANSWER = "II_Q"
    BLOCK = "IV"
    BLOCK_ANSWER = "IV_Q"
    NOT_READY = "IV_RNR"
    SLOWER = "IV_CTC"
    GIVE_UP = "IV_EOR"
    INTERRUPTED = "II_T3"
    POLL = "D_DTC"
    CALLED = "A called"
    COMMAND = "R"
    TRAINED = "F_TCF"
    MESSAGE = "F_DOC"
    AFTER_MESSAGE = "F_POST"
    AFTER_DOCUMENT = "F_EOM"
    AFTER_LAST = "F_EOP"
    OPERATOR = "F_T3"
    RELEASE = "E"
    END = "over"


class Event(StrEnum):
    """What can happen in a call. Frames that mean different things by what was counted have a name for each."""

    BEGIN = "begin"
    RINGING = "ringing"
    ANSWERED = "answered"
    BUSY = "busy"
    REORDER = "reorder"
    SIT_NO_CIRCUIT = "SIT no circuit"
    SIT_REORDER = "SIT reorder"
    SIT_INTERCEPT = "SIT intercept"
    SIT_VACANT = "SIT vacant"
    ANNOUNCEMENT = "announcement"
    UNALLOCATED = "unallocated"
    SPEECH = "speech"
    DATA_MODEM = "data modem"
    HANG_UP = "hang-up"
    CANCEL = "cancel"
    TONE = "tone"
    FLAGS = "flags"
    SENT = "sent"
    TIMEOUT = "time is up"
    LAST_TIMEOUT = "time is up, third try"
    TIMEOUT_AFTER_PAGE = "time is up, a page was sent"
    DIS = "DIS"
    CANNOT_RECEIVE = "DIS without receive bit"
    NOTHING_COMMON = "nothing in common"
    DIS_DOCUMENT = "DIS, our turn to poll"
    DIS_NO_DOCUMENT = "DIS, nothing to poll"
    DCS = "DCS"
    DTC = "DTC"
    DTC_REFUSED = "DTC, wrong password"
    DTC_NO_DOCUMENT = "DTC, nothing to poll"
    CFR = "CFR"
    CFR_ECM = "CFR, ECM"
    FTT = "FTT"
    FTT_SLOWEST = "FTT at the lowest rate"
    MCF_BLOCK = "MCF, more blocks"
    MCF_PAGE = "MCF, more pages"
    MCF_DOCUMENT = "MCF, page of another shape"
    MCF_LAST = "MCF, last page"
    RTP_PAGE = "RTP, more pages"
    RTP_DOCUMENT = "RTP, page of another shape"
    RTP_LAST = "RTP, last page"
    PIP_DOCUMENT = "PIP"
    PIP_LAST = "PIP, last page"
    PIN = "PIN"
    PIN_THIRD = "PIN, third time"
    RTN = "RTN"
    RTN_DOCUMENT = "RTN, page of another shape next"
    RTN_THIRD = "RTN, third time"
    PPR = "PPR"
    PPR_FOURTH = "PPR, fourth time"
    PPR_SLOWEST = "PPR, fourth time at the lowest rate"
    RNR = "RNR"
    RNR_TOO_LONG = "RNR, T5 is up"
    CTR = "CTR"
    ERR = "ERR"
    CRP = "CRP"
    DCN = "DCN"
    TRAINING = "training"
    TCF_GOOD = "TCF good"
    TCF_BAD = "TCF bad"
    TCF_REFUSED = "TCF, wrong password before"
    TCF_BEYOND = "TCF for a coding not offered"
    ROW_TOO_LONG = "no EOL for 5 s"
    ENDLESS = "asked for ever"
    CARRIER_END = "carrier ends"
    MPS = "MPS"
    EOM = "EOM"
    EOP = "EOP"
    EOP_REFUSED = "EOP, page refused"
    PPS_INCOMPLETE = "PPS, frames missing"
    PPS_NULL = "PPS-NULL"
    PPS_MPS = "PPS-MPS"
    PPS_EOM = "PPS-EOM"
    PPS_EOP = "PPS-EOP"
    PPS_REFUSED = "PPS-EOP, page refused"
    REPEATED = "command repeated"
    CTC = "CTC"
    EOR = "EOR"
    EOR_DOCUMENT = "EOR-EOM"
    PAGE_FOR_OPERATOR = "page over, operator wanted"
    RR = "RR"
    UNREADABLE = "frame with an unreadable field"


SPEECH_MS = 7_000  # speech that goes on this long is a person or a recording
FRAME_MS = 3_000  # flags to the end of a frame (T.30 5.4.2)
PATIENCE_MS = 15_000  # signals without a meaning put a timer off no longer than this
CNG_EVERY_MS = 3_500  # 0.5 s on, 3 s off
TRIES = 3  # of one command (T.30 5.4.1)
MOST_ANSWERS = 64  # to who brings nothing new: four PPR and a CTR at each rate are 40, and some are lost


@dataclass(frozen=True, slots=True)
class Timers:
    """The timers of T.30 clause 5.4.3 in ms. `ISDN` has those of Annex C in their place."""

    t0: int = 60_000  # dialling to answer
    t1: int = 35_000  # answer to first frame
    t2: int = 6_700  # waiting for a command: 6 s within one, and callers do wait 6 s before they repeat
    t3: int = 10_000  # waiting for an operator
    t4: int = 3_000  # waiting for a response
    t5: int = 60_000  # RNR to anything else
    speech: int = SPEECH_MS

    def milliseconds(self, timer: "Timer") -> int:
        """How long a timer runs."""
        return int(getattr(self, timer.name.lower()))


STANDARD = Timers()
ISDN = Timers(t1=5_000, t2=6_000, t5=10_000)  # T6, T7 and T8 (T.30 Annex C)


class Timer(StrEnum):
    """The timer that a state waits on once everything is sent. T5 runs over many states: the sender counts it."""

    T0 = "T0"
    T1 = "T1"
    T2 = "T2"
    T3 = "T3"
    T4 = "T4"
    SPEECH = "speech"


WAITS: dict[State, Timer] = {
    State.DIALLED: Timer.T0,
    State.ANSWERED: Timer.T1,
    State.SPEECH: Timer.SPEECH,
    State.IDENTIFY: Timer.T1,
    State.POLL: Timer.T4,
    State.TRAIN: Timer.T4,
    State.PAGE_ANSWER: Timer.T4,
    State.BLOCK_ANSWER: Timer.T4,
    State.NOT_READY: Timer.T4,
    State.SLOWER: Timer.T4,
    State.GIVE_UP: Timer.T4,
    State.INTERRUPTED: Timer.T3,
    State.COMMAND: Timer.T4,
    State.TRAINED: Timer.T2,
    State.MESSAGE: Timer.T2,
    State.AFTER_MESSAGE: Timer.T2,
    State.AFTER_DOCUMENT: Timer.T2,
    State.AFTER_LAST: Timer.T2,
    State.OPERATOR: Timer.T3,
}

PHASES: dict[State, Phase] = (
    dict.fromkeys((State.DIALLED, State.ANSWERED, State.SPEECH, State.CALLED), Phase.CALL_SETUP)
    | dict.fromkeys((State.IDENTIFY, State.POLL, State.TRAIN), Phase.PRE_MESSAGE)
    | dict.fromkeys((State.COMMAND, State.TRAINED), Phase.PRE_MESSAGE)
    | dict.fromkeys((State.PAGE, State.BLOCK, State.MESSAGE), Phase.MESSAGE)
    | dict.fromkeys((State.PAGE_ANSWER, State.BLOCK_ANSWER, State.NOT_READY), Phase.POST_MESSAGE)
    | dict.fromkeys((State.SLOWER, State.GIVE_UP, State.AFTER_MESSAGE), Phase.POST_MESSAGE)
    | dict.fromkeys((State.AFTER_DOCUMENT, State.AFTER_LAST, State.INTERRUPTED, State.OPERATOR), Phase.POST_MESSAGE)
    | dict.fromkeys((State.RELEASE, State.END), Phase.RELEASE)
)
