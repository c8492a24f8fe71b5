"""Programs from outside: finding them and running them within a time.

What lives here: search and one call. What does not: limits on memory and processor (`confine` sets them around us,
and ends whatever is still running when the time is over).
"""

import os
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from renderers.walls.prctl import die_with_parent

_FOLDERS = ("/usr/lib/libreoffice/program", "/opt/libreoffice/program", "/usr/bin", "/usr/local/bin")


@dataclass(frozen=True, slots=True)
class Ran:
    """How a program ended: its exit code (minus the signal that killed it) and the end of what it said."""

    code: int
    said: str


def find(*names: str) -> Path | None:
    """The first of the named programs in the usual places and on PATH."""
    folders = [*_FOLDERS, *os.environ.get("PATH", "").split(os.pathsep)]
    candidates = (Path(folder) / name for name in names for folder in folders if folder)
    return next((path for path in candidates if os.access(path, os.X_OK)), None)


def run(command: Sequence[str | Path], environment: Mapping[str, str], seconds: float, folder: Path) -> Ran:
    """Run a program in `folder`; it ends with us, and in our own process group, so that what confines us ends it, too.

    Raises:
        TimeoutError: it was still running after `seconds`, and was killed.
    """
    try:
        done = subprocess.run(
            [str(word) for word in command],
            env=dict(environment), cwd=folder, timeout=seconds, check=False, preexec_fn=die_with_parent,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
    except subprocess.TimeoutExpired as error:
        raise TimeoutError(f"{Path(command[0]).name} ran longer than {seconds:.0f} s") from error
    return Ran(done.returncode, done.stdout[-500:].decode("utf-8", "replace").strip())
