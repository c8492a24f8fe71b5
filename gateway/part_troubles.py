"""What can be wrong with the parts of a mail: which one was being rendered when all ended, and how its pages look.

What lives here: the words for a sender's parts, the note of the part in work, a look over finished pages. What does
not: rendering (`pages`), the words of notices (`gateway.mail.messages`).
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from gateway.mail.notice_facts import FailedPart, Problem
from renderers.errors import Reason, RenderError
from renderers.faxpage import FaxPage, PageLook, Resolution

PROBLEMS = {
    Reason.UNKNOWN_TYPE: Problem.UNKNOWN_TYPE,
    Reason.CORRUPT: Problem.CORRUPT,
    Reason.EMPTY: Problem.CORRUPT,
    Reason.CRASHED: Problem.CORRUPT,
    Reason.ENCRYPTED: Problem.ENCRYPTED,
    Reason.TOO_MANY_PAGES: Problem.TOO_MANY_PAGES,
    Reason.TOO_LARGE: Problem.TOO_LARGE,
    Reason.TOO_LONG: Problem.TOO_LONG,
    Reason.TOOL_MISSING: Problem.TOOL_MISSING,
}
_NOTE = "in-work.json"
_MOST_NOTED = 8192
_DARK_SHARE = 0.4
_BITS_A_SECOND = 14400
_MOST_LISTED = 5
_DARK = "very dark: sending takes long, and the print may be hard to read."
_TINY = "in print that may be too small to read on a fax; "
_FINER = "fine resolution shows it better, and so does larger print."
_LARGER = "print it larger if it matters."


@dataclass(frozen=True, slots=True)
class Look:
    """How finished pages look: what their sender should know, and how long they take on the line."""

    warnings: tuple[str, ...]
    line_seconds: int


def begin(workdir: Path, part: FailedPart) -> None:
    """Note the part that is begun, so that it can be named should the process end at any moment."""
    half = workdir / f"{_NOTE}.new"
    half.write_text(json.dumps(asdict(part)), encoding="utf-8")
    half.replace(workdir / _NOTE)


def in_work(workdir: Path, error: RenderError) -> FailedPart | None:
    """The part that was being rendered when the process ended by `error`; None when it had not begun.

    The note was within reach of the hostile document: it is read as what it says, and believed in nothing but names.
    """
    note = workdir / _NOTE
    try:
        if not note.is_file():  # a pipe in its place would keep us waiting
            return None
        with note.open(encoding="utf-8") as file:
            said = json.loads(file.read(_MOST_NOTED))
        name, kind = str(said["name"]), str(said["media_type"])
        part = FailedPart(int(said["position"]), kind, name, "", PROBLEMS[error.reason], _numbers(said["within"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return replace(part, reason=RenderError(error.reason, name).nameless)


def _numbers(said: Sequence[object]) -> tuple[int, ...]:
    return tuple(int(str(number)) for number in said)


def look_over(pages: Sequence[FaxPage], looks: Sequence[PageLook]) -> Look:
    """What the sender of finished pages should know; `looks` are of the same pages."""
    numbered = list(enumerate(zip(pages, looks, strict=True), 1))
    dark = [number for number, (_, look) in numbered if look.black > _DARK_SHARE]
    tiny = [number for number, (_, look) in numbered if look.tiny]
    found = [f"{_listed(dark)} {_DARK}"] if dark else []
    if tiny:
        is_coarse = pages[tiny[0] - 1].resolution is Resolution.STANDARD
        found.append(f"{_listed(tiny)} {_TINY}{_FINER if is_coarse else _LARGER}")
    return Look(tuple(found), round(sum(len(page.mmr) for page in pages) * 8 / _BITS_A_SECOND))


def _listed(numbers: Sequence[int]) -> str:
    if len(numbers) == 1:
        return f"Page {numbers[0]} of the document is"
    shown = ", ".join(map(str, numbers[:_MOST_LISTED]))
    more = f" and {len(numbers) - _MOST_LISTED} more" if len(numbers) > _MOST_LISTED else ""
    return f"Pages {shown}{more} of the document are"
