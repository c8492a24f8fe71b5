"""Ghostscript as fax servers call it, to be measured against; never part of the product.

Its `tiffg4` at 204 by 196, pages fitted to the paper, one strip a page, as HylaFAX and FusionPBX have it.
"""

import os
import select
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageSequence

_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Rival:
    """What it made of a document: pages, processor seconds, bytes of all strips."""

    pages: int
    cpu: float
    coded: int


def program() -> str | None:
    """Where it is, if it is installed."""
    return shutil.which("gs")


def fax(path: Path, pages: int, resolution: str = "204x196", size: str = "1728x2155") -> Rival | None:
    """The first `pages` of a PDF; nothing where it fails or takes more than a minute."""
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "gs.tif"
        cpu = _cpu_of(command(path, target, pages, resolution, size))
        if cpu is None or not target.exists():
            return None
        with Image.open(target) as image:
            strips = [sum(frame.tag_v2[279]) for frame in ImageSequence.Iterator(image)]
        return Rival(len(strips), cpu, sum(strips))


def command(path: Path, target: Path, pages: int, resolution: str, size: str) -> list[str]:
    """What is run."""
    return [
        program() or "gs", "-q", "-dNOPAUSE", "-dBATCH", "-dSAFER", "-sDEVICE=tiffg4", f"-r{resolution}", f"-g{size}",
        "-dPDFFitPage", "-dUseCropBox", "-dMaxStripSize=0", f"-dLastPage={pages}", f"-sOutputFile={target}", str(path),
    ]  # fmt: skip


def _cpu_of(words: list[str]) -> float | None:
    """Processor seconds of a process that ended well; none of one that did not."""
    process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    watch = os.pidfd_open(process.pid)
    try:
        if not _ended(watch):
            process.kill()
        _, status, used = os.wait4(process.pid, 0)
    finally:
        os.close(watch)
    process.returncode = os.waitstatus_to_exitcode(status)
    return None if process.returncode else used.ru_utime + used.ru_stime


def _ended(watch: int) -> bool:
    return bool(select.select([watch], [], [], _SECONDS)[0])
