"""Our mail on its way out: one connection to the smart host for a burst of mails, one result for each.

What lives here: the SMTP client and the back-off between tries. What does not: the outbox, which remembers
(`gateway.store.outbox`), and the wording (`messages`).
"""

import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from time import monotonic

from aiosmtplib import (
    SMTP,
    SMTPDataError,
    SMTPException,
    SMTPHeloError,
    SMTPRecipientsRefused,
    SMTPResponseException,
    SMTPSenderRefused,
)

from gateway.domain.errors import UnavailableError, UsageError
from gateway.domain.nodes import checked_address

logger = logging.getLogger(__name__)

JITTER = 0.2  # each delay is spread by this share, both ways
DELAYS = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 30, 60, 120, 240))
EXPIRY = timedelta(days=2)
MAX_REPLY = 500  # characters of the relay's words that are kept
HEARD_SECONDS = 60  # that what the relay said of its limit is believed


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
    user_name: str = ""
    password: str = ""
    mail_from: str = ""
    timeout: float = 60
    ca_bundle: str | None = None
    largest: int = 0

    @property
    def needs_tls(self) -> bool:
        """Whether a relay without STARTTLS is not spoken to."""
        return self.start_tls or bool(self.password)


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
            await _goodbye(await self.connected())
        except (SMTPException, OSError, ValueError) as error:
            logger.warning("relay.unreachable", extra={"error": type(error).__name__})
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
    async def burst(self) -> AsyncIterator["Burst"]:
        """One connection for mails that follow one another; it is made with the first."""
        burst = Burst(self)
        try:
            yield burst
        finally:
            await burst.close()

    async def connected(self) -> SMTP:
        """A connection, signed in where that is wanted. Raises what aiosmtplib does."""
        settings = self._settings
        client = SMTP(
            hostname=settings.host,
            port=settings.port,
            local_hostname=settings.hostname,
            timeout=settings.timeout,
            use_tls=False,
            start_tls=settings.needs_tls,  # never "if offered": that falls back to clear text in silence
            username=settings.user_name or None,
            password=settings.password or None,
            cert_bundle=settings.ca_bundle,
        )
        await client.connect()
        await _greet(client)
        self._heard, self._size = monotonic(), _size_of(client)
        return client

    async def send_one(self, client: SMTP, mail: Mail) -> Sent:
        """Raises only when the connection can no longer be used."""
        try:
            checked_address(mail.recipient)  # aiosmtplib would cut an address at a line end and send to the rest
            refused, text = await client.sendmail(self._settings.mail_from, [mail.recipient], mail.message)
        except SMTPRecipientsRefused as error:
            return _refused(error.recipients[0])
        except (SMTPSenderRefused, SMTPDataError) as error:
            return _refused(error)
        except (UsageError, ValueError) as error:
            return Sent(True, 553, f"the address cannot be sent to: {error}"[:MAX_REPLY])
        if mail.recipient in refused:  # aiosmtplib does not raise for one refused among several
            return _refused(SMTPResponseException(*refused[mail.recipient]))
        return Sent(True, 250, _one_line(text))


class Burst:
    """Mails over one connection. Once that is broken, all that follow wait."""

    def __init__(self, relay: Relay) -> None:
        self._relay = relay
        self._client: SMTP | None = None
        self._trouble: Sent | None = None
        self._sent = 0

    async def send(self, mail: Mail) -> Sent:
        """Send one mail. Never raises for what the relay does."""
        if self._client is None and self._trouble is None:
            await self._connect()
        if self._client is None or self._trouble is not None:
            return self._trouble or _unreached(OSError())
        try:
            sent = await self._relay.send_one(self._client, mail)
        except (SMTPException, OSError) as error:  # the connection broke: this mail and those behind it wait
            logger.warning("relay.broken_off", extra={"error": type(error).__name__, "count": self._sent})
            self._trouble = _unreached(error)
            return self._trouble
        self._sent += 1
        return sent

    async def close(self) -> None:
        """Take leave."""
        if self._client is not None:
            await _goodbye(self._client)

    async def _connect(self) -> None:
        try:
            self._client = await self._relay.connected()
        except (SMTPException, OSError, ValueError) as error:
            logger.warning("relay.unreachable", extra={"error": type(error).__name__})
            self._trouble = _unreached(error)


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


async def _goodbye(client: SMTP) -> None:
    try:
        if client.is_connected:
            await client.quit()
    except (SMTPException, OSError):
        client.close()  # the mails have their results; how the relay takes its leave changes none


def _refused(error: SMTPResponseException) -> Sent:
    """A refusal of one mail; 421 is the relay going away, and is raised again."""
    if error.code == 421:
        raise error
    return Sent(True, error.code, _one_line(error.message))


def _unreached(error: Exception) -> Sent:
    """Trouble with the relay itself, a wrong password included: an administrator's matter, no fault of the mail."""
    if isinstance(error, SMTPResponseException):
        return Sent(False, error.code, _one_line(error.message))
    return Sent(False, 0, _one_line(f"the relay was not reached: {error or type(error).__name__}"))


def _one_line(text: str) -> str:
    return " ".join(text.split())[:MAX_REPLY]
