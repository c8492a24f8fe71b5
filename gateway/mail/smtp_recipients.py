"""Whom one mail is for: fax numbers, the postmaster, or the address that bounces come back to.

What lives here: telling them apart, and that one transaction has one kind only. What does not: fax addresses
(`gateway.domain.addresses`), which the desk reads.
"""

import re
from dataclasses import dataclass, field
from enum import Enum

from gateway.domain.addresses import no_fax_address
from gateway.domain.errors import BadNumberError, GatewayError
from gateway.domain.mail_names import ascii_address
from gateway.domain.submission import RefusedRecipient
from gateway.mail.desk import ListenerSettings
from gateway.mail.smtp_syntax import MailArgument, refuse

MOST_TOLD = 20  # refused recipients that a notice names
_PATH = re.compile(r"[^<]*<([^<>@]*)@([^<>@]*)>.*", re.DOTALL)


class Box(Enum):
    """Where a recipient's mail goes."""

    FAX = "fax"
    POSTMASTER = "postmaster"
    BOUNCE = "bounce"  # swallowed


@dataclass(slots=True)
class Transaction:
    """What MAIL and RCPT have said so far; all recipients are of one kind."""

    mail: MailArgument
    box: Box = Box.FAX
    recipients: list[str] = field(default_factory=list)
    asked: int = 0
    refused: list[RefusedRecipient] = field(default_factory=list)

    def check_room(self, box: Box, most: int) -> None:
        """Return when another recipient of this kind may follow.

        Raises:
            SyntaxRefusedError: there are enough, or they are of another kind: the client sends it apart.
        """
        if len(self.recipients) >= most:
            raise refuse(452, "4.5.3", f"no more than {most} recipients in one mail")
        if self.recipients and box is not self.box:
            raise refuse(452, "4.5.3", "faxes and letters to people are not taken in one mail: send this one apart")

    def note_refusal(self, address: str, error: GatewayError) -> None:
        """Keep an address that is refused for good, for the notice on the mail; so many of them at most."""
        if error.reply.code >= 500 and len(self.refused) < MOST_TOLD:
            self.refused.append(RefusedRecipient(address, str(error.plain)))

    def take(self, address: str, box: Box) -> None:
        """Note a recipient that was found good."""
        self.recipients.append(address)
        self.box = box


def box_of(address: str, settings: ListenerSettings) -> Box:
    """The kind of a recipient: `postmaster` in any case, alone or at one of our domains (RFC 5321 4.5.1), first."""
    local = address.rpartition("@")[0].removeprefix('"').removesuffix('"').lower()
    if address == "postmaster" or local == "postmaster":
        return Box.POSTMASTER
    bounce = settings.bounce_address.lower()
    return Box.BOUNCE if bounce and local.partition("+")[0] == bounce else Box.FAX


def number_fault(argument: str, settings: ListenerSettings) -> BadNumberError | None:
    """What is wrong with a malformed argument of RCPT that was meant as a number at one of our domains, if it was."""
    match = _PATH.fullmatch(argument)
    if match is None or not match[1].isascii() or ascii_address(match[2].lower()) not in settings.domains:
        return None
    return no_fax_address(match[1], match[2])


def is_ours(address: str, settings: ListenerSettings) -> bool:
    """Whether an address is at one of our domains; `postmaster` alone is."""
    return "@" not in address or ascii_address(address.rpartition("@")[2].lower()) in settings.domains
