"""The cold call: one LibreOffice for one document, where no worker can do it.

What lives here: the call. What does not: the worker's finer points: sheets are not fitted to the page.
"""

import json
from pathlib import Path

from renderers import tools
from renderers.libreoffice import profile
from renderers.libreoffice.messages import Answer, Ended, Order

_STARTS = 3
_EXPORTS = {
    "writer": {"doc", "docx", "odt", "rtf"},
    "calc": {"xls", "xlsx", "ods", "csv"},
    "impress": {"ppt", "pptx", "odp"},
    "draw": {"vsd", "vsdx", "odg"},
}


def convert(order: Order, room: Path) -> Answer:
    """Convert in `room`, an empty folder; `target` is written when the answer is MADE."""
    soffice = profile.program()
    if soffice is None:
        return Answer(Ended.ABSENT, "LibreOffice is not installed")
    profile.furnish(room, soffice)
    try:
        said = _run(_command(soffice, order, room), room, order.seconds)
    except TimeoutError as error:
        return Answer(Ended.LATE, str(error))
    finally:
        profile.forget_sockets(room)
    made = room / f"{Path(order.source).stem}.pdf"
    if not made.is_file() or made.stat().st_size == 0:
        return Answer(Ended.REFUSED, said)
    made.rename(order.target)
    return Answer(Ended.MADE)


def _command(soffice: Path, order: Order, room: Path) -> list[str | Path]:
    command = profile.command(soffice, room)
    if order.separator:
        command.append(f"--infilter=CSV:{ord(order.separator)},34,76,1")  # separator, quote, UTF-8, first row
    return [*command, "--convert-to", f"pdf:{_export(order)}", "--outdir", room, order.source]


def _export(order: Order) -> str:
    name = next((name for name, kinds in _EXPORTS.items() if order.kind in kinds), "writer")
    pages = {"PageRange": {"type": "string", "value": f"1-{order.most_pages}"}}
    return f"{name}_pdf_Export:{json.dumps(pages)}"


def _run(command: list[str | Path], room: Path, seconds: float) -> str:
    said = ""
    for _ in range(_STARTS):
        ran = tools.run(command, profile.surroundings(room), seconds, room)
        said = ran.said or f"exit code {ran.code}"
        if ran.code != profile.RESTART:
            break
    return said
