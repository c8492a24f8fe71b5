"""TLS on an SMTP connection with one read buffer for all connections.

What lives here: asyncio's TLS protocol without its buffer of 256 KiB for each connection, idle or not. What does not:
when TLS begins (`smtp_connection`). asyncio has no public name for any of this; `tests/unit/test_mail_smtp_tls.py`
tells when a new Python has moved it.
"""

import asyncio
import ssl
from asyncio import sslproto

BUFFER_OCTETS = 262_144


class TlsLayer(sslproto.SSLProtocol):
    """TLS between a socket and `protocol`.

    The event loop asks for a buffer, fills it and hands it over in one go, and what was read is copied into OpenSSL
    before anybody else is served: so `buffer` may be everybody's.
    """

    max_size = 1  # of the buffer that asyncio makes, which is let go at once

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        protocol: asyncio.Protocol,
        context: ssl.SSLContext,
        buffer: bytearray,
        seconds: int,
    ) -> None:
        self.shaken: asyncio.Future[None] = loop.create_future()
        super().__init__(loop, protocol, context, self.shaken, server_side=True, ssl_handshake_timeout=seconds)
        self.max_size = len(buffer)  # type: ignore[misc]  # asyncio, too, asks the instance
        self._ssl_buffer = buffer
        self._ssl_buffer_view = memoryview(buffer)

    @property
    def transport(self) -> asyncio.Transport:
        """What the protocol above writes to."""
        above: asyncio.Transport = self._app_transport
        return above

    def begin(self, below: asyncio.BaseTransport, early: bytes = b"") -> None:
        """Take over the socket; `early` are octets of the handshake that were read from it already."""
        below.set_protocol(self)
        self.connection_made(below)
        if early:
            self.get_buffer(-1)[: len(early)] = early
            self.buffer_updated(len(early))
