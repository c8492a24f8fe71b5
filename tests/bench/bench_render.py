"""Processor time, memory and line seconds of rendering: python -m tests.bench.bench_render [FOLDER].

Every document of the folder (the samples by default) is rendered in a confined child, as the daemon does it; the
figures are processor milliseconds of the child and of what it started, the most memory any of them held, and the
seconds the pages take at 14400 bit/s. Ghostscript, where it is installed, does the PDFs beside it.
"""

import argparse
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from renderers.confine import Limits, run_confined
from renderers.document import Document, Format
from renderers.errors import RenderError
from renderers.faxpage import FaxShape, read_tiff
from renderers.pdf import make_paged, sniff
from renderers.rasterize import rasterize

SAMPLES = Path(__file__).parents[2] / "samples/documents"
BITS_PER_SECOND = 14400
MOST_PAGES = 200


@dataclass(frozen=True, slots=True)
class Figures:
    """Of one document: pages, processor seconds, peak bytes, coded bytes, wall seconds."""

    pages: int
    cpu: float
    peak: int
    coded: int
    wall: float = 0.0


def rendered(document: Document, folder: Path) -> tuple[int, float, int, int]:
    """Render inside the child; returns pages, processor seconds, peak kilobytes and coded bytes."""
    shape = FaxShape()
    paged = make_paged(document, folder, shape)
    (pages,) = rasterize([paged], shape, folder / "fax.tif", MOST_PAGES)
    coded = sum(len(page.mmr) for page in read_tiff(folder / "fax.tif"))
    return pages, *_used(), coded


def _used() -> tuple[float, int]:
    own, started = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    seconds = own.ru_utime + own.ru_stime + started.ru_utime + started.ru_stime
    return seconds, max(own.ru_maxrss, started.ru_maxrss)


def measure(path: Path) -> Figures | str:
    """Render one document in a confined process; the figures, or why it was refused."""
    document = Document(path, "application/octet-stream", path.name)
    with tempfile.TemporaryDirectory() as folder:
        started = time.monotonic()
        try:
            pages, cpu, peak, coded = run_confined(rendered, document, Path(folder), limits=Limits(seconds=60))
        except RenderError as error:
            return f"{error.reason}: {error.detail}"
        return Figures(pages, cpu, peak * 1024, coded, time.monotonic() - started)


def with_ghostscript(path: Path, pages: int) -> Figures | None:
    """The same PDF by Ghostscript's tiffg4, as fax servers call it; nothing where it is missing or fails."""
    program = shutil.which("gs")
    if program is None:
        return None
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "gs.tif"
        command = [program, "-q", "-dNOPAUSE", "-dBATCH", "-dSAFER", "-sDEVICE=tiffg4", "-r204x196", "-dPDFFitPage",
                   "-g1728x2155", f"-dLastPage={pages}", f"-sOutputFile={target}", str(path)]  # fmt: skip
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        done = subprocess.run(command, check=False, capture_output=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        if done.returncode or not target.exists():
            return None
        cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        return Figures(pages, cpu, 0, target.stat().st_size)


def row(name: str, figures: Figures) -> str:
    """One line of the table."""
    line_seconds = figures.coded * 8 / BITS_PER_SECOND / max(figures.pages, 1)
    return (
        f"{name[:44]:44} {figures.pages:5} {figures.cpu * 1000:8.0f} {figures.cpu * 1000 / figures.pages:8.1f}"
        f" {figures.peak >> 20:6} {figures.coded / 1024 / figures.pages:8.1f} {line_seconds:7.1f}"
    )


def main(arguments: list[str]) -> int:
    """Print the table and its sums."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", type=Path, default=SAMPLES)
    folder: Path = parser.parse_args(arguments).folder
    say = sys.stdout.write
    say(f"{'document':44} {'pages':>5} {'cpu ms':>8} {'ms/page':>8} {'MB':>6} {'KB/page':>8} {'s/page':>7}\n")
    every: list[Figures] = []
    for path in sorted(file for file in folder.rglob("*") if file.is_file() and file.suffix not in {".md", ".py"}):
        figures = measure(path)
        if isinstance(figures, str):
            say(f"{path.name[:44]:44} {figures[:70]}\n")
            continue
        every.append(figures)
        say(row(path.name, figures) + "\n")
        is_pdf = sniff(Document(path, "", path.name)) is Format.PDF
        rival = with_ghostscript(path, figures.pages) if is_pdf else None
        if rival is not None:
            say(row("  Ghostscript", rival) + "\n")
    pages, cpu = sum(one.pages for one in every), sum(one.cpu for one in every)
    say(
        f"{len(every)} documents, {pages} pages, {pages / cpu:.1f} pages a processor second\n" if every else "nothing\n"
    )
    return 0


if __name__ == "__main__":
    from tests.bench import bench_render  # under its own name, so that the child finds what it is to do

    sys.exit(bench_render.main(sys.argv[1:]))
