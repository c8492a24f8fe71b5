"""What all SMTP sessions of one listener share: settings, desk, threads for the disk, counts, and the one broad catch.

What lives here: who is let in, the door for errors, the stores that outlive their client. What does not: the sockets
(`listener`) and the conversation (`smtp_session`).
"""

import asyncio
import logging
import secrets
import ssl
from collections.abc import Awaitable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any, Protocol, TypeVar

from gateway.domain.clock import Clock
from gateway.domain.errors import GatewayError, SmtpReply
from gateway.mail.content_file import ContentFile, FileOpener, open_private
from gateway.mail.desk import Desk, ListenerSettings
from gateway.mail.smtp_auth import LockOut

logger = logging.getLogger(__name__)

Answer = TypeVar("Answer", SmtpReply, SmtpReply | None)

TOO_BUSY = SmtpReply(421, "4.3.2", "too many connections, try again later")
TOO_MANY_FROM_YOU = SmtpReply(421, "4.7.0", "too many connections from your address, try again later")
DISK_TROUBLE = SmtpReply(451, "4.3.1", "the mail cannot be stored now, try again later")
OUR_FAULT = SmtpReply(451, "4.3.0", "a fault on our side, try again later")


class ClientGoneError(Exception):
    """The connection ended; there is nobody to answer."""


class Session(Protocol):
    """What is asked of a session from outside its conversation."""

    peer: str

    def stop(self) -> None:
        """Say goodbye as soon as no command runs."""
        ...

    def abort(self) -> None:
        """Cut the connection."""
        ...


class FrontDoor:
    """One per listener. `stopping` is true once no new mail is begun."""

    def __init__(self, settings: ListenerSettings, desk: Desk, clock: Clock, opener: FileOpener = open_private) -> None:
        self.settings = settings
        self.desk = desk
        self.clock = clock
        self.tls = _tls_context(settings)
        limits = settings.limits
        self.lock_out = LockOut(limits.max_sign_in_failures_per_address, limits.lock_out)
        self.stopping = False
        self.stores: set[asyncio.Task[SmtpReply]] = set()
        self.conversations: set[asyncio.Task[object]] = set()
        self._opener = opener
        self._threads = ThreadPoolExecutor(settings.disk_threads, "listener-disk")
        self.sessions: set[Session] = set()
        self._empty = asyncio.Event()
        self._empty.set()

    def now(self) -> datetime:
        """The present, aware, UTC."""
        return self.clock.now()

    def enter(self, session: Session) -> SmtpReply | None:
        """Count a connection in; the reply is given when it may not stay."""
        self.sessions.add(session)
        self._empty.clear()
        self._remember_conversation()
        limits = self.settings.limits
        if self.stopping or len(self.sessions) > limits.max_connections:
            return TOO_BUSY
        from_here = sum(1 for other in self.sessions if other.peer == session.peer)
        return TOO_MANY_FROM_YOU if from_here > limits.max_connections_per_address else None

    def leave(self, session: Session) -> None:
        """Count a connection out."""
        self.sessions.discard(session)
        if not self.sessions:
            self._empty.set()

    async def emptied(self, grace: float) -> bool:
        """Wait up to `grace` seconds until no session is left; whether that came true."""
        try:
            async with asyncio.timeout(grace):
                await self._empty.wait()
        except TimeoutError:
            return False
        return True

    def new_content(self) -> ContentFile:
        """A file for one text, not yet on disk."""
        path = self.settings.incoming / f"{secrets.token_hex(16)}.eml"
        return ContentFile(path, self._threads, self._opener)

    async def store(self, work: Coroutine[Any, Any, SmtpReply]) -> SmtpReply:
        """Run `work` to its end even when the client goes away in the middle of it."""
        task = asyncio.get_running_loop().create_task(answered(work))
        self.stores.add(task)
        task.add_done_callback(self.stores.discard)
        return await asyncio.shield(task)

    async def finished(self) -> None:
        """Wait for what cut sessions still have to clear away, and for every store that has begun."""
        while unfinished := self.conversations | self.stores:
            await asyncio.wait(unfinished)

    def _remember_conversation(self) -> None:
        task = asyncio.current_task()
        assert task is not None
        self.conversations.add(task)
        task.add_done_callback(self.conversations.discard)

    def close(self) -> None:
        """Let the threads go; nothing is stored after this."""
        self._threads.shutdown(wait=True)


async def answered(work: Awaitable[Answer]) -> Answer | SmtpReply:
    """The reply that `work` comes to, whatever happens in it.

    Raises:
        ClientGoneError: nobody is there to hear a reply.
    """
    try:
        return await work
    except ClientGoneError:
        raise
    except GatewayError as error:
        return error.reply
    except OSError as error:
        logger.warning("smtp.storage_failed", extra={"errno": error.errno})
        return DISK_TROUBLE
    except Exception:  # the SMTP door: the client hears 451 and keeps its mail, the log has the rest
        logger.exception("smtp.fault")
        return OUR_FAULT


def _tls_context(settings: ListenerSettings) -> ssl.SSLContext | None:
    if settings.tls_certificate is None or settings.tls_key is None:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(settings.tls_certificate, settings.tls_key)
    return context
