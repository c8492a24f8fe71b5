"""What one confined render costs beside the rendering: python -m tests.bench.bench_confine [RENDERS] [--burn MS]...

Each figure is processor milliseconds a render, of whoever asks, the warm parent and the children together, less what
the child burns on purpose; the warm parent holds what the daemon's holds. With --threads so many ask at a time, as
the daemon's workers do.
"""

import argparse
import os
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import gateway.flows.prepare  # noqa: F401 - has its part of the gateway loaded in the warm parent
from renderers import confine
from renderers.confine import preload, run_confined
from renderers.walls.landlock import Places
from tests.bench import quick_pages
from tests.processes import processor_seconds

LEAST, BURNT = 0.0, 20.0  # milliseconds
PARTS = 5


@dataclass(frozen=True, slots=True)
class Figures:
    """Milliseconds a render: of processor beside the work, of that by whoever asks, and of the clock."""

    beside: float
    asking: float
    wall: float


def measure(page: Path, folder: Path, burnt: float, amount: tuple[int, int]) -> Figures:
    """Render so many times, so many at a time; each burns so many milliseconds."""
    renders, threads = amount
    places = Places(read=(page,), written=(folder,))

    def one(_number: int) -> None:
        run_confined(quick_pages.burn, page, folder, burnt / 1000, places=places)

    before, own, began = _used(), _own(), time.monotonic()
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(one, range(renders)))
    wall, asking, used = time.monotonic() - began, _own() - own, _used() - before
    return Figures(used * 1000 / renders - burnt, asking * 1000 / renders, wall * 1000 / renders)


def _own() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _used() -> float:
    """Of this process, and to the tick of the warm parent and the children it has buried."""
    process = confine._PARENT._process
    return _own() + (processor_seconds(process.pid) if process is not None else 0.0)


def median(every: Sequence[Figures]) -> str:
    """One line: the medians, and the least beside the work."""
    middle = [statistics.median(getattr(one, name) for one in every) for name in ("beside", "asking", "wall")]
    least = min(one.beside for one in every)
    return f"{middle[0]:8.2f} {least:8.2f} {middle[1]:8.2f} {middle[2]:8.2f}\n"


def main() -> int:
    """Print the table; the renders are made in some parts, of which the medians are told."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("renders", nargs="?", type=int, default=300)
    parser.add_argument("--burn", type=float, action="append", help="milliseconds of processor a render")
    parser.add_argument("--threads", type=int, default=1)
    asked = parser.parse_args()
    preload(quick_pages.__name__)
    sys.stdout.write(f"{'burnt ms':>8} {'beside':>8} {'least':>8} {'asking':>8} {'wall':>8}\n")
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder) / "page.tif"
        page.write_bytes(os.urandom(20_000))
        (Path(folder) / "made").mkdir()
        for burnt in asked.burn or [LEAST, BURNT]:
            measure(page, Path(folder) / "made", burnt, (10, asked.threads))  # so that it is warm
            amount = max(1, asked.renders // PARTS), asked.threads
            every = [measure(page, Path(folder) / "made", burnt, amount) for _ in range(PARTS)]
            sys.stdout.write(f"{burnt:8.0f} {median(every)}")
            sys.stdout.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
