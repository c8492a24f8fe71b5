"""The whole tree as one document: companies, departments and users with their settings, written and read again.

What lives here: the document's form, as mappings and lists of text, and its checks. What does not: YAML, and making the
tree what the document says (`gateway.admin.tree_file`).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from gateway.domain.errors import UsageError
from gateway.domain.nodes import Contact, EmergencyContact, NodeKind
from gateway.domain.setting_catalog import CATALOG, checked_value

VERSION = 1
_CONTACT = tuple(one.name for one in fields(Contact))
_EMERGENCY = tuple(one.name for one in fields(EmergencyContact))
_BELOW = (("departments", NodeKind.DEPARTMENT), ("users", NodeKind.USER))
_COMMON = ("name", "locked", "settings", "locks")
_HOLDER = (*_COMMON, "departments", "users")
_PERSON = ("first_name", "last_name", "sending", "receiving", "fax_number", "contact", "custom")
_KEYS = {
    NodeKind.COMPANY: (*_HOLDER, "contacts"),
    NodeKind.DEPARTMENT: _HOLDER,
    NodeKind.USER: ("name", "locked", "settings", *_PERSON),
}


@dataclass(frozen=True, slots=True)
class Person:
    """What a document says of a user, beside the user name."""

    first_name: str = ""
    last_name: str = ""
    sending: tuple[str, ...] = ()
    receiving: tuple[str, ...] = ()
    fax_number: str = ""
    contact: Contact = field(default_factory=Contact)
    custom: tuple[str, ...] = ("", "", "", "")


@dataclass(frozen=True, slots=True)
class Branch:
    """A node with all below it; its settings and locks are all that it has. `person` is a user's.

    `name` of a user is the user name.
    """

    kind: NodeKind
    name: str
    locked: bool = False
    settings: Mapping[str, str] = field(default_factory=dict)
    locks: tuple[str, ...] = ()
    contacts: tuple[EmergencyContact, ...] = ()
    person: Person | None = None
    below: tuple["Branch", ...] = ()


def written(companies: Sequence[Branch]) -> dict[str, object]:
    """The document of these companies; what is empty is left out."""
    return {"version": VERSION, "companies": [_written(one) for one in companies]}


def read(document: object) -> tuple[Branch, ...]:
    """The companies of a document.

    Raises:
        UsageError: names the place in it, and what is wrong there.
    """
    top = _mapping(document, "the document", ("version", "companies"))
    if top.get("version") != VERSION:
        raise UsageError(f"the document has version {top.get('version')!r}; this gateway reads {VERSION}")
    return tuple(_read(one, NodeKind.COMPANY, "companies") for one in _list(top, "companies", "the document"))


def walk(branches: Sequence[Branch], above: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Branch]]:
    """Every node from the top down, each behind its parent, with the names from the company to it."""
    waiting = [(above, branch) for branch in reversed(branches)]
    while waiting:
        names, branch = waiting.pop()
        path = (*names, branch.name)
        yield path, branch
        waiting += [(path, child) for child in reversed(branch.below)]


def _written(branch: Branch) -> dict[str, object]:
    made: dict[str, object] = {"name": branch.name}
    if branch.locked:
        made["locked"] = True
    if branch.person is not None:
        made |= _person_written(branch.person)
    if branch.settings:
        made["settings"] = dict(sorted(branch.settings.items()))
    if branch.locks:
        made["locks"] = sorted(branch.locks)
    if branch.contacts:
        made["contacts"] = [_full(asdict(one)) for one in branch.contacts]
    for key, kind in _BELOW:
        below = [_written(one) for one in branch.below if one.kind is kind]
        made |= {key: below} if below else {}
    return made


def _person_written(person: Person) -> dict[str, object]:
    custom = list(person.custom) if any(person.custom) else []
    texts = {
        "first_name": person.first_name,
        "last_name": person.last_name,
        "sending": list(person.sending),
        "receiving": list(person.receiving),
        "fax_number": person.fax_number,
        "contact": _full(asdict(person.contact)),
        "custom": custom,
    }
    return _full(texts)


def _full(values: Mapping[str, object]) -> dict[str, object]:
    return {name: value for name, value in values.items() if value}


def _read(value: object, kind: NodeKind, where: str) -> Branch:
    node = _mapping(value, where, _KEYS[kind])
    name = _text(node, "name", where)
    if not name:
        raise UsageError(f"{where}: a {kind} has a name")
    here = f"{where}/{name}"
    below = [_read(one, child, here) for key, child in _BELOW for one in _list(node, key, here)]
    return Branch(
        kind=kind,
        name=name,
        locked=_flag(node, here),
        settings=_settings(node, kind, here),
        locks=_locks(node, here),
        contacts=tuple(EmergencyContact(**_texts(one, _EMERGENCY, here)) for one in _list(node, "contacts", here)),
        person=_person(node, here) if kind is NodeKind.USER else None,
        below=tuple(below),
    )


def _person(node: Mapping[str, Any], where: str) -> Person:
    custom = _words(node, "custom", where)
    if len(custom) > 4:
        raise UsageError(f"{where}: there are four custom fields, not {len(custom)}")
    return Person(
        first_name=_text(node, "first_name", where),
        last_name=_text(node, "last_name", where),
        sending=_words(node, "sending", where),
        receiving=_words(node, "receiving", where),
        fax_number=_text(node, "fax_number", where),
        contact=Contact(**_texts(node.get("contact", {}), _CONTACT, where)),
        custom=(*custom, "", "", "", "")[:4],
    )


def _settings(node: Mapping[str, Any], kind: NodeKind, where: str) -> dict[str, str]:
    given = _texts(node.get("settings", {}), tuple(CATALOG), where)
    for name, value in given.items():
        try:
            checked_value(name, value)
        except UsageError as error:
            raise UsageError(f"{where}: {error.text}") from None
        if kind not in CATALOG[name].levels:
            raise UsageError(f"{where}: {name} is given at {' or '.join(CATALOG[name].levels)}")
    return given


def _locks(node: Mapping[str, Any], where: str) -> tuple[str, ...]:
    names = _words(node, "locks", where)
    unknown = [name for name in names if name not in CATALOG]
    if unknown:
        raise UsageError(f"{where}: unknown setting {unknown[0]!r} in locks")
    return tuple(sorted(set(names)))


def _flag(node: Mapping[str, Any], where: str) -> bool:
    value = node.get("locked", False)
    if not isinstance(value, bool):
        raise UsageError(f"{where}: locked is true or false, not {value!r}")
    return value


def _mapping(value: object, where: str, known: Sequence[str]) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise UsageError(f"{where}: there must be names with values, not {_short(value)}")
    unknown = [key for key in value if key not in known]
    if unknown:
        raise UsageError(f"{where}: there is no {unknown[0]!r}; there are {', '.join(known[:12])}")
    return value


def _list(node: Mapping[str, Any], key: str, where: str) -> Sequence[Any]:
    value = node.get(key) or []
    if not isinstance(value, list):
        raise UsageError(f"{where}: {key} is a list, not {_short(value)}")
    return value


def _words(node: Mapping[str, Any], key: str, where: str) -> tuple[str, ...]:
    values = _list(node, key, where)
    if not all(isinstance(value, str) for value in values):
        raise UsageError(f"{where}: {key} is a list of texts; numbers and the like want quotes")
    return tuple(values)


def _texts(value: object, known: Sequence[str], where: str) -> dict[str, str]:
    return {name: _text(_mapping(value, where, known), name, where) for name in _mapping(value or {}, where, known)}


def _text(node: Mapping[str, Any], key: str, where: str) -> str:
    value = node.get(key, "")
    if not isinstance(value, str):
        raise UsageError(f"{where}: {key} is a text; write {str(value)!r} with quotes")
    return value


def _short(value: object) -> str:
    return repr(value)[:40]
