"""Words to systemd: that we are ready, alive, or stopping (sd_notify(3)).

What lives here: the datagram, and how often the watchdog wants one. What does not: when they are said (`watch`).
Without systemd nothing is said to nobody.
"""

import os
import socket
from collections.abc import Mapping
from contextlib import suppress

READY, STOPPING, ALIVE = "READY=1", "STOPPING=1", "WATCHDOG=1"


def tell(words: str, environment: Mapping[str, str] = os.environ) -> bool:
    """Send one message, lines of NAME=VALUE; whether systemd was there to hear it. It never waits for who does not."""
    address = environment.get("NOTIFY_SOCKET", "")
    if not address:
        return False
    if address.startswith("@"):
        address = "\0" + address[1:]  # the abstract namespace of Linux
    with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as line:
        line.setblocking(False)
        line.sendto(words.encode(), address)
        return True
    return False


def watchdog_seconds(environment: Mapping[str, str] = os.environ, pid: int = 0) -> float:
    """Within how many seconds systemd wants to hear that we are alive; 0 when it does not."""
    meant = environment.get("WATCHDOG_PID", "")
    wanted = environment.get("WATCHDOG_USEC", "")
    if not wanted.isdecimal() or (meant and meant != str(pid or os.getpid())):
        return 0.0
    return int(wanted) / 1_000_000
