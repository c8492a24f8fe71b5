"""Whom a received fax is mailed to, as things are configured now: the addresses, the name, the settings that hold.

What lives here: that question, in one look at the store. What does not: whom a called number leads to (`routes`).
"""

from dataclasses import dataclass

from sqlmodel import Session

from gateway.domain.errors import NotFoundError
from gateway.domain.received import ReceivedFax
from gateway.domain.setting_catalog import Effective
from gateway.store.database import Database
from gateway.store.node_settings import effective_in
from gateway.store.places import place_of
from gateway.store.routes import addresses_now
from gateway.store.tree_tables import UserRow


@dataclass(frozen=True, slots=True)
class Addressee:
    """A user, department or company that a fax is for; `addresses` are those it is mailed to, perhaps none."""

    path: str
    name: str
    addresses: tuple[str, ...]
    settings: Effective


def addressee_of(db: Database, fax: ReceivedFax) -> Addressee:
    """Whom a fax is for.

    Raises:
        NotFoundError: the node is gone, which happens to none that a fax was for.
    """
    return db.read(lambda session: _addressee(session, fax))


def _addressee(session: Session, fax: ReceivedFax) -> Addressee:
    place = place_of(session, fax.user_id)
    if place is None:
        raise NotFoundError(f"nobody is there any more that the fax {fax.public_id} was for")
    user = session.get(UserRow, fax.user_id)
    name = f"{user.first_name} {user.last_name}".strip() if user is not None else ""
    addresses = addresses_now(session, fax.number, fax.sub_address, fax.user_id)
    return Addressee(place.path, name or place.name, addresses, effective_in(session, fax.user_id))
