"""The processor time of processes, as the system counts it (getrusage(2), proc(5)).

What lives here: the time of this process, and of all that descend from another. What does not: limits (`warm`).
"""

import os
import resource
from collections.abc import Iterator
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")
_PARENT, _TIMES = 1, slice(11, 15)  # fields after the name: user and system time, and those of children waited for


def own_seconds() -> float:
    """User and system time of this process and of those it started and waited for."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def seconds_below(ancestor: int) -> float:
    """User and system time, to the tick, of the processes that descend from one; not its own."""
    every = dict(_all())
    chosen = {ancestor}
    while more := {pid for pid, fields in every.items() if int(fields[_PARENT]) in chosen} - chosen:
        chosen |= more
    ticks = (int(field) for pid in chosen - {ancestor} for field in every[pid][_TIMES])
    return sum(ticks) / _TICKS


def _all() -> Iterator[tuple[int, list[str]]]:
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                text = (folder / "stat").read_text()
            except (FileNotFoundError, ProcessLookupError):
                continue  # it has gone
            yield int(folder.name), text.rpartition(")")[2].split()
