"""Ends a daemon at a named point: before or after a function of its walk, from outside of it.

What lives here: the points, and laying one on the modules of this process before the daemon is run. The product has no
branch for this: its functions are wrapped where their callers look them up.
"""

import functools
import importlib
import itertools
import os
import signal
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

BEFORE, AFTER = "before", "after"


@dataclass(frozen=True)
class Cut:
    """The K-th time that `target` (module:name, or module:Class.name) is called, or has returned, all is over."""

    target: str
    when: str
    count: int = 1

    def __str__(self) -> str:
        return f"{self.when} {self.target.removeprefix('gateway.')}" + (f" #{self.count}" if self.count > 1 else "")

    def lay(self) -> None:
        """Wrap the function in this process."""
        module, _, path = self.target.partition(":")
        *owners, name = path.split(".")
        owner = functools.reduce(getattr, owners, importlib.import_module(module))
        setattr(owner, name, self._wrapped(getattr(owner, name)))

    def _wrapped(self, function: Callable[..., Any]) -> Callable[..., Any]:
        calls = itertools.count(1)

        @functools.wraps(function)
        def cut(*arguments: Any, **named: Any) -> Any:
            last = next(calls) == self.count
            if last and self.when == BEFORE:
                end()
            answer = function(*arguments, **named)
            if last:
                end()
            return answer

        return cut


def end() -> None:
    """As the power goes: this process and its group, at once."""
    os.killpg(0, signal.SIGKILL)


def around(*targets: str) -> tuple[Cut, ...]:
    """Before and after each."""
    return tuple(Cut(f"gateway.{target}", when) for target in targets for when in (BEFORE, AFTER))


def commits(first: int, last: int) -> tuple[Cut, ...]:
    """Before and after each commit from the first to the last that a process makes."""
    target = "gateway.store.transaction:Transaction.commit"
    return tuple(Cut(target, when, count) for count in range(first, last + 1) for when in (BEFORE, AFTER))


KEEP = "gateway.fax.simulator.received:ReceivedFaxes.keep"  # the far end has a page, and has not confirmed it
# What one fax meets from the front door to the last notice: every commit, every file that is made before one, and what
# the far end is told; by the roles of the node that is cut.
STARTING = around("store.migrate:migrate", "store.processes:register", "store.processes:reap")
ACCEPTING = (*around("store.acceptance:Acceptance.enter"), *commits(1, 3))
RENDERING = (
    *around(
        "store.submissions:claim_renders",
        "store.spool:Spool.put_bytes",
        "store.spool:Spool.put_file",
        "store.submissions:finish_render",
    ),
    *commits(3, 4),
)
CALLING = (
    *around(
        "store.calls:claim_calls",
        "fax.call_journal:CallJournal.begin",
        "fax.call_journal:OpenJournal.write",
        "fax.simulator.received:ReceivedFaxes.count_dial",
        "fax.simulator.received:ReceivedFaxes.keep",
        "store.calls:record_last_page",
        "store.calls:finish_call",
    ),
    Cut(KEEP, BEFORE, 3),
    Cut(KEEP, AFTER, 3),
    *commits(3, 6),
)
TELLING = (*around("store.outbox:claim_mail", "store.outbox:mail_sent"), *commits(3, 4))
