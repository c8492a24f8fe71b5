"""The front door as the rest of the gateway sees it: start it, stop it, ask for its port.

What lives here: the server socket and the orderly end. What does not: the conversation (`smtp_session`), and what
becomes of a mail, which the desk decides.
"""

import asyncio
import logging

from gateway.domain.clock import Clock
from gateway.domain.errors import UnreachableError
from gateway.mail.content_file import FileOpener, open_private
from gateway.mail.desk import Desk, Limits, ListenerSettings, Waits
from gateway.mail.front_door import FrontDoor
from gateway.mail.smtp_session import SmtpSession

__all__ = ["Desk", "Limits", "Listener", "ListenerSettings", "Waits"]

logger = logging.getLogger(__name__)


class Listener:
    """An SMTP server on one port, in the running event loop."""

    def __init__(self, settings: ListenerSettings, desk: Desk, clock: Clock, opener: FileOpener = open_private) -> None:
        self._settings = settings
        self._door = FrontDoor(settings, desk, clock, opener)
        self._server: asyncio.Server | None = None

    @property
    def port(self) -> int:
        """The port that is listened on, once started."""
        assert self._server is not None
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    async def start(self) -> None:
        """Begin to listen; contents that an earlier process left unfinished are removed.

        Raises:
            UnreachableError: the port is taken or not allowed.
        """
        logging.getLogger("mail.log").setLevel(logging.WARNING)  # aiosmtpd's own, a few lines per connection
        settings = self._settings
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(None, _make_incoming, settings)
        try:
            self._server = await loop.create_server(lambda: SmtpSession(self._door), settings.host, settings.port)
        except OSError as error:
            text = f"cannot listen on {settings.host} port {settings.port}: {error.strerror}; choose another port"
            raise UnreachableError(text) from error
        logger.info("smtp.listening", extra={"host": settings.host, "port": self.port})

    async def stop(self, grace: float = 10) -> None:
        """Take no new mail; let texts that are coming in end within `grace` seconds; see every store through."""
        self._door.stopping = True
        if self._server is not None:
            self._server.close()
        for session in tuple(self._door.sessions):
            session.stop()
        await self._door.emptied(grace)
        for session in tuple(self._door.sessions):
            session.abort()
        await self._door.finished()
        self._door.close()
        logger.info("smtp.stopped")


def _make_incoming(settings: ListenerSettings) -> None:
    """A listener has its folder for itself: what lies there at the start was never promised to anybody."""
    settings.incoming.mkdir(parents=True, exist_ok=True, mode=0o700)
    for left in settings.incoming.glob("*.eml"):
        left.unlink(missing_ok=True)
