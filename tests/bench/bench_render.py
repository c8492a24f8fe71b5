"""Processor time, memory and line seconds of rendering: python -m tests.bench.bench_render [FOLDER] [--runs N].

Every document of the folder (the samples by default) is rendered in a confined child, as the daemon does it; the
figures are processor milliseconds of the child and of what it started, the most memory any of them held, and the
seconds the pages take at 14400 bit/s. Where Ghostscript is installed, each PDF is then done by both in turn, as a whole
(its first pages, --pages of them) and as a job of one page and of two; the figures are medians of the runs. Those of
the children leave out forking them and burying them; what the warm parent took for all is told at the end.
"""

import argparse
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from renderers import confine
from renderers.confine import Limits, preload, run_confined
from renderers.document import Document, Format
from renderers.errors import RenderError
from renderers.faxpage import FaxShape, read_tiff
from renderers.pdf import make_paged, sniff
from renderers.rasterize import rasterize
from tests.bench import ghostscript
from tests.processes import processor_seconds

SAMPLES = Path(__file__).parents[2] / "samples/documents"
BITS_PER_SECOND = 14400
MOST_PAGES = 200
MEGABYTE = 1 << 20


@dataclass(frozen=True, slots=True)
class Figures:
    """Of one document: pages, processor seconds, peak bytes, coded bytes."""

    pages: int
    cpu: float
    peak: int
    coded: int


@dataclass(frozen=True, slots=True)
class Match:
    """The same first pages of a PDF by both: pages, processor seconds and coded bytes, ours and theirs."""

    name: str
    pages: int
    cpu: tuple[float, float]
    coded: tuple[int, int]
    peak: int

    @property
    def times(self) -> float:
        """How much more processor time Ghostscript takes."""
        return self.cpu[1] / self.cpu[0]


def rendered(document: Document, folder: Path, most: int) -> tuple[int, float, int, int]:
    """Render inside the child; returns pages, processor seconds, peak kilobytes and coded bytes."""
    shape = FaxShape()
    paged = make_paged(document, folder, shape)
    paged = replace(paged, pages=min(paged.pages, most)) if paged.kind == "pdf" else paged
    rasterize([paged], shape, folder / "fax.tif", MOST_PAGES)
    used = _used()
    pages = read_tiff(folder / "fax.tif")
    return len(pages), *used, sum(len(page.mmr) for page in pages)


def _used() -> tuple[float, int]:
    own, started = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    seconds = own.ru_utime + own.ru_stime + started.ru_utime + started.ru_stime
    return seconds, max(own.ru_maxrss, started.ru_maxrss)


def measure(path: Path, most: int = MOST_PAGES) -> Figures | str:
    """Render the first pages of one document in a confined process; the figures, or why it was refused."""
    document = Document(path, "application/octet-stream", path.name)
    with tempfile.TemporaryDirectory() as folder:
        try:
            pages, cpu, peak, coded = run_confined(rendered, document, Path(folder), most, limits=Limits(seconds=60))
        except RenderError as error:
            return f"{error.reason}: {error.detail}"
        return Figures(pages, cpu, peak * 1024, coded)


def match(path: Path, most: int, runs: int) -> Match | None:
    """Both in turn; nothing where either refuses, or where they do not see the same number of pages."""
    ours: list[Figures] = []
    theirs: list[ghostscript.Rival] = []
    for _ in range(runs):
        one, other = measure(path, most), ghostscript.fax(path, most)
        if isinstance(one, str) or other is None or one.pages != other.pages:
            return None
        ours.append(one)
        theirs.append(other)
    cpu = statistics.median(one.cpu for one in ours), statistics.median(other.cpu for other in theirs)
    return Match(path.name, ours[0].pages, cpu, (ours[0].coded, theirs[0].coded), max(one.peak for one in ours))


def row(name: str, figures: Figures) -> str:
    """One line of the first table."""
    line_seconds = figures.coded * 8 / BITS_PER_SECOND / max(figures.pages, 1)
    return (
        f"{name[:44]:44} {figures.pages:5} {figures.cpu * 1000:8.0f} {figures.cpu * 1000 / figures.pages:8.1f}"
        f" {figures.peak / MEGABYTE:6.0f} {figures.coded / 1024 / figures.pages:8.1f} {line_seconds:7.1f}\n"
    )


