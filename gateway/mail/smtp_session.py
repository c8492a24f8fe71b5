"""The SMTP conversation: each command, the transaction it builds, and the limits on both (RFC 5321 4.1).

What lives here: what the gateway answers. What does not: grammar (`smtp_syntax`), the text (`smtp_text`), the
connection (`smtp_connection`), and whether a fax may be sent, which the desk says.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from gateway.domain.errors import GatewayError, SmtpReply
from gateway.domain.submission import Envelope
from gateway.mail.content_file import ContentFile
from gateway.mail.front_door import FrontDoor, answered
from gateway.mail.smtp_auth import MECHANISMS, ask_credentials
from gateway.mail.smtp_connection import IDLE, SmtpConnection
from gateway.mail.smtp_syntax import MailArgument, parse_mail, parse_rcpt, refuse
from gateway.mail.smtp_text import TextIntake, size_fault

logger = logging.getLogger(__name__)

OK = SmtpReply(250, "2.0.0", "OK")
BYE = SmtpReply(221, "2.0.0", "goodbye")
NOT_SMTP = SmtpReply(421, "4.7.0", "this is a mail server")
TOO_MANY_ERRORS = SmtpReply(421, "4.7.0", "too many errors, goodbye")
TOO_MANY_COMMANDS = SmtpReply(421, "4.7.0", "too many commands without a mail, goodbye")
SIGNED_IN = SmtpReply(235, "2.7.0", "signed in")
WRONG_PASSWORD = SmtpReply(535, "5.7.8", "user name or password is wrong")
LOCKED_OUT = SmtpReply(421, "4.7.0", "too many failures to sign in, try again later")
HTTP_VERBS = frozenset({"GET", "POST", "PUT", "HEAD", "OPTIONS", "CONNECT", "DELETE", "TRACE", "PATCH", "PRI"})


@dataclass(slots=True)
class Transaction:
    """What MAIL and RCPT have said so far."""

    mail: MailArgument
    recipients: list[str] = field(default_factory=list)
    asked: int = 0


class SmtpSession(SmtpConnection):
    """One client's conversation."""

    def __init__(self, door: FrontDoor) -> None:
        super().__init__(door)
        self._helo = ""
        self._extended = False
        self._user = ""
        self._transaction: Transaction | None = None
        self._errors = 0
        self._idle = 0
        self._failures = 0

    async def converse(self) -> None:
        """Greet, then answer line by line."""
        refusal = self.door.enter(self)
        if refusal is not None:
            logger.warning("smtp.turned_away", extra={"peer": self.peer, "reply": refusal.enhanced})
            await self.reply(refusal)
            return
        await self.say(f"220 {self.hostname} ESMTP")
        while not self.ending:
            self._reset_timeout()
            reply = await answered(self._next())
            if reply is not None:
                await self.reply(self._counted(reply))

    async def _next(self) -> SmtpReply | None:
        """Read a command and do it; None when the reply has been sent, or nobody is there to hear it."""
        self._busy = False
        line = await self.read_line()
        self._busy = True
        if line is None:
            self.ending = True
            return None
        verb, _, argument = line.partition(" ")
        if verb.upper() in HTTP_VERBS:
            return NOT_SMTP
        command = COMMANDS.get(verb.upper())
        if command is None:
            raise refuse(500, "5.5.1", "unknown command")
        self._idle += verb.upper() != "RCPT"  # those have a limit of their own
        if self._idle > self.door.settings.limits.max_idle_commands:
            return TOO_MANY_COMMANDS
        return await command(self, argument.strip(" "))

    def _counted(self, reply: SmtpReply) -> SmtpReply:
        """The reply, or a goodbye when there were too many errors."""
        self._errors += reply.code in range(500, 550)  # a refused recipient or mail is no error of the client
        return TOO_MANY_ERRORS if self._errors > self.door.settings.limits.max_errors else reply

    # Greeting, TLS, signing in.

    async def _do_helo(self, argument: str) -> SmtpReply | None:
        self._greet(argument, extended=False)
        await self.say(f"250 {self.hostname}")
        return None

    async def _do_ehlo(self, argument: str) -> SmtpReply | None:
        self._greet(argument, extended=True)
        offers = [self.hostname, f"SIZE {self.door.settings.limits.max_size}", "8BITMIME", "SMTPUTF8"]
        offers += ["PIPELINING", "ENHANCEDSTATUSCODES"]
        if self.door.tls is not None and not self.encrypted:
            offers.append("STARTTLS")
        if self.encrypted:
            offers.append(f"AUTH {' '.join(MECHANISMS)}")
        await self.say(*(f"250-{offer}" for offer in offers[:-1]), f"250 {offers[-1]}")
        return None

    def _greet(self, argument: str, extended: bool) -> None:
        if not argument or len(argument) > 255 or not argument.isprintable():
            raise refuse(501, "5.5.4", "give your host name")
        self._helo, self._extended, self._transaction = argument, extended, None

    async def _do_starttls(self, argument: str) -> SmtpReply | None:
        if argument:
            raise refuse(501, "5.5.4", "STARTTLS takes no argument")
        if self.door.tls is None:
            raise refuse(502, "5.5.1", "TLS is not offered")
        if self.encrypted:
            raise refuse(503, "5.5.1", "TLS has begun already")
        await self.begin_tls()
        self._helo, self._extended, self._transaction, self._user = "", False, None, ""
        return None

    async def _do_auth(self, argument: str) -> SmtpReply:
        if not self.encrypted:
            raise refuse(538, "5.7.11", "signing in needs TLS: STARTTLS first")
        self._in_order(not self._user and self._transaction is None and self._extended, "not now")
        if not argument:
            raise refuse(501, "5.5.4", "write AUTH PLAIN or AUTH LOGIN")
        if self.door.lock_out.locked(self.peer, self.door.now()):
            return LOCKED_OUT
        credentials = await ask_credentials(argument, self.challenge)
        if await self.door.desk.authenticate(credentials.user_name, credentials.password):
            self._user = credentials.user_name
            return SIGNED_IN
        return self._sign_in_failed()

    def _sign_in_failed(self) -> SmtpReply:
        logger.warning("smtp.sign_in_failed", extra={"peer": self.peer})
        self.door.lock_out.failed(self.peer, self.door.now())
        self._failures += 1
        return LOCKED_OUT if self._failures >= self.door.settings.limits.max_sign_in_failures else WRONG_PASSWORD

    # The mail transaction.

    async def _do_mail(self, argument: str) -> SmtpReply:
        self._in_order(bool(self._helo), "say EHLO first")
        self._in_order(self._transaction is None, "one mail at a time: RSET first")
        mail = parse_mail(argument, self._extended)
        limit = self.door.settings.limits.max_size
        if mail.size > limit:
            raise size_fault(limit)
        self._transaction = Transaction(mail)
        return SmtpReply(250, "2.1.0", "OK")

    async def _do_rcpt(self, argument: str) -> SmtpReply:
        transaction = self._begun()
        limit = self.door.settings.limits.max_recipients
        transaction.asked += 1
        address = parse_rcpt(argument, transaction.mail.smtputf8)
        if len(transaction.recipients) >= limit:
            if transaction.asked > 10 * limit:
                return TOO_MANY_COMMANDS
            raise refuse(452, "4.5.3", f"no more than {limit} recipients in one mail")
        await self._check_recipient(address, transaction)
        transaction.recipients.append(address)
        return SmtpReply(250, "2.1.5", "OK")

    async def _check_recipient(self, address: str, transaction: Transaction) -> None:
        if "@" in address and address.rpartition("@")[2].lower() not in self.door.settings.domains:
            raise refuse(550, "5.7.1", "this gateway does not serve that domain")
        await self.door.desk.check_recipient(address, transaction.mail.address, self._user, self.peer)
        if not transaction.mail.address:
            raise refuse(550, "5.7.1", "reports and bounces are not faxed")

    async def _do_data(self, argument: str) -> SmtpReply:
        transaction = self._begun()
        if argument:
            raise refuse(501, "5.5.4", "DATA takes no argument")
        self._in_order(bool(transaction.recipients), "no recipient was accepted")
        self._transaction = None
        content = self.door.new_content()
        await self.say("354 go ahead, end with CR LF . CR LF")
        await self._take_text(content)
        self._reset_timeout(self.door.settings.waits.store)
        reply = await self.door.store(self._submit(transaction, content))
        self._idle = 0 if reply.code == 250 else self._idle
        return reply

    async def _take_text(self, content: ContentFile) -> None:
        """On return the content is synced; otherwise nothing of it stays, also when the client is cut off."""
        intake = TextIntake(content, self.door.settings.limits)
        kept = False
        try:
            fault = await self._within_time(intake)
            kept = fault is None
        finally:
            if not kept:
                await content.remove()
        self.push_back(intake.rest)
        self.ending = self.ending or intake.overrun
        if fault is not None:
            raise fault

    async def _within_time(self, intake: TextIntake) -> GatewayError | None:
        waits = self.door.settings.waits
        try:
            async with asyncio.timeout(waits.data):
                return await intake.take(self._reader, lambda: self._reset_timeout(waits.chunk))
        except TimeoutError:
            return refuse(IDLE.code, IDLE.enhanced, "the text took too long")

    async def _submit(self, transaction: Transaction, content: ContentFile) -> SmtpReply:
        """Runs to its end without the client, too."""
        envelope = Envelope(
            mail_from=transaction.mail.address,
            recipients=tuple(transaction.recipients),
            peer=self.peer,
            helo=self._helo,
            content=content.path,
            size=content.size,
            received=self.door.now(),
            authenticated_as=self._user,
            tls=self.encrypted,
        )
        try:
            reply = await answered(self.door.desk.submit(envelope))
        finally:
            await content.remove()
        facts = {"peer": self.peer, "octets": content.size, "recipients": len(transaction.recipients)}
        logger.info("smtp.mail", extra=facts | {"code": reply.code, "enhanced": reply.enhanced})
        return reply

    def _begun(self) -> Transaction:
        if self._transaction is None:
            raise refuse(503, "5.5.1", "MAIL comes first")
        return self._transaction

    def _in_order(self, good: bool, text: str) -> None:
        if not good:
            raise refuse(503, "5.5.1", text)

    # The rest.

    async def _do_rset(self, argument: str) -> SmtpReply:
        if argument:
            raise refuse(501, "5.5.4", "RSET takes no argument")
        self._transaction = None
        return OK

    async def _do_noop(self, _argument: str) -> SmtpReply:
        return OK

    async def _do_quit(self, argument: str) -> SmtpReply:
        if argument:
            raise refuse(501, "5.5.4", "QUIT takes no argument")
        self.ending = True
        return BYE

    async def _do_vrfy(self, argument: str) -> SmtpReply:
        if not argument:
            raise refuse(501, "5.5.4", "VRFY takes an address")
        return SmtpReply(252, "2.5.0", "addresses are not verified; send the mail and see")

    async def _do_help(self, _argument: str) -> SmtpReply:
        return SmtpReply(214, "2.0.0", "send a mail to a fax number at this gateway's domain")

    async def _do_nothing(self, _argument: str) -> SmtpReply:
        raise refuse(502, "5.5.1", "not offered")


Command = Callable[[SmtpSession, str], Awaitable[SmtpReply | None]]
COMMANDS: Mapping[str, Command] = {
    "HELO": SmtpSession._do_helo,
    "EHLO": SmtpSession._do_ehlo,
    "STARTTLS": SmtpSession._do_starttls,
    "AUTH": SmtpSession._do_auth,
    "MAIL": SmtpSession._do_mail,
    "RCPT": SmtpSession._do_rcpt,
    "DATA": SmtpSession._do_data,
    "RSET": SmtpSession._do_rset,
    "NOOP": SmtpSession._do_noop,
    "QUIT": SmtpSession._do_quit,
    "VRFY": SmtpSession._do_vrfy,
    "HELP": SmtpSession._do_help,
    "EXPN": SmtpSession._do_nothing,
    "BDAT": SmtpSession._do_nothing,
    "ETRN": SmtpSession._do_nothing,
    "TURN": SmtpSession._do_nothing,
}
