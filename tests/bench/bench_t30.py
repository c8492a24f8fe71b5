"""Pages per CPU second of whole calls, both ends in one process; waiting, memory, and what the simulator adds.

    python -m tests.bench.bench_t30 [--pages N] [--rounds N] [--calls N]

A4 fine pages at 14400 bit/s, with ECM and without. Pages stored as MMR go over ECM as they are; all others are coded
anew by the caller, and every page is decoded by the answerer. The best of several rounds counts. Beside each figure
stands what is wanted of it. Last, what a job with one page costs outside the queue: its call in the simulator with all
that the far end writes down, and its header line, with a number that was never written before and with the same again.
"""

import argparse
import asyncio
import os
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

from gateway.domain.call import Cause, Coding
from gateway.fax.simulator.clock import PacedClock
from gateway.fax.simulator.exchange import Exchange
from gateway.fax.simulator.transport import SimulatorTransport
from gateway.fax.t4.codec import decode_counting, encode
from gateway.fax.t4.page import Bitmap
from gateway.fax.t30.capabilities import Capabilities, Flag, Lengths, Modems, ScanTime, Widths
from gateway.fax.t30.options import EVERYTHING, TerminalOptions
from gateway.fax.transport import CallOrder, CallWatch
from gateway.line_pages import line_pages
from renderers.faxpage import FaxPage, Resolution, write_tiff
from tests.bench.pages import halftone, photograph, text
from tests.fax_calls import Finished, call, document, text_bitmap
from tests.processes import resident_bytes

OLD = Capabilities(frozenset({Flag.RECEIVE, Flag.FINE}), Modems.V27, Widths.A4, Lengths.UNLIMITED, ScanTime.MS20)
# Pages per CPU second. Grey dithered by chance is nobody's page: nothing is wanted of it.
CODED_ANEW = {"text": "70", "photograph": "30"}
AS_STORED = {"text": "150"}
LINE_SECONDS = "5000"


def timed(
    bitmaps: Sequence[Bitmap],
    stored: Coding,
    rounds: int = 1,
    *,
    ecm: bool = True,
    capabilities: Capabilities = EVERYTHING,
) -> tuple[float, Finished]:
    """CPU seconds of the fastest of some equal calls."""
    best, finished = float("inf"), None
    for _ in range(rounds):
        sent = document(*bitmaps, coding=stored)
        began = time.process_time()
        finished = call(sent, TerminalOptions(ecm=ecm), capabilities)
        best = min(best, time.process_time() - began)
        if finished.caller.cause is not Cause.DONE or finished.bitmaps != list(bitmaps):
            raise SystemExit("a page was not received as it was sent")
    assert finished is not None
    return best, finished


def coding_speed(pages: int, rounds: int) -> None:
    """Pages per CPU second, coded anew or not."""
    for name, bitmap in (("text", text()), ("photograph", photograph()), ("chance", halftone())):
        for stored in (Coding.MMR, Coding.MH):
            for ecm in (True, False):
                seconds, finished = timed([bitmap] * pages, stored, rounds, ecm=ecm)
                sent = finished.caller.coding
                wanted = (AS_STORED if sent is stored else CODED_ANEW).get(name, "-")
                sys.stdout.write(
                    f"{name:10} stored {stored.value:3} sent {sent:3} {'ECM' if ecm else '   '} "
                    f"{len(finished.received[0].page.strip):7} octets {pages / seconds:7.1f} pages per CPU second, "
                    f"wanted {wanted:>3}; {finished.seconds / seconds:6.0f} line seconds per CPU second\n"
                )