def match_row(one: Match) -> str:
    """One line of the second table."""
    ours, theirs = (seconds * 1000 / one.pages for seconds in one.cpu)
    sizes = " ".join(f"{size / 1024 / one.pages:8.1f}" for size in one.coded)
    return f"{one.name[:44]:44} {one.pages:5} {ours:8.1f} {theirs:8.1f} {one.times:6.2f} {sizes}\n"


def match_sums(title: str, every: Sequence[Match]) -> str:
    """Pages a processor second of both, and the bytes of both."""
    pages = sum(one.pages for one in every)
    ours, theirs = (sum(one.cpu[side] for one in every) for side in (0, 1))
    bytes_ours, bytes_theirs = (sum(one.coded[side] for one in every) for side in (0, 1))
    return (
        f"{title}: {len(every)} jobs, {pages} pages; pages a processor second {pages / ours:.1f}, Ghostscript"
        f" {pages / theirs:.1f}: {theirs / ours:.2f} times; a job {statistics.median(one.times for one in every):.2f}"
        f" times in the median, least {min(one.times for one in every):.2f}; bytes {bytes_ours / bytes_theirs:.2f} of"
        f" theirs; most memory {max(one.peak for one in every) / MEGABYTE:.0f} MB; ours"
        f" {statistics.median(one.cpu[0] for one in every) * 1000:.1f} ms a job in the median\n"
    )


def tables(paths: Sequence[Path], asked: argparse.Namespace) -> Iterator[str]:
    """All that is printed, line by line."""
    yield f"{'document':44} {'pages':>5} {'cpu ms':>8} {'ms/page':>8} {'MB':>6} {'KB/page':>8} {'s/page':>7}\n"
    every: list[Figures] = []
    for path in paths:
        figures = measure(path)
        if isinstance(figures, str):
            yield f"{path.name[:44]:44} {figures[:70]}\n"
            continue
        every.append(figures)
        yield row(path.name, figures)
    if every:
        pages, cpu = sum(one.pages for one in every), sum(one.cpu for one in every)
        yield f"{len(every)} documents, {pages} pages, {pages / cpu:.1f} pages a processor second\n"
    if ghostscript.program() is not None:
        books = [path for path in paths if sniff(Document(path, "", path.name)) is Format.PDF]
        yield from matches(books, asked.pages, asked.runs)


def matches(books: Sequence[Path], most: int, runs: int) -> Iterator[str]:
    """The second table and its sums: whole documents, then jobs of one page and of two."""
    yield f"\n{'PDF':44} {'pages':>5} {'ms/page':>8} {'gs':>8} {'times':>6} {'KB/page':>8} {'gs':>8}\n"
    whole: list[Match] = []
    before, started = parent_seconds(), time.monotonic()
    for path in books:
        one = match(path, most, runs)
        if one is None:
            yield f"{path.name[:44]:44} not comparable\n"
            continue
        whole.append(one)
        yield match_row(one)
    if not whole:
        return
    took, wall = parent_seconds() - before, time.monotonic() - started
    yield match_sums("whole", whole)
    yield f"the warm parent took {took:.2f} s for all runs of ours, all counted; wall {wall:.0f} s for both\n"
    for pages in (1, 2):
        short = [one for path in books if (one := match(path, pages, runs)) and one.pages == pages]
        if short:
            yield match_sums(f"first {pages}", short)


def parent_seconds() -> float:
    """Processor seconds of the warm parent and all below it, to the tick."""
    process = confine._PARENT._process
    return processor_seconds(process.pid) if process is not None else 0.0


def main(arguments: list[str]) -> int:
    """Print the tables and their sums."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", type=Path, default=SAMPLES)
    parser.add_argument("--pages", type=int, default=20, help="how many first pages against Ghostscript")
    parser.add_argument("--runs", type=int, default=3, help="how often against Ghostscript")
    preload(__name__)
    asked = parser.parse_args(arguments)
    found = sorted(file for file in asked.folder.rglob("*") if file.is_file() and file.suffix not in {".md", ".py"})
    for line in tables(found, asked):
        sys.stdout.write(line)
        sys.stdout.flush()
    return 0


if __name__ == "__main__":
    from tests.bench import bench_render  # under its own name, so that the child finds what it is to do

    sys.exit(bench_render.main(sys.argv[1:]))
