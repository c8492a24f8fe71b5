"""What an administrator does about a company's emergency contacts: at most three of them.

What lives here: the acts, with what the journal says. What does not: rows (`gateway.store.contacts`).
"""

from collections.abc import Sequence
from dataclasses import asdict

from gateway.admin.acts import Act, Changed, Door, Target
from gateway.admin.tree import check_kind
from gateway.domain.errors import ConflictError, UsageError
from gateway.domain.nodes import EmergencyContact, NodeKind, checked_address, checked_name
from gateway.store import contacts as store
from gateway.store.places import name_key

MOST_CONTACTS = 3
_LONGEST_PHONE = 40


def listed(door: Door, company: str) -> Sequence[EmergencyContact]:
    """The contacts of a company.

    Raises:
        NotFoundError, UsageError, NotAllowedError: as `keep`.
    """
    found = door.look("companies.view", company)
    assert found is not None  # a node was named
    return store.contacts(door.db, check_kind(found, NodeKind.COMPANY).id)


def keep(door: Door, company: str, contact: EmergencyContact) -> Changed[Target]:
    """Add a contact, or put him in the place of the one of that name.

    Raises:
        ConflictError: there are three already; names them.
        UsageError: a bad name, address or telephone number, or no company.
        NotFoundError, NotAllowedError: as `Door.change`.
    """
    wanted = checked(contact)

    def work(act: Act) -> Target:
        node = check_kind(act.node, NodeKind.COMPANY)
        put(act, node, wanted)
        return node

    return door.change("companies.edit", company, work)


def put(act: Act, node: Target, contact: EmergencyContact) -> None:
    """Keep a contact in an act that is going on, and note it.

    Raises:
        ConflictError: there are three others already; names them.
    """
    before = {name_key(one.name): one for one in store.contacts(act.db, node.id)}
    same = before.pop(name_key(contact.name), None)
    if len(before) >= MOST_CONTACTS:
        named = ", ".join(one.name for one in before.values())
        raise ConflictError(f"{node.path} has {MOST_CONTACTS} emergency contacts already: {named}")
    store.keep_contact(act.db, node.id, contact)
    act.note("contact.set", node, asdict(same) if same else {}, asdict(contact))


def remove(door: Door, company: str, name: str) -> Changed[Target]:
    """Take a contact away.

    Raises:
        NotFoundError: there is none of that name.
        UsageError, NotAllowedError: as `keep`.
    """

    def work(act: Act) -> Target:
        node = check_kind(act.node, NodeKind.COMPANY)
        drop(act, node, name)
        return node

    return door.change("companies.edit", company, work)


def drop(act: Act, node: Target, name: str) -> None:
    """Take a contact away in an act that is going on, and note it.

    Raises:
        NotFoundError: there is none of that name.
    """
    before = {name_key(one.name): asdict(one) for one in store.contacts(act.db, node.id)}
    store.remove_contact(act.db, node.id, name)
    act.note("contact.delete", node, before[name_key(name)], {})


def checked(contact: EmergencyContact) -> EmergencyContact:
    """The contact as it is kept.

    Raises:
        UsageError: names what is wrong in it.
    """
    for phone in (contact.voice_phone, contact.extension):
        if len(phone) > _LONGEST_PHONE or not phone.isprintable():
            raise UsageError(f"a telephone number has at most {_LONGEST_PHONE} printable characters, not {phone!r}")
    if not contact.voice_phone.strip():
        raise UsageError("an emergency contact has a voice telephone")
    return EmergencyContact(
        checked_name(contact.name, "a contact's name"),
        checked_address(contact.email),
        contact.voice_phone.strip(),
        contact.extension.strip(),
    )
