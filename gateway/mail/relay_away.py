"""What is known of a relay that is not reached: it is tried now and then, and told of seldom.

What lives here: how long it is left alone, and what the log says of it. What does not: connecting (`relay`), the mails
that wait meanwhile (`gateway.flows.notify`).
"""

import logging
from collections.abc import Callable
from time import monotonic

logger = logging.getLogger(__name__)

LONGEST_REST = 30.0  # seconds between two tries
TELL_EACH = 600.0  # seconds between two lines on the same trouble


class Away:
    """Of one relay. It is asked again at once after a first failure, and then after longer and longer rests."""

    def __init__(self, now: Callable[[], float] = monotonic) -> None:
        """`now` is a clock in seconds."""
        self._now = now
        self._failures = 0
        self._error: Exception | None = None
        self._since = self._until = self._told = 0.0

    def resting(self) -> Exception | None:
        """Why it need not be tried now, for it has just failed; None when it is to be tried."""
        return self._error if self._failures and self._now() < self._until else None

    def missed(self, error: Exception) -> None:
        """It was not reached; told when that is news, or some time ago."""
        if self._is_to_be_told(error):
            extra = {"error": type(error).__name__, "seconds": self._seconds()}
            logger.warning("relay.unreachable", extra=extra)

    def broke_off(self, error: Exception, count: int) -> None:
        """It went away after so many notices; told as `missed`."""
        if self._is_to_be_told(error):
            extra = {"error": type(error).__name__, "count": count, "seconds": self._seconds()}
            logger.warning("relay.broken_off", extra=extra)

    def reached(self) -> None:
        """It answers."""
        if self._failures:
            logger.info("relay.reached", extra={"seconds": self._seconds()})
        self._failures = 0

    def _is_to_be_told(self, error: Exception) -> bool:
        """Count a failure, and rest; whether the log is to have it."""
        now, first = self._now(), self._failures == 0
        if not first and now < self._until:
            return False  # others had begun before it was known
        self._failures, self._error = self._failures + 1, error
        self._since = now if first else self._since
        self._until = now + (0.0 if first else min(LONGEST_REST, 2.0 ** min(self._failures - 2, 10)))
        if not first and now - self._told < TELL_EACH:
            return False
        self._told = now
        return True

    def _seconds(self) -> int:
        """Since when it has been away."""
        return round(self._now() - self._since)
