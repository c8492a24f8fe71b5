"""What a row of the state table says: the verbs and the move.

What lives here: the words of the table. What does not: its rows (`sender_moves`, `receiver_moves`, put together in
`table`), and how a move is carried out (`sender`, `receiver`).
"""

from dataclasses import dataclass
from enum import StrEnum

from gateway.domain.call import Cause
from gateway.fax.t30.states import Event, State


class Verb(StrEnum):
    """What is done on a move: each is a method of `terminal.Terminal`."""

    NOTHING = "nothing"
    LISTEN = "listen"
    SEND_CNG = "send_cng"
    SEND_DCS = "send_dcs"
    SEND_DTC = "send_dtc"
    STEP_DOWN = "step_down"
    SEND_PAGE = "send_page"
    SEND_COMMAND = "send_command"
    REPEAT = "repeat"
    CONFIRM_AND_SEND = "confirm_and_send"
    CONFIRM_AND_TRAIN = "confirm_and_train"
    CONFIRM_AND_IDENTIFY = "confirm_and_identify"
    CONFIRM_AND_END = "confirm_and_end"
    TRAIN_AND_RESEND = "train_and_resend"
    IDENTIFY_AND_RESEND = "identify_and_resend"
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
