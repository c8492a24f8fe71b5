"""Which walls stand between strangers' documents and the rest: tried from inside, not believed.

What lives here: the tries, made in a confined process like any document's. What does not: the walls (`walls`), and what
to do where one is missing.
"""

import contextlib
import socket
from dataclasses import dataclass
from pathlib import Path

from renderers import rooms
from renderers.confine import ROOMS, run_confined
from renderers.walls.landlock import Places

_FAMILIES = (socket.AF_INET, socket.AF_INET6, socket.AF_NETLINK, socket.AF_PACKET)


@dataclass(frozen=True, slots=True)
class Standing:
    """What holds: `network` and `files` name the wall that does it, and are empty where none does."""

    network: str
    files: str


@dataclass(frozen=True, slots=True)
class _Seen:
    """From inside: whether sockets that lead out are to be had, and whether a file of somebody else's was read."""

    sockets: bool
    read: bool


def look() -> Standing:
    """Try to send, and to read a file of somebody else's, from a confined process; as long as a small render.

    Raises:
        ConfinedCrashError: there is no confined process to be had.
    """
    with socket.socket(type=socket.SOCK_DGRAM) as ear, rooms.room(ROOMS) as room:
        ear.bind(("127.0.0.1", 0))
        ear.setblocking(False)
        (file := Path(room, "letter")).touch()
        seen = run_confined(_try_out, ear.getsockname(), file, places=Places())
        apart = "" if _heard(ear) else "network namespace"
    return Standing("seccomp" if not seen.sockets else apart, "" if seen.read else "Landlock")


def _heard(ear: socket.socket) -> bool:
    try:
        ear.recv(1)
    except BlockingIOError:
        return False
    return True


def _try_out(ear: tuple[str, int], file: Path) -> _Seen:
    """Datagrams, as Landlock alone would hold back the rest; of a socket's kinds, one that is as good as any."""
    with contextlib.suppress(OSError), socket.socket(type=socket.SOCK_DGRAM) as mouth:
        mouth.sendto(b"?", ear)
    return _Seen(any(_opens(family) for family in _FAMILIES), _reads(file))


def _opens(family: socket.AddressFamily) -> bool:
    try:
        socket.socket(family, socket.SOCK_DGRAM).close()
    except OSError:
        return False
    return True


def _reads(file: Path) -> bool:
    try:
        file.read_bytes()
    except OSError:
        return False
    return True
