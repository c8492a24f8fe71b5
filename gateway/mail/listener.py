"""The front door as the rest of the gateway sees it: start it, stop it, ask for its ports.

What lives here: the server sockets and the orderly end. What does not: the conversation (`smtp_session`), and what
becomes of a mail, which the desk decides.
"""

import asyncio
import logging
import resource
import socket
from collections.abc import Callable

from gateway.domain.clock import Clock
from gateway.domain.errors import UnavailableError, UnreachableError
from gateway.mail.content_file import FileOpener, open_private
from gateway.mail.desk import Desk, Doorway, Limits, ListenerSettings, Sharing, Waits
from gateway.mail.front_door import FrontDoor
from gateway.mail.smtp_session import SmtpSession

__all__ = ["Desk", "Doorway", "Limits", "Listener", "ListenerSettings", "Sharing", "Waits"]

logger = logging.getLogger(__name__)


LAST_NOTES = 5.0  # seconds in which the last refusals are still recorded
OTHER_DESCRIPTORS = 300  # files that are open beside two for each connection: store, spool, name servers
BACKLOG = 511  # connections that wait to be accepted


class Listener:
    """An SMTP server on its ports, in the running event loop."""

    def __init__(self, settings: ListenerSettings, desk: Desk, clock: Clock, opener: FileOpener = open_private) -> None:
        self._settings = settings
        self._door = FrontDoor(settings, desk, clock, opener)
        self._servers: list[asyncio.Server] = []

    @property
    def port(self) -> int:
        """The port for other mail servers, once started."""
        return self.ports[0]

    @property
    def ports(self) -> tuple[int, ...]:
        """All ports that are listened on, in the order of the settings' doorways."""
        return tuple(server.sockets[0].getsockname()[1] for server in self._servers)

    def tell_failures(self, tell: Callable[[str, str], None]) -> None:
        """Have `tell` called with address and user name for each failure to sign in."""
        self._door.tell_failure = tell

    def count_failure(self, address: str, name: str) -> None:
        """Count a failure to sign in at another process on the same ports: guesses are not spread over processes."""
        self._door.count_failure(address, name)

    async def start(self) -> None:
        """Begin to listen; contents that dead processes left unfinished are removed.

        Raises:
            UnreachableError: a port is taken or not allowed.
            UnavailableError: the folder for texts cannot be made.
        """
        _allow_descriptors(2 * self._settings.limits.max_connections + OTHER_DESCRIPTORS)
        logging.getLogger("mail.log").setLevel(logging.WARNING)  # aiosmtpd's own, a few lines per connection
        try:
            await self._door.open()
        except OSError as error:
            text = f"{self._settings.incoming}: mails cannot be written there ({error.strerror})"
            raise UnavailableError(text) from error
        for doorway in self._settings.doorways:
            self._servers.append(await self._listen(doorway))
        ports = ", ".join(str(port) for port in self.ports)
        logger.info("smtp.listening", extra={"detail": f"{self._settings.host or 'all addresses'}: {ports}"})

    async def _listen(self, doorway: Doorway) -> asyncio.Server:
        host, loop = self._settings.host, asyncio.get_running_loop()
        try:
            if self._settings.sharing is Sharing.FIRST:
                await _check_free(host, doorway.port)
            return await loop.create_server(
                lambda: SmtpSession(self._door, doorway),
                host,
                doorway.port,
                backlog=BACKLOG,
                reuse_port=self._settings.sharing is not Sharing.ALONE or None,
            )
        except OSError as error:
            self._close()
            text = f"cannot listen on {host} port {doorway.port}: {error.strerror}; choose another port"
            raise UnreachableError(text) from error

    async def stop(self, grace: float = 10) -> None:
        """Take no new mail; let texts that are coming in end within `grace` seconds; see every store through."""
        self._door.stopping = True
        for server in self._servers:
            server.close()
        for session in tuple(self._door.sessions):
            session.stop()
        await self._door.emptied(grace)
        for session in tuple(self._door.sessions):
            session.abort()
        await self._door.finished()
        await self._door.notes.finished(LAST_NOTES)
        self._door.close()
        logger.info("smtp.stopped")

    def _close(self) -> None:
        for server in self._servers:
            server.close()
        self._door.close()


def _allow_descriptors(wanted: int) -> None:
    """Let this process have so many files open, as far as the system lets it: often it begins with 1024."""
    now, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    allowed = wanted if most == resource.RLIM_INFINITY else min(wanted, most)
    if now != resource.RLIM_INFINITY and now < allowed:
        resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, most))
        now = allowed
    if now != resource.RLIM_INFINITY and now < wanted:
        logger.warning("smtp.few_descriptors", extra={"count": now, "detail": f"{wanted} are needed at most"})


async def _check_free(host: str, port: int) -> None:
    """Return when nobody listens there: a port that may be shared would else be shared with a stranger of our user.

    Raises:
        OSError: it is taken.
    """
    loop = asyncio.get_running_loop()
    for family, kind, protocol, _, address in await loop.getaddrinfo(
        host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    ):
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # connections that have ended do not count
            if family == socket.AF_INET6:
                probe.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            probe.bind(address)
