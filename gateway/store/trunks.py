"""Trunks as all processes share them: their lines, their state, and the calls that run on them.

What lives here: making them known, pausing and resuming. What does not: whose turn it is on them (`claims`, which locks
their rows), what carries their calls.
"""

from collections.abc import Sequence

from sqlmodel import Session, col, func, select

from gateway.domain.errors import NotFoundError, RefusedError
from gateway.domain.trunks import Route, Trunk, TrunkState
from gateway.store.database import Database
from gateway.store.fax_tables import AttemptRow
from gateway.store.locking import locked
from gateway.store.process_tables import TrunkRow


def register(db: Database, routes: Sequence[Route]) -> None:
    """Make trunks known with their lines, before any call; their state stays."""

    def work(session: Session) -> None:
        rows = {row.name: row for row in session.exec(locked(select(TrunkRow).order_by(col(TrunkRow.name))))}
        for route in routes:
            row = rows.get(route.name) or TrunkRow(name=route.name)
            row.lines = route.lines
            session.add(row)

    db.write(work)


def listing(db: Database) -> list[Trunk]:
    """All trunks that a process has ever used, by name."""

    def work(session: Session) -> list[Trunk]:
        running = select(AttemptRow.trunk, func.count()).where(col(AttemptRow.ended).is_(None))
        calls: dict[str, int] = {}
        for name, count in session.execute(running.group_by(AttemptRow.trunk)):
            calls[name] = count
        known = session.exec(select(TrunkRow).order_by(TrunkRow.name))
        return [_trunk(row, calls.get(row.name, 0)) for row in known]

    return db.read(work)


def set_state(db: Database, name: str, state: TrunkState) -> Trunk:
    """Open, pause or drain a trunk: from this commit on, which no claim overtakes. Returns what it was.

    Raises:
        NotFoundError: there is no such trunk.
        RefusedError: it is in that state already.
    """

    def work(session: Session) -> Trunk:
        row = session.exec(locked(select(TrunkRow).where(TrunkRow.name == name))).one_or_none()
        if row is None:
            raise NotFoundError(f"there is no trunk {name!r}; `faxgw trunk list` shows their names")
        if row.state == state.value:
            raise RefusedError(f"trunk {name} is {state.value} already")
        before = _trunk(row)
        row.state = state.value
        return before

    return db.write(work)


def _trunk(row: TrunkRow, calls: int = 0) -> Trunk:
    return Trunk(row.name, row.lines, TrunkState(row.state), calls)
