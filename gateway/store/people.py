"""Users as rows and as domain objects.

What lives here: what `tree` needs to write and read users. What does not: the functions that callers use.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field

from sqlmodel import Session, col, select

from gateway.domain.errors import ConflictError
from gateway.domain.nodes import Contact, User
from gateway.store.admin_tables import AdministratorRow
from gateway.store.places import Place, place_of
from gateway.store.tree_tables import ReceivingAddressRow, SendingAddressRow, UserRow

_AT_ONCE = 5_000  # users asked for by one statement


@dataclass(frozen=True, slots=True)
class NewUser:
    """A user to be added, checked already; the user name is the first sending address when none is given."""

    parent_path: str
    first_name: str
    last_name: str
    sending_addresses: tuple[str, ...]
    receiving_addresses: tuple[str, ...] = ()
    user_name: str = ""
    password_hash: str = field(default="", repr=False)
    fax_number: str = ""
    contact: Contact = field(default_factory=Contact)
    custom: tuple[str, str, str, str] = ("", "", "", "")


def user_row(new: NewUser, node_id: int, user_name: str) -> UserRow:
    """The profile of a new user."""
    return UserRow(node_id=node_id, password_hash=new.password_hash, **profile(new, user_name))


def profile(new: NewUser, user_name: str) -> dict[str, str]:
    """What a user's row holds of the person, by column; all but the password."""
    custom = {f"custom{number}": text for number, text in enumerate(new.custom, 1)}
    return {
        "user_name": user_name,
        "user_name_key": user_name.casefold(),
        "first_name": new.first_name,
        "last_name": new.last_name,
        "fax_number": new.fax_number,
        **asdict(new.contact),
        **custom,
    }


def address_rows(new: NewUser, node_id: int) -> list[SendingAddressRow | ReceivingAddressRow]:
    """The addresses of a new user, in their order."""
    sending = [
        SendingAddressRow(address=address.lower(), user_id=node_id, position=position)
        for position, address in enumerate(new.sending_addresses)
    ]
    receiving = [
        ReceivingAddressRow(address=address, user_id=node_id, position=position)
        for position, address in enumerate(new.receiving_addresses)
    ]
    return [*sending, *receiving]


def refuse_taken(session: Session, new: NewUser, user_name: str, but: int = 0) -> None:
    """Sending addresses, user names and fax numbers belong to one user of the whole system; `but` may keep his own.

    Raises:
        ConflictError: says who has it.
    """
    for address in new.sending_addresses:
        row = session.get(SendingAddressRow, address.lower())
        if row is not None and row.user_id != but:
            raise ConflictError(f"{address} is a sending address of {holder(session, row.user_id)} already")
    others = select(UserRow).where(UserRow.node_id != but)
    taken = session.exec(others.where(UserRow.user_name_key == user_name.casefold())).one_or_none()
    if taken is not None:
        raise ConflictError(f"the user name {user_name!r} belongs to {holder(session, taken.node_id)} already")
    administrator = select(AdministratorRow.id).where(AdministratorRow.user_name_key == user_name.casefold())
    if session.exec(administrator).first() is not None:
        raise ConflictError(f"the user name {user_name!r} belongs to an administrator already")
    # Many users have no number; that is shared by all.
    taken = session.exec(others.where(UserRow.fax_number == new.fax_number)).first() if new.fax_number else None
    if taken is not None:
        raise ConflictError(f"the fax number {new.fax_number} belongs to {holder(session, taken.node_id)} already")


def users_at(session: Session, places: Sequence[Place]) -> list[User]:
    """The users that stand at these places, in their order."""
    return [
        user for start in range(0, len(places), _AT_ONCE) for user in _some(session, places[start : start + _AT_ONCE])
    ]


def _some(session: Session, places: Sequence[Place]) -> list[User]:
    ids = [place.id for place in places]
    profiles = {row.node_id: row for row in session.exec(select(UserRow).where(col(UserRow.node_id).in_(ids)))}
    sending, receiving = SendingAddressRow, ReceivingAddressRow
    sent_from = select(sending.user_id, sending.address).where(col(sending.user_id).in_(ids))
    mailed_to = select(receiving.user_id, receiving.address).where(col(receiving.user_id).in_(ids))
    senders = _grouped(session.exec(sent_from.order_by(col(sending.position))))
    receivers = _grouped(session.exec(mailed_to.order_by(col(receiving.position))))
    return [_user(profiles[place.id], place, senders[place.id], receivers[place.id]) for place in places]


def _grouped(pairs: Iterable[tuple[int, str]]) -> dict[int, tuple[str, ...]]:
    grouped: dict[int, tuple[str, ...]] = defaultdict(tuple)
    for user_id, address in pairs:
        grouped[user_id] += (address,)
    return grouped


def _user(row: UserRow, place: Place, sending: tuple[str, ...], receiving: tuple[str, ...]) -> User:
    return User(
        id=row.node_id,
        user_name=row.user_name,
        first_name=row.first_name,
        last_name=row.last_name,
        path=place.path,
        parent_id=place.parent_id or 0,
        company=place.company,
        sending_addresses=sending,
        receiving_addresses=receiving,
        fax_number=row.fax_number,
        locked=place.locked,
        contact=Contact(
            row.address1, row.address2, row.city, row.state, row.postal_code, row.country, row.phone
        ),
        custom=(row.custom1, row.custom2, row.custom3, row.custom4),
    )  # fmt: skip


def holder(session: Session, node_id: int) -> str:
    """A user in words: name and path."""
    place = place_of(session, node_id)
    if place is None:
        return "somebody"
    [user] = users_at(session, [place])
    return f"{user.full_name} ({user.path})"
