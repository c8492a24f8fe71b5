"""Routes: whom a fax to one of our numbers is for.

What lives here: the route, and the form of a sub-address. What does not: rows (`gateway.store.routes`), the inventory
(`inventory`).
"""

import re
from dataclasses import dataclass

from gateway.domain.errors import UsageError

_SUB_ADDRESS = re.compile(r"[0-9*#]{1,20}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Route:
    """Where a called number leads: to a user, or by a rule to a user, department or company.

    `addresses` are the one to three that faxes are mailed to as things stand; none: nobody has said where to.
    `locked` is true when the node or any above it is. `path` is the node's. `rule` is true when a rule led here and
    not the user's own number.
    """

    number: str
    sub_address: str
    node_id: int
    path: str
    addresses: tuple[str, ...]
    locked: bool
    rule: bool = False


def checked_sub_address(text: str) -> str:
    """A sub-address as T.30 sends it: 1 to 20 digits, `*` and `#` (5.3.6.1.4, SUB); empty for none.

    Raises:
        UsageError: it is none.
    """
    trimmed = text.strip()
    if trimmed and not _SUB_ADDRESS.fullmatch(trimmed):
        raise UsageError(f"a sub-address has 1 to 20 of the digits, * and #, not {text!r}")
    return trimmed
