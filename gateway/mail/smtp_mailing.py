"""The mail transaction: MAIL, RCPT, DATA (RFC 5321 3.3), and what is recorded of a mail that we do not take.

What lives here: the three commands and their limits. What does not: grammar (`smtp_syntax`), kinds of recipients
(`smtp_recipients`), the text (`smtp_text`), and whether a fax may be sent, which the desk says.
"""

import logging
from pathlib import Path

from gateway.domain.errors import GatewayError, RefusedError, SmtpReply
from gateway.domain.submission import Envelope, Refusal
from gateway.mail.content_file import ContentFile, Swallow
from gateway.mail.desk import Doorway
from gateway.mail.front_door import ClientGoneError, FrontDoor, answered
from gateway.mail.refusal_notes import shown
from gateway.mail.smtp_connection import SmtpConnection
from gateway.mail.smtp_data import HeaderRefusedError
from gateway.mail.smtp_recipients import Box, Transaction, box_of, is_ours, number_fault
from gateway.mail.smtp_syntax import SyntaxRefusedError, parse_mail, parse_rcpt, refuse
from gateway.mail.smtp_text import TextIntake, size_fault

logger = logging.getLogger(__name__)

TOO_MANY_COMMANDS = SmtpReply(421, "4.7.0", "too many commands without a mail, goodbye")
SWALLOWED = SmtpReply(250, "2.0.0", "OK")
MOST_NOTES = 50  # refusals recorded of one session


