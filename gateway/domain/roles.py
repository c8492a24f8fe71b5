"""What a process of the gateway does: its roles, by name.

What lives here: the roles, and reading them from words. What does not: what each of them runs (`gateway.app`).
"""

from collections.abc import Iterable
from enum import StrEnum

from gateway.domain.errors import UsageError


class Role(StrEnum):
    """One kind of work. Looking after the queue and its own lease is everybody's."""

    SMTP = "smtp"  # takes mail
    PREPARE = "prepare"  # renders it
    LINES = "lines"  # calls
    MAIL = "mail"  # sends notices and received faxes, and brings copies to archives
    INBOUND = "inbound"  # takes calls


ALL = tuple(Role)


def parse_roles(words: Iterable[str]) -> frozenset[Role]:
    """The roles of these names.

    Raises:
        UsageError: one is unknown, or there is none.
    """
    try:
        roles = frozenset(Role(word.strip().lower()) for word in words if word.strip())
    except ValueError:
        raise UsageError(f"{_known()}: these are the roles; name some, with commas between") from None
    if not roles:
        raise UsageError(f"no role is named; there are {_known()}")
    return roles


def in_order(roles: Iterable[Role]) -> tuple[Role, ...]:
    """The same roles in the order of the way of a fax."""
    return tuple(sorted(roles, key=ALL.index))


def _known() -> str:
    return ", ".join(ALL)
