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
    CALLED = "A called"
    COMMAND = "R"
    TRAINED = "F_TCF"
    MESSAGE = "F_DOC"
    AFTER_MESSAGE = "F_POST"
    AFTER_DOCUMENT = "F_EOM"
    AFTER_LAST = "F_EOP"
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
    DIS = "DIS"
    DIS_CANNOT_RECEIVE = "DIS without receive bit"
    DIS_NOTHING_COMMON = "DIS, nothing in common"
    DCS = "DCS"
    DTC = "DTC"
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
    RTN = "RTN"
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
    RR = "RR"
    UNREADABLE = "frame with an unreadable field"


T0_MS = 60_000  # dialling to answer
T1_MS = 35_000  # answer to first frame
T2_MS = 6_000  # waiting for a command
T4_MS = 3_000  # waiting for a response
T5_MS = 60_000  # RNR to anything else
SPEECH_MS = 7_000  # speech that goes on this long is a person or a recording
FRAME_MS = 3_000  # flags to the end of a frame (T.30 5.4.2)
PATIENCE_MS = 15_000  # signals without a meaning put a timer off no longer than this
CNG_EVERY_MS = 3_500  # 0.5 s on, 3 s off
TRIES = 3  # of one command (T.30 5.4.1)


@dataclass(frozen=True, slots=True)
class Wait:
    """How long a state waits once everything is sent, and which timer of T.30 that is."""

    timer: str
    milliseconds: int


WAITS: dict[State, Wait] = {
    State.DIALLED: Wait("T0", T0_MS),
    State.ANSWERED: Wait("T1", T1_MS),
    State.SPEECH: Wait("speech", SPEECH_MS),
    State.IDENTIFY: Wait("T1", T1_MS),
    State.TRAIN: Wait("T4", T4_MS),
    State.PAGE_ANSWER: Wait("T4", T4_MS),
    State.BLOCK_ANSWER: Wait("T4", T4_MS),
    State.NOT_READY: Wait("T4", T4_MS),
    State.SLOWER: Wait("T4", T4_MS),
    State.GIVE_UP: Wait("T4", T4_MS),
    State.COMMAND: Wait("T4", T4_MS),
    State.TRAINED: Wait("T2", T2_MS),
    State.MESSAGE: Wait("T2", T2_MS),
    State.AFTER_MESSAGE: Wait("T2", T2_MS),
    State.AFTER_DOCUMENT: Wait("T2", T2_MS),
    State.AFTER_LAST: Wait("T2", T2_MS),
}

PHASES: dict[State, Phase] = (
    dict.fromkeys((State.DIALLED, State.ANSWERED, State.SPEECH, State.CALLED), Phase.CALL_SETUP)
    | dict.fromkeys((State.IDENTIFY, State.TRAIN, State.COMMAND, State.TRAINED), Phase.PRE_MESSAGE)
    | dict.fromkeys((State.PAGE, State.BLOCK, State.MESSAGE), Phase.MESSAGE)
    | dict.fromkeys((State.PAGE_ANSWER, State.BLOCK_ANSWER, State.NOT_READY), Phase.POST_MESSAGE)
    | dict.fromkeys((State.SLOWER, State.GIVE_UP, State.AFTER_MESSAGE), Phase.POST_MESSAGE)
    | dict.fromkeys((State.AFTER_DOCUMENT, State.AFTER_LAST), Phase.POST_MESSAGE)
    | dict.fromkeys((State.RELEASE, State.END), Phase.RELEASE)
)
