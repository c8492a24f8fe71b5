"""What can be wrong with the parts of a mail: which one was being rendered when all ended, and how its pages look.

What lives here: the words for a sender's parts, the note of the part in work, a look over finished pages. What does
not: rendering (`pages`), the words of notices (`gateway.mail.messages`).
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np

from gateway.mail.notice_facts import FailedPart, Problem
from renderers.errors import Reason, RenderError
from renderers.faxpage import FaxPage
from renderers.libtiff import DamagedError, decode_page

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
    return replace(part, reason=RenderError(error.reason, name or part.label).text)


def _numbers(said: Sequence[object]) -> tuple[int, ...]:
    return tuple(int(str(number)) for number in said)


def look_over(pages: Sequence[FaxPage], tiff: Path) -> Look:
    """Look at the finished pages of a file."""
    dark = [number for number, page in enumerate(pages, 1) if _share_of_black(tiff, number - 1, page) > _DARK_SHARE]
    warnings = (f"{_listed(dark)} very dark: sending takes long, and the print may be hard to read.",) if dark else ()
    return Look(warnings, round(sum(len(page.mmr) for page in pages) * 8 / _BITS_A_SECOND))


def _share_of_black(tiff: Path, index: int, page: FaxPage) -> float:
    try:
        rows = decode_page(tiff, index, page.width, page.rows)
    except DamagedError:
        return 0.0  # passed through from a fax whose rows are not all sound
    return float(np.bitwise_count(rows).sum()) / (page.width * page.rows)


def _listed(numbers: Sequence[int]) -> str:
    if len(numbers) == 1:
        return f"Page {numbers[0]} of the document is"
    shown = ", ".join(map(str, numbers[:_MOST_LISTED]))
    more = f" and {len(numbers) - _MOST_LISTED} more" if len(numbers) > _MOST_LISTED else ""
    return f"Pages {shown}{more} of the document are"
