"""Many users at once: looked up and written some hundred at a time, in the caller's transaction.

What lives here: what stands in the way of each, and the rows of the others. What does not: reading the file, and taking
all back when one is bad (`gateway.admin.bulk`).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, SQLModel

from gateway.domain.inheritance import settle
from gateway.domain.nodes import NodeKind
from gateway.domain.setting_catalog import CATALOG
from gateway.store.admin_tables import AdministratorRow
from gateway.store.columns import table_of
from gateway.store.database import Database
from gateway.store.holding import kept_elsewhere, take_new
from gateway.store.node_settings import INHERITANCE, SNAPSHOT, levels_of
from gateway.store.people import NewUser, holder, profile
from gateway.store.places import name_key
from gateway.store.tree_tables import NodeRow, ReceivingAddressRow, SendingAddressRow, SettingRow, UserRow


@dataclass(frozen=True, slots=True)
class Newcomer:
    """A user of one line of a file, checked as far as that goes alone; `parent_id` is where they are to stand."""

    line: int
    parent_id: int
    new: NewUser
    settings: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Inherited:
    """What users below one place inherit: the settings that are locked, and those to be written down for them."""

    locks: frozenset[str]
    snapshot: Mapping[str, str]


@dataclass(slots=True)
class Entered:
    """What became of some newcomers: the node of each that was written, by line; and why the others were not."""

    nodes: dict[int, int] = field(default_factory=dict)
    troubles: dict[int, str] = field(default_factory=dict)


def inherited(db: Database, parent_id: int) -> Inherited:
    """What users below a place inherit."""

    def work(session: Session) -> Inherited:
        line = levels_of(session, parent_id)
        held = settle(line)
        keeps = line[0].explicit.get(INHERITANCE) == SNAPSHOT
        snapshot = {name: one.value for name, one in held.items() if NodeKind.USER in CATALOG[name].levels}
        return Inherited(frozenset().union(*(level.locks for level in line)), snapshot if keeps else {})

    return db.read(work)


def enter(db: Database, some: Sequence[Newcomer], inherited: Mapping[int, Inherited], now: datetime) -> Entered:
    """Write those whose names and addresses are free; `inherited` is by parent."""

    def work(session: Session) -> Entered:
        taken = _Taken(session, some)
        entered = Entered()
        good = []
        for one in some:
            trouble = _locked(one, inherited[one.parent_id]) or taken.trouble(one)
            if trouble:
                entered.troubles[one.line] = trouble
            else:
                good.append(one)
        if good:
            numbers = _write(session, good, inherited, now)
            entered.nodes = {one.line: number for one, number in zip(good, numbers, strict=True)}
        return entered

    return db.write(work)


class _Taken:
    """Who has the names, numbers and addresses that some newcomers want: rows of before, and lines of the same lot."""

    def __init__(self, session: Session, some: Sequence[Newcomer]) -> None:
        self._session = session
        user, sending, node = table_of(UserRow), table_of(SendingAddressRow), table_of(NodeRow)
        addresses = [address for one in some for address in one.new.sending_addresses]
        keys = [one.new.user_name.casefold() for one in some]
        numbers = list(_numbers_of(some))
        siblings = sa.select(node.c.parent_id, node.c.name_key, node.c.id).where(
            node.c.name_key.in_([name_key(one.new.user_name) for one in some])
        )
        self._addresses = self._known(sa.select(sending.c.address, sending.c.user_id), sending.c.address, addresses)
        self._names = self._known(sa.select(user.c.user_name_key, user.c.node_id), user.c.user_name_key, keys)
        their = table_of(AdministratorRow).c.user_name_key
        found = session.execute(sa.select(their).where(their.in_(keys))).scalars()
        self._names |= {key: f"the administrator {key}" for key in found}
        self._numbers = self._known(sa.select(user.c.fax_number, user.c.node_id), user.c.fax_number, numbers)
        self._elsewhere = kept_elsewhere(session, _numbers_of(some))
        self._siblings = {(parent, key): f"node {number}" for parent, key, number in session.execute(siblings)}

    def trouble(self, one: Newcomer) -> str:
        """What is somebody's already; when nothing is, all of it is this newcomer's from now on."""
        new, key = one.new, one.new.user_name.casefold()
        wanted: list[tuple[dict[Any, str], Any, str]] = [
            (self._addresses, address, f"{address} is a sending address of") for address in new.sending_addresses
        ]
        wanted.append((self._names, key, f"the user name {new.user_name!r} belongs to"))
        if new.fax_number:
            wanted.append((self._numbers, new.fax_number, f"the fax number {new.fax_number} belongs to"))
        if key not in self._names:  # else it is said already
            wanted.append((self._siblings, (one.parent_id, name_key(new.user_name)), f"{new.user_name!r} is there as"))
        found = [f"{words} {known[value]} already" for known, value, words in wanted if value in known]
        if new.fax_number in self._elsewhere:
            found.append(self._elsewhere[new.fax_number])
        if not found:
            for known, value, _ in wanted:
                known[value] = f"line {one.line}"
        return "; ".join(found)

    def _known(self, statement: sa.Select[Any], column: sa.Column[Any], values: Iterable[str]) -> dict[Any, str]:
        found = self._session.execute(statement.where(column.in_(list(values))))
        return {value: holder(self._session, node_id) for value, node_id in found}


def _locked(one: Newcomer, inherited: Inherited) -> str:
    return "; ".join(f"{name} is locked above" for name in one.settings if name in inherited.locks)


def _write(
    session: Session, some: Sequence[Newcomer], inherited: Mapping[int, Inherited], now: datetime
) -> Sequence[int]:
    node = table_of(NodeRow)
    returning = node.insert().returning(node.c.id, sort_by_parameter_order=True)
    numbers = session.connection().execute(returning, [_node(one, now) for one in some]).scalars().all()
    numbered = list(zip(some, numbers, strict=True))
    profiles = [{"node_id": number, **_profile(one.new)} for one, number in numbered]
    _insert(session, UserRow, profiles)
    _insert(session, SendingAddressRow, _addresses(numbered, "sending_addresses"))
    _insert(session, ReceivingAddressRow, _addresses(numbered, "receiving_addresses"))
    given = [
        {"node_id": number, "name": name, "value": value}
        for one, number in numbered
        for name, value in {**inherited[one.parent_id].snapshot, **one.settings}.items()
    ]
    _insert(session, SettingRow, given)
    take_new(session, _numbers_of(some))
    return numbers


def _numbers_of(some: Sequence[Newcomer]) -> dict[str, int]:
    """The fax numbers of newcomers, each with where its user is to stand."""
    return {one.new.fax_number: one.parent_id for one in some if one.new.fax_number}


def _node(one: Newcomer, now: datetime) -> dict[str, object]:
    name = one.new.user_name
    return {
        "parent_id": one.parent_id,
        "kind": NodeKind.USER.value,
        "name": name,
        "name_key": name_key(name),
        "locked": False,
        "created": now,
    }


def _profile(new: NewUser) -> dict[str, str]:
    return {**profile(new, new.user_name), "password_hash": ""}


def _addresses(numbered: Sequence[tuple[Newcomer, int]], kind: str) -> list[dict[str, object]]:
    return [
        {"user_id": number, "position": position, "address": address}
        for one, number in numbered
        for position, address in enumerate(getattr(one.new, kind))
    ]


def _insert(session: Session, row: type[SQLModel], rows: Sequence[Mapping[str, object]]) -> None:
    if rows:
        session.connection().execute(table_of(row).insert(), rows)