class SmtpMailing(SmtpConnection):
    """A client that sends mails, one at a time."""

    def __init__(self, door: FrontDoor, doorway: Doorway) -> None:
        super().__init__(door, doorway)
        self.helo = ""
        self.extended = False
        self.user = ""
        self.transaction: Transaction | None = None
        self.idle = 0
        self._notes = 0
        self._path: Path | None = None

    async def _do_mail(self, argument: str) -> SmtpReply:
        if self.doorway.submission and not self.user:
            raise refuse(
                530, "5.7.0", "sign in first, inside TLS" if self.encrypted else "STARTTLS first, then sign in"
            )
        self.in_order(bool(self.helo), "say EHLO first")
        self.in_order(self.transaction is None, "one mail at a time: RSET first")
        mail = parse_mail(argument, self.extended)
        limit = self.door.settings.limits.max_size
        if mail.size > limit:
            raise self._noted("size", size_fault(limit), mail.address, ())
        self.transaction = Transaction(mail)
        return SmtpReply(250, "2.1.0", "OK")

    async def _do_rcpt(self, argument: str) -> SmtpReply:
        transaction = self._begun()
        limit = self.door.settings.limits.max_recipients
        transaction.asked += 1
        if transaction.asked > 10 * limit:
            return TOO_MANY_COMMANDS
        try:
            address = parse_rcpt(argument, transaction.mail.smtputf8)
        except SyntaxRefusedError as error:
            fault = number_fault(argument, self.door.settings) if error.reply.enhanced == "5.1.3" else None
            raise self._noted("address-syntax", fault or error, transaction.mail.address, (argument,)) from None
        box = self._box(address, transaction)
        transaction.check_room(box, limit)
        if box is Box.FAX:
            await self._check(address, transaction)
        transaction.take(address, box)
        return SmtpReply(250, "2.1.5", "OK")

    async def _check(self, address: str, transaction: Transaction) -> None:
        try:
            await self.door.desk.check_recipient(address, transaction.mail.address, self.user)
        except RefusedError as error:
            transaction.note_refusal(shown(address), error)
            raise self._noted("recipient", error, transaction.mail.address, (address,)) from None

    def _box(self, address: str, transaction: Transaction) -> Box:
        settings, sender = self.door.settings, transaction.mail.address
        if not is_ours(address, settings):
            error = refuse(550, "5.7.1", "this gateway does not serve that domain")
            raise self._noted("domain", error, sender, (address,))
        box = box_of(address, settings)
        if not sender and box is Box.FAX:
            error = refuse(550, "5.7.1", "reports and bounces are not faxed")
            raise self._noted("null-sender", error, sender, (address,))
        return box

    async def _do_data(self, argument: str) -> SmtpReply:
        transaction = self._begun()
        if argument:
            raise refuse(501, "5.5.4", "DATA takes no argument")
        self.in_order(bool(transaction.recipients), "no recipient was accepted")
        self.transaction = None
        content = Swallow() if transaction.box is Box.BOUNCE else self._new_content()
        self.say("354 go ahead, end with CR LF . CR LF")
        await self.flush()
        await self._take_text(content, transaction)
        self.patience.allow(self.waits.store)
        if isinstance(content, Swallow):
            reply = self._swallow(content)
        else:
            reply = await self._store(transaction, content)
        self.idle = 0 if reply.code == 250 else self.idle
        return reply

    def _new_content(self) -> ContentFile:
        """One path serves all mails of a session: they come one after another, and leave it before the next."""
        self._path = self._path or self.door.new_path()
        return self.door.new_content(self._path)

    async def _take_text(self, content: ContentFile | Swallow, transaction: Transaction) -> None:
        """On return the content is taken; otherwise nothing of it stays, also when the client is cut off."""
        intake = TextIntake(content, self.door.settings, self.patience.allow)
        kept = False
        try:
            fault = await intake.take(self.reader)
            kept = fault is None
        finally:
            if not kept:
                await content.remove()
        self.reader.put_back(intake.rest)
        if fault is None:
            return
        if intake.overrun:
            self.ending = self.cut_short = True
        if fault.reply.code >= 500:
            rule = "header" if isinstance(fault, HeaderRefusedError) else "size"
            self._noted(rule, fault, transaction.mail.address, tuple(transaction.recipients))
        raise fault

    def _swallow(self, content: Swallow) -> SmtpReply:
        self.door.swallowed += 1
        logger.info("smtp.bounce", extra={"peer": self.peer, "size": content.size, "count": self.door.swallowed})
        return SWALLOWED

    async def _store(self, transaction: Transaction, content: ContentFile) -> SmtpReply:
        """Keep a mail. It runs to its end without the client, too.

        Raises:
            ClientGoneError: the mail was kept or not, and nobody is there to be told.
        """
        self.storing = True
        desk, box = self.door.desk, transaction.box
        take = desk.to_postmaster if box is Box.POSTMASTER else desk.submit
        try:
            reply = await answered(take(self._envelope(transaction, content), content))
        finally:
            await content.remove()
            self.storing = False
        if box is not Box.FAX or reply.code != 250:  # of a fax that is taken the desk tells more
            facts = {"peer": self.peer, "size": content.size, "count": len(transaction.recipients)}
            logger.info("smtp.mail", extra=facts | {"kind": box.value, "reply": reply.enhanced})
        if self.transport is None:
            raise ClientGoneError
        return reply

    def _envelope(self, transaction: Transaction, content: ContentFile) -> Envelope:
        return Envelope(
            mail_from=transaction.mail.address,
            recipients=tuple(transaction.recipients),
            peer=self.peer,
            helo=self.helo,
            content=content.path,
            size=content.size,
            received=self.door.now(),
            authenticated_as=self.user,
            tls=self.encrypted,
            refused=tuple(transaction.refused),
        )

    def _noted(self, rule: str, error: GatewayError, sender: str, recipients: tuple[str, ...]) -> GatewayError:
        """Have a refusal recorded, as far as one session may; returns the error to raise."""
        self._notes += 1
        if self._notes <= MOST_NOTES:
            told = tuple(shown(recipient) for recipient in recipients)
            note = Refusal(self.door.now(), self.peer, shown(sender), "", told, rule, str(error.reply))
            self.door.notes.add(note)
        return error

    def _begun(self) -> Transaction:
        if self.transaction is None:
            raise refuse(503, "5.5.1", "MAIL comes first")
        return self.transaction

    def in_order(self, good: bool, text: str) -> None:
        """Return when a command comes in its turn.

        Raises:
            SyntaxRefusedError: it does not.
        """
        if not good:
            raise refuse(503, "5.5.1", text)
