"""Finding a node by what people call it: its path or the end of it, its id, a mail address, a user name.

What lives here: reading such a name. What does not: walking the tree (`places`), changing it (`tree`).
"""

from sqlmodel import Session, col, select

from gateway.domain.errors import NotFoundError, UsageError
from gateway.domain.mail_names import ascii_address
from gateway.domain.nodes import Node, NodeKind, User
from gateway.store.columns import key_of
from gateway.store.database import Database
from gateway.store.people import users_at
from gateway.store.places import Place, child_at, find, line_ids, name_key, place_of
from gateway.store.tree_tables import NodeRow, ReceivingAddressRow, SendingAddressRow, UserRow

MOST_CANDIDATES = 10


def named(db: Database, text: str | int) -> Node | User:
    """The one node that is meant.

    Raises:
        NotFoundError: there is none; names what comes near.
        UsageError: there are several; lists them.
    """

    def work(session: Session) -> Node | User:
        place = meant(session, text)
        return users_at(session, [place])[0] if place.kind is NodeKind.USER else place.node()

    return db.read(work)


def line(db: Database, node_id: int) -> tuple[int, ...]:
    """The ids of the nodes from the company down to this one."""
    return db.read(lambda session: line_ids(session, node_id))


def meant(session: Session, text: str | int) -> Place:
    """As `named`, inside a transaction. A slash in front asks for a path from the top, a number sign for an id.

    A number is that of a row: it also finds who was deleted, for the faxes that he sent. What people write does not.

    Raises:
        NotFoundError, UsageError: as `named`.
    """
    if isinstance(text, int):
        return _of_row(session, text)
    wanted = text.strip()
    if wanted.startswith("#") and wanted[1:].isascii() and wanted[1:].isdigit() and len(wanted) < 20:
        return _by_id(session, int(wanted[1:]))
    if wanted.startswith("/"):
        return find(session, wanted)
    found = _candidates(session, wanted)
    if not found:
        return find(session, wanted)  # says what comes near
    if len(found) > 1:
        raise UsageError(_ambiguous(wanted, found))
    return found[0]


def _by_id(session: Session, node_id: int) -> Place:
    row = session.get(NodeRow, node_id)
    if row is None or row.deleted:
        raise NotFoundError(f"there is no node {node_id}")
    return _of_row(session, node_id)


def _of_row(session: Session, node_id: int) -> Place:
    place = place_of(session, node_id)
    if place is None:
        raise NotFoundError(f"there is no node {node_id}")
    return place


def _candidates(session: Session, text: str) -> list[Place]:
    """What the words may mean in full; only if nothing, what they are the end of."""
    ids = {*_whole_path(session, text), *_numbered(session, text), *_addressed(session, text)}
    found = [place for place in (place_of(session, node_id) for node_id in sorted(ids)) if place is not None]
    return found or _ends(session, text)


def _whole_path(session: Session, text: str) -> list[int]:
    try:
        return [child_at(session, text)]
    except NotFoundError:
        return []


def _numbered(session: Session, text: str) -> list[int]:
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        return []
    statement = select(NodeRow).where(NodeRow.id == int(text), col(NodeRow.deleted).is_(None))
    return [key_of(row.id) for row in session.exec(statement)]


def _addressed(session: Session, text: str) -> list[int]:
    """Whoever has it as user name or as sending address; only if nobody, who has it as receiving address."""
    key, address = text.casefold(), ascii_address(text.lower())
    own = [*session.exec(select(UserRow.node_id).where(UserRow.user_name_key == key))]
    own += session.exec(select(SendingAddressRow.user_id).where(SendingAddressRow.address == address))
    if own or "@" not in text:
        return own
    received = ReceivingAddressRow
    return [*session.exec(select(received.user_id).where(received.address == address).limit(MOST_CANDIDATES + 1))]


def _ends(session: Session, text: str) -> list[Place]:
    """Nodes whose path ends with these names."""
    names = [name_key(name) for name in text.strip("/").split("/")]
    statement = select(col(NodeRow.id)).where(NodeRow.name_key == names[-1]).order_by(col(NodeRow.id))
    places = (place_of(session, key_of(number)) for number in session.exec(statement.limit(1000)))
    return [
        place
        for place in places
        if place is not None and [name_key(name) for name in place.path.split("/")][-len(names) :] == names
    ]


def _ambiguous(text: str, found: list[Place]) -> str:
    listed = ", ".join(f"{place.path} (#{place.id})" for place in found[:MOST_CANDIDATES])
    more = " and more" if len(found) > MOST_CANDIDATES else ""
    return f"{text!r} may be {listed}{more}: write the whole path, or the id with its number sign"
