"""The long form: `python -m tests.crash`, or make crash. Prints a table; exits with 1 when anything is wrong.

Several trials, one after the other: each kind of store, one node and two, calls that take time and calls that leap.
"""

import argparse
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from tests import postgresql
from tests.crash.disk import small_disk
from tests.crash.house import House
from tests.crash.trial import Plan, Trial
from tests.crash.verdict import Verdict

HEAD = (
    "trial",
    "kills",
    "accepted",
    "lost",
    "twice",
    "sent",
    "unconfirmed",
    "other",
    "cut calls",
    "notices",
    "again",
    "s",
)
WIDTH = (44, *(11 for _ in HEAD[1:]))


@dataclass(frozen=True)
class Kind:
    """One row of the table; `share` of the kills are its."""

    name: str
    share: float
    nodes: int = 1
    speed: float = 0.0
    on_server: bool = False
    small: bool = False
    troubles: tuple[tuple[str, float], ...] = ()  # a field of the plan, and how many of it for each kill


KINDS = (
    Kind("SQLite", 0.25, speed=120, troubles=(("clock_steps", 0.05),)),
    Kind("SQLite, kills at system calls", 0.05, troubles=(("syscall_kills", 1),)),
    Kind("SQLite, 2 nodes", 0.2, nodes=2, speed=60, troubles=(("freezes", 0.05), ("clock_steps", 0.05))),
    Kind("SQLite, a disk that fills up", 0.05, small=True, troubles=(("full_disks", 0.3),)),
    Kind("PostgreSQL", 0.15, on_server=True, troubles=(("server_crashes", 0.05),)),
    Kind("PostgreSQL, 2 nodes", 0.3, 2, 120, True, troubles=(("server_crashes", 0.03), ("freezes", 0.05))),
)


def run(kind: Kind, kills: int, seed: int, keep: Path) -> tuple[Trial, Verdict]:
    """One trial in a folder of its own, kept when something is wrong."""
    folder = keep / kind.name.replace(", ", "-").replace(" ", "-")
    shutil.rmtree(folder, ignore_errors=True)
    with ExitStack() as stack:
        plan = {field: max(1, round(each * kills)) for field, each in kind.troubles}
        server = None
        if kind.on_server:
            place = postgresql.new_folder()
            stack.callback(shutil.rmtree, place, ignore_errors=True)
            server = postgresql.Server.make(place / "server").start()
            stack.callback(server.remove)
        if kind.small:
            stack.enter_context(small_disk(folder / "store"))
        url = server.new_database() if server else ""
        house = stack.enter_context(House(folder, url, kind.nodes, kind.speed))
        trial = Trial(house, Plan(kills, seed=seed, server=server, **plan))  # type: ignore[arg-type]
        return trial, trial.run()


def lines(kinds: tuple[Kind, ...], kills: int, seed: int, keep: Path) -> Iterator[tuple[str, list[str]]]:
    """A line of the table for each kind, and what was wrong."""
    for kind in kinds:
        trial, found = run(kind, max(2, round(kills * kind.share)), seed, keep)
        done = sum(count for name, count in trial.done.items() if name == "kills" or name.startswith("kills at "))
        figures = (
            kind.name, done, found.accepted, found.lost, found.twice, found.states["sent"], found.states["unconfirmed"],
            found.accepted - found.states["sent"] - found.states["unconfirmed"],
            found.redialled, found.notices, found.notices_again, trial.done["seconds"],
        )  # fmt: skip
        troubles = ", ".join(f"{count} {name}" for name, count in sorted(trial.done.items()) if name != "seconds")
        yield _row(figures) + f"  {troubles}", found.wrong


def _row(cells: tuple[object, ...]) -> str:
    return "".join(str(cell).ljust(width) for cell, width in zip(cells, WIDTH, strict=True))


def main(write: Callable[[str], object] = sys.stdout.write) -> int:
    """Run and tell."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default="", help="trials whose name has this in it")
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "faxgw-crash")
    asked = parser.parse_args()
    write(_row(HEAD) + "\n")
    bad = False
    for line, wrong in lines(
        tuple(kind for kind in KINDS if asked.only in kind.name), asked.kills, asked.seed, asked.folder
    ):
        write(line + "\n" + "".join(f"    WRONG: {words}\n" for words in wrong))
        sys.stdout.flush()
        bad = bad or bool(wrong)
    return int(bad)


if __name__ == "__main__":
    sys.exit(main())
