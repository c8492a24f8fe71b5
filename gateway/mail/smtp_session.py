"""The SMTP conversation: greeting, TLS, signing in, the small commands, and the limits on all of them (RFC 5321 4.1).

What lives here: the loop over commands and what each is answered. What does not: grammar (`smtp_syntax`), the mail
transaction (`smtp_mailing`), the connection (`smtp_connection`), and whether a password is good, which the desk says.
"""

import logging
from collections.abc import Awaitable, Callable, Mapping

from gateway.domain.errors import SmtpReply
from gateway.mail.desk import Doorway
from gateway.mail.front_door import LONGEST_NAME, FrontDoor, answered
from gateway.mail.smtp_admission import admit
from gateway.mail.smtp_auth import MECHANISMS, Credentials, ask_credentials
from gateway.mail.smtp_mailing import TOO_MANY_COMMANDS, SmtpMailing
from gateway.mail.smtp_syntax import refuse

logger = logging.getLogger(__name__)

OK = SmtpReply(250, "2.0.0", "OK")
BYE = SmtpReply(221, "2.0.0", "goodbye")
NOT_SMTP = SmtpReply(421, "4.7.0", "this is a mail server")
NOT_A_BALANCER = SmtpReply(554, "5.7.1", "a PROXY header is taken only from a balancer that the settings name")
TOO_LONG = SmtpReply(421, "4.7.0", "this connection has lasted long enough, make a new one")
TOO_MANY_ERRORS = SmtpReply(421, "4.7.0", "too many errors, goodbye")
SIGNED_IN = SmtpReply(235, "2.7.0", "signed in")
WRONG_PASSWORD = SmtpReply(535, "5.7.8", "user name or password is wrong")
LOCKED_OUT = SmtpReply(421, "4.7.0", "too many failures to sign in, try again later")
HTTP_VERBS = frozenset({"GET", "POST", "PUT", "HEAD", "OPTIONS", "CONNECT", "DELETE", "TRACE", "PATCH", "PRI"})


class SmtpSession(SmtpMailing):
    """One client's conversation."""

    def __init__(self, door: FrontDoor, doorway: Doorway) -> None:
        super().__init__(door, doorway)
        self._errors = 0
        self._failures = 0

    async def converse(self) -> None:
        """Greet, then answer line by line."""
        refusal = await admit(self)
        if refusal is not None:
            logger.warning("smtp.turned_away", extra={"peer": self.peer, "reply": refusal.enhanced})
            self.say(str(refusal))
            self.cut_short = bool(self.unread())
            return
        self.say(f"220 {self.hostname} ESMTP")
        while not self.ending:
            self.patience.allow(self.waits.command)
            reply = await answered(self._next())
            if reply is not None:
                self.reply(self._counted(reply))

    async def _next(self) -> SmtpReply | None:
        """Read a command and do it; None when the reply has been given, or nobody is there to hear it."""
        self._busy = False
        line = await self.read_line()
        self._busy = True
        if line is None:
            self.ending = True
            return None
        verb, _, argument = line.partition(" ")
        command = COMMANDS.get(verb.upper())
        if command is None:
            return self._unknown(verb.upper())
        self.idle += verb.upper() != "RCPT"  # those have a limit of their own
        if self.idle > self.door.settings.limits.max_idle_commands:
            return TOO_MANY_COMMANDS
        if self.transaction is None and self.age > self.waits.session:
            return TOO_LONG
        return await command(self, argument.strip(" "))

    def _unknown(self, verb: str) -> SmtpReply | None:
        if verb == "PROXY":
            self.dismiss(NOT_A_BALANCER)
            return None
        if verb in HTTP_VERBS:
            return NOT_SMTP
        raise refuse(500, "5.5.1", "unknown command")

    def _counted(self, reply: SmtpReply) -> SmtpReply:
        """The reply, or a goodbye when there were too many errors."""
        self._errors += reply.code in range(500, 550)  # a refused recipient or mail is no error of the client
        return TOO_MANY_ERRORS if self._errors > self.door.settings.limits.max_errors else reply

    # Greeting, TLS, signing in.

    async def _do_helo(self, argument: str) -> SmtpReply | None:
        self._greet(argument, extended=False)
        self.say(f"250 {self.hostname}")
        return None

    async def _do_ehlo(self, argument: str) -> SmtpReply | None:
        self._greet(argument, extended=True)
        offers = [self.hostname, f"SIZE {self.door.settings.limits.max_size}", "8BITMIME", "SMTPUTF8"]
        offers += ["PIPELINING", "ENHANCEDSTATUSCODES"]
        if self.door.tls is not None and not self.encrypted:
            offers.append("STARTTLS")
        if self.encrypted:
            offers.append(f"AUTH {' '.join(MECHANISMS)}")
        self.say(*(f"250-{offer}" for offer in offers[:-1]), f"250 {offers[-1]}")
        return None

    def _greet(self, argument: str, extended: bool) -> None:
        if not argument or len(argument) > 255 or not argument.isprintable():
            raise refuse(501, "5.5.4", "give your host name")
        self.helo, self.extended, self.transaction = argument, extended, None

    async def _do_starttls(self, argument: str) -> SmtpReply | None:
        if argument:
            raise refuse(501, "5.5.4", "STARTTLS takes no argument")
        if self.door.tls is None:
            raise refuse(502, "5.5.1", "TLS is not offered")
        if self.encrypted:
            raise refuse(503, "5.5.1", "TLS has begun already")
        self.say("220 2.0.0 begin TLS")
        await self.begin_tls()
        self.helo, self.extended, self.transaction, self.user = "", False, None, ""
        return None

    async def _do_auth(self, argument: str) -> SmtpReply:
        if self.door.tls is None:
            raise refuse(502, "5.5.1", "signing in is not offered")
        if not self.encrypted:
            raise refuse(538, "5.7.11", "signing in needs TLS: STARTTLS first")
        self.in_order(not self.user and self.transaction is None and self.extended, "not now")
        if not argument:
            raise refuse(501, "5.5.4", "write AUTH PLAIN or AUTH LOGIN")
        if self.door.is_locked_out(self.peer):
            return LOCKED_OUT
        credentials = await ask_credentials(argument, self.challenge)
        if self.door.is_locked_out(self.peer, credentials.user_name):
            return LOCKED_OUT
        if await self.door.desk.authenticate(credentials.user_name, credentials.password):
            self.user = credentials.user_name
            return SIGNED_IN
        return self._sign_in_failed(credentials)

    def _sign_in_failed(self, credentials: Credentials) -> SmtpReply:
        logger.warning("smtp.sign_in_failed", extra={"peer": self.peer})
        self.door.count_failure(self.peer, credentials.user_name)
        self.door.tell_failure(self.peer, credentials.user_name[:LONGEST_NAME])
        self._failures += 1
        return LOCKED_OUT if self._failures >= self.door.settings.limits.max_sign_in_failures else WRONG_PASSWORD

    # The rest.

    async def _do_rset(self, argument: str) -> SmtpReply:
        if argument:
            raise refuse(501, "5.5.4", "RSET takes no argument")
        self.transaction = None
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
