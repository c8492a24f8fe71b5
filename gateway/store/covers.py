"""Uploaded cover pages: whose they are, which of them a node may use, and who is in the way of removing one.

What lives here: rows of covers as callers see them. What does not: those that ship (`coverpages`), joining the two
(`gateway.covers`), what a template may hold.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from gateway.domain.cover_rules import cover_key
from gateway.domain.errors import NotFoundError, RefusedError
from gateway.domain.nodes import NodeKind
from gateway.store.columns import key_of
from gateway.store.database import Database
from gateway.store.places import Place, all_places, find, line_above, place_of
from gateway.store.tree_tables import CoverRow, SettingRow

DEFAULT, ONLY_OWN = "cover.default", "cover.only_own"
MOST_NAMED = 5  # of those who are in the way of removing a cover


@dataclass(frozen=True, slots=True)
class OwnCover:
    """An uploaded cover; `owner` is the path of the company or department it belongs to."""

    id: int
    owner: str
    name: str
    key: str
    title: str
    description: str
    paper: str
    added: datetime


@dataclass(frozen=True, slots=True)
class NewCover:
    """What is uploaded. `key` is what covers are told apart by."""

    owner: str
    name: str
    key: str
    title: str
    description: str
    paper: str
    html: str


@dataclass(frozen=True, slots=True)
class Held:
    """The uploaded covers that a node may use, nearest first; `with_shipped` is false where only own ones may be."""

    covers: tuple[OwnCover, ...]
    with_shipped: bool


def add(db: Database, new: NewCover, now: datetime, *, replace: bool = False) -> OwnCover:
    """Keep a cover for a company or department; with `replace` in place of the one of that name there.

    Raises:
        NotFoundError: there is no such company or department.
        RefusedError: it has a cover of that name already, or is a user.
    """

    def work(session: Session) -> OwnCover:
        owner = _owner(session, new.owner)
        row = _row(session, owner, new.key)
        if row is not None and not replace:
            raise RefusedError(f"{owner.path} has a cover page {row.name!r} already; --replace puts this in its place")
        row = row or CoverRow(node_id=owner.id, name_key=new.key, name="", title="", description="", paper="", html="",
                              added=now)  # fmt: skip
        row.name, row.title, row.description = new.name, new.title, new.description
        row.paper, row.html, row.added = new.paper, new.html, now
        session.add(row)
        session.flush()
        return _own(row, owner.path)

    try:
        return db.write(work)
    except IntegrityError:
        raise RefusedError(f"somebody else has just added a cover page {new.name!r}") from None


def listing(db: Database) -> tuple[OwnCover, ...]:
    """All uploaded covers, by owner and name."""

    def work(session: Session) -> tuple[OwnCover, ...]:
        place = all_places()
        statement = (
            select(CoverRow, place.c.path)
            .join(place, place.c.id == col(CoverRow.node_id))
            .order_by(place.c.path, col(CoverRow.name_key))
        )
        return tuple(_own(row, path) for row, path in session.exec(statement).all())

    return db.read(work)


def held(db: Database, node: int | str) -> Held:
    """What the node with this id or path may use: of each name the nearest, going up.

    Raises:
        NotFoundError: there is no such node.
    """

    def work(session: Session) -> Held:
        node_id = find(session, node).id if isinstance(node, str) else node
        line = line_above(node_id)
        rows = session.exec(
            select(CoverRow, line.c.depth)
            .join(line, line.c.id == col(CoverRow.node_id))
            .order_by(line.c.depth, col(CoverRow.name_key))
        ).all()
        farthest = _farthest(session, node_id)
        found: dict[str, OwnCover] = {}
        for row, depth in rows:
            if farthest is None or depth <= farthest:
                found.setdefault(row.name_key, _own(row, _path(session, row.node_id)))
        return Held(tuple(found.values()), farthest is None)

    return db.read(work)


def html(db: Database, cover_id: int) -> str:
    """The template of a cover.

    Raises:
        NotFoundError: it was removed.
    """
    row = db.read(lambda session: session.get(CoverRow, cover_id))
    if row is None:
        raise NotFoundError("the cover page was removed meanwhile")
    return row.html


def remove(db: Database, owner: str, key: str) -> OwnCover:
    """Take a cover away.

    Raises:
        NotFoundError: there is no such cover there.
        RefusedError: it is somebody's default; names them.
    """

    def work(session: Session) -> OwnCover:
        place = _owner(session, owner)
        row = _row(session, place, key)
        if row is None:
            raise NotFoundError(f"{place.path} has no cover page {key!r}; see faxgw covers list")
        users = _users(session, place, row)
        if users:
            more = f" and {len(users) - MOST_NAMED} more" if len(users) > MOST_NAMED else ""
            named = ", ".join(users[:MOST_NAMED]) + more
            raise RefusedError(f"cover page {row.name!r} is the default of {named}; see faxgw covers default")
        removed = _own(row, place.path)
        session.execute(delete(CoverRow).where(col(CoverRow.id) == row.id))
        return removed

    return db.write(work)


def users_of(db: Database, cover: OwnCover) -> tuple[str, ...]:
    """The paths of those who have made it their default, by path."""

    def work(session: Session) -> tuple[str, ...]:
        row = session.get(CoverRow, cover.id)
        return () if row is None else tuple(_users(session, _owner(session, cover.owner), row))

    return db.read(work)


def _users(session: Session, owner: Place, row: CoverRow) -> list[str]:
    """Who is at or below the owner, has the cover's name as default, and finds this cover under it."""
    place = all_places()
    below = (place.c.id == owner.id) | place.c.path.startswith(f"{owner.path}/", autoescape=True)
    statement = (
        select(col(SettingRow.value), place.c.id, place.c.path)
        .join(place, place.c.id == col(SettingRow.node_id))
        .where(SettingRow.name == DEFAULT, below)
        .order_by(place.c.path)
    )
    named = session.exec(statement).all()
    same = [(node_id, path) for value, node_id, path in named if cover_key(value) == row.name_key]
    return [path for node_id, path in same if _finds(session, node_id, row)]


