"""What a flow has claimed and could not give back: kept until the store takes it.

What lives here: giving back a claim whose work broke off, now or later. What does not: what giving back means
(`gateway.store`).
"""

import logging
from collections.abc import Callable

from gateway.domain.errors import LostClaimError, UnavailableError

log = logging.getLogger(__name__)


class Owed:
    """The claims of one flow that the store could not take back: it was full or locked. Used from worker threads."""

    def __init__(self) -> None:
        self._returns: list[Callable[[], None]] = []

    def give_back(self, return_claim: Callable[[], None]) -> None:
        """Return a claim; one that was settled, or lost to another process, owes nothing."""
        try:
            return_claim()
        except LostClaimError:
            return
        except UnavailableError as error:
            self._returns.append(return_claim)
            log.warning("claim-owed", extra={"error": type(error).__name__, "count": len(self._returns)})

    def settle(self) -> None:
        """Try again to return what is owed."""
        returns, self._returns = self._returns, []
        for return_claim in returns:
            self.give_back(return_claim)
