"""What the flows of this process have claimed: what is in hand, and what could not be given back yet.

What lives here: giving back a claim whose work broke off, now or later, and telling what is in hand. What does not:
what giving back means (`gateway.store`).
"""

import functools
import logging
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from gateway.domain.errors import LostClaimError, UnavailableError
from gateway.store.handback import Owned

log = logging.getLogger(__name__)
T = TypeVar("T")


class Owed:
    """Claims that are worked on, and claims that the store could not take back: it was full or locked.

    One serves all flows of a process, from any thread.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._returns: list[Callable[[], None]] = []
        self._in_hand: set[Owned] = set()

    @property
    def in_hand(self) -> frozenset[Owned]:
        """What is worked on now."""
        with self._lock:
            return frozenset(self._in_hand)

    @property
    def is_empty(self) -> bool:
        """Whether nothing is owed."""
        return not self._returns

    def hold(self, *claimed: Owned) -> None:
        """These are in hand, each until a block that has it is over."""
        with self._lock:
            self._in_hand.update(claimed)

    @contextmanager
    def having(self, claimed: Owned) -> Iterator[None]:
        """This is in hand inside the block."""
        with self._lock:
            self._in_hand.add(claimed)
        try:
            yield
        finally:
            with self._lock:
                self._in_hand.discard(claimed)

    def give_back(self, return_claim: Callable[[], None]) -> None:
        """Return a claim; one that was settled, or lost to another process, owes nothing."""
        error = self._tried(return_claim)
        if error is not None:
            log.warning("claim-owed", extra={"error": type(error).__name__, "count": len(self._returns)})

    def _tried(self, return_claim: Callable[[], None]) -> UnavailableError | None:
        """Return a claim, or keep it for later; why that had to be."""
        try:
            return_claim()
        except LostClaimError:
            return None
        except UnavailableError as error:
            with self._lock:
                self._returns.append(return_claim)
            return error
        return None

    def give_back_each(self, claims: Iterable[T], return_claim: Callable[[T], None]) -> None:
        """Return claims that nobody has begun."""
        for claim in claims:
            self.give_back(functools.partial(return_claim, claim))

    def settle(self) -> None:
        """Try again to return what is owed; that it cannot be yet was told when it first could not."""
        with self._lock:
            returns, self._returns = self._returns, []
        for return_claim in returns:
            self._tried(return_claim)
