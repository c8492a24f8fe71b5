"""Signing in: the PLAIN and LOGIN exchanges and the lock-out after failures (RFC 4954, RFC 4616).

What lives here: decoding what a client offers, counting failures by address and by name. What does not: judging the
password, which is the desk's work, and the rule that none of this happens outside TLS (`smtp_session`).
"""

import binascii
from base64 import b64decode
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from gateway.mail.smtp_syntax import refuse

MECHANISMS = ("PLAIN", "LOGIN")
MAX_REMEMBERED = 10_000  # addresses, or names; the oldest go first

Challenge = Callable[[str], Awaitable[str]]  # asks with a text, gives the client's line


@dataclass(frozen=True, slots=True)
class Credentials:
    """What somebody claims to be, and the proof."""

    user_name: str
    password: str


async def ask_credentials(argument: str, challenge: Challenge) -> Credentials:
    """Go through the exchange that `AUTH argument` begins.

    Raises:
        SyntaxRefusedError: an unknown mechanism, broken base64, or the client gave up with `*`.
    """
    mechanism, *initial = argument.split()
    if mechanism.upper() not in MECHANISMS:
        raise refuse(504, "5.5.4", f"the mechanisms are {' and '.join(MECHANISMS)}")
    if len(initial) > 1:
        raise refuse(501, "5.5.4", "write AUTH, the mechanism and at most one response")
    if mechanism.upper() == "PLAIN":
        return _plain(_decoded(initial[0] if initial else await challenge("")))
    name = _decoded(initial[0] if initial else await challenge("VXNlcm5hbWU6"))  # "Username:"
    return Credentials(_text(name), _text(_decoded(await challenge("UGFzc3dvcmQ6"))))  # "Password:"


def _decoded(line: str) -> bytes:
    if line == "*":
        raise refuse(501, "5.7.0", "signing in was called off")
    try:
        return b64decode("" if line == "=" else line, validate=True)
    except (binascii.Error, ValueError):
        raise refuse(501, "5.5.2", "that is not base64") from None


def _plain(message: bytes) -> Credentials:
    """RFC 4616: authorization identity NUL authentication identity NUL password."""
    identity, *rest = message.split(b"\0")
    if len(rest) != 2 or (identity and identity != rest[0]):
        raise refuse(501, "5.5.2", "PLAIN takes a user name and a password, and no other identity")
    return Credentials(_text(rest[0]), _text(rest[1]))


def _text(octets: bytes) -> str:
    try:
        return octets.decode("utf-8")
    except UnicodeDecodeError:
        raise refuse(501, "5.5.2", "names and passwords are UTF-8") from None


class LockOut:
    """Counts failures by client address, or by user name, and says when enough is enough."""

    def __init__(self, failures: int, seconds: float) -> None:
        self._failures = failures
        self._span = timedelta(seconds=seconds)
        self._times: OrderedDict[str, list[datetime]] = OrderedDict()

    def holds(self, who: str, now: datetime) -> bool:
        """Whether this address or name has failed too often within the lock-out time."""
        return len(self._recent(who, now)) >= self._failures

    def failed(self, who: str, now: datetime) -> None:
        """Remember a failure."""
        self._times[who] = [*self._recent(who, now), now][-self._failures :]
        self._times.move_to_end(who)
        if len(self._times) > MAX_REMEMBERED:
            self._times.popitem(last=False)

    def _recent(self, who: str, now: datetime) -> list[datetime]:
        return [moment for moment in self._times.get(who, ()) if moment > now - self._span]
