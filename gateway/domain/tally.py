"""What the gateway counts as it works: the names, and the interface that flows tell them to.

What lives here: names, and who takes no notice. What does not: adding up, labels' bounds and how a figure is shown
(`gateway.watch`). No label tells of a person, a number, a subject or a file.
"""

from enum import StrEnum
from typing import Protocol


class Metric(StrEnum):
    """A figure that grows. Labels follow it, in the order of the comment; seconds and works are spread over buckets."""

    MAILS = "mails"  # how it was taken: accepted, duplicate or postmaster
    JOBS = "jobs"
    REFUSALS = "refusals"  # rule
    RENDERS = "renders"  # how it ended: done, failed or broken-off
    RENDER_SECONDS = "render-seconds"
    CALLS = "calls"  # trunk, outcome
    CALL_SECONDS = "call-seconds"  # trunk
    PAGES = "pages"  # trunk
    INBOUND_CALLS = "inbound-calls"  # how it ended: received, partial, failed, refused or not-answered
    INBOUND_PAGES = "inbound-pages"
    FORWARDINGS = "forwardings"  # how a received fax was mailed: made or failed
    NOTICES = "notices"  # how it went: sent, delayed, dead or unreached
    ARCHIVED = "archived"  # direction; how it went: done, delayed, unreached, dead or lost
    COMMIT_SECONDS = "commit-seconds"
    COMMIT_WORKS = "commit-works"  # what one commit held
    FAILED_STEPS = "failed-steps"  # kind of worker


class Tally(Protocol):
    """Whoever adds up. It may be called from any thread, never waits and never fails."""

    def tell(self, metric: Metric, amount: float = 1, /, *labels: str) -> None:
        """Add `amount` to a counter, or one observation of that size."""
        ...


class _Nobody:
    """Takes no notice."""

    def tell(self, metric: Metric, amount: float = 1, /, *labels: str) -> None:
        """Nothing is kept."""


NOBODY: Tally = _Nobody()
