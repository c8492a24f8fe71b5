"""How a confined process reaches the desk: it rings, handing over one end of a line of its own.

What lives here: the bell that the warm parent hangs and its children inherit. What does not: who answers (`desk`).
"""

import contextlib
import socket
from dataclasses import dataclass


@dataclass(slots=True)
class Bell:
    """Two ends: children ring the one, the desk hears the other."""

    ringing: socket.socket | None = None

    def hang(self) -> socket.socket:
        """Make it ring from now on, in this process and those it forks; returns the desk's end."""
        self.ringing, heard = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        return heard

    def ring(self) -> socket.socket | None:
        """A line to the desk; None where there is no bell, or nobody can hear it any more."""
        if self.ringing is None:
            return None
        ours, its = socket.socketpair()
        with its:
            try:
                socket.send_fds(self.ringing, [b"1"], [its.fileno()])
            except OSError:
                ours.close()
                return None
        return ours


BELL = Bell()


def answer(heard: socket.socket) -> socket.socket | None:
    """Wait for a ring: the line of who rang; None when nobody can ring any more.

    Raises:
        TimeoutError: nobody rang in the time that the socket has for it.
    """
    content, lines, _, _ = socket.recv_fds(heard, 1, 1)
    if not content or not lines:
        return None
    return socket.socket(fileno=lines[0])


def turn_away(heard: socket.socket) -> None:
    """Hang up on all who ring: where the desk failed they must not wait for it."""
    heard.setblocking(False)
    with contextlib.suppress(BlockingIOError):
        while (line := answer(heard)) is not None:
            line.close()
    heard.setblocking(True)
