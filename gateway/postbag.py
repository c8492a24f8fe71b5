"""Notices that this process took as it wrote them: they need no claim, and are sent before others are looked for.

What lives here: handing them from the flows that write them to the one that sends. What does not: rows
(`gateway.store.outbox`), sending (`gateway.flows.notify`).
"""

import threading
from collections import deque
from collections.abc import Sequence

from gateway.owed import Owed
from gateway.store.handback import Owned
from gateway.store.outbox import MailClaim

MOST = 20  # while the relay is slow the rest waits in the store, where every process that sends mails finds it


class Postbag:
    """Used from all threads. What is in it is in hand of the process: `owed` knows of it."""

    def __init__(self, process: int, owed: Owed) -> None:
        self.process = process
        self._owed = owed
        self._lock = threading.Lock()
        self._claims: deque[MailClaim] = deque()

    @property
    def is_empty(self) -> bool:
        """Whether nothing is in it."""
        return not self._claims

    def has_room(self) -> bool:
        """Whether it would take one more."""
        return len(self._claims) < MOST

    def take(self, claims: Sequence[MailClaim]) -> None:
        """Mails that are ours, and committed."""
        with self._lock:
            for claim in claims:
                self._owed.hold(named(claim))
                self._claims.append(claim)

    def next(self) -> MailClaim | None:
        """The one that came first; it stays in hand until it is settled."""
        with self._lock:
            return self._claims.popleft() if self._claims else None


def named(claim: MailClaim) -> Owned:
    """A mail as it is owned."""
    return Owned("outbox", claim.id, claim.fence)
