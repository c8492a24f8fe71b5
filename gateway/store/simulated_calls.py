"""Calls of far ends that commands ask for, on their way to the running gateway and back: a box for letters.

What lives here: asking, claiming, answering, taking the answer away. What does not: the call (`gateway.fax.simulator`),
the fax that comes of it (`received`).
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import delete
from sqlmodel import Session, col, select

from gateway.domain.errors import UnavailableError
from gateway.domain.roles import Role
from gateway.store.columns import in_state, key_of
from gateway.store.database import Database
from gateway.store.fax_rows import check_process
from gateway.store.locking import unlocked_ones
from gateway.store.process_tables import ProcessRow
from gateway.store.public_ids import received_id
from gateway.store.received_tables import ReceivedRow
from gateway.store.simulated_tables import SimulatedCallRow

FORGOTTEN_AFTER = timedelta(days=1)  # an answer that nobody took away


class CallState(StrEnum):
    """How far a call is."""

    WAITING = "waiting"
    RUNNING = "running"
    OVER = "over"


@dataclass(frozen=True, slots=True)
class AskedCall:
    """A call that is wanted; the words are those of `gateway.fax.simulator.calls_in.FarCall`."""

    call_uid: str
    called: str
    caller: str = ""
    far_end: str = ""
    station_id: str = ""
    sub_address: str = ""
    seed: int = 0
    pages_digest: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """How far a call is. `report` is JSON; `fault` says why there is none; `fax` is the id of what we received."""

    state: CallState
    report: str = ""
    fault: str = ""
    fax: str = ""


def ask(db: Database, call: AskedCall, now: datetime) -> int:
    """Ask for a call; its number.

    Raises:
        UnavailableError: no process takes calls, or the store is out of reach.
    """

    def work(session: Session) -> int:
        roles = session.exec(select(ProcessRow.roles)).all()
        if not any(Role.INBOUND in words.split() for words in roles):
            raise UnavailableError("no gateway runs that takes calls: start faxgw serve, with the role inbound")
        session.execute(delete(SimulatedCallRow).where(col(SimulatedCallRow.asked) < now - FORGOTTEN_AFTER))
        row = SimulatedCallRow(
            call_uid=call.call_uid,
            called=call.called,
            caller=call.caller,
            far_end=call.far_end,
            station_id=call.station_id,
            sub_address=call.sub_address,
            seed=call.seed,
            pages_digest=call.pages_digest,
            state=CallState.WAITING.value,
            asked=now,
        )
        session.add(row)
        session.flush()
        return key_of(row.id)

    return db.write(work)


def claim(db: Database, process_id: int) -> tuple[int, AskedCall] | None:
    """Take the oldest call that waits, with its number; None when none does.

    Raises:
        LostClaimError: this process was given up for dead.
    """
    waiting = select(SimulatedCallRow).where(in_state(SimulatedCallRow.state, CallState.WAITING))
    statement = unlocked_ones(waiting.order_by(col(SimulatedCallRow.id)).limit(1))

    def work(session: Session) -> tuple[int, AskedCall] | None:
        check_process(session, process_id)
        row = session.exec(statement).first()
        if row is None:
            return None
        row.state, row.owner = CallState.RUNNING.value, process_id
        session.flush()
        return key_of(row.id), _call(row)

    return db.write(work)


def answer(db: Database, number: int, *, report: str = "", fault: str = "") -> None:
    """Leave the answer for who asked; nothing happens when nobody waits for it any more."""

    def work(session: Session) -> None:
        row = session.get(SimulatedCallRow, number)
        if row is not None:
            row.state, row.report, row.fault = CallState.OVER.value, report, fault
            session.flush()

    db.write(work)


def look(db: Database, number: int) -> Answer:
    """How far a call is; one whose process is gone is over."""

    def work(session: Session) -> Answer:
        row = session.get(SimulatedCallRow, number)
        if row is None:
            return Answer(CallState.OVER, fault="the call is forgotten")
        if row.state == CallState.RUNNING and session.get(ProcessRow, row.owner) is None:
            return Answer(CallState.OVER, fault="the gateway was stopped in the middle of the call")
        came = session.exec(select(ReceivedRow.id).where(ReceivedRow.call_uid == row.call_uid)).first()
        return Answer(CallState(row.state), row.report, row.fault, received_id(came) if came else "")

    return db.read(work)


def forget(db: Database, number: int) -> None:
    """Take a call away; if it waits still, it is not placed."""
    gone = delete(SimulatedCallRow).where(col(SimulatedCallRow.id) == number)
    db.write(lambda session: session.execute(gone))


def _call(row: SimulatedCallRow) -> AskedCall:
    return AskedCall(
        call_uid=row.call_uid,
        called=row.called,
        caller=row.caller,
        far_end=row.far_end,
        station_id=row.station_id,
        sub_address=row.sub_address,
        seed=row.seed,
        pages_digest=row.pages_digest,
    )
