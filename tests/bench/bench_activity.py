"""Lists out of very many finished faxes: python -m tests.bench.bench_activity [FAXES] [--postgresql] [--looks N].

Ten million by default, which takes some minutes to make and some gigabytes of disk. Each figure is that of a page of
fifty as `faxgw outbound list` asks for it, lines and all, at changing places of the list.
"""

import argparse
import os
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from gateway.domain.job import JobState
from gateway.domain.outcome import Outcome
from gateway.store import activity
from gateway.store.activity import Filter
from gateway.store.database import Database
from gateway.store.public_ids import public_id
from tests.bench.many_faxes import BEGAN, SPACING, Faxes
from tests.filled_store import opened

LIMIT = 50.0  # milliseconds, at the 95th percentile
USERS = 5000
NUMBERS = 1_000_000
Make = Callable[[random.Random, int], Filter]


def _number(chance: random.Random) -> str:
    return f"+1{2_000_000_000 + chance.randrange(NUMBERS)}"


def _days(chance: random.Random, faxes: int) -> tuple[int, int]:
    """A week somewhere."""
    begin = chance.randrange(faxes)
    return begin, begin + int(timedelta(days=7) / SPACING)


def _week(chance: random.Random, faxes: int) -> Filter:
    first, last = _days(chance, faxes)
    return Filter(since=BEGAN + first * SPACING, until=BEGAN + last * SPACING, limit=50)


LISTS: dict[str, Make] = {
    "newest page": lambda _chance, _faxes: Filter(limit=50),
    "a page in the middle": lambda chance, faxes: Filter(after=public_id(chance.randrange(1, faxes)), limit=50),
    "one user": lambda chance, _faxes: Filter(user_id=chance.randrange(2, USERS), limit=50),
    "the user who sent a third of all": lambda _chance, _faxes: Filter(user_id=2, limit=50),
    "number exact": lambda chance, _faxes: Filter(number=_number(chance), limit=50),
    "number begins, few": lambda chance, _faxes: Filter(number_begins=_number(chance)[:-2], limit=50),
    "number begins, many": lambda _chance, _faxes: Filter(number_begins="+1200", limit=50),
    "number ends, few": lambda chance, _faxes: Filter(number_ends=_number(chance)[-5:], limit=50),
    "number ends, many": lambda chance, _faxes: Filter(number_ends=str(chance.randrange(10)), limit=50),
    "outcome success": lambda _chance, _faxes: Filter(outcome=Outcome.SUCCESS, limit=50),
    "outcome fast busy": lambda _chance, _faxes: Filter(outcome=Outcome.FAST_BUSY, limit=50),
    "status failed": lambda _chance, _faxes: Filter(status="Failed", limit=50),
    "state ready": lambda _chance, _faxes: Filter(state=JobState.READY, limit=50),
    "a week": _week,
    "a user's outcome": lambda chance, _faxes: Filter(
        user_id=chance.randrange(2, USERS), outcome=Outcome.BUSY, limit=50
    ),
}


def main() -> None:
    """Print a line for each list; exit 1 when one is over the limit."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("faxes", nargs="?", type=int, default=10_000_000)
    parser.add_argument("--looks", type=int, default=100)
    parser.add_argument("--postgresql", action="store_true", help="a server of its own in place of SQLite")
    asked = parser.parse_args()
    os.environ["FAXGW_TEST_ENGINE"] = "postgresql" if asked.postgresql else "sqlite"
    with tempfile.TemporaryDirectory() as folder, opened(Path(folder)) as db:
        began = time.monotonic()
        faxes = Faxes(db, USERS)
        faxes.finished(asked.faxes, NUMBERS)
        faxes.ready(1000)
        print(f"{asked.faxes} faxes made in {time.monotonic() - began:.0f} s")  # noqa: T201
        slow = [_measured(db, name, make, asked.faxes, asked.looks) > LIMIT for name, make in LISTS.items()]
    sys.exit(any(slow))


def _measured(db: Database, name: str, make: Make, faxes: int, looks: int) -> float:
    chance, taken = random.Random(1), []
    found = 0
    for _ in range(looks):
        wanted = make(chance, faxes)
        began = time.perf_counter()
        found = len(activity.lines(db, wanted))
        taken.append((time.perf_counter() - began) * 1000)
    taken.sort()
    late = taken[-max(1, len(taken) // 20)]
    print(  # noqa: T201
        f"{name:35} ms: median {statistics.median(taken):7.2f}  95 % {late:7.2f}  worst {taken[-1]:7.2f}  rows {found}"
    )
    return late


if __name__ == "__main__":
    main()
