"""The procedure of T.30 as one table: state, event, next state, what is done, and the cause if the call ends.

What lives here: the moves of caller and answerer. What does not: how a move is carried out (`caller`, `answerer`).
An event that a state does not list is looked for under the moves that hold in every state; one not listed there either
is ignored, and the state's timer repeats the command or ends the call (T.30 5.4.1).
"""

from dataclasses import dataclass
from enum import StrEnum

from gateway.domain.call import Cause
from gateway.fax.t30.states import Event, State


class Verb(StrEnum):
    """What is done on a move: each is a method of the caller, the answerer or both."""

    NOTHING = "nothing"
    LISTEN = "listen"
    SEND_CNG = "send_cng"
    SEND_DCS = "send_dcs"
    STEP_DOWN = "step_down"
    SEND_PAGE = "send_page"
    SEND_COMMAND = "send_command"
    REPEAT = "repeat"
    CONFIRM_AND_SEND = "confirm_and_send"
    CONFIRM_AND_TRAIN = "confirm_and_train"
    CONFIRM_AND_IDENTIFY = "confirm_and_identify"
    CONFIRM_AND_END = "confirm_and_end"
    TRAIN_AND_RESEND = "train_and_resend"
    SEND_BLOCK = "send_block"
    SEND_NEXT_BLOCK = "send_next_block"
    SEND_PPS = "send_pps"
    RESEND_FRAMES = "resend_frames"
    SEND_SLOWER = "send_slower"
    SEND_CTC = "send_ctc"
    SEND_EOR = "send_eor"
    SEND_RR = "send_rr"
    SEND_DCN = "send_dcn"
    HANG_UP = "hang_up"
    ANSWER = "answer"
    SEND_DIS = "send_dis"
    EXPECT_TCF = "expect_tcf"
    SEND_CFR = "send_cfr"
    SEND_FTT = "send_ftt"
    JUDGE_PAGE = "judge_page"
    ACCEPT_BLOCK = "accept_block"
    ASK_FRAMES = "ask_frames"
    ANSWER_AGAIN = "answer_again"
    SEND_CTR = "send_ctr"
    SEND_ERR = "send_err"


@dataclass(frozen=True, slots=True)
class Move:
    """One row's right-hand side. `to` none keeps the state; `cause` is set where the call ends."""

    to: State | None
    verb: Verb
    cause: Cause | None = None


Table = dict[tuple[State | None, Event], Move]
S, E, V, C = State, Event, Verb, Cause


def find(table: Table, state: State, event: Event) -> Move | None:
    """The move for an event in a state; none where the procedure has none."""
    return table.get((state, event)) or table.get((None, event))