def _finds(session: Session, node_id: int, row: CoverRow) -> bool:
    line = line_above(node_id)
    nearest = (
        select(col(CoverRow.id))
        .join(line, line.c.id == col(CoverRow.node_id))
        .where(CoverRow.name_key == row.name_key)
        .order_by(line.c.depth)
        .limit(1)
    )
    return session.exec(nearest).first() == row.id


def _farthest(session: Session, node_id: int) -> int | None:
    """How far up covers may be taken from: where the nearest `cover.only_own` stands, None when it is off."""
    line = line_above(node_id)
    nearest = (
        select(col(SettingRow.value), line.c.depth)
        .join(line, line.c.id == col(SettingRow.node_id))
        .where(SettingRow.name == ONLY_OWN)
        .order_by(line.c.depth)
        .limit(1)
    )
    found = session.exec(nearest).first()
    return None if found is None or found[0] == "off" else int(found[1])


def _owner(session: Session, path: str) -> Place:
    place = find(session, path)
    if place.kind is NodeKind.USER:
        raise RefusedError(f"{place.path} is a user: cover pages belong to companies and departments")
    return place


def _row(session: Session, owner: Place, key: str) -> CoverRow | None:
    statement = select(CoverRow).where(CoverRow.node_id == owner.id, CoverRow.name_key == key)
    return session.exec(statement).one_or_none()


def _path(session: Session, node_id: int) -> str:
    place = place_of(session, node_id)
    return place.path if place else ""


def _own(row: CoverRow, owner: str) -> OwnCover:
    return OwnCover(key_of(row.id), owner, row.name, row.name_key, row.title, row.description, row.paper, row.added)
