"""Adds up what the flows tell, of this process and of the listeners beside it.

What lives here: counters and buckets, and lines that carry them from one process to another. What does not: the names
(`gateway.domain.tally`), how they are shown (`metrics`).
"""

import json
import threading
from bisect import bisect_left
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from gateway.domain.tally import Metric, Tally
from gateway.store.database import Database

MOST_LABELS = 60  # sets of labels of one metric; what comes beyond is counted as OTHER
OTHER = "other"
LINE_OCTETS = 3800  # of one line between processes: what is shorter than a pipe's atom arrives whole or not at all
_SECONDS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)
# Upper bounds of the buckets; a metric that is not here is a plain counter.
BUCKETS: Mapping[Metric, tuple[float, ...]] = {
    Metric.COMMIT_SECONDS: _SECONDS,
    Metric.COMMIT_WORKS: (1, 2, 5, 10, 20, 50, 100, 200),
    Metric.RENDER_SECONDS: (0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 180.0),
    Metric.CALL_SECONDS: (5, 15, 30, 60, 120, 300, 600, 1800, 3600),
}
Key = tuple[Metric, tuple[str, ...]]


@dataclass(slots=True)
class Sum:
    """Of a counter the total; of what has buckets also how many were observed, and how many fell into each."""

    total: float = 0.0
    observed: int = 0
    buckets: list[int] = field(default_factory=list)

    def observe(self, amount: float, bounds: tuple[float, ...]) -> None:
        """Take one observation."""
        self.buckets = self.buckets or [0] * (len(bounds) + 1)
        self.buckets[bisect_left(bounds, amount)] += 1
        self.total += amount
        self.observed += 1

    def add(self, other: "Sum") -> None:
        """Take what another has added up."""
        self.total += other.total
        self.observed += other.observed
        if other.buckets:
            mine = self.buckets or [0] * len(other.buckets)
            self.buckets = [first + second for first, second in zip(mine, other.buckets, strict=True)]


class Counts:
    """A tally that adds up; any thread may tell it something."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._sums: dict[Key, Sum] = {}
        self._sets: dict[Metric, int] = {}

    def tell(self, metric: Metric, amount: float = 1, /, *labels: str) -> None:
        """Add to a counter, or one observation of that size."""
        bounds = BUCKETS.get(metric)
        with self._lock:
            kept = self._sum(metric, labels)
            if bounds is None:
                kept.total += amount
            else:
                kept.observe(amount, bounds)

    def sums(self) -> dict[Key, Sum]:
        """All sums so far, as they are at one moment."""
        with self._lock:
            return {key: Sum(one.total, one.observed, list(one.buckets)) for key, one in self._sums.items()}

    def drained(self) -> Iterator[bytes]:
        """What was added since the last time, as lines of JSON without line ends; it is here no longer."""
        with self._lock:
            sums, self._sums = self._sums, {}
            self._sets.clear()
        entries: list[str] = []
        for (metric, labels), one in sums.items():
            entry = json.dumps([metric, labels, one.total, one.observed, one.buckets])
            if sum(map(len, entries)) + len(entries) + len(entry) > LINE_OCTETS:
                yield _line(entries)
                entries = []
            entries.append(entry)
        if entries:
            yield _line(entries)

    def take(self, line: bytes) -> None:
        """Add what another process has drained."""
        with self._lock:
            for metric, labels, total, observed, buckets in json.loads(line):
                self._sum(Metric(metric), tuple(labels)).add(Sum(total, observed, buckets))

    def _sum(self, metric: Metric, labels: tuple[str, ...]) -> Sum:
        found = self._sums.get((metric, labels))
        if found is not None:
            return found
        known = self._sets.get(metric, 0)
        if known >= MOST_LABELS:
            labels = (OTHER,) * len(labels)
        self._sets[metric] = known + 1
        return self._sums.setdefault((metric, labels), Sum())


def _line(entries: list[str]) -> bytes:
    return f"[{','.join(entries)}]".encode()


def count_commits(db: Database, tally: Tally) -> None:
    """Have each commit of this process counted, with its time and how many works shared it."""

    def tell(works: int, seconds: float) -> None:
        tally.tell(Metric.COMMIT_SECONDS, seconds)
        tally.tell(Metric.COMMIT_WORKS, works)

    db.tell_commits(tell)
