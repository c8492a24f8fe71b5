"""What keeps a desk in the warm parent: it is opened when the bell is first rung, and again after its end.

What lives here: the desk's start and what remains of it. What does not: its work (`desk`).
"""

import os
import selectors
import shutil
import socket
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from renderers import rooms
from renderers.libreoffice import bell

_PREFIX = "faxgw-office-"


@dataclass(slots=True)
class Reception:
    """Hangs the bell and tells `selector` what to call when it is rung, and when the desk has ended."""

    selector: selectors.BaseSelector
    _folder: str = ""
    _lock: int = -1
    _desk: subprocess.Popen[bytes] | None = None
    _heard: socket.socket = field(init=False)

    def __post_init__(self) -> None:
        self._heard = bell.BELL.hang()
        self._wait()

    def _wait(self) -> None:
        self.selector.register(self._heard, selectors.EVENT_READ, self.open)

    def open(self) -> None:
        """Start a desk, in a process group and a folder of its own; it hears the ring that called for it."""
        self.selector.unregister(self._heard)
        rooms.sweep(Path(tempfile.gettempdir()), _PREFIX)
        self._folder, self._lock = rooms.entered(_PREFIX)
        heard = self._heard.fileno()
        self._desk = subprocess.Popen(
            [sys.executable, "-m", "renderers.libreoffice.desk", str(heard), self._folder],
            pass_fds=[heard, self._lock], cwd="/", process_group=0,
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        )  # fmt: skip
        watch = os.pidfd_open(self._desk.pid)
        self.selector.register(watch, selectors.EVENT_READ, lambda: self._ended(watch))

    def _ended(self, watch: int) -> None:
        """Clear up after it. Where it failed, those who ring now go without it, lest it fail for each of them again."""
        self.selector.unregister(watch)
        os.close(watch)
        if self._desk is not None and self._desk.wait() != 0:
            bell.turn_away(self._heard)
        shutil.rmtree(self._folder, ignore_errors=True)
        os.close(self._lock)
        self._wait()
