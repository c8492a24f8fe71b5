"""A machine's clock that a test can step, for a daemon that is run by the nursery."""

import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from gateway import bearings


def lay_clock(file: Path) -> None:
    """From now on this process's wall clock is off by the seconds that the file names; the monotonic one goes on."""

    def wall() -> datetime:
        return datetime.now(UTC) + timedelta(seconds=float(file.read_text() or 0))

    told = bearings.wall_clock
    for name, module in list(sys.modules.items()):
        if name.startswith("gateway.") and getattr(module, "wall_clock", None) is told:
            module.wall_clock = wall  # type: ignore[attr-defined]


def step(file: Path, seconds: float) -> None:
    """Set a clock off, in one piece."""
    beside = file.with_suffix(".new")
    beside.write_text(str(seconds))
    beside.replace(file)
