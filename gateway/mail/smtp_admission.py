"""Who is let in: the count of connections, a balancer's announcement, TLS from the first octet, our silence.

What lives here: all that happens before the greeting. What does not: the counts themselves (`front_door`).
"""

import asyncio
import logging

from gateway.domain.errors import SmtpReply
from gateway.mail.front_door import ClientGoneError
from gateway.mail.proxy_header import ProxyHeaderError, read_proxy_header
from gateway.mail.smtp_connection import SmtpConnection

logger = logging.getLogger(__name__)

EARLY = SmtpReply(554, "5.5.1", "wait for the greeting before you speak")


async def admit(client: SmtpConnection) -> SmtpReply | None:
    """Let a client in; the reply is given when it may not stay.

    Raises:
        ClientGoneError: it has gone, was not announced as it must be, or could not begin TLS.
    """
    refusal = client.door.enter(client)
    if refusal is not None:
        return refusal
    if client.door.is_balancer(client.peer):
        await _hear_announcement(client)
    client.known = True
    refusal = client.door.know(client)
    if refusal is None and client.doorway.implicit_tls:
        await client.begin_tls(client.unread())
    if refusal is None and client.waits.greeting:
        await asyncio.sleep(client.waits.greeting)
        refusal = EARLY if client.unread() else None
    return refusal


async def _hear_announcement(client: SmtpConnection) -> None:
    """The address that a balancer announces counts from here on: for limits, for trust and for SPF."""
    client.patience.allow(client.waits.announcement)
    try:
        client.peer = await read_proxy_header(client.reader) or client.peer
    except (ProxyHeaderError, EOFError, ConnectionError):
        logger.warning("smtp.not_announced", extra={"peer": client.peer})
        client.abort()
        raise ClientGoneError from None
    client.patience.allow(client.waits.command)
