"""Who acts: the system account of a shell, or an administrator; and whether they may.

What lives here: actors and the check of one right at one node. What does not: the tree of rights (`rights`), who the
administrators are (the store), asking before every change (`gateway.admin.acts`).
"""

from dataclasses import dataclass, field

from gateway.domain.errors import NotAllowedError
from gateway.domain.rights import Granted, refusal

# The gateway itself, its trunks and processes, and the making of companies: for whoever has a shell on its machine.
SYSTEM = ""


@dataclass(frozen=True, slots=True)
class Actor:
    """Who does something, and why.

    `place` is None for an account of the machine, which may do all; else the ids of the nodes from the company down to
    where an administrator sits, below which `rights` hold.
    """

    name: str
    reason: str = ""
    place: tuple[int, ...] | None = None
    rights: Granted = field(default_factory=Granted)

    def __str__(self) -> str:
        return f"account {self.name}" if self.place is None else f"administrator {self.name}"


def check(actor: Actor, right: str, target: tuple[int, ...]) -> None:
    """Return when the actor may use a right at a node.

    Args:
        actor: who.
        right: a name of the tree of rights; SYSTEM for what no administrator may do.
        target: the ids of the nodes from the company down to the one in question; empty for the whole system.

    Raises:
        NotAllowedError: says which right is missing, or that the node lies elsewhere.
    """
    if actor.place is None:
        return
    why = refusal(actor.rights, actor.place, right, target) if right else "that is for accounts of the machine alone"
    if why:
        raise NotAllowedError(f"{actor}: {why}")
