"""Errors that know what to say: the reason, the SMTP reply and the exit code of the command line.

What lives here: the base class and the few kinds that callers tell apart. What does not: library errors, which are
translated in the module that calls the library.
"""

from dataclasses import dataclass
from enum import IntEnum
from typing import ClassVar


class ExitCode(IntEnum):
    """Exit codes of the `faxgw` command."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    NOT_FOUND = 3
    NOT_ALLOWED = 4
    CONFLICT = 5
    REFUSED = 6
    UNREACHABLE = 7
    DONE_IN_PART = 8


@dataclass(frozen=True, slots=True)
class SmtpReply:
    """A reply code, an enhanced status code and words (RFC 5321 4.2, RFC 3463)."""

    code: int
    enhanced: str
    text: str

    def __str__(self) -> str:
        return f"{self.code} {self.enhanced} {self.text}"


NOT_NOW = "the mail cannot be taken now, try again later"


class GatewayError(Exception):
    """Something that a person must hear of: what is wrong, and what to do next.

    Its text names the thing and the remedy. `reply` is what an SMTP client is told: of trouble on our side nothing, for
    the text then names our files and servers. `plain` is the reply without words of the mail's sender, for notices:
    they are read on screens that we do not know.
    """

    exit_code: ClassVar[ExitCode] = ExitCode.FAILED
    smtp_code: ClassVar[int] = 451
    enhanced: ClassVar[str] = "4.3.0"

    def __init__(self, text: str, *, reply: SmtpReply | None = None, plain: str = "") -> None:
        super().__init__(text)
        self.text = text
        self.reply = reply or SmtpReply(self.smtp_code, self.enhanced, text if self.smtp_code >= 500 else NOT_NOW)
        self.plain = SmtpReply(self.reply.code, self.reply.enhanced, plain or self.reply.text)


class UsageError(GatewayError):
    """A command or a settings file asks for something that cannot be."""

    exit_code = ExitCode.USAGE
    smtp_code = 501
    enhanced = "5.5.4"


class NotFoundError(GatewayError):
    """The named thing does not exist."""

    exit_code = ExitCode.NOT_FOUND
    smtp_code = 550
    enhanced = "5.1.1"


class RefusedError(GatewayError):
    """The thing exists, and the rules forbid what was asked."""

    exit_code = ExitCode.REFUSED
    smtp_code = 550
    enhanced = "5.7.1"


class NotAllowedError(GatewayError):
    """The administrator lacks a right, or the place is not below theirs."""

    exit_code = ExitCode.NOT_ALLOWED
    smtp_code = 550
    enhanced = "5.7.1"


class ConflictError(RefusedError):
    """What was asked is at odds with what is there: something of that name, a value that is locked, work that ended."""

    exit_code = ExitCode.CONFLICT


class BadNumberError(RefusedError):
    """A recipient address or number that no fax can be sent to (RFC 3463 5.1.3)."""

    enhanced = "5.1.3"


class BadDirectiveError(RefusedError):
    """A directive in an address or a subject that the gateway does not know (RFC 3463 5.5.4)."""

    enhanced = "5.5.4"


class UnreachableError(GatewayError):
    """Something that must be spoken to does not answer."""

    exit_code = ExitCode.UNREACHABLE
    enhanced = "4.4.1"


class UnavailableError(GatewayError):
    """We cannot do it now; the same request may succeed later (disk full, store locked)."""

    exit_code = ExitCode.UNREACHABLE
    enhanced = "4.3.1"


class LostClaimError(GatewayError):
    """What we had claimed is ours no longer: it was cancelled, or taken back because our lease ended. Drop the work."""
