"""Processes as /proc shows them: who descends from whom, and what processor time they took."""

import os
from collections.abc import Iterator
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")


def stat(pid: int) -> tuple[str, list[str]] | None:
    """Its name and the fields after it (proc(5): state is the first), or none when it has gone."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    name, _, rest = text.partition("(")[2].rpartition(")")
    return name, rest.split()


def lives(pid: int) -> bool:
    found = stat(pid)
    return found is not None and found[1][0] != "Z"


def descendants(ancestor: int) -> dict[int, str]:
    """All processes that descend from one, with their names; zombies are not counted."""
    return {pid: name for pid, (name, fields) in _tree(ancestor).items() if pid != ancestor and fields[0] != "Z"}


def _tree(ancestor: int) -> dict[int, tuple[str, list[str]]]:
    """A process and all that descend from it, zombies, too."""
    every = dict(_all())
    chosen = {ancestor} & set(every)
    while more := {pid for pid, (_, fields) in every.items() if int(fields[1]) in chosen} - chosen:
        chosen |= more
    return {pid: every[pid] for pid in chosen}


def _all() -> Iterator[tuple[int, tuple[str, list[str]]]]:
    for folder in Path("/proc").iterdir():
        found = stat(int(folder.name)) if folder.name.isdigit() else None
        if found is not None:
            yield int(folder.name), found


def processor_seconds(ancestor: int) -> float:
    """User and system time of a process, of those that descend from it, and of those they waited for."""
    return sum(int(ticks) for _, fields in _tree(ancestor).values() for ticks in fields[11:15]) / TICKS


def resident_bytes(pid: int) -> int:
    """What it holds in memory; nothing when it has gone."""
    try:
        pages = Path(f"/proc/{pid}/statm").read_text().split()[1]
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return int(pages) * os.sysconf("SC_PAGE_SIZE")
