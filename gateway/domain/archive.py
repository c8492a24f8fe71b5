"""Copies of faxes that are kept elsewhere: which are wanted, where they go, and the way of a transfer.

What lives here: places as settings write them, the order for one fax, states and waits. What does not: files' names
(`archive_names`), rows (`gateway.store.archive_transfers`), speaking to servers (`gateway.archiving`).
"""

import re
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Protocol
from urllib.parse import unquote, urlsplit

JITTER = 0.2  # each wait is spread by this share, both ways
WAITS = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 30, 60, 120, 240))
_ADDRESS = re.compile(r"[^@\s<>,;\"]+@[^@\s<>,;\"]+", re.ASCII)
_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?|[0-9A-Fa-f:.]+", re.ASCII)


class Way(StrEnum):
    """How a copy travels."""

    MAIL = "mailto"
    FTP = "ftp"
    FTPS = "ftps"
    SFTP = "sftp"


PORTS = MappingProxyType({Way.FTP: 21, Way.FTPS: 21, Way.SFTP: 22})


class Direction(StrEnum):
    """Which faxes are meant."""

    SENT = "sent"
    RECEIVED = "received"


class TransferState(StrEnum):
    """Where a copy is on its way. Over are all but the first two; of those `done` is as it should be."""

    WAITING = "waiting"
    COPYING = "copying"
    DONE = "done"
    DEAD = "dead"  # given up; somebody may try it again
    DROPPED = "dropped"  # given up by somebody
    LOST = "lost"  # the fax was erased before it was copied


@dataclass(frozen=True, slots=True)
class Place:
    """Where copies go: a mail address, or a folder of a server.

    A folder is taken from where the login leads to; one that begins with a slash is taken from the server's root.
    """

    way: Way
    address: str = ""
    user: str = ""
    host: str = ""
    port: int = 0
    folder: str = ""

    @property
    def server(self) -> str:
        """The server alone, as logs may name it; of mail only that it is mail."""
        if self.way is Way.MAIL:
            return self.way.value
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if self.port == PORTS[self.way] else f":{self.port}"
        return f"{self.way}://{host}{port}"


@dataclass(frozen=True, slots=True)
class ArchiveOrder:
    """What is wanted of one fax: `place` as settings write it, `naming` original or generated, `format` pdf or tif."""

    direction: Direction
    place: str
    naming: str
    format: str
    metadata: bool


class Settings(Protocol):
    """The effective settings, as far as they are asked here."""

    def text(self, name: str) -> str:
        """The value of a setting."""
        ...

    def on(self, name: str) -> bool:
        """Whether a switch is on."""
        ...


def order_of(settings: Settings, direction: Direction) -> ArchiveOrder | None:
    """The copy that is wanted of a fax of this direction; None for none.

    A place that was forgotten makes an order, too: somebody believes that copies are kept, and must hear.
    """
    if not settings.on("archive.enabled") or settings.text("archive.direction") not in ("both", direction):
        return None
    return ArchiveOrder(
        direction,
        settings.text("archive.destination"),
        settings.text("archive.name"),
        settings.text("archive.format"),
        settings.on("archive.metadata"),
    )


def parse_place(text: str) -> Place:
    """Read `mailto:ADDRESS`, or `ftp`, `ftps` or `sftp://USER@HOST[:PORT]/FOLDER`; %xx stands for other characters.

    Raises:
        ValueError: says what is wrong; nothing of the text is repeated.
    """
    if text.lower().startswith("mailto:"):
        address = text[len("mailto:") :]
        if not _ADDRESS.fullmatch(address):
            raise ValueError("write mailto: and one mail address")
        return Place(Way.MAIL, address=address)
    if not text.isascii() or not text.isprintable() or " " in text:
        raise ValueError("write other characters as %20, and so on")
    parts = urlsplit(text)
    if parts.scheme not in PORTS:
        raise ValueError("write mailto:ADDRESS, or ftp, ftps or sftp://USER@HOST/FOLDER")
    if parts.password is not None:
        raise ValueError("a password is no setting: it stands in the file of logins")
    if not parts.username or not parts.hostname or not _HOST.fullmatch(parts.hostname):
        raise ValueError("write the server as USER@HOST/FOLDER")
    if parts.query or parts.fragment:
        raise ValueError("write a question mark as %3F, and a number sign as %23")
    way = Way(parts.scheme)
    user, folder = _plain(parts.username or ""), _plain(parts.path.removeprefix("/"))
    return Place(
        way, user=user, host=parts.hostname, port=parts.port or PORTS[way], folder=folder.rstrip("/") or folder[:1]
    )


def is_place(text: str) -> bool:
    """Whether a setting may say so; nothing is a place, too."""
    try:
        return text == "" or bool(parse_place(text))
    except ValueError:
        return False


def wait_after(tries: int, chance: float) -> timedelta:
    """How long to wait after `tries` tries (from 1): the table, then every 4 h; `chance` 0 to 1 spreads it by 20 %."""
    return WAITS[min(max(tries, 1), len(WAITS)) - 1] * (1 - JITTER + 2 * JITTER * chance)


def _plain(text: str) -> str:
    """Without its escapes. A line end would be a command of its own (RFC 959 5.3)."""
    plain = unquote(text, errors="strict")
    if not all(sign.isprintable() for sign in plain):
        raise ValueError("a name holds a sign that cannot be printed")
    if ".." in plain.split("/"):
        raise ValueError("a folder may not lead upward")
    return plain
