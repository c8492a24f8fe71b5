"""The procedure of T.30 as one table: state, event, next state, what is done, and the cause if the call ends.

What lives here: the whole table, for either end in either role, and looking a move up. What does not: its rows
(`sender_moves`, `receiver_moves`). An event that a state does not list is looked for under the moves that hold in
every state; one not listed there either is ignored, and the state's timer repeats the command or ends the call (T.30
5.4.1).
"""

from gateway.domain.call import Cause
from gateway.fax.t30.moves import Move, Table, Verb
from gateway.fax.t30.receiver_moves import RECEIVER
from gateway.fax.t30.sender_moves import SENDER
from gateway.fax.t30.states import Event, State

S, E, V, C = State, Event, Verb, Cause

EVERYWHERE: Table = {
    (S.RELEASE, E.SENT): Move(S.END, V.HANG_UP),
    (S.RELEASE, E.CANCEL): Move(None, V.NOTHING),
    (S.RELEASE, E.HANG_UP): Move(S.END, V.HANG_UP),
    (None, E.ENDLESS): Move(S.RELEASE, V.SEND_DCN, C.PROTOCOL),
    (None, E.DCN): Move(S.END, V.HANG_UP, C.PROTOCOL),
    (None, E.HANG_UP): Move(S.END, V.HANG_UP, C.LINE_DROPPED),
    (None, E.CANCEL): Move(S.RELEASE, V.SEND_DCN, C.CANCELLED),
}
TABLE: Table = SENDER | RECEIVER | EVERYWHERE


def find(state: State, event: Event) -> Move | None:
    """The move for an event in a state; none where the procedure has none."""
    return TABLE.get((state, event)) or TABLE.get((None, event))
