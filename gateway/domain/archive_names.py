"""Names of files in an archive: unique by the fax's id, and safe on every file system.

What lives here: building them. What does not: whether a name is taken (`gateway.archiving`).
"""

import re
import unicodedata
from dataclasses import dataclass
from datetime import UTC, datetime

from gateway.domain.archive import ArchiveOrder, Direction

MOST = 80  # characters of what came from outside; in UTF-8 a name stays below 255 octets
MOST_OCTETS = 160
# Refused by some file system, or with a meaning in a shell, a listing or a URL.
_UNSAFE = re.compile(r"[\\/:*?\"<>|`$&;!%#'^~{}\[\]\x00-\x1f\x7f]")
_RESERVED = re.compile(r"(con|prn|aux|nul|com[0-9]|lpt[0-9])(\..*)?", re.IGNORECASE)
ENDINGS = {"pdf": "pdf", "tif": "tif"}


@dataclass(frozen=True, slots=True)
class Subject:
    """The fax that a copy is of: its id, when it ended, the number at the other end, and the name it came under."""

    fax: str
    at: datetime
    number: str
    original: str = ""


def stem_of(order: ArchiveOrder, about: Subject) -> str:
    """The name without its ending. The id stands in each, so no two faxes of one gateway have the same."""
    at = about.at.astimezone(UTC)
    if order.naming == "generated":
        return f"{at:%Y%m%dT%H%M%SZ}-{order.direction}-{about.fax}"
    original = safe(about.original.rpartition(".")[0] or about.original)
    if original:
        return f"{original} {about.fax}"
    toward = "to" if order.direction is Direction.SENT else "from"
    other = safe(about.number.removeprefix("+")) or "unknown"
    return f"Fax {at:%Y-%m-%d %H%M} {toward} {other} {about.fax}"


def safe(name: str) -> str:
    """What of a stranger's name may stand in ours: one line, no path, nothing that hides or commands; may be empty."""
    composed = unicodedata.normalize("NFC", name)
    printable = "".join(sign if sign.isprintable() else " " for sign in composed)
    plain = " ".join(_UNSAFE.sub(" ", printable).split())[:MOST]
    plain = plain.encode()[:MOST_OCTETS].decode(errors="ignore").strip(" .-")
    return f"file {plain}" if _RESERVED.fullmatch(plain) else plain


def numbered(stem: str, copy: int) -> str:
    """The stem, or when it is taken by something else the next one like it; `copy` counts from 1."""
    return stem if copy == 1 else f"{stem}-{copy}"
