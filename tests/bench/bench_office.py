"""Processor time of office documents: python -m tests.bench.bench_office [FOLDER] [--cold].

Every office document of the folder (the samples by default) becomes a PDF in a confined child, as the daemon does it,
by a warm LibreOffice worker; with --cold it does so by a LibreOffice of its own as well. The figures are processor
milliseconds of all processes together (child, desk, worker, and whatever was started meanwhile), pages, and the
memory that LibreOffice holds afterwards. The first start of a worker is told apart.
"""

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from renderers import confine
from renderers.confine import Limits, run_confined
from renderers.document import Document
from renderers.errors import RenderError
from renderers.faxpage import FaxShape
from renderers.libreoffice.bell import BELL
from renderers.pdf import make_paged, sniff
from tests.processes import descendants, processor_seconds, resident_bytes

SAMPLES = Path(__file__).parents[2] / "samples/documents"
SECONDS = 120.0


@dataclass(frozen=True, slots=True)
class Figures:
    """Of one document: pages or why there are none, processor and wall seconds, bytes held by LibreOffice after it."""

    pages: int
    refused: str
    cpu: float
    wall: float
    memory: int


def warm(document: Document, folder: Path) -> int:
    """In the child: by a worker."""
    return make_paged(document, folder, FaxShape()).pages


def cold(document: Document, folder: Path) -> int:
    """In the child: by a LibreOffice of its own."""
    BELL.ringing = None
    return make_paged(document, folder, FaxShape()).pages


def measure(path: Path, way: Callable[[Document, Path], int]) -> Figures:
    """Convert one document and sum up what all processes took for it."""
    document = Document(path, "application/octet-stream", path.name)
    pages, refused = 0, ""
    before, started = spent(), time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        try:
            pages = run_confined(way, document, Path(folder), limits=Limits(seconds=SECONDS))
        except RenderError as error:
            refused = f"{error.reason}: {error.detail}"
    wall = time.monotonic() - started
    return Figures(pages, refused, spent() - before, wall, held())


def parent() -> int:
    """The warm parent, from which all descends."""
    process = confine._PARENT._process
    return process.pid if process is not None else 0


def spent() -> float:
    """Processor seconds of the warm parent and all below it."""
    return processor_seconds(parent()) if parent() else 0.0


def held() -> int:
    """Bytes resident in the largest LibreOffice."""
    offices = [pid for pid, name in descendants(parent()).items() if name == "soffice.bin"]
    return max(map(resident_bytes, offices), default=0)


def row(name: str, figures: Figures) -> str:
    """One line of the table."""
    numbers = f"{figures.pages:5} {figures.cpu * 1000:8.0f} {figures.wall * 1000:8.0f} {figures.memory >> 20:6}"
    return f"{name[:48]:48} {numbers}  {figures.refused[:60]}".rstrip() + "\n"


def summary(name: str, every: list[Figures], together: float) -> str:
    """Median, 95th percentile and slowest of the processor seconds; `together` has what spares took in between, too."""
    cpu = sorted(one.cpu for one in every)
    late = cpu[min(len(cpu) - 1, round(0.95 * len(cpu)))]
    refused = sum(1 for one in every if one.refused)
    return (
        f"{name}: {len(every)} documents, {sum(one.pages for one in every)} pages, {refused} refused; processor seconds"
        f" a document: median {statistics.median(cpu):.3f}, 95 % {late:.2f}, most {cpu[-1]:.2f},"
        f" mean with all starts {together / len(every):.3f}\n"
    )


def main(arguments: list[str]) -> int:
    """Print the tables and their sums."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", type=Path, default=SAMPLES)
    parser.add_argument("--cold", action="store_true", help="the cold call as well")
    asked = parser.parse_args(arguments)
    found = sorted(file for file in asked.folder.rglob("*") if file.is_file() and file.suffix not in {".md", ".py"})
    documents = [path for path in found if sniff(Document(path, "", path.name)).office]
    say = sys.stdout.write
    first = measure(SAMPLES / "invoice.docx", warm)
    say(f"first document, with the worker's start: {first.cpu:.2f} processor seconds, {first.wall:.2f} s\n")
    for name, way in (("warm", warm), *([("cold", cold)] if asked.cold else [])):
        say(f"{name:48} {'pages':>5} {'cpu ms':>8} {'wall ms':>8} {'MB':>6}\n")
        every, before = [], spent()
        for path in documents:
            every.append(measure(path, way))
            say(row(str(path.relative_to(asked.folder)), every[-1]))
        say(summary(name, every, spent() - before) if every else "nothing\n")
    return 0


if __name__ == "__main__":
    from tests.bench import bench_office  # under its own name, so that the child finds what it is to do

    sys.exit(bench_office.main(sys.argv[1:]))
