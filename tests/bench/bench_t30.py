"""Pages per CPU second of a whole call, both ends in one process.

    python tests/bench/bench_t30.py [--pages N]

Text and halftone pages, A4 fine, over ECM with MMR: stored as MMR, and stored as MH so that each is coded anew.
"""

import argparse
import sys
import time

from gateway.domain.call import Cause, Coding
from gateway.fax.t4.page import Bitmap
from gateway.fax.t30.options import TerminalOptions
from tests.bench.pages import halftone, text
from tests.fax_calls import Finished, call, document


def timed(bitmap: Bitmap, stored: Coding, pages: int, *, ecm: bool) -> tuple[float, Finished]:
    """CPU seconds of one call of so many equal pages."""
    sent = document(*[bitmap] * pages, coding=stored)
    began = time.process_time()
    finished = call(sent, TerminalOptions(ecm=ecm))
    seconds = time.process_time() - began
    if finished.caller.cause is not Cause.DONE or finished.bitmaps != [bitmap] * pages:
        raise SystemExit("a page was not received as it was sent")
    return seconds, finished


def main() -> None:
    """Run every case and print a line for each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pages", type=int, default=20)
    pages = parser.parse_args().pages
    for name, bitmap in (("text", text()), ("halftone", halftone())):
        for stored in (Coding.MMR, Coding.MH):
            for ecm in (True, False):
                seconds, finished = timed(bitmap, stored, pages, ecm=ecm)
                octets = len(finished.received[0].page.strip)
                sys.stdout.write(
                    f"{name:9} stored {stored.value:4} sent {finished.caller.coding:4} {'ECM' if ecm else '   '} "
                    f"{octets:7} octets  {pages / seconds:6.1f} pages, "
                    f"{finished.seconds / seconds:7.0f} line seconds per CPU second\n"
                )


if __name__ == "__main__":
    main()
