"""The edges, faked once: the desk behind the listener, the clock, and a relay that keeps what it is given."""

import asyncio
import ssl
from collections.abc import Callable, Coroutine
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import trustme
from aiosmtpd.smtp import SMTP
from aiosmtpd.smtp import Envelope as SmtpEnvelope
from aiosmtpd.smtp import Session as SmtpSession

from gateway.domain.call import CallReport
from gateway.domain.errors import BadNumberError, SmtpReply
from gateway.domain.submission import Envelope, Refusal
from gateway.fax.t30.reception import ReceivedPage
from gateway.fax.transport import Answered, IncomingCall, NotAnswered, Reached, Refused
from gateway.mail.desk import Content


class FakeClock:
    """Stands still until told otherwise."""

    slice_ms: int | None = None

    def __init__(self, start: datetime = datetime(2026, 3, 2, 15, 4, 5, tzinfo=UTC)) -> None:
        self._now = start

    def now(self) -> datetime:
        return self._now

    def skip_to(self, moment: datetime) -> None:
        self._now = max(self._now, moment)

    def running(self) -> AbstractContextManager[None]:
        return nullcontext()

    async def sleep_until(self, moment: datetime) -> None:
        self.skip_to(moment)

    def pass_time(self, **span: float) -> None:
        self._now += timedelta(**span)


@dataclass
class FakeDesk:
    """Takes every envelope whose recipients begin with a digit or a plus, and keeps the contents.

    `submit_error` is raised in place of taking; `hold`, when given, is waited for before taking.
    """

    passwords: dict[str, str] = field(default_factory=dict)
    submit_error: Exception | None = None
    hold: asyncio.Event | None = None
    envelopes: list[Envelope] = field(default_factory=list)
    contents: list[bytes] = field(default_factory=list)
    asked: list[tuple[str, str, str]] = field(default_factory=list)
    letters: list[tuple[str, tuple[str, ...], bytes]] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)
    began: asyncio.Event = field(default_factory=asyncio.Event)
    ended: asyncio.Event = field(default_factory=asyncio.Event)

    async def check_recipient(self, address: str, mail_from: str, authenticated_as: str) -> None:
        self.asked.append((address, mail_from, authenticated_as))
        if address[:1] not in "+0123456789":
            raise BadNumberError("write + and digits")

    async def submit(self, envelope: Envelope, content: Content) -> SmtpReply:
        self.began.set()
        content.settle()
        if self.hold is not None:
            await self.hold.wait()
        if self.submit_error is not None:
            raise self.submit_error
        self.envelopes.append(envelope)
        self.contents.append(envelope.content.read_bytes())
        self.ended.set()
        return SmtpReply(250, "2.0.0", f"accepted as {len(self.envelopes)}")

    async def to_postmaster(self, envelope: Envelope, content: Content) -> SmtpReply:
        content.settle()
        self.letters.append((envelope.mail_from, envelope.recipients, envelope.content.read_bytes()))
        return SmtpReply(250, "2.0.0", "the postmaster will read it")

    async def authenticate(self, user_name: str, password: str) -> bool:
        return self.passwords.get(user_name) == password

    async def note_refusal(self, refusal: Refusal) -> None:
        self.refusals.append(refusal)


@dataclass(frozen=True)
class SunkMail:
    """A mail that the sink was given."""

    mail_from: str
    recipients: tuple[str, ...]
    content: bytes

    @property
    def message(self) -> EmailMessage:
        message = message_from_bytes(self.content, policy=policy.default)
        assert isinstance(message, EmailMessage)
        return message


Answer = Callable[[str], str | None]


