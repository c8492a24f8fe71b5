"""Office documents to PDF by LibreOffice: by a warm worker, then in a fresh one, then cold.

What lives here: laying a document out for the program, the order of these ways, and what their ends mean to the
sender. What does not: recognising documents and passwords (`sniff`), running LibreOffice (`libreoffice`), limits of
memory (`confine`).
"""

import csv
import re
import shutil
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from renderers.charsets import decode
from renderers.document import Format
from renderers.errors import Reason, RenderError
from renderers.libreoffice import cold, messages
from renderers.libreoffice.bell import BELL
from renderers.libreoffice.messages import Answer, Ended, Order
from renderers.libreoffice.profile import PACKAGES

MOST_PAGES = 2000
_TOLD_SEPARATOR = re.compile(r"\ufeff?\"?sep=([^\w\s]|\t)\"?\r?\n", re.IGNORECASE)  # the first line, as Excel writes it
_GRACE_SECONDS = 600.0  # in the desk's queue; what confines us ends it sooner
_REASONS = {
    Ended.LOCKED: Reason.ENCRYPTED,
    Ended.REFUSED: Reason.CORRUPT,
    Ended.CRASHED: Reason.CORRUPT,
    Ended.LATE: Reason.TOO_LONG,
    Ended.TOO_LARGE: Reason.TOO_LARGE,
    Ended.ABSENT: Reason.TOOL_MISSING,
}
_UNLUCKY = frozenset({Ended.CRASHED, Ended.LATE})


def office_pdf(
    path: Path, kind: Format, folder: Path, name: str, seconds: float = 90.0, most_pages: int = MOST_PAGES
) -> Path:
    """Convert to a PDF in `folder`, of at most one page more than `most_pages`; returns its path.

    Work is done in the temporary folder, the one place that this process and LibreOffice both may write.

    Raises:
        RenderError: TOOL_MISSING, TOO_LONG, TOO_LARGE, ENCRYPTED, CORRUPT.
    """
    with tempfile.TemporaryDirectory(prefix="office-") as room:
        order = replace(_order(path, kind, Path(room)), seconds=seconds, most_pages=most_pages + 1)
        answer = _answer(order, time.monotonic() + seconds)
        if answer.ended is Ended.ABSENT:
            raise RenderError(Reason.TOOL_MISSING, name, f"{answer.words}: apt-get install {PACKAGES}")
        if answer.ended is not Ended.MADE:
            raise RenderError(_REASONS[answer.ended], name, answer.words)
        return Path(shutil.move(order.target, folder / f"{Path(order.source).stem}.pdf"))


def _answer(order: Order, until: float) -> Answer:
    """The worker's answer; a second opinion where it failed, a third where a worker died of it or took too long."""
    answer = _warm(order, until)
    if answer.ended in _UNLUCKY or (answer.ended is Ended.REFUSED and not answer.first):
        answer = _warm(replace(order, fresh=True), until)
    if answer.ended in _UNLUCKY or answer.ended is Ended.ABSENT:
        room = Path(order.source).parent / "cold"
        room.mkdir()
        return cold.convert(replace(order, seconds=max(0.0, until - time.monotonic())), room)
    return answer


def _warm(order: Order, until: float) -> Answer:
    """In half of the time that is left, so that some is left after it."""
    line = BELL.ring()
    if line is None:
        return Answer(Ended.ABSENT, "no desk")
    with line:
        line.settimeout(_GRACE_SECONDS)
        try:
            messages.send_order(line, replace(order, seconds=max(0.0, (until - time.monotonic()) / 2)))
            return messages.receive_answer(line)
        except OSError as error:
            return Answer(Ended.ABSENT, str(error))


def _order(path: Path, kind: Format, room: Path) -> Order:
    """A copy under a name that cannot mislead; CSV is brought to UTF-8."""
    source = room / f"{folder_free_stem(path)}.{kind.value}"
    separator = ""
    if kind is Format.CSV:
        content = decode(path.read_bytes())
        told = _TOLD_SEPARATOR.match(content)
        source.write_text(content[told.end() :] if told else content, "utf-8")
        separator = told[1] if told else _separator(content[:65536])
    else:
        shutil.copy(path, source)
    return Order(str(source), str(room / "made.pdf"), kind.value, separator)


def folder_free_stem(path: Path) -> str:
    """A stem of plain ASCII letters and digits, for programs that trip over others."""
    plain = "".join(character for character in path.stem if character.isascii() and character.isalnum())
    return plain[:40] or "document"


def _separator(sample: str) -> str:
    try:
        return csv.Sniffer().sniff(sample, ",;\t|").delimiter
    except csv.Error:
        return ","
