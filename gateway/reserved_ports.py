"""Ports that several processes will listen on, held for them by the daemon that keeps them.

What lives here: taking a port without listening there, so that all have the same, and who is started anew finds it.
What does not: listening (`gateway.mail.listener`).
"""

import socket
import time
from collections.abc import Sequence
from contextlib import ExitStack, suppress

from gateway.domain.errors import UnreachableError

TRIES, PAUSE_SECONDS = 10, 0.3  # processes of a daemon that was killed may be about to end


class ReservedPorts:
    """The ports of one host; port 0 is any free one. `taken` are their numbers, in the same order."""

    def __init__(self, host: str, ports: Sequence[int]) -> None:
        """Take them.

        Raises:
            UnreachableError: one is somebody's, or not allowed.
        """
        self._held: list[ExitStack] = []
        self.taken: list[int] = []
        for port in ports:
            self.taken.append(self._take(host, port))

    def close(self) -> None:
        """Let go of them."""
        for held in self._held:
            held.close()

    def _take(self, host: str, port: int) -> int:
        for _ in range(TRIES):
            with suppress(OSError):
                return self._bound(host, port)
            time.sleep(PAUSE_SECONDS)
        try:
            return self._bound(host, port)
        except OSError as error:
            self.close()
            text = f"cannot listen on {host} port {port}: {error.strerror}; choose another port"
            raise UnreachableError(text) from error

    def _bound(self, host: str, port: int) -> int:
        """The number of the port, which is ours at all addresses of the host."""
        found = socket.getaddrinfo(host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        with ExitStack() as taken:
            for family, _kind, _protocol, _, address in found:
                _check_free(family, (address[0], port, *address[2:]))
                held = taken.enter_context(_socket(family))
                held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
                held.bind((address[0], port, *address[2:]))
                port = int(held.getsockname()[1])
            self._held.append(taken.pop_all())
        return port


def _check_free(family: int, place: tuple[object, ...]) -> None:
    """Return when nobody has it: a port that may be shared would else be shared with a stranger of our user."""
    with _socket(family) as probe:
        probe.bind(place)


def _socket(family: int) -> socket.socket:
    made = socket.socket(family, socket.SOCK_STREAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # connections that have ended do not count
    if family == socket.AF_INET6:
        made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    return made