CALLER: Table = {
    (S.DIALLED, E.ANSWERED): Move(S.ANSWERED, V.SEND_CNG),
    (S.DIALLED, E.BUSY): Move(S.END, V.HANG_UP, C.BUSY),
    (S.DIALLED, E.REORDER): Move(S.END, V.HANG_UP, C.REORDER),
    (S.DIALLED, E.SIT_NO_CIRCUIT): Move(S.END, V.HANG_UP, C.SIT_NO_CIRCUIT),
    (S.DIALLED, E.SIT_REORDER): Move(S.END, V.HANG_UP, C.SIT_REORDER),
    (S.DIALLED, E.SIT_INTERCEPT): Move(S.END, V.HANG_UP, C.SIT_INTERCEPT),
    (S.DIALLED, E.SIT_VACANT): Move(S.END, V.HANG_UP, C.SIT_VACANT),
    (S.DIALLED, E.ANNOUNCEMENT): Move(S.END, V.HANG_UP, C.ANNOUNCEMENT),
    (S.DIALLED, E.UNALLOCATED): Move(S.END, V.HANG_UP, C.UNALLOCATED),
    (S.DIALLED, E.TIMEOUT): Move(S.END, V.HANG_UP, C.NO_ANSWER),
    (S.DIALLED, E.CANCEL): Move(S.END, V.HANG_UP, C.CANCELLED),
    (S.ANSWERED, E.TONE): Move(S.IDENTIFY, V.LISTEN),
    (S.ANSWERED, E.FLAGS): Move(S.IDENTIFY, V.LISTEN),
    (S.ANSWERED, E.SPEECH): Move(S.SPEECH, V.NOTHING),
    (S.ANSWERED, E.DATA_MODEM): Move(S.END, V.HANG_UP, C.DATA_MODEM),
    (S.ANSWERED, E.TIMEOUT): Move(S.END, V.HANG_UP, C.NO_FAX_TONE),
    (S.SPEECH, E.TONE): Move(S.IDENTIFY, V.LISTEN),
    (S.SPEECH, E.FLAGS): Move(S.IDENTIFY, V.LISTEN),
    (S.SPEECH, E.TIMEOUT): Move(S.END, V.HANG_UP, C.VOICE),
    (S.SPEECH, E.HANG_UP): Move(S.END, V.HANG_UP, C.VOICE),
    (S.IDENTIFY, E.DIS): Move(S.TRAIN, V.SEND_DCS),
    (S.IDENTIFY, E.DIS_CANNOT_RECEIVE): Move(S.RELEASE, V.SEND_DCN, C.CANNOT_RECEIVE),
    (S.IDENTIFY, E.DIS_NOTHING_COMMON): Move(S.RELEASE, V.SEND_DCN, C.INCOMPATIBLE),
    (S.IDENTIFY, E.DCN): Move(S.END, V.HANG_UP, C.DISCONNECTED_BEFORE_DCS),
    (S.IDENTIFY, E.TIMEOUT): Move(S.RELEASE, V.SEND_DCN, C.NO_FAX_TONE),
    (S.TRAIN, E.CFR): Move(S.PAGE, V.SEND_PAGE),
    (S.TRAIN, E.CFR_ECM): Move(S.BLOCK, V.SEND_BLOCK),
    (S.TRAIN, E.FTT): Move(S.TRAIN, V.STEP_DOWN),
    (S.TRAIN, E.FTT_SLOWEST): Move(S.RELEASE, V.SEND_DCN, C.CANNOT_TRAIN),
    (S.TRAIN, E.DIS): Move(S.TRAIN, V.REPEAT),
    (S.TRAIN, E.CRP): Move(S.TRAIN, V.REPEAT),
    (S.TRAIN, E.TIMEOUT): Move(S.TRAIN, V.REPEAT),
    (S.TRAIN, E.LAST_TIMEOUT): Move(S.RELEASE, V.SEND_DCN, C.NO_ANSWER_TO_DCS),
    (S.TRAIN, E.DCN): Move(S.END, V.HANG_UP, C.DISCONNECTED_AFTER_DCS),
    (S.PAGE, E.SENT): Move(S.PAGE_ANSWER, V.SEND_COMMAND),
    (S.PAGE_ANSWER, E.MCF_PAGE): Move(S.PAGE, V.CONFIRM_AND_SEND),
    (S.PAGE_ANSWER, E.MCF_DOCUMENT): Move(S.IDENTIFY, V.CONFIRM_AND_IDENTIFY),
    (S.PAGE_ANSWER, E.MCF_LAST): Move(S.RELEASE, V.CONFIRM_AND_END, C.DONE),
    (S.PAGE_ANSWER, E.RTP_PAGE): Move(S.TRAIN, V.CONFIRM_AND_TRAIN),
    (S.PAGE_ANSWER, E.RTP_DOCUMENT): Move(S.IDENTIFY, V.CONFIRM_AND_IDENTIFY),
    (S.PAGE_ANSWER, E.RTP_LAST): Move(S.RELEASE, V.CONFIRM_AND_END, C.DONE),
    (S.PAGE_ANSWER, E.RTN): Move(S.TRAIN, V.TRAIN_AND_RESEND),
    (S.PAGE_ANSWER, E.RTN_THIRD): Move(S.RELEASE, V.SEND_DCN, C.PAGE_REFUSED),
    (S.PAGE_ANSWER, E.CRP): Move(S.PAGE_ANSWER, V.REPEAT),
    (S.PAGE_ANSWER, E.TIMEOUT): Move(S.PAGE_ANSWER, V.REPEAT),
    (S.PAGE_ANSWER, E.LAST_TIMEOUT): Move(S.RELEASE, V.SEND_DCN, C.NO_ANSWER_AFTER_PAGE),
    (S.PAGE_ANSWER, E.DCN): Move(S.END, V.HANG_UP, C.DISCONNECTED_AFTER_PAGE),
    # Cancelling waits for the answer to a page, so that what the far end holds is known; the asker asks again.
    (S.PAGE_ANSWER, E.CANCEL): Move(None, V.NOTHING),
    (S.BLOCK_ANSWER, E.CANCEL): Move(None, V.NOTHING),
    (S.BLOCK, E.SENT): Move(S.BLOCK_ANSWER, V.SEND_PPS),
    (S.BLOCK_ANSWER, E.MCF_BLOCK): Move(S.BLOCK, V.SEND_NEXT_BLOCK),
    (S.BLOCK_ANSWER, E.MCF_PAGE): Move(S.BLOCK, V.CONFIRM_AND_SEND),
    (S.BLOCK_ANSWER, E.MCF_DOCUMENT): Move(S.IDENTIFY, V.CONFIRM_AND_IDENTIFY),
    (S.BLOCK_ANSWER, E.MCF_LAST): Move(S.RELEASE, V.CONFIRM_AND_END, C.DONE),
    (S.BLOCK_ANSWER, E.PPR): Move(S.BLOCK, V.RESEND_FRAMES),
    (S.BLOCK_ANSWER, E.PPR_FOURTH): Move(S.SLOWER, V.SEND_CTC),
    (S.BLOCK_ANSWER, E.PPR_SLOWEST): Move(S.GIVE_UP, V.SEND_EOR),
    (S.BLOCK_ANSWER, E.RTN): Move(S.TRAIN, V.TRAIN_AND_RESEND),
    (S.BLOCK_ANSWER, E.RTN_THIRD): Move(S.RELEASE, V.SEND_DCN, C.PAGE_REFUSED),
    (S.BLOCK_ANSWER, E.RNR): Move(S.NOT_READY, V.SEND_RR),
    (S.BLOCK_ANSWER, E.CRP): Move(S.BLOCK_ANSWER, V.REPEAT),
    (S.BLOCK_ANSWER, E.TIMEOUT): Move(S.BLOCK_ANSWER, V.REPEAT),
    (S.BLOCK_ANSWER, E.LAST_TIMEOUT): Move(S.RELEASE, V.SEND_DCN, C.NO_ANSWER_AFTER_PAGE),
    (S.BLOCK_ANSWER, E.DCN): Move(S.END, V.HANG_UP, C.DISCONNECTED_AFTER_PAGE),
    (S.NOT_READY, E.MCF_BLOCK): Move(S.BLOCK, V.SEND_NEXT_BLOCK),
    (S.NOT_READY, E.MCF_PAGE): Move(S.BLOCK, V.CONFIRM_AND_SEND),
    (S.NOT_READY, E.MCF_DOCUMENT): Move(S.IDENTIFY, V.CONFIRM_AND_IDENTIFY),
    (S.NOT_READY, E.MCF_LAST): Move(S.RELEASE, V.CONFIRM_AND_END, C.DONE),
    (S.NOT_READY, E.RNR): Move(S.NOT_READY, V.SEND_RR),
    (S.NOT_READY, E.RNR_TOO_LONG): Move(S.RELEASE, V.SEND_DCN, C.ECM_EXHAUSTED),
    (S.NOT_READY, E.CRP): Move(S.NOT_READY, V.REPEAT),
    (S.NOT_READY, E.TIMEOUT): Move(S.NOT_READY, V.REPEAT),
    (S.NOT_READY, E.LAST_TIMEOUT): Move(S.RELEASE, V.SEND_DCN, C.ECM_EXHAUSTED),
    (S.NOT_READY, E.DCN): Move(S.END, V.HANG_UP, C.DISCONNECTED_AFTER_PAGE),
    (S.SLOWER, E.CTR): Move(S.BLOCK, V.SEND_SLOWER),
    (S.SLOWER, E.CRP): Move(S.SLOWER, V.REPEAT),
    (S.SLOWER, E.TIMEOUT): Move(S.SLOWER, V.REPEAT),
    (S.SLOWER, E.LAST_TIMEOUT): Move(S.RELEASE, V.SEND_DCN, C.ECM_EXHAUSTED),
    (S.GIVE_UP, E.ERR): Move(S.RELEASE, V.SEND_DCN, C.ECM_EXHAUSTED),
    (S.GIVE_UP, E.CRP): Move(S.GIVE_UP, V.REPEAT),
    (S.GIVE_UP, E.TIMEOUT): Move(S.GIVE_UP, V.REPEAT),
    (S.GIVE_UP, E.LAST_TIMEOUT): Move(S.RELEASE, V.SEND_DCN, C.ECM_EXHAUSTED),
    (S.RELEASE, E.SENT): Move(S.END, V.HANG_UP),
    (S.RELEASE, E.CANCEL): Move(None, V.NOTHING),
    (S.RELEASE, E.DCN): Move(None, V.NOTHING),
    (S.RELEASE, E.HANG_UP): Move(S.END, V.HANG_UP),
    (None, E.DCN): Move(S.END, V.HANG_UP, C.PROTOCOL),
    (None, E.HANG_UP): Move(S.END, V.HANG_UP, C.LINE_DROPPED),
    (None, E.CANCEL): Move(S.RELEASE, V.SEND_DCN, C.CANCELLED),
}

