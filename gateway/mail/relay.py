"""Our mail on its way out: one connection to the smart host for a burst of mails, one result for each.

What lives here: connecting, what each answer means for a mail, and the back-off between tries. What does not: the talk
on an open connection (`relay_wire`), the outbox, which remembers (`gateway.store.outbox`), the wording (`messages`).
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from email.utils import parseaddr
from time import monotonic
from typing import cast

from aiosmtplib import SMTP, SMTPException, SMTPHeloError, SMTPResponseException

from gateway.domain.errors import UnavailableError, UsageError
from gateway.domain.mail_names import ascii_address
from gateway.domain.nodes import checked_address
from gateway.mail.relay_away import Away
from gateway.mail.relay_wire import BrokenOffError, Kept, Letter, Wire

logger = logging.getLogger(__name__)

JITTER = 0.2  # each delay is spread by this share, both ways
DELAYS = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 30, 60, 120, 240))
EXPIRY = timedelta(days=2)
MAX_REPLY = 500  # characters of the relay's words that are kept
HEARD_SECONDS = 60  # that what the relay said of its limit is believed
NO_SUCH_NAME = 553  # as RFC 6531 3.5 has it for such an address
NEEDS_UTF8 = (
    "5.6.7 not sent: the relay does not offer SMTPUTF8 (RFC 6531), which an address with letters beyond ASCII before "
    "its @ needs; have the relay offer it, then faxgw outbox retry, or give the user an address in ASCII"
)


@dataclass(frozen=True, slots=True)
class RelaySettings:
    """The smart host. With a password, TLS is required whatever `start_tls` says.

    `mail_from` is the return path: empty for the null sender, else an address that swallows bounces, for smart hosts
    that refuse the null sender. `hostname` is what we say in EHLO. `timeout` is in seconds, for each step. `largest` is
    in octets: no larger mail is made even if the relay would take it; 0 leaves that to the relay.
    """

    host: str
    port: int = 25
    hostname: str = "localhost"
    start_tls: bool = False
    implicit_tls: bool = False
    user_name: str = ""
    password: str = ""
    mail_from: str = ""
    timeout: float = 60
    ca_bundle: str | None = None
    largest: int = 0

    @property
    def needs_tls(self) -> bool:
        """Whether a relay without STARTTLS is not spoken to; TLS from the first octet needs none."""
        return (self.start_tls or bool(self.password)) and not self.implicit_tls


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail to one recipient, with CRLF or LF line ends."""

    recipient: str
    message: bytes


@dataclass(frozen=True, slots=True)
class Sent:
    """What became of a mail.

    `reached` is false when the relay was not reached, went away or would not speak to us: that is no fault of the
    mail and uses up none of its tries. `code` is the SMTP reply's, 0 where there was none; `reply` its words.
    """

    reached: bool
    code: int
    reply: str

    @property
    def done(self) -> bool:
        """The relay has taken it."""
        return self.reached and self.code < 400

    @property
    def final(self) -> bool:
        """The relay will never take it."""
        return self.reached and self.code >= 500


def delay_after(tries: int, chance: float) -> timedelta:
    """How long to wait after `tries` tries (from 1): the table, then every 4 h; `chance` 0 to 1 spreads it by 20 %."""
    return DELAYS[min(max(tries, 1), len(DELAYS)) - 1] * (1 - JITTER + 2 * JITTER * chance)


def next_try(age: timedelta, tries: int, chance: float) -> timedelta | None:
    """How long to wait for the next try of a mail of that age; None when its time would be over by then."""
    delay = delay_after(tries, chance)
    return None if age + delay > EXPIRY else delay


