"""What an administrator may see and do: one tree of rights, and sets of them.

What lives here: the rights by part of the product, granting and clearing them, and the one question `refusal`. What
does not: who the administrators are (`administrators`), and the door where the question is asked (`gateway.admin`).

A name is a part (`users`) or one right of it (`users.move`). Granting a part grants all of it, also what later versions
add to it; clearing a part clears all below, and single rights can be granted again after that.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from types import MappingProxyType

from gateway.domain.errors import UsageError


@dataclass(frozen=True, slots=True)
class Right:
    """One thing to see or do. `changes` is false for a view; `company_only`: only for those of a whole company."""

    name: str
    about: str
    changes: bool = False
    company_only: bool = False

    @property
    def part(self) -> str:
        """The part of the product it belongs to."""
        return self.name.partition(".")[0]


def _view(part: str, about: str, *, company_only: bool = False) -> Right:
    return Right(f"{part}.view", about, company_only=company_only)


def _change(name: str, about: str, *, company_only: bool = False) -> Right:
    return Right(name, about, changes=True, company_only=company_only)


_RIGHTS = (
    _view("fax", "see fax preferences"),
    _change("fax.change", "change fax preferences"),
    _view("covers", "see cover pages and their settings"),
    _change("covers.change", "change the settings of covers"),
    _change("covers.upload", "add, replace and remove cover pages"),
    _view("notifications", "see the settings of notifications"),
    _change("notifications.change", "change the settings of notifications"),
    _change("notifications.welcome", "send welcome messages"),
    _view("archive", "see the settings of the archive"),
    _change("archive.change", "change the settings of the archive"),
    _view("security", "see password and session policies"),
    _change("security.change", "change password and session policies"),
    _view("users", "see users and their details"),
    _change("users.add", "add users, one or many"),
    _change("users.edit", "edit users and their addresses"),
    _change("users.move", "move users"),
    _change("users.lock", "lock and unlock users"),
    _change("users.delete", "delete users"),
    _change("users.password", "set users' passwords"),
    _view("departments", "see departments"),
    _change("departments.add", "add departments"),
    _change("departments.edit", "rename departments"),
    _change("departments.move", "move departments"),
    _change("departments.lock", "lock and unlock departments"),
    _change("departments.delete", "delete departments"),
    _view("companies", "see the company's details and emergency contacts", company_only=True),
    _change("companies.edit", "change the company's details and emergency contacts", company_only=True),
    _view("administrators", "see administrators and their rights"),
    _change("administrators.add", "add administrators"),
    _change("administrators.edit", "edit administrators and their rights"),
    _change("administrators.lock", "lock and unlock administrators"),
    _change("administrators.delete", "delete administrators"),
    _change("administrators.password", "set administrators' passwords"),
    _view("numbers", "see the inventory of numbers"),
    _change("numbers.assign", "assign and release numbers"),
    _change("numbers.request", "request new numbers", company_only=True),
    _view("blocks", "see blocked numbers", company_only=True),
    _change("blocks.change", "block and unblock numbers", company_only=True),
    _view("porting", "see port requests", company_only=True),
    _change("porting.change", "make and change port requests", company_only=True),
    _view("activity", "see outbound and inbound activity, and refused mails"),
    _change("activity.cancel", "cancel, hold and release faxes"),
    _view("documents", "see the content of faxes"),
    Right("documents.save", "save the content of faxes"),
    _change("resend.outbound", "send a fax again"),
    _change("resend.inbound", "deliver a received fax again"),
    _view("accounting", "see call detail records", company_only=True),
    _view("reports", "see reports and the dashboard"),
    _view("journal", "see the journal of changes"),
    _view("settings", "see other settings: dates, retries, retention"),
    _change("settings.change", "change other settings"),
    _change("settings.lock", "lock settings against the levels below"),
    _change("settings.push", "push settings to the levels below"),
)
RIGHTS = MappingProxyType({right.name: right for right in _RIGHTS})
PARTS = tuple(dict.fromkeys(right.part for right in _RIGHTS))


@dataclass(frozen=True, slots=True)
class Granted:
    """The rights of one administrator: names of parts and of single rights, as they were granted.

    With `read_only` nothing that changes is allowed, whatever is granted.
    """

    names: frozenset[str] = frozenset()
    read_only: bool = False

    def allows(self, name: str) -> bool:
        """Whether one right of the tree is held.

        Raises:
            UsageError: there is no such right.
        """
        right = _right(name)
        held = name in self.names or right.part in self.names
        return held and not (self.read_only and right.changes)

    def grant(self, name: str) -> "Granted":
        """With a part, or a right, more.

        Raises:
            UsageError: there is no such part or right.
        """
        below = set(rights_of(name))
        if name in PARTS:
            return Granted(self.names - below | {name}, self.read_only)
        return self if _right(name).part in self.names else Granted(self.names | {name}, self.read_only)

    def clear(self, name: str) -> "Granted":
        """Without a part and all below it, or without one right; what else its part holds stays.

        Raises:
            UsageError: there is no such part or right.
        """
        below = set(rights_of(name))
        if name in PARTS:
            return Granted(self.names - below - {name}, self.read_only)
        part = _right(name).part
        kept = set(rights_of(part)) if part in self.names else self.names & set(rights_of(part))
        return Granted((self.names - set(rights_of(part)) - {part} | kept) - {name}, self.read_only)

    def rights(self) -> Iterator[Right]:
        """The single rights that are held, in the order of the tree."""
        return (right for right in _RIGHTS if self.allows(right.name))


ALL = Granted(frozenset(PARTS))
READ_ONLY = Granted(frozenset(PARTS), read_only=True)


def rights_of(name: str) -> tuple[str, ...]:
    """The single rights of a part, or the right itself.

    Raises:
        UsageError: there is no such part or right; names what there is.
    """
    if name in RIGHTS:
        return (name,)
    below = tuple(right.name for right in _RIGHTS if right.part == name)
    if not below:
        part = name.partition(".")[0]
        known = ", ".join(rights_of(part)) if part in PARTS else ", ".join(PARTS)
        raise UsageError(f"there is no right {name!r}; there are {known}")
    return below


def granted(names: Iterable[str], *, read_only: bool = False) -> Granted:
    """Rights by their names, as stored or as written by people.

    Raises:
        UsageError: there is no such part or right.
    """
    rights = Granted(read_only=read_only)
    for name in names:
        rights = rights.grant(name)
    return rights


def refusal(rights: Granted, place: tuple[int, ...], name: str, target: tuple[int, ...]) -> str:
    """Why an administrator must not use a right at a node; empty when nothing speaks against it.

    Args:
        rights: what the administrator holds.
        place: ids of the nodes from the company down to where the administrator sits.
        name: the right.
        target: ids of the nodes from the company down to the node in question; empty for the whole system.

    Raises:
        UsageError: there is no such right.
    """
    right = _right(name)
    if target[: len(place)] != place:
        return "that lies outside the part of the tree which this administrator is for"
    if rights.read_only and right.changes:
        return f"a read-only administrator changes nothing; it takes the right {name} ({right.about})"
    if not rights.allows(name):
        return f"the right {name} is missing ({right.about})"
    if right.company_only and len(place) > 1:
        return f"{name} ({right.about}) is for administrators of a whole company"
    return ""


def _right(name: str) -> Right:
    right = RIGHTS.get(name)
    if right is None:
        rights_of(name)
        raise UsageError(f"{name} is a part with several rights: {', '.join(rights_of(name))}")
    return right
