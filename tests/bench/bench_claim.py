"""Claims with very many jobs ready: python -m tests.bench.bench_claim [JOBS] [--claims N] [--postgresql].

Each figure is the time of `claim_calls` for one call, commit and all. The queues are those that a claim could stumble
over: many users, one user who sent everything, one number that is busy, and that number in front of everybody's rest.
"""

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from gateway.domain.job import JobEvent
from gateway.domain.outcome import Outcome
from gateway.domain.trunks import Route
from gateway.store import calls
from gateway.store.database import Database
from tests.bench.many_faxes import BEGAN, Faxes
from tests.filled_store import end, no_mail, opened, owning

LIMIT = 2.0  # milliseconds
PAUSE = 0.002  # seconds; who writes back to back on SQLite waits one of them for others, which is no cost of a claim
USERS = 1000
BUSY = "+12025550100"
ROUTES = (Route("trunk", 60),)
Fill = Callable[[Faxes, int], None]


def _one_number(faxes: Faxes, jobs: int) -> None:
    """All of it waits behind one call, but for one in a hundred."""
    faxes.ready(jobs, number=BUSY)
    faxes.ready(max(1000, jobs // 100))


QUEUES: dict[str, Fill] = {
    "many users, many numbers": lambda faxes, jobs: faxes.ready(jobs),
    "one user sent all, another some": lambda faxes, jobs: (faxes.ready(jobs, user=1), faxes.ready(1000, user=2))[0],
    "one number is in a call, all users want it": _one_number,
    "one user's number is in a call": lambda faxes, jobs: (
        faxes.ready(jobs, user=1, number=BUSY),
        faxes.ready(1000, user=1),
    )[0],
}


def main() -> None:
    """Print a line for each queue; exit 1 when a median is over the limit."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("jobs", nargs="?", type=int, default=100_000)
    parser.add_argument("--claims", type=int, default=200)
    parser.add_argument("--postgresql", action="store_true", help="a server of its own in place of SQLite")
    asked = parser.parse_args()
    os.environ["FAXGW_TEST_ENGINE"] = "postgresql" if asked.postgresql else "sqlite"
    medians = [_measured(name, fill, asked.jobs, asked.claims) for name, fill in QUEUES.items()]
    sys.exit(max(medians) > LIMIT)


def _measured(name: str, fill: Fill, jobs: int, claims: int) -> float:
    with tempfile.TemporaryDirectory() as folder, opened(Path(folder)) as db, owning(db, Path(folder)) as owner:
        faxes = Faxes(db, USERS)
        fill(faxes, jobs)
        faxes.analyzed()
        measured = _claims(db, owner, claims)
    taken, median = sorted(wall for wall, _ in measured), statistics.median(wall for wall, _ in measured)
    early, late = taken[len(taken) // 20], taken[-len(taken) // 20]
    ours = statistics.median(cpu for _, cpu in measured)
    print(f"{name:45} ms: median {median:6.2f}  5 % {early:6.2f}  95 % {late:6.2f}  our processor {ours:6.2f}")  # noqa: T201
    return median


def _claims(db: Database, owner: int, count: int) -> list[tuple[float, float]]:
    """Milliseconds of each by the clock and of our processor time; all calls but the first end at once."""
    taken = []
    for number in range(count):
        time.sleep(PAUSE)
        began, cpu = time.perf_counter(), time.process_time()
        [claim] = calls.claim_calls(db, owner, ROUTES, BEGAN)
        taken.append(((time.perf_counter() - began) * 1000, (time.process_time() - cpu) * 1000))
        if number:
            calls.finish_call(db, claim, end(JobEvent.CONFIRMED, Outcome.SUCCESS), BEGAN, no_mail)
    return taken


if __name__ == "__main__":
    main()