class SinkRelay:
    """A relay on a loopback port that keeps mails. `async with SinkRelay() as sink: sink.port`.

    `refuse` is asked with each recipient and gives the reply to refuse it with; `data_reply`, when set, is the answer
    to every text in place of taking it. Both may be changed while it runs.
    """

    def __init__(self, refuse: Answer = lambda _recipient: None, port: int = 0, **options: Any) -> None:
        self.mails: list[SunkMail] = []
        self.options: list[list[str]] = []  # of MAIL, without the size
        self.connections = 0
        self.refuse = refuse
        self.data_reply = ""
        self._port = port
        self._tls = options.pop("implicit_tls", None)
        self._options = options
        self._server: asyncio.Server | None = None
        self._arrived = asyncio.Condition()

    @classmethod
    def with_tls(cls, authority: trustme.CA, passwords: dict[str, str], implicit: bool = False) -> "SinkRelay":
        """A sink that offers STARTTLS, or begins with TLS, with a certificate for 127.0.0.1, and AUTH behind it."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("127.0.0.1").configure_cert(context)

        def check(_mechanism: str, name: bytes, password: bytes) -> bool:
            return passwords.get(name.decode()) == password.decode()

        if implicit:
            return cls(implicit_tls=context, auth_require_tls=False, auth_callback=check)
        return cls(tls_context=context, auth_callback=check)

    @property
    def port(self) -> int:
        assert self._server is not None
        return int(self._server.sockets[0].getsockname()[1])

    async def __aenter__(self) -> "SinkRelay":
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._session, "127.0.0.1", self._port, ssl=self._tls)
        return self

    async def __aexit__(self, *_error: object) -> None:
        assert self._server is not None
        self._server.close()
        await self._server.wait_closed()

    async def wait_for(self, count: int, seconds: float = 30) -> list[SunkMail]:
        """The mails, once there are `count` of them."""
        async with asyncio.timeout(seconds), self._arrived:
            await self._arrived.wait_for(lambda: len(self.mails) >= count)
        return self.mails

    def _session(self) -> SMTP:
        self.connections += 1
        return SMTP(self, hostname="sink.example", loop=asyncio.get_running_loop(), **self._options)

    # The names that aiosmtpd calls.

    async def handle_MAIL(  # noqa: N802 - aiosmtpd's hook
        self, _server: SMTP, _session: SmtpSession, envelope: SmtpEnvelope, address: str, options: list[str]
    ) -> str:
        envelope.mail_from = address
        self.options.append([option for option in options if not option.startswith("SIZE=")])
        return "250 2.1.0 OK"

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's hook
        self, _server: SMTP, _session: SmtpSession, envelope: SmtpEnvelope, address: str, _options: list[str]
    ) -> str:
        refusal = self.refuse(address)
        if refusal is None:
            envelope.rcpt_tos.append(address)
        return refusal or "250 2.1.5 OK"

    async def handle_DATA(self, _server: SMTP, _session: SmtpSession, envelope: SmtpEnvelope) -> str:  # noqa: N802
        if self.data_reply:
            return self.data_reply
        mail_from = "" if envelope.mail_from == "<>" else str(envelope.mail_from)
        content = envelope.content
        assert isinstance(content, bytes)
        async with self._arrived:
            self.mails.append(SunkMail(mail_from, tuple(envelope.rcpt_tos), content))
            self._arrived.notify_all()
        return "250 2.0.0 taken"


async def in_thread(work: Callable[[], Any]) -> Any:
    """Run blocking client code beside the event loop."""
    return await asyncio.get_running_loop().run_in_executor(None, work)


def started(work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
    """A task that the test awaits later."""
    return asyncio.get_running_loop().create_task(work)


@dataclass
class FakeSwitchboard:
    """Decides on calls as it was told, and keeps what it hears of them. `full` is raised in place of keeping a page."""

    ours: str = "+12065550142"
    decision: NotAnswered | Refused | None = None
    full: Exception | None = None
    hang_up: bool = False
    accepts_sub_address: bool = True
    rung: list[IncomingCall] = field(default_factory=list)
    pages: list[ReceivedPage] = field(default_factory=list)
    said: list[Reached] = field(default_factory=list)
    ends: list[tuple[CallReport, Reached]] = field(default_factory=list)

    def is_ours(self, number: str) -> bool:
        return number == self.ours

    def ring(self, call: IncomingCall) -> Answered | NotAnswered | Refused:
        self.rung.append(call)
        return self.decision or Answered(
            "+1 206 555 0142", self._keep, lambda: self.hang_up, self._end, self.accepts_sub_address
        )

    def _keep(self, page: ReceivedPage, reached: Reached) -> None:
        if self.full is not None:
            raise self.full
        self.pages.append(page)
        self.said.append(reached)

    def _end(self, report: CallReport, reached: Reached) -> None:
        self.ends.append((report, reached))