def waiting_speed(pages: int, rounds: int) -> None:
    """Line seconds per CPU second of long slow calls: a machine of 4800 bit/s and 20 ms a row, and ECM at 2400."""
    bitmap = text()
    seconds, finished = timed([bitmap] * pages, Coding.MMR, rounds, capabilities=OLD)
    _tell_waiting("old machine, MH, 20 ms a row", finished.seconds, seconds)
    slow = Capabilities(EVERYTHING.flags, Modems.V27_2400, Widths.A4, Lengths.UNLIMITED, ScanTime.MS0)
    seconds, finished = timed([bitmap] * pages, Coding.MMR, rounds, capabilities=slow)
    _tell_waiting("2400 bit/s, ECM", finished.seconds, seconds)


def _tell_waiting(name: str, line_seconds: float, cpu: float) -> None:
    figure = f"{line_seconds / cpu:7.0f} line seconds per CPU second, wanted {LINE_SECONDS}"
    sys.stdout.write(f"slow call, {name:30} {line_seconds:6.0f} s {figure}\n")


def memory(calls: int) -> None:
    """Short calls one after another: memory must not grow from the hundredth part to the end."""
    bitmap = text_bitmap()
    early, resident, seconds = calls // 10, 0.0, 0.0
    began = time.process_time()
    for number in range(1, calls + 1):
        seconds += timed([bitmap], Coding.MMR)[1].seconds
        if number == early:
            resident = resident_bytes(os.getpid()) / 1e6
    cpu = time.process_time() - began
    late = resident_bytes(os.getpid()) / 1e6
    sys.stdout.write(
        f"{calls} short calls {calls / cpu:6.1f} calls, {seconds / cpu:6.0f} line seconds per CPU second; resident "
        f"{resident:.1f} MB after call {early}, {late:.1f} MB after call {calls}, wanted the same\n"
    )


def one_job(folder: Path, rounds: int) -> None:
    """Milliseconds of one call in the simulator, of the decoding in it, and of one page's header line."""
    bitmap = text_bitmap(rows=1100)
    page = encode(bitmap, Coding.MMR)
    write_tiff(folder / "page.tif", [FaxPage(bitmap.shape.width, bitmap.shape.rows, Resolution.FINE, page.strip)])
    transport = SimulatorTransport(Exchange(), PacedClock(lambda: datetime.now(UTC), 1e9), folder / "received")
    uids, watch = count(), CallWatch(lambda _index: None, lambda: False, lambda: None)

    def place() -> None:
        uid = next(uids)
        order = CallOrder(f"c{uid}", f"+1202{4560000 + uid}", folder / "page.tif")
        report = runner.run(transport.place(order, watch))
        if report.cause is not Cause.DONE:
            raise SystemExit("a call did not get through")

    def line(number: int) -> None:
        line_pages([folder / "page.tif"], f"11-23-2026 1:40 PM   Acme\t+12025550190 > +1202{number}")

    works: tuple[tuple[str, Callable[[], object], str], ...] = (
        ("call in the simulator", place, "2.5"),
        ("of that, decoding", lambda: decode_counting(page.strip, Coding.MMR, bitmap.shape.width), "-"),
        ("header line, new", lambda: line(4560000 + next(uids)), "0.6"),
        ("header line, again", lambda: line(1), "0.3"),
    )
    with asyncio.Runner() as runner:
        for name, work, wanted in works:
            milliseconds = min(_milliseconds(work) for _ in range(rounds * 5))
            sys.stdout.write(f"one page, {name:22} {milliseconds:6.2f} ms of processor, wanted {wanted}\n")


def _milliseconds(work: Callable[[], object], times: int = 20) -> float:
    began = time.process_time()
    for _ in range(times):
        work()
    return (time.process_time() - began) / times * 1000


def main() -> None:
    """Run every case and print a line for each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pages", type=int, default=10)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--calls", type=int, default=1000)
    asked = parser.parse_args()
    coding_speed(asked.pages, asked.rounds)
    waiting_speed(asked.pages, asked.rounds)
    memory(asked.calls)
    with tempfile.TemporaryDirectory() as folder:
        one_job(Path(folder), asked.rounds)


if __name__ == "__main__":
    main()
