"""The welcome message: what a user needs to know to send faxes, and how to choose a password.

What lives here: what it tells. What does not: who sends one (`gateway.admin.welcome`), the look (`letter`).

It has no link: whoever gets used to following links in such mails follows those of others, too.
"""

from dataclasses import dataclass
from datetime import datetime

from gateway.domain.addresses import Destination
from gateway.domain.dates import DateStyle
from gateway.domain.mail_names import readable_address
from gateway.domain.nodes import User
from gateway.mail.letter import Letter
from gateway.mail.notice_facts import NoticeFacts, NoticeKind, Voice
from gateway.mail.notice_looks import look_of
from gateway.mail.notice_mail import Draft, Notice, plain_notice
from gateway.mail.notice_tables import number

EXAMPLE = "+12025550123"


@dataclass(frozen=True, slots=True)
class Code:
    """What a password can be chosen with, until when."""

    text: str
    expires: datetime


@dataclass(frozen=True, slots=True)
class Welcome:
    """For whom, as whom we write, and when; with a code where there is one."""

    user: User
    voice: Voice
    written: datetime
    dates: DateStyle
    code: Code | None = None


def welcome_letter(welcome: Welcome) -> Notice:
    """The message as a mail to the user's first sending address."""
    user, code = welcome.user, welcome.code
    letter = Letter(
        title=f"Faxes by mail, for {user.full_name}",
        happened=_may(user),
        means=f"Write a mail to the fax number at {readable_address(welcome.voice.domain)}, and attach what is to be "
        "faxed: the documents and the text of the mail become the pages. You are told by mail what became of it.",
        next=_next(user, code),
        good=True,
        rows=(*_rows(welcome), *(_code_rows(welcome.dates, code) if code else ())),
    )
    look = look_of(letter, NoticeKind.WELCOME, "", welcome.voice.dress)
    key = f"u{user.id}.{welcome.written:%Y%m%d%H%M%S%f}"
    return plain_notice(Draft(NoticeKind.WELCOME, key, look), _facts(welcome))


def _facts(welcome: Welcome) -> NoticeFacts:
    return NoticeFacts(
        recipient=welcome.user.sending_addresses[0],
        voice=welcome.voice,
        submission_id=0,  # there is none
        received=welcome.written,
        written=welcome.written,
        jobs=(),
        dates=welcome.dates,
    )


def _may(user: User) -> str:
    return "You can send and receive faxes by mail." if user.fax_number else "You can send faxes by mail."


def _next(user: User, code: Code | None) -> str:
    if code is None:
        return "Send your first fax from one of the addresses below."
    return (
        "Choose your password: where your fax administrator tells you to, type "
        f"faxgw password redeem {user.user_name}, and then the code below. It is good once. "
        "Nobody will ever ask you for it by mail or telephone."
    )


def _rows(welcome: Welcome) -> tuple[tuple[str, str], ...]:
    user = welcome.user
    received = ", ".join(map(readable_address, user.receiving_addresses)) or "nowhere yet: ask your fax administrator"
    return (
        (
            "To fax a number, write to",
            f"{readable_address(f'{EXAMPLE}@{welcome.voice.domain}')}, with your number in its place",
        ),
        ("You may send from", ", ".join(map(readable_address, user.sending_addresses))),
        ("Your fax number", number(Destination(user.fax_number)) if user.fax_number else "none: you send only"),
        *([("Faxes to it are mailed to", received)] if user.fax_number else []),
        ("Your user name", user.user_name),
    )


def _code_rows(dates: DateStyle, code: Code) -> tuple[tuple[str, str], ...]:
    return (("Your code", code.text), ("It is good until", dates.write(code.expires)))
