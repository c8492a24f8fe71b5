"""Copies for archives as administrators look after them: found, made again at once, dropped.

What lives here: the store's functions on that. What does not: making and settling copies (`archive_transfers`).
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import Session, col, select

from gateway.domain.archive import ArchiveOrder, Direction, TransferState, order_of
from gateway.domain.errors import ConflictError, NotFoundError
from gateway.store.archive_tables import ArchiveTransferRow
from gateway.store.archive_transfers import fax_of
from gateway.store.columns import in_state, key_of
from gateway.store.database import Database
from gateway.store.locking import locked
from gateway.store.node_settings import effective_in
from gateway.store.places import ids_below, place_of
from gateway.store.public_ids import job_number, received_number

OPEN = (TransferState.WAITING, TransferState.DEAD)  # what can be tried again, or dropped


@dataclass(frozen=True, slots=True)
class WantedTransfers:
    """Which copies: in one of these states (all when empty), of a direction, of a fax, at or below a node."""

    states: tuple[TransferState, ...] = ()
    direction: Direction | None = None
    fax: str = ""
    below: int | None = None
    since: datetime | None = None
    limit: int = 100


@dataclass(frozen=True, slots=True)
class Transfer:
    """A copy as it stands; `owner` is the path of whose fax it is."""

    id: int
    fax: str
    user_id: int
    owner: str
    order: ArchiveOrder
    state: TransferState
    created: datetime
    not_before: datetime
    ended: datetime | None
    tries: int
    reply: str
    file_name: str


def listing(db: Database, wanted: WantedTransfers | None = None) -> tuple[Transfer, ...]:
    """Copies, the newest first.

    Raises:
        NotFoundError: there is no fax of that id.
    """
    wanted = wanted or WantedTransfers()
    newest = select(ArchiveTransferRow).where(*_conditions(wanted)).order_by(col(ArchiveTransferRow.id).desc())

    def work(session: Session) -> tuple[Transfer, ...]:
        rows = session.exec(newest.limit(wanted.limit)).all()
        paths = {number: _path(session, number) for number in {row.user_id for row in rows}}
        return tuple(_transfer(row, paths[row.user_id]) for row in rows)

    return db.read(work)


def one(db: Database, number: int) -> Transfer:
    """One copy.

    Raises:
        NotFoundError: there is none of that number.
    """

    def work(session: Session) -> Transfer:
        row = session.get(ArchiveTransferRow, number)
        if row is None:
            raise _missing(number)
        return _transfer(row, _path(session, row.user_id))

    return db.read(work)


def retry(db: Database, number: int, now: datetime) -> Transfer:
    """Make a copy at once, also one that was given up, where and as the settings want it now; tries count anew.

    Where they want none any more, it goes where it was to go.

    Raises:
        NotFoundError: there is none of that number.
        ConflictError: it was made, is being made, was dropped, or the fax was erased.
    """

    def work(session: Session) -> Transfer:
        row = _open_row(session, number, "made again")
        _renew(row, order_of(effective_in(session, row.user_id), Direction(row.direction)))
        row.state, row.not_before, row.created, row.tries = TransferState.WAITING.value, now, now, 0
        session.flush()
        return _transfer(row, _path(session, row.user_id))

    return db.write(work)


def drop(db: Database, number: int, now: datetime) -> Transfer:
    """Give a copy up for good; it stays to be seen.

    Raises:
        NotFoundError: there is none of that number.
        ConflictError: it was made, is being made, was dropped before, or the fax was erased.
    """

    def work(session: Session) -> Transfer:
        row = _open_row(session, number, "dropped")
        row.state, row.ended = TransferState.DROPPED.value, now
        session.flush()
        return _transfer(row, _path(session, row.user_id))

    return db.write(work)


def _conditions(wanted: WantedTransfers) -> list[Any]:
    found: list[Any] = []
    if wanted.states:
        found.append(in_state(ArchiveTransferRow.state, *wanted.states))
    if wanted.direction is not None:
        found.append(ArchiveTransferRow.direction == wanted.direction.value)
    if wanted.fax:
        found.append(_of_fax(wanted.fax))
    if wanted.below is not None:
        found.append(col(ArchiveTransferRow.user_id).in_(ids_below(wanted.below)))
    if wanted.since is not None:
        found.append(col(ArchiveTransferRow.created) >= wanted.since)
    return found


def _of_fax(text: str) -> Any:
    came, went = received_number(text), job_number(text)
    if came is None and went is None:
        raise NotFoundError(f"there is no fax {text}; `faxgw outbound list` and `faxgw inbound list` show the ids")
    return ArchiveTransferRow.received_id == came if came is not None else ArchiveTransferRow.job_id == went


def _renew(row: ArchiveTransferRow, order: ArchiveOrder | None) -> None:
    if order is not None and order.place:
        row.place, row.naming = order.place, order.naming
        row.format, row.metadata_too = order.format, order.metadata


def _open_row(session: Session, number: int, what: str) -> ArchiveTransferRow:
    row = session.exec(locked(select(ArchiveTransferRow).where(ArchiveTransferRow.id == number))).one_or_none()
    if row is None:
        raise _missing(number)
    if TransferState(row.state) not in OPEN:
        why = ": the fax was erased" if row.state == TransferState.LOST.value else ""
        raise ConflictError(f"copy {number} is {row.state} and cannot be {what}{why}")
    row.fence += 1
    return row


def _missing(number: int) -> NotFoundError:
    return NotFoundError(f"there is no copy {number}; `faxgw archive list` shows those there are")


def _path(session: Session, node_id: int) -> str:
    place = place_of(session, node_id)
    return "" if place is None else place.path


def _transfer(row: ArchiveTransferRow, owner: str) -> Transfer:
    order = ArchiveOrder(Direction(row.direction), row.place, row.naming, row.format, row.metadata_too)
    return Transfer(
        id=key_of(row.id),
        fax=fax_of(row.job_id, row.received_id),
        user_id=row.user_id,
        owner=owner,
        order=order,
        state=TransferState(row.state),
        created=row.created,
        not_before=row.not_before,
        ended=row.ended,
        tries=row.tries,
        reply=row.reply,
        file_name=row.file_name,
    )
