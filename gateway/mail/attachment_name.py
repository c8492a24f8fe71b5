"""The name of a mail's first attachment, as its sender called it: what a copy in an archive is named after.

What lives here: finding it in the beginning of a mail. What does not: safe names (`gateway.domain.archive_names`); the
attachments themselves, which are opened in a process of their own (`gateway.mail.unpack`).
"""

from email import message_from_bytes, policy
from email.message import Message
from itertools import islice
from pathlib import Path

from gateway.mail.mime import left_out_reason, shown_name

# The header of the first attachment stands behind the words, which are short. More is not read, for it is a stranger's.
MOST_OCTETS = 256 << 10
MOST_PARTS = 50


def first_attachment_name(mail: Path) -> str:
    """The name, cleared of paths and of what cannot be printed; empty when there is none near the beginning."""
    with mail.open("rb") as file:
        beginning = file.read(MOST_OCTETS)
    try:
        return _first(message_from_bytes(beginning, policy=policy.compat32))
    except RecursionError:  # parts within parts within parts
        return ""


def _first(message: Message) -> str:
    """Of what is attached, else of what merely has a name, as pictures inside the words do."""
    parts = [part for part in islice(message.walk(), MOST_PARTS) if left_out_reason(part) is None]
    attached = [part for part in parts if part.get_content_disposition() == "attachment"]
    return next(filter(None, map(shown_name, (*attached, *parts))), "")
