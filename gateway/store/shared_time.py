"""The time that processes on one store share, where it is a simulated one.

What lives here: from when on and how fast it runs, and who may join it. What does not: the clocks themselves
(`gateway.fax.simulator.clock`).

A clock at a set speed can be read by anybody who knows where it began. One that leaps from end to end of calls is known
to its process alone: two of them would tell two times, so nobody joins such a one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, text

from gateway.domain.errors import ConflictError
from gateway.store.database import Database
from gateway.store.process_tables import ClockRow, ProcessRow

LOCK_NUMBER = 0x0FA9  # beside that of migrations


@dataclass(frozen=True, slots=True)
class Anchor:
    """The gateway's time was `told` when the machine's was `wall`; since then it has run at `speed`, or leapt at 0."""

    wall: datetime
    told: datetime
    speed: float


@dataclass(frozen=True, slots=True)
class Wish:
    """How fast a process wants its time to run, and the latest time that the store has seen."""

    speed: float
    floor: datetime | None = None


def join(session: Session, wish: Wish, wall: datetime, others: Sequence[ProcessRow]) -> Anchor:
    """Share the time of the others that live, or begin one; the caller's transaction makes us known as well.

    Raises:
        ConflictError: their time, or ours, is one that cannot be shared.
    """
    row = session.get(ClockRow, 1)
    if others and row is not None:
        _check(wish, row.speed, others[0])
        return Anchor(row.wall, row.told, row.speed)
    if row is None:
        row = ClockRow(wall=wall, told=wall, speed=wish.speed)
        session.add(row)
    row.wall, row.told, row.speed = wall, max(wall, wish.floor or wall), wish.speed
    session.flush()
    return Anchor(row.wall, row.told, row.speed)


def one_at_a_time(session: Session) -> None:
    """Until the commit nobody else joins; SQLite's writers are alone anyway."""
    if session.connection().dialect.name == "postgresql":
        session.connection().execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": LOCK_NUMBER})


def shared(db: Database) -> Anchor | None:
    """The time that runs now, or ran last; None when no process ever did."""

    def work(session: Session) -> Anchor | None:
        row = session.get(ClockRow, 1)
        return None if row is None else Anchor(row.wall, row.told, row.speed)

    return db.read(work)


def _check(wish: Wish, speed: float, other: ProcessRow) -> None:
    named = f"node {other.id} on {other.host} (faxgw nodes list)"
    if not wish.speed or not speed:
        words = "goes" if not speed else "is there, and we would go"
        raise ConflictError(
            f"{named} {words} by a simulated time that leaps, which no two processes can share: set [simulator] speed "
            "to 1 for real time, the same for all, or stop the other"
        )
    if wish.speed != speed:
        raise ConflictError(f"{named} runs at [simulator] speed {speed:g}, not {wish.speed:g}: all must have the same")
