"""Letters to the postmaster, as they go on to the people who run the gateway (RFC 5321 4.5.1).

What lives here: the letter with a trace of how it came in. What does not: the outbox, and who the people are.
"""

import re
from email.utils import format_datetime, make_msgid

from gateway.domain.decision import GOING_IN_CIRCLES, MAX_RECEIVED
from gateway.domain.errors import GatewayError, SmtpReply
from gateway.domain.submission import Envelope
from gateway.mail.proof.results import without_foreign_results
from gateway.mail.smtp_data import header_end

MOST = 5_000_000  # octets; letters lie in the store, where pages of faxes do not
KIND = "postmaster"
_RECEIVED = re.compile(rb"^received[ \t]*:", re.IGNORECASE | re.MULTILINE)


def forwarded(envelope: Envelope, hostname: str) -> tuple[bytes, str]:
    """The letter, with our Received line on top (RFC 5321 4.4), and a Message-ID to know the mail by.

    `hostname` is ours, under which we tell what we found of senders. What claims to be our own word on its sender is
    taken out.

    Raises:
        GatewayError: 552 5.3.4, larger than 5,000,000 octets; 554 5.4.6, it passed too many servers (RFC 5321 6.3).
        OSError: the content cannot be read.
    """
    if envelope.size > MOST:
        text = f"mail to the postmaster may have {MOST} octets at most"
        raise GatewayError(text, reply=SmtpReply(552, "5.3.4", text))
    content = envelope.content.read_bytes()
    end = header_end(content)
    end = len(content) if end is None else end
    if len(_RECEIVED.findall(content[:end])) > MAX_RECEIVED:
        raise GatewayError(GOING_IN_CIRCLES.text, reply=GOING_IN_CIRCLES)
    block = without_foreign_results(content[:end], hostname)
    return _received(envelope, hostname).encode("ascii") + block + content[end:], make_msgid(domain=hostname)


def _received(envelope: Envelope, hostname: str) -> str:
    helo = "".join(sign if (sign.isascii() and sign.isalnum()) or sign in ".-:[]" else "?" for sign in envelope.helo)
    peer = f"IPv6:{envelope.peer}" if ":" in envelope.peer else envelope.peer
    how = "ESMTPS" if envelope.tls else "ESMTP"
    date = format_datetime(envelope.received)
    return f"Received: from {helo[:255] or 'unknown'} ([{peer}])\r\n\tby {hostname} with {how}; {date}\r\n"
