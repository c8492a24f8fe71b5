"""The tree of people: companies, departments nested to any depth, users.

What lives here: frozen nodes and the rules on their names and addresses. What does not: rows (`gateway.store.tree`),
settings (`setting_catalog`), rights.
"""

import re
from dataclasses import dataclass, field
from enum import StrEnum

from gateway.domain.errors import UsageError
from gateway.domain.mail_names import ascii_address

# One strict pattern for addresses we register or answer: RFC 5321 dot-string and a domain, ASCII or UTF-8 letters.
_ATOM = r"[^\s\x00-\x1f\x7f()<>\[\]:;@\\,.\"]+"
_ADDRESS = re.compile(rf"{_ATOM}(\.{_ATOM})*@[^\s\x00-\x1f\x7f()<>\[\]:;@\\,\"]+")


class NodeKind(StrEnum):
    """What a node of the tree is."""

    COMPANY = "company"
    DEPARTMENT = "department"
    USER = "user"


@dataclass(frozen=True, slots=True)
class Node:
    """A company or a department. `path` is the names from the company down, joined by slashes."""

    id: int
    kind: NodeKind
    name: str
    path: str
    parent_id: int | None
    locked: bool = False


@dataclass(frozen=True, slots=True)
class Contact:
    """Contact details; they fill cover pages."""

    address1: str = ""
    address2: str = ""
    city: str = ""
    state: str = ""
    postal_code: str = ""
    country: str = ""
    phone: str = ""


@dataclass(frozen=True, slots=True)
class EmergencyContact:
    """Whom to call at a company when something is wrong."""

    name: str
    email: str
    voice_phone: str
    extension: str = ""


@dataclass(frozen=True, slots=True)
class User:
    """Somebody who sends and receives faxes. `locked` is true when the user or any node above is locked.

    `fax_number` is E.164 or empty ("no fax number required"). `custom` holds custom fields 1 to 4.
    """

    id: int
    user_name: str
    first_name: str
    last_name: str
    path: str
    parent_id: int
    company: str
    sending_addresses: tuple[str, ...]
    receiving_addresses: tuple[str, ...] = ()
    fax_number: str = ""
    locked: bool = False
    contact: Contact = field(default_factory=Contact)
    custom: tuple[str, str, str, str] = ("", "", "", "")

    @property
    def full_name(self) -> str:
        """First and last name."""
        return f"{self.first_name} {self.last_name}".strip()


def checked_name(name: str, what: str) -> str:
    """A node's name, trimmed; 1 to 80 characters, no slash (paths are joined by slashes), no control characters.

    Raises:
        UsageError: naming what is wrong.
    """
    trimmed = " ".join(name.split())
    if not trimmed or len(trimmed) > 80 or "/" in trimmed or not trimmed.isprintable():
        raise UsageError(f"{what} must have 1 to 80 printable characters and no slash, not {name!r}")
    return trimmed


def checked_address(address: str) -> str:
    """A mail address in the form it is compared in: domain and local part in lower case, the domain in ASCII.

    RFC 5321 lets local parts differ by case; no provider that people use does, and users type them either way.

    Raises:
        UsageError: when it is no plain mail address.
    """
    trimmed = address.strip()
    if len(trimmed) > 254 or not _ADDRESS.fullmatch(trimmed):
        raise UsageError(f"{address!r} is not a mail address: write name@domain")
    return ascii_address(trimmed.lower())
