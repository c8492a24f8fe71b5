"""The moves of the end that is called, of the end that polls, and of the end that receives: flow charts R and F.

What lives here: rows of the state table. What does not: what a row means (`moves`), the sender's rows
(`sender_moves`).
"""

from gateway.domain.call import Cause
from gateway.fax.t30.moves import Move, Table, Verb
from gateway.fax.t30.states import Event, State

S, E, V, C = State, Event, Verb, Cause

RECEIVER: Table = {
    (S.POLL, E.DCS): Move(S.TRAINED, V.EXPECT_TCF),
    (S.POLL, E.DIS): Move(S.POLL, V.REPEAT),
    (S.POLL, E.CRP): Move(S.POLL, V.REPEAT),
    (S.POLL, E.TIMEOUT): Move(S.POLL, V.REPEAT),
    (S.POLL, E.LAST_TIMEOUT): Move(S.RELEASE, V.SEND_DCN, C.NO_ANSWER_TO_DTC),
    (S.POLL, E.DCN): Move(S.END, V.HANG_UP, C.DISCONNECTED_AFTER_DTC),
    (S.CALLED, E.BEGIN): Move(S.COMMAND, V.ANSWER),
    (S.COMMAND, E.DCS): Move(S.TRAINED, V.EXPECT_TCF),
    (S.COMMAND, E.DCN): Move(S.END, V.HANG_UP, C.DISCONNECTED_BEFORE_DCS),
    (S.COMMAND, E.TIMEOUT): Move(S.COMMAND, V.SEND_DIS),
    (S.COMMAND, E.CRP): Move(S.COMMAND, V.SEND_DIS),
    (S.COMMAND, E.LAST_TIMEOUT): Move(S.RELEASE, V.SEND_DCN, C.NO_FAX_TONE),
    (S.TRAINED, E.DCS): Move(S.TRAINED, V.EXPECT_TCF),
    (S.TRAINED, E.DCN): Move(S.END, V.HANG_UP, C.DISCONNECTED_AFTER_DCS),
    (S.TRAINED, E.TCF_GOOD): Move(S.MESSAGE, V.SEND_CFR),
    (S.TRAINED, E.TCF_REFUSED): Move(S.RELEASE, V.SEND_DCN, C.PASSWORD_REFUSED),
    (S.TRAINED, E.TCF_BEYOND): Move(S.RELEASE, V.SEND_DCN, C.INCOMPATIBLE),
    (S.TRAINED, E.TCF_BAD): Move(S.COMMAND, V.SEND_FTT),
    (S.TRAINED, E.TIMEOUT): Move(S.COMMAND, V.SEND_FTT),
    (S.MESSAGE, E.DCS): Move(S.TRAINED, V.EXPECT_TCF),
    (S.MESSAGE, E.CARRIER_END): Move(S.AFTER_MESSAGE, V.NOTHING),
    (S.MESSAGE, E.ROW_TOO_LONG): Move(S.END, V.HANG_UP, C.LINE_DROPPED),
    (S.MESSAGE, E.TIMEOUT): Move(S.RELEASE, V.SEND_DCN, C.LINE_DROPPED),
    (S.AFTER_MESSAGE, E.DCS): Move(S.TRAINED, V.EXPECT_TCF),
    (S.AFTER_MESSAGE, E.TRAINING): Move(S.MESSAGE, V.NOTHING),
    (S.AFTER_MESSAGE, E.TIMEOUT): Move(S.RELEASE, V.SEND_DCN, C.LINE_DROPPED),
    (S.AFTER_DOCUMENT, E.DCS): Move(S.TRAINED, V.EXPECT_TCF),
    (S.AFTER_DOCUMENT, E.TIMEOUT): Move(S.COMMAND, V.SEND_DIS),
    (S.AFTER_DOCUMENT, E.DCN): Move(S.END, V.HANG_UP, C.DISCONNECTED_AFTER_PAGE),
    (S.OPERATOR, E.DCS): Move(S.TRAINED, V.EXPECT_TCF),
    (S.OPERATOR, E.TRAINING): Move(S.MESSAGE, V.NOTHING),
    (S.OPERATOR, E.TIMEOUT): Move(S.COMMAND, V.SEND_DIS),
    (S.OPERATOR, E.DCN): Move(S.END, V.HANG_UP, C.DISCONNECTED_AFTER_PAGE),
    (S.AFTER_LAST, E.DCS): Move(S.TRAINED, V.EXPECT_TCF),
    (S.AFTER_LAST, E.DCN): Move(S.END, V.HANG_UP, C.DONE),
    (S.AFTER_LAST, E.HANG_UP): Move(S.END, V.HANG_UP, C.DONE),
    (S.AFTER_LAST, E.TIMEOUT): Move(S.END, V.HANG_UP, C.DONE),
    (S.AFTER_LAST, E.ENDLESS): Move(S.RELEASE, V.SEND_DCN, C.DONE),
    (None, E.REPEATED): Move(None, V.ANSWER_AGAIN),
}
# Who has sent us his document may poll ours without waiting for a new DIS.
RECEIVER |= {
    (state, event): move
    for state in (S.COMMAND, S.AFTER_DOCUMENT, S.OPERATOR)
    for event, move in (
        (E.DTC, Move(S.TRAIN, V.SEND_DCS)),
        (E.DTC_REFUSED, Move(S.RELEASE, V.SEND_DCN, C.PASSWORD_REFUSED)),
        (E.DTC_NO_DOCUMENT, Move(S.RELEASE, V.SEND_DCN, C.NOTHING_TO_POLL)),
        (E.NOTHING_COMMON, Move(S.RELEASE, V.SEND_DCN, C.INCOMPATIBLE)),
    )
}
# A command is answered alike whether or not its carrier was heard: a page wholly lost is refused or asked for again.
RECEIVER |= {
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
        (E.EOR_DOCUMENT, Move(S.AFTER_DOCUMENT, V.SEND_ERR)),
        (E.PAGE_FOR_OPERATOR, Move(S.OPERATOR, V.JUDGE_PAGE)),
        (E.DCN, Move(S.END, V.HANG_UP, C.DISCONNECTED_AFTER_PAGE)),
        (E.RR, Move(None, V.ANSWER_AGAIN)),
        (E.CRP, Move(None, V.ANSWER_AGAIN)),
    )
}
RECEIVER |= {
    (state, event): Move(None, V.ANSWER_AGAIN)
    for state in (S.AFTER_LAST, S.AFTER_DOCUMENT, S.OPERATOR)
    for event in (E.RR, E.CRP)
}
