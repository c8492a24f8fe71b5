"""The letter that tries out whether copies of faxes reach an address.

What lives here: its words and headers. What does not: copies themselves (`archive_mail`).
"""

import secrets
from datetime import datetime
from email import policy
from email.message import EmailMessage
from email.utils import format_datetime, formataddr

from gateway.domain.mail_names import ascii_address
from gateway.mail.notice_facts import Voice

WORDS = """The fax gateway tried whether copies of faxes reach this address. They do.

Nothing is to be done. The settings archive.* of the fax gateway say whose faxes are copied, and where to.
"""


def trial_letter(voice: Voice, recipient: str, at: datetime) -> bytes:
    """The mail, with CRLF line ends; other letters before the @ go by SMTPUTF8 alone (RFC 6532)."""
    whom = ascii_address(recipient)
    message = EmailMessage(policy=policy.SMTP if whom.isascii() else policy.SMTPUTF8)
    message["From"] = formataddr((voice.name, voice.address))
    message["To"] = whom
    message["Subject"] = "Fax gateway: a trial of the archive"
    message["Date"] = format_datetime(at)
    message["Message-ID"] = f"<archive-trial.{secrets.token_hex(12)}@{voice.domain}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(WORDS, cte="quoted-printable")
    return message.as_bytes()
