"""The mail that tells an administrator that something is stuck.

What lives here: its words and headers. What does not: when it is sent (`gateway.store.alarms`). Figures and names of
trunks and machines are all it tells; what to look at next is said for each kind.
"""

import hashlib
from collections.abc import Mapping
from datetime import datetime
from email import policy
from email.message import EmailMessage
from email.utils import format_datetime, formataddr

from gateway.domain.alarms import Alarm, AlarmKind
from gateway.mail.letter import Letter, as_html, as_text
from gateway.mail.notice_facts import Voice

KIND = "alarm"
_TITLES: Mapping[AlarmKind, str] = {
    AlarmKind.JOB_LATE: "Faxes wait beyond their time",
    AlarmKind.CALL_TOO_LONG: "A call does not end",
    AlarmKind.NOT_RENDERED: "A mail is not turned into pages",
    AlarmKind.OUTBOX_OLD: "Notices do not leave",
    AlarmKind.DEAD_LETTERS: "Notices could not be delivered",
    AlarmKind.FAX_UNMAILED: "Received faxes could not be mailed",
    AlarmKind.ARCHIVE_OLD: "Copies of faxes wait for their archive",
    AlarmKind.ARCHIVE_FAILED: "Copies of faxes did not get to their archive",
    AlarmKind.NO_FREE_LINE: "No line has been free for long",
    AlarmKind.DISK_LOW: "The disk is nearly full",
    AlarmKind.LEASE_TROUBLE: "A process is gone, and its work lies",
}
_NEXT: Mapping[AlarmKind, str] = {
    AlarmKind.JOB_LATE: "See `faxgw queue status`, and whether a daemon with the role lines runs: `faxgw nodes list`.",
    AlarmKind.CALL_TOO_LONG: "See `faxgw outbound list`; `faxgw outbound cancel JOB` hangs up.",
    AlarmKind.NOT_RENDERED: "See the log for render-cut-off and step-crashed, and `faxgw doctor`.",
    AlarmKind.OUTBOX_OLD: "See `faxgw outbox list`, and the section [relay] of the settings file.",
    AlarmKind.DEAD_LETTERS: "See `faxgw outbox list --state dead`: it tells what the relay said.",
    AlarmKind.FAX_UNMAILED: "The log names them, as fax-not-forwarded; see `faxgw inbound show FAX` and `resubmit`.",
    AlarmKind.ARCHIVE_OLD: "See `faxgw archive list`: it tells what the server said; then `faxgw archive test`.",
    AlarmKind.ARCHIVE_FAILED: "See `faxgw archive list --state dead --state lost`, then `faxgw archive retry --dead`.",
    AlarmKind.NO_FREE_LINE: "Give the trunk more lines, or see `faxgw queue top` for what is on them.",
    AlarmKind.DISK_LOW: "Make room where [storage] folder lies; below 64 MB no mail is taken.",
    AlarmKind.LEASE_TROUBLE: "Start a daemon: it takes over what is left. See `faxgw nodes list`.",
}


def alarm_letter(alarm: Alarm, voice: Voice, recipient: str, host: str, at: datetime) -> tuple[bytes, str]:
    """The mail, with CRLF line ends, and its Message-ID, which the kind, the machine and the time make."""
    letter = Letter(
        title=_TITLES[alarm.kind],
        happened=f"The fax gateway on {host} says: {alarm.detail}.",
        means="Something has been stuck for longer than the section [alarms] of the settings file allows.",
        next=_NEXT[alarm.kind],
        good=False,
        rows=(("Alarm", alarm.kind.value), ("Seen", at.strftime("%Y-%m-%d %H:%M:%S UTC")), ("On", host)),
    )
    name = hashlib.sha256(f"{alarm.kind.value} {host} {at.isoformat()}".encode()).hexdigest()[:24]
    message_id = f"<{KIND}.{alarm.kind.value}.{name}@{voice.domain}>"
    message = EmailMessage(policy=policy.SMTP)
    message["From"] = formataddr((voice.name, voice.address))
    message["To"] = recipient
    message["Subject"] = f"Fax gateway: {letter.title.lower()}"
    message["Date"] = format_datetime(at)
    message["Message-ID"] = message_id
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(as_text(letter), cte="quoted-printable")
    message.add_alternative(as_html(letter), subtype="html", cte="quoted-printable")
    message.set_boundary(f"=_{name}")
    return message.as_bytes(), message_id
