"""Whether the process is alive: its workers move, and none of them has ended by itself.

What lives here: how long a step of each worker may last. What does not: whether anything can be done just now, for a
process that waits for its store is alive (`readiness`). That the event loop moves shows by our answering at all.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

PATIENCE = 180.0  # seconds for a step that asks the store, which may wait for it twice over
MAIL_PATIENCE = 900.0  # a relay may take a minute for each step of a session


class Pulse(Protocol):
    """A worker, as far as it is watched."""

    name: str

    @property
    def busy_for(self) -> float:
        """Seconds that the step in work has lasted; 0 between two steps."""
        ...


class Wellbeing(Protocol):
    """What may be asked whether all moves."""

    def troubles(self) -> tuple[str, ...]:
        """What does not, in words; empty when all is well."""
        ...


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a step may last, in seconds, by the kind of worker: the part of its name before a hyphen and number."""

    render: float
    call: float

    def of(self, name: str) -> float:
        """For the worker of that name."""
        kind = name.split("-")[0]
        return {"prepare": self.render, "transmit": self.call, "notify": MAIL_PATIENCE}.get(kind, PATIENCE)


@dataclass(frozen=True, slots=True)
class Health:
    """`workers` that should move; `ended` names tasks that are over and should not be."""

    workers: Sequence[Pulse]
    ended: Callable[[], Iterable[str]]
    patience: Patience

    def troubles(self) -> tuple[str, ...]:
        """What does not move, in words; empty when all is well."""
        stuck = [
            f"{worker.name} has been in one step for {worker.busy_for:.0f} s"
            for worker in self.workers
            if worker.busy_for > self.patience.of(worker.name)
        ]
        return (*stuck, *(f"{name} has ended" for name in sorted(self.ended())))
