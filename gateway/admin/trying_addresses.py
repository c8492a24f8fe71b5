"""What RCPT would be answered for an address, found out by the steps of the listener.

What lives here: the order of those steps, for one address. What does not: the steps (`gateway.mail`,
`gateway.judging`), mails and senders (`trying`), how it is shown (`gateway.cli`).
"""

from dataclasses import dataclass

from gateway.domain.addresses import FaxAddress
from gateway.domain.errors import GatewayError, SmtpReply
from gateway.domain.numbers import NumberFacts, describe
from gateway.judging import Judge
from gateway.mail.desk import ListenerSettings
from gateway.mail.smtp_recipients import Box, box_of, is_ours, number_fault
from gateway.mail.smtp_syntax import SyntaxRefusedError, parse_rcpt, refuse

_OTHER_BOXES = {Box.POSTMASTER: "a letter to the postmaster", Box.BOUNCE: "a bounce, which is swallowed"}


@dataclass(frozen=True, slots=True)
class AddressTrial:
    """What the listener would answer; `address` and `number` are None where no fax comes of it."""

    reply: SmtpReply
    address: FaxAddress | None = None
    number: NumberFacts | None = None


def try_address(judge: Judge, listener: ListenerSettings, written: str, sender: str, user_name: str) -> AddressTrial:
    """Read a recipient's address as RCPT would.

    Args:
        judge: knows people and their settings.
        listener: its domains and its other boxes.
        written: the address, without angle brackets.
        sender: the envelope sender, empty when unknown: plain digits are then read as in the United States.
        user_name: who signed in, empty for nobody.
    """
    try:
        recipient = parse_rcpt(f"TO:<{written}>", smtputf8=True)
        if not is_ours(recipient, listener):
            raise refuse(550, "5.7.1", "this gateway does not serve that domain")
        box = box_of(recipient, listener)
        if box is not Box.FAX:
            return AddressTrial(SmtpReply(250, "2.1.5", f"OK ({_OTHER_BOXES[box]}, no fax)"))
        address = judge.recipient(recipient, sender, user_name)
    except SyntaxRefusedError as error:
        fault = number_fault(f"TO:<{written}>", listener) if error.reply.enhanced == "5.1.3" else None
        return AddressTrial((fault or error).reply)
    except GatewayError as error:
        return AddressTrial(error.reply)
    return AddressTrial(SmtpReply(250, "2.1.5", "OK"), address, describe(address.destination))
