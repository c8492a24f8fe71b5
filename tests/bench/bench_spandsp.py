"""Ours against libspandsp 0.0.6 in the same run: pages per CPU second, both ends of a call in one process.

    python -m tests.bench.bench_spandsp [--pages N] [--rounds N] [--calls N]

A4 fine pages, ECM with MMR at 14400 bit/s. libspandsp and our T.38 ends exchange packets in memory, from a TIFF to a
TIFF; our stations also exchange signals, without packets and files. libspandsp always decodes and codes anew; ours
sends a page as stored where the call allows ("stored MMR"), and codes anew where not ("stored MH"). libspandsp runs
from a small C program, since a detour through Python for each packet would slow it by a third or more; without a C
compiler it takes the detour, and the name says so. The best of several rounds counts; the cases take turns, so that a
busy machine slows all alike.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from gateway.domain.call import Coding
from gateway.fax.t4 import codec
from gateway.fax.t4.classf import PageFile, write_pages
from gateway.fax.t4.page import Bitmap
from gateway.fax.t30.options import TerminalOptions
from gateway.fax.t38 import endpoint
from tests import spandsp_library, spandsp_peer
from tests.bench.pages import halftone, photograph, text
from tests.fax_calls import call, document, text_bitmap
from tests.packet_line import PacketLine
from tests.processes import resident_bytes

_PEER = "libspandsp"
_OPTIONS = spandsp_peer.PeerOptions(repeats=False)
_PROGRAM = Path(__file__).with_name("spandsp_pair.c")


@dataclass(frozen=True)
class Round:
    """What one call cost, and the virtual seconds it lasted."""

    cpu: float
    line_seconds: float


# Makes one call of these pages, from where they are kept to where they are kept, and checks what was received.
Case = Callable[[Path, list[Bitmap], Coding], Round]


def compiled(folder: Path) -> Path | None:
    """The C program, or none where there is no C compiler."""
    compiler, program = shutil.which("cc"), folder / "spandsp_pair"
    if compiler is None:
        return None
    library = f"-l:{spandsp_library.SONAME}"
    subprocess.run([compiler, "-O2", "-o", str(program), str(_PROGRAM), library], check=True)
    return program


def between_peers(folder: Path, bitmaps: list[Bitmap], _stored: Coding) -> Round:
    """libspandsp calls libspandsp, in C."""
    arguments = [str(folder / name) for name in ("spandsp_pair", "sent-MMR.tif", "peer.tif")]
    told = subprocess.run([*arguments, "10"], check=True, capture_output=True, text=True).stdout.split()
    _expect(told[:3] == ["0", "0", str(len(bitmaps))], _PEER)
    return Round(float(told[4]), float(told[3]))


def between_peers_of_python(folder: Path, bitmaps: list[Bitmap], _stored: Coding) -> Round:
    """libspandsp calls libspandsp, each packet through Python."""
    out = folder / "peer.tif"
    began = time.process_time()
    ends = spandsp_peer.caller(folder / "sent-MMR.tif", _OPTIONS), spandsp_peer.answerer(out, _OPTIONS)
    line = PacketLine(*ends)
    line.run()
    for end in ends:
        end.close()
    _expect(ends[0].report.result == 0 and ends[1].report.pages_received == len(bitmaps), _PEER)
    return Round(time.process_time() - began, line.now_ms / 1000)


def between_stations(_folder: Path, bitmaps: list[Bitmap], stored: Coding) -> Round:
    """Ours calls ours, by signals."""
    pages = document(*bitmaps, coding=stored)
    began = time.process_time()
    finished = call(pages, TerminalOptions())
    cpu = time.process_time() - began
    _expect(finished.bitmaps == bitmaps, "signals")
    return Round(cpu, finished.seconds)


def _expect(received: bool, case: str) -> None:
    if not received:
        raise SystemExit(f"{case}: a page was not received as it was sent")


def between_endpoints(folder: Path, bitmaps: list[Bitmap], stored: Coding, **options: object) -> Round:
    """Ours calls ours, by T.38 packets."""
    out = folder / "ours.tif"
    out.unlink(missing_ok=True)
    began = time.process_time()
    caller = endpoint.caller(folder / f"sent-{stored.name}.tif", **options)
    line = PacketLine(caller, endpoint.answerer(out, **options))
    line.run()
    cpu = time.process_time() - began
    received = PageFile(out)
    _expect([codec.decode(received.page(index))[0] for index in range(len(received))] == bitmaps, "packets")
    return Round(cpu, line.now_ms / 1000)


def cases(folder: Path) -> list[tuple[str, Case, Coding]]:
    """What is compared, the reference first."""
    in_c = compiled(folder) is not None
    return [
        (_PEER if in_c else f"{_PEER}, through Python", between_peers if in_c else between_peers_of_python, Coding.MMR),
        ("ours, signals, stored MMR", between_stations, Coding.MMR),
        ("ours, signals, stored MH", between_stations, Coding.MH),
        ("ours, packets, stored MMR", between_endpoints, Coding.MMR),
        ("ours, packets, stored MH", between_endpoints, Coding.MH),
        ("ours, packets of 30 ms", partial(between_endpoints, packet_ms=30, whole_frames=False), Coding.MMR),
        ("ours, datagrams, stored MMR", partial(between_endpoints, framing="udptl"), Coding.MMR),
    ]


def compare(folder: Path, name: str, bitmap: Bitmap, pages: int, rounds: int) -> None:
    """Let the cases take turns and print a line for each."""
    bitmaps = [bitmap] * pages
    for stored in (Coding.MMR, Coding.MH):
        write_pages(folder / f"sent-{stored.name}.tif", [codec.encode(bitmap, stored)] * pages)
    compared = cases(folder)
    took: list[list[Round]] = [[] for _ in compared]
    for _ in range(rounds):
        for (_, make, stored), done in zip(compared, took, strict=True):
            done.append(make(folder, bitmaps, stored))
    best = [min(done, key=lambda each: each.cpu) for done in took]
    for (case, _, _), each in zip(compared, best, strict=True):
        sys.stdout.write(
            f"{name:9} {case:27} {pages / each.cpu:7.1f} pages, {each.line_seconds / each.cpu:7.0f} line seconds "
            f"per CPU second; {best[0].cpu / each.cpu:5.2f} of {_PEER}\n"
        )


def many(calls: int) -> None:
    """Short calls one after another: what waiting costs, and whether memory grows."""
    bitmap = text_bitmap()
    at, seconds = calls // 10, 0.0
    resident = {}
    began = time.process_time()
    for number in range(1, calls + 1):
        finished = call(document(bitmap), TerminalOptions())
        _expect(finished.bitmaps == [bitmap], "short calls")
        seconds += finished.seconds
        if number in (at, calls):
            resident[number] = resident_bytes(os.getpid()) / 1e6
    cpu = time.process_time() - began
    sys.stdout.write(
        f"{calls} short calls, signals: {calls / cpu:.0f} calls, {seconds / cpu:.0f} line seconds per CPU second; "
        f"memory after {at} calls {resident[at]:.1f} MB, after {calls} {resident[calls]:.1f} MB\n"
    )


def main() -> None:
    """Run every case and print a line for each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pages", type=int, default=10)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--calls", type=int, default=1000)
    asked = parser.parse_args()
    if not spandsp_library.present():
        sys.stdout.write(f"nothing to compare with: {spandsp_library.PACKAGE} is not installed; make setup\n")
        return
    many(asked.calls)
    with tempfile.TemporaryDirectory() as folder:
        for name, bitmap in (("text", text()), ("photograph", photograph()), ("halftone", halftone())):
            compare(Path(folder), name, bitmap, asked.pages, asked.rounds)


if __name__ == "__main__":
    main()
