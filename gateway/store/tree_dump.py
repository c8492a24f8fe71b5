"""The tree as it is, read at one go, to be written as a document or compared with one.

What lives here: reading every node with all that belongs to it. What does not: the document (`tree_document`).
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

import sqlalchemy as sa
from sqlmodel import Session, SQLModel

from gateway.domain.nodes import Contact, EmergencyContact, NodeKind
from gateway.domain.tree_document import Branch, Person
from gateway.store.columns import table_of
from gateway.store.database import Database
from gateway.store.tree_tables import (
    ContactRow,
    NodeRow,
    ReceivingAddressRow,
    SendingAddressRow,
    SettingLockRow,
    SettingRow,
    UserRow,
)  # fmt: skip

_CONTACT = ("address1", "address2", "city", "state", "postal_code", "country", "phone")
_CUSTOM = ("custom1", "custom2", "custom3", "custom4")


@dataclass(frozen=True, slots=True)
class Dump:
    """The companies as branches; and of each branch the node, by the names from the company down to it."""

    companies: tuple[Branch, ...]
    nodes: Mapping[tuple[str, ...], int]


@dataclass(frozen=True, slots=True)
class _Facts:
    """What belongs to nodes, by their ids."""

    settings: Mapping[int, Mapping[str, str]]
    locks: Mapping[int, tuple[str, ...]]
    contacts: Mapping[int, tuple[EmergencyContact, ...]]
    persons: Mapping[int, Person]


def dump(db: Database) -> Dump:
    """The whole tree as it is now."""
    return db.read(_dump)


def _dump(session: Session) -> Dump:
    facts = _Facts(_settings(session), _locks(session), _contacts(session), _persons(session))
    node = table_of(NodeRow)
    columns = (node.c.id, node.c.parent_id, node.c.kind, node.c.name, node.c.locked)
    rows = session.execute(sa.select(*columns).where(node.c.deleted.is_(None)).order_by(node.c.kind, node.c.name_key))
    children: dict[int | None, list[sa.Row[tuple[int, int, str, str, bool]]]] = defaultdict(list)
    for row in rows:
        children[row.parent_id].append(row)
    nodes: dict[tuple[str, ...], int] = {}

    def branch(row: sa.Row[tuple[int, int, str, str, bool]], above: tuple[str, ...]) -> Branch:
        path = (*above, row.name)
        nodes[path] = row.id
        return Branch(
            kind=NodeKind(row.kind),
            name=row.name,
            locked=row.locked,
            settings=facts.settings.get(row.id, {}),
            locks=facts.locks.get(row.id, ()),
            contacts=facts.contacts.get(row.id, ()),
            person=facts.persons.get(row.id),
            below=tuple(branch(child, path) for child in children.get(row.id, ())),
        )

    return Dump(tuple(branch(row, ()) for row in children[None]), nodes)


def _settings(session: Session) -> dict[int, dict[str, str]]:
    table = table_of(SettingRow)
    found: dict[int, dict[str, str]] = defaultdict(dict)
    for node_id, name, value in session.execute(sa.select(table.c.node_id, table.c.name, table.c.value)):
        found[node_id][name] = value
    return found


def _locks(session: Session) -> dict[int, tuple[str, ...]]:
    table = table_of(SettingLockRow)
    return _grouped(session, sa.select(table.c.node_id, table.c.name).order_by(table.c.node_id, table.c.name))


def _contacts(session: Session) -> dict[int, tuple[EmergencyContact, ...]]:
    table = table_of(ContactRow)
    found: dict[int, tuple[EmergencyContact, ...]] = defaultdict(tuple)
    for row in session.execute(sa.select(table).order_by(table.c.company_id, table.c.name_key)):
        found[row.company_id] += (EmergencyContact(row.name, row.email, row.voice_phone, row.extension),)
    return found


def _persons(session: Session) -> dict[int, Person]:
    sending, receiving = _addresses(session, SendingAddressRow), _addresses(session, ReceivingAddressRow)
    user = table_of(UserRow)
    return {
        row.node_id: Person(
            first_name=row.first_name,
            last_name=row.last_name,
            sending=sending.get(row.node_id, ()),
            receiving=receiving.get(row.node_id, ()),
            fax_number=row.fax_number,
            contact=Contact(*(getattr(row, name) for name in _CONTACT)),
            custom=tuple(getattr(row, name) for name in _CUSTOM),
        )
        for row in session.execute(sa.select(user))
    }


def _addresses(session: Session, row: type[SQLModel]) -> dict[int, tuple[str, ...]]:
    table = table_of(row)
    return _grouped(session, sa.select(table.c.user_id, table.c.address).order_by(table.c.user_id, table.c.position))


def _grouped(session: Session, statement: sa.Select[tuple[int, str]]) -> dict[int, tuple[str, ...]]:
    found: dict[int, list[str]] = defaultdict(list)
    for node_id, text in session.execute(statement):
        found[node_id].append(text)
    return {node_id: tuple(texts) for node_id, texts in found.items()}
