"""What all SMTP sessions of one listener share: settings, desk, threads for the disk, counts, and the one broad catch.

What lives here: who is let in, the door for errors, the stores that outlive their client. What does not: the sockets
(`listener`) and the conversation (`smtp_session`).
"""

import asyncio
import itertools
import logging
import ssl
from collections import Counter
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from ipaddress import ip_address
from pathlib import Path
from typing import Protocol, TypeVar

from gateway.domain.clock import Clock
from gateway.domain.errors import NOT_NOW, GatewayError, SmtpReply, UsageError
from gateway.domain.submission import Refusal
from gateway.mail.content_file import ContentFile, FileOpener, open_private
from gateway.mail.desk import Desk, ListenerSettings
from gateway.mail.incoming import IncomingFolder
from gateway.mail.peers import neighborhood
from gateway.mail.refusal_notes import RefusalNotes
from gateway.mail.smtp_auth import LockOut
from gateway.mail.smtp_tls import BUFFER_OCTETS

logger = logging.getLogger(__name__)

Answer = TypeVar("Answer", SmtpReply, SmtpReply | None)

TOO_BUSY = SmtpReply(421, "4.3.2", "too many connections, try again later")
TOO_MANY_FROM_YOU = SmtpReply(421, "4.7.0", "too many connections from your address, try again later")
DISK_TROUBLE = SmtpReply(451, "4.3.1", "the mail cannot be stored now, try again later")
OUR_FAULT = SmtpReply(451, "4.3.0", "a fault on our side, try again later")


LONGEST_NAME = 100  # characters of a user name that failures are counted for


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
    """One per listener. `stopping` is true once no mail is begun; `swallowed` counts mails to the bounce address."""

    def __init__(self, settings: ListenerSettings, desk: Desk, clock: Clock, opener: FileOpener = open_private) -> None:
        self.settings = settings
        self.desk = desk
        self.clock = clock
        self.tls = _tls_context(settings)
        self.tls_buffer = bytearray(BUFFER_OCTETS if self.tls else 0)
        limits = settings.limits
        self._addresses_locked_out = LockOut(limits.max_sign_in_failures_per_address, limits.lock_out)
        self._names_locked_out = LockOut(limits.max_sign_in_failures_per_name, limits.lock_out)
        self.tell_failure: Callable[[str, str], None] = lambda _address, _name: None
        self.notes = RefusalNotes(lambda refusal: answered(self._keep(refusal)))
        self.incoming: IncomingFolder | None = None
        self.stopping = False
        self.swallowed = 0
        self.conversations: set[asyncio.Task[object]] = set()
        self._opener = opener
        self._threads = ThreadPoolExecutor(settings.disk_threads, "listener-disk")
        self._names = itertools.count()
        self.sessions: set[Session] = set()
        self._by_address: Counter[str] = Counter()
        self._empty = asyncio.Event()
        self._empty.set()

    def now(self) -> datetime:
        """The present, aware, UTC."""
        return self.clock.now()

    async def open(self) -> None:
        """Make the folder for texts that arrive.

        Raises:
            OSError: as the system says.
        """
        claim = IncomingFolder.claim
        self.incoming = await asyncio.get_running_loop().run_in_executor(self._threads, claim, self.settings.incoming)

    def is_balancer(self, peer: str) -> bool:
        """Whether connections from this address announce their client."""
        balancers = self.settings.balancers
        return bool(balancers) and any(ip_address(peer) in network for network in balancers)

    def enter(self, session: Session) -> SmtpReply | None:
        """Count a connection in; the reply is given when it may not stay."""
        self.sessions.add(session)
        self._empty.clear()
        self._remember_conversation()
        return TOO_BUSY if self.stopping or len(self.sessions) > self.settings.limits.max_connections else None

    def know(self, session: Session) -> SmtpReply | None:
        """Count a connection for its address, once that is known; the reply is given when it may not stay."""
        client = neighborhood(session.peer)
        self._by_address[client] += 1
        limit = self.settings.limits.max_connections_per_address
        return TOO_MANY_FROM_YOU if self._by_address[client] > limit else None

    def leave(self, session: Session, known: bool) -> None:
        """Count a connection out; `known` tells whether it was counted for its address."""
        self.sessions.discard(session)
        if known:
            client = neighborhood(session.peer)
            self._by_address[client] -= 1
            if not self._by_address[client]:
                del self._by_address[client]
        if not self.sessions:
            self._empty.set()

    def is_locked_out(self, peer: str, name: str = "") -> bool:
        """Whether an address, or a user name, has failed too often to sign in."""
        if name:
            return self._names_locked_out.holds(_name_key(name), self.now())
        return self._addresses_locked_out.holds(neighborhood(peer), self.now())

    def count_failure(self, peer: str, name: str) -> None:
        """Count a failure to sign in, here or at another process on this port."""
        self._addresses_locked_out.failed(neighborhood(peer), self.now())
        self._names_locked_out.failed(_name_key(name), self.now())

    async def emptied(self, grace: float) -> bool:
        """Wait up to `grace` seconds until no session is left; whether that came true."""
        try:
            async with asyncio.timeout(grace):
                await self._empty.wait()
        except TimeoutError:
            return False
        return True

    def new_path(self) -> Path:
        """Where a session's texts go on their way, one after another."""
        assert self.incoming is not None
        return self.incoming.path / f"{next(self._names)}.eml"

    def new_content(self, path: Path) -> ContentFile:
        """A file for one text, not yet on disk."""
        return ContentFile(path, self._threads, self._opener)

    async def _keep(self, refusal: Refusal) -> SmtpReply | None:
        await self.desk.note_refusal(refusal)
        return None

    async def finished(self) -> None:
        """Wait for what cut sessions still have to clear away, and for every mail that is being kept."""
        while self.conversations:
            await asyncio.wait(self.conversations)

    def _remember_conversation(self) -> None:
        task = asyncio.current_task()
        assert task is not None
        self.conversations.add(task)
        task.add_done_callback(self.conversations.discard)

    def close(self) -> None:
        """Let the threads and the folder go; nothing is stored after this."""
        self._threads.shutdown(wait=True)
        if self.incoming is not None:
            self.incoming.release()


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
        if error.reply.text == NOT_NOW:
            logger.warning("smtp.storage_failed", extra={"detail": error.text})
        return error.reply
    except OSError as error:
        logger.warning("smtp.storage_failed", extra={"detail": error.strerror})
        return DISK_TROUBLE
    except Exception:  # the SMTP door: the client hears 451 and keeps its mail, the log has the rest
        logger.exception("smtp.fault")
        return OUR_FAULT


def _name_key(name: str) -> str:
    """A user name as failures are counted for it, known or not: its case does not matter, nor does a long tail."""
    return name[:LONGEST_NAME].casefold()


def _tls_context(settings: ListenerSettings) -> ssl.SSLContext | None:
    if settings.tls_certificate is None or settings.tls_key is None:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(settings.tls_certificate, settings.tls_key, password="")  # never asked for
    except OSError as error:
        named = f"smtp.tls_certificate {settings.tls_certificate} and smtp.tls_key {settings.tls_key}"
        why = getattr(error, "reason", None) or error.strerror
        text = f"{named}: not a certificate in PEM and its key, without a password ({why})"
        raise UsageError(text) from error
    return context