ANSWERER: Table = {
    (S.CALLED, E.BEGIN): Move(S.COMMAND, V.ANSWER),
    (S.COMMAND, E.DCS): Move(S.TRAINED, V.EXPECT_TCF),
    (S.COMMAND, E.TIMEOUT): Move(S.COMMAND, V.SEND_DIS),
    (S.COMMAND, E.CRP): Move(S.COMMAND, V.SEND_DIS),
    (S.COMMAND, E.LAST_TIMEOUT): Move(S.RELEASE, V.SEND_DCN, C.NO_FAX_TONE),
    (S.TRAINED, E.DCS): Move(S.TRAINED, V.EXPECT_TCF),
    (S.TRAINED, E.TCF_GOOD): Move(S.MESSAGE, V.SEND_CFR),
    (S.TRAINED, E.TCF_BAD): Move(S.COMMAND, V.SEND_FTT),
    (S.TRAINED, E.TIMEOUT): Move(S.COMMAND, V.SEND_DIS),
    (S.MESSAGE, E.DCS): Move(S.TRAINED, V.EXPECT_TCF),
    (S.MESSAGE, E.CARRIER_END): Move(S.AFTER_MESSAGE, V.NOTHING),
    (S.MESSAGE, E.TIMEOUT): Move(S.RELEASE, V.SEND_DCN, C.LINE_DROPPED),
    (S.AFTER_MESSAGE, E.DCS): Move(S.TRAINED, V.EXPECT_TCF),
    (S.AFTER_MESSAGE, E.TRAINING): Move(S.MESSAGE, V.NOTHING),
    (S.AFTER_MESSAGE, E.TIMEOUT): Move(S.RELEASE, V.SEND_DCN, C.LINE_DROPPED),
    (S.AFTER_DOCUMENT, E.DCS): Move(S.TRAINED, V.EXPECT_TCF),
    (S.AFTER_DOCUMENT, E.TIMEOUT): Move(S.COMMAND, V.SEND_DIS),
    (S.AFTER_LAST, E.DCS): Move(S.TRAINED, V.EXPECT_TCF),
    (S.AFTER_LAST, E.DCN): Move(S.END, V.HANG_UP, C.DONE),
    (S.AFTER_LAST, E.HANG_UP): Move(S.END, V.HANG_UP, C.DONE),
    (S.AFTER_LAST, E.TIMEOUT): Move(S.END, V.HANG_UP, C.DONE),
    (S.RELEASE, E.SENT): Move(S.END, V.HANG_UP),
    (S.RELEASE, E.HANG_UP): Move(S.END, V.HANG_UP),
    (S.RELEASE, E.DCN): Move(None, V.NOTHING),
    (None, E.DCN): Move(S.END, V.HANG_UP, C.PROTOCOL),
    (None, E.HANG_UP): Move(S.END, V.HANG_UP, C.LINE_DROPPED),
    (None, E.CANCEL): Move(S.RELEASE, V.SEND_DCN, C.CANCELLED),
    (None, E.REPEATED): Move(None, V.ANSWER_AGAIN),
}
# A command is answered alike whether or not its carrier was heard: a page wholly lost is refused or asked for again.
ANSWERER |= {
    (state, event): move
    for state in (S.MESSAGE, S.AFTER_MESSAGE)
    for event, move in (
        (E.MPS, Move(S.MESSAGE, V.JUDGE_PAGE)),
        (E.EOM, Move(S.AFTER_DOCUMENT, V.JUDGE_PAGE)),
        (E.EOP, Move(S.AFTER_LAST, V.JUDGE_PAGE)),
        (E.EOP_REFUSED, Move(S.MESSAGE, V.JUDGE_PAGE)),
        (E.PPS_INCOMPLETE, Move(S.MESSAGE, V.ASK_FRAMES)),
        (E.PPS_NULL, Move(S.MESSAGE, V.ACCEPT_BLOCK)),
        (E.PPS_MPS, Move(S.MESSAGE, V.ACCEPT_BLOCK)),
        (E.PPS_EOM, Move(S.AFTER_DOCUMENT, V.ACCEPT_BLOCK)),
        (E.PPS_EOP, Move(S.AFTER_LAST, V.ACCEPT_BLOCK)),
        (E.PPS_REFUSED, Move(S.MESSAGE, V.ACCEPT_BLOCK)),
        (E.CTC, Move(S.MESSAGE, V.SEND_CTR)),
        (E.EOR, Move(S.MESSAGE, V.SEND_ERR)),
        (E.RR, Move(None, V.ANSWER_AGAIN)),
        (E.CRP, Move(None, V.ANSWER_AGAIN)),
    )
}
ANSWERER |= {(S.AFTER_LAST, E.RR): Move(None, V.ANSWER_AGAIN), (S.AFTER_LAST, E.CRP): Move(None, V.ANSWER_AGAIN)}
