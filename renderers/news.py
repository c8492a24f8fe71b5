"""News of confined work while it is being done: a few words now and then, from the child to whoever waits for it.

What lives here: saying them, and not too often. What does not: the line (`wire`), hearing them (`confine`).
"""

import contextlib
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass

from renderers import wire

_SECONDS_BETWEEN = 0.5


@dataclass(slots=True)
class News:
    """Where news go: nowhere, until there is a line; nothing is said in the first half second, nor soon after more."""

    line: socket.socket | None = None
    now: Callable[[], float] = time.monotonic
    last: float = 0.0

    def begin(self, line: socket.socket) -> None:
        """Tell by this line from now on."""
        self.line, self.last = line, self.now()

    def tell(self, words: str) -> None:
        """Say how far the work is, unless something was said just now."""
        now = self.now()
        if self.line is None or now - self.last < _SECONDS_BETWEEN:
            return
        self.last = now
        with contextlib.suppress(OSError):  # whoever asked has gone, which is not for us to mend
            wire.send(self.line, wire.NEWS, words.encode("utf-8", "replace"))


NEWS = News()
