"""What clients weigh at the front door: python -m tests.bench.bench_smtp_memory.

The daemon is that of `faxgw serve` with its workers sent home. Memory is what /proc shows as resident, in megabytes
beyond that of the idle daemon; waits are those of a client that says NOOP all the time.
"""

import sys
import tempfile
from pathlib import Path

from tests.smtp_weight import Door, empty_lines, idle_connections, mails_in_flight, no_line_end, open_door

MEGABYTE = 1_000_000


def main() -> None:
    """Measure one after another."""
    with tempfile.TemporaryDirectory() as folder, open_door(Path(folder) / "gateway") as door:
        _idle(door)
        for count in (5, 20):
            say(
                f"{count} mails of 25 MB in flight",
                f"{mails_in_flight(door, count) / MEGABYTE:.1f} MB each (2 allowed)",
            )
        reply, watch = empty_lines(door)
        say("25 MB of empty lines", f"{watch.peak / MEGABYTE:.1f} MB (10 allowed), {reply[:9]}")
        say("  meanwhile another client waits", f"{1000 * watch.longest:.0f} ms (100 allowed)")
        reply, watch = no_line_end(door)
        say("150 MB without a line end", f"{watch.peak / MEGABYTE:.1f} MB, {reply[:9]}")
        say("  meanwhile another client waits", f"{1000 * watch.longest:.0f} ms")


def _idle(door: Door) -> None:
    for tls, words in ((False, "in the clear"), (True, "in TLS")):
        weight = idle_connections(door, 500, tls=tls)
        say(f"500 idle connections {words}", f"{weight / MEGABYTE:.1f} MB (10 allowed)")


def say(what: str, figures: str) -> None:
    """One line for who measures."""
    sys.stdout.write(f"{what:34} {figures}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