class Relay:
    """Sends mails through the smart host."""

    def __init__(self, settings: RelaySettings) -> None:
        self._settings = settings
        self._heard: float | None = None
        self._size = 0
        self._sender = parseaddr(settings.mail_from)[1] or settings.mail_from.strip()
        self.kept = Kept()
        self.away = Away()

    async def largest_mail(self) -> int | None:
        """Octets of the largest mail that it takes, as it says itself (SIZE, RFC 1870 4); None when it names no limit.

        What it said within a minute is believed, and longer while it is away.

        Raises:
            UnavailableError: it was never reached, and is not now.
        """
        if self._heard is None or monotonic() - self._heard > HEARD_SECONDS:
            await self._ask()
        return min((size for size in (self._size, self._settings.largest) if size), default=None)

    async def _ask(self) -> None:
        try:
            await (await self.connected()).goodbye()
        except (SMTPException, OSError, ValueError) as error:
            self.away.missed(error)
            if self._heard is None:
                raise UnavailableError("the relay was not reached, so its limit is not known") from error

    async def send(self, recipient: str, message: bytes) -> Sent:
        """Send one mail. Never raises for what the relay does."""
        return (await self.send_all([Mail(recipient, message)]))[0]

    async def send_all(self, mails: Sequence[Mail]) -> list[Sent]:
        """Send a burst over one connection; a result for each mail, in order. Never raises for what the relay does."""
        async with self.burst() as burst:
            return [await burst.send(mail) for mail in mails]

    @asynccontextmanager
    async def burst(self, keep: float = 0) -> AsyncIterator["Burst"]:
        """One connection for mails that follow one another; it is made with the first.

        With `keep` it is left open for so many seconds, for the next burst, or until `kept` is closed.
        """
        burst = Burst(self)
        try:
            yield burst
        finally:
            wire = burst.ended()
            if wire is not None and keep and wire.is_open:
                self.kept.put(wire, keep)
            elif wire is not None:
                await wire.goodbye()

    async def connected(self) -> Wire:
        """A connection, signed in where that is wanted. Raises what aiosmtplib does."""
        settings = self._settings
        client = SMTP(
            hostname=settings.host,
            port=settings.port,
            local_hostname=settings.hostname,
            timeout=settings.timeout,
            use_tls=settings.implicit_tls,
            start_tls=settings.needs_tls,  # never "if offered": that falls back to clear text in silence
            username=settings.user_name or None,
            password=settings.password or None,
            cert_bundle=settings.ca_bundle,
        )
        await client.connect()
        await _greet(client)
        self._heard, self._size = monotonic(), _size_of(client)
        return _taken_over(client, settings.timeout)

    async def send_one(self, wire: Wire, mail: Mail) -> Sent:
        """Raises only when the connection can no longer be used."""
        try:
            for address in (mail.recipient, *([self._sender] if self._sender else [])):
                checked_address(address)  # nothing may stand in a command but an address
            sender, recipient = (ascii_address(name).encode() for name in (self._sender, mail.recipient.strip()))
        except (UsageError, ValueError) as error:
            return Sent(True, NO_SUCH_NAME, f"the address cannot be sent to: {error}"[:MAX_REPLY])
        letter = Letter(sender, recipient, mail.message)
        if letter.needs_utf8 and not wire.takes_utf8:
            logger.warning("relay.no_smtputf8")
            return Sent(True, NO_SUCH_NAME, NEEDS_UTF8)
        reply = await wire.send(letter)
        return Sent(True, reply.code, _one_line(reply.words))


class Burst:
    """Mails over one connection. Once that is broken, all that follow wait."""

    def __init__(self, relay: Relay) -> None:
        self._relay = relay
        self._wire: Wire | None = None
        self._trouble: Sent | None = None
        self._sent = 0

    async def send(self, mail: Mail) -> Sent:
        """Send one mail. Never raises for what the relay does."""
        if self._wire is None and self._trouble is None:
            sent = await self._over_kept(mail)
            if sent is not None:
                return sent
            await self._connect()
        if self._wire is None or self._trouble is not None:
            return self._trouble or _unreached(OSError())
        try:
            return await self._over(self._wire, mail)
        except (SMTPException, OSError) as error:  # the connection broke: this mail and those behind it wait
            return self._broken_off(error)

    def ended(self) -> Wire | None:
        """The connection, if there was one: whose it is now."""
        wire, self._wire = self._wire, None
        return wire

    async def _over(self, wire: Wire, mail: Mail) -> Sent:
        sent = await self._relay.send_one(wire, mail)
        self._sent += 1
        self._relay.away.reached()
        return sent

    async def _over_kept(self, mail: Mail) -> Sent | None:
        """Send it over a connection that was left open; None when there is none that the relay has not closed."""
        while (wire := self._relay.kept.take()) is not None:
            self._wire = wire
            try:
                return await self._over(wire, mail)
            except BrokenOffError as error:
                if wire.text_begun:
                    return self._broken_off(error)  # the relay may have it
                self._wire = None
        return None

    def _broken_off(self, error: Exception) -> Sent:
        self._relay.away.broke_off(error, self._sent)
        self._trouble = _unreached(error)
        return self._trouble

    async def _connect(self) -> None:
        if (error := self._relay.away.resting()) is not None:
            self._trouble = _unreached(error)
            return
        try:
            self._wire = await self._relay.connected()
        except (SMTPException, OSError, ValueError) as trouble:
            self._relay.away.missed(trouble)
            self._trouble = _unreached(trouble)


def _taken_over(client: SMTP, seconds: float) -> Wire:
    """The connection that a client has made, to be spoken on by ourselves from now on."""
    transport = cast(asyncio.Transport | None, client.transport)
    if transport is None or transport.is_closing():
        raise BrokenOffError("the relay has closed the connection")
    wire = Wire(transport, frozenset(client.esmtp_extensions), seconds)
    transport.set_protocol(wire)
    return wire


async def _greet(client: SMTP) -> None:
    try:
        if client.is_ehlo_or_helo_needed:
            await client.ehlo()
    except SMTPHeloError:
        await client.helo()  # as old as RFC 821: it has no limit to tell of


def _size_of(client: SMTP) -> int:
    """What it says of its limit; 0 and nothing both mean that it has none to tell (RFC 1870 4)."""
    told = client.esmtp_extensions.get("size", "")
    return int(told) if told.isascii() and told.isdigit() else 0


def _unreached(error: Exception) -> Sent:
    """Trouble with the relay itself, a wrong password included: an administrator's matter, no fault of the mail."""
    if isinstance(error, SMTPResponseException):
        return Sent(False, error.code, _one_line(error.message))
    if isinstance(error, BrokenOffError) and error.code:
        return Sent(False, error.code, _one_line(str(error)))
    return Sent(False, 0, _one_line(f"the relay was not reached: {error or type(error).__name__}"))


def _one_line(text: str) -> str:
    return " ".join(text.split())[:MAX_REPLY]
