"""Office documents to PDF by LibreOffice, one cold process a document, with a profile of its own.

What lives here: the profile that neither fetches nor runs macros, and the call. What does not: recognising
documents and passwords (`sniff`), limits of memory (`confine`).
"""

import csv
import os
import shutil
import tempfile
from pathlib import Path

from renderers import tools
from renderers.charsets import decode
from renderers.document import Format
from renderers.errors import Reason, RenderError

PACKAGES = "libreoffice-writer libreoffice-calc libreoffice-impress libreoffice-draw"
_PROFILE = Path(__file__).with_name("office.xcu")
_RESTART = 81  # a fresh profile makes the program ask once to be started again
_STARTS = 3


def office_pdf(path: Path, kind: Format, folder: Path, name: str, seconds: float = 90.0) -> Path:
    """Convert to a PDF in `folder`; returns its path.

    Raises:
        RenderError: TOOL_MISSING, TOO_LONG, CORRUPT.
    """
    program = tools.find("soffice.bin")
    if program is None:
        raise RenderError(Reason.TOOL_MISSING, name, f"LibreOffice is not installed: apt-get install {PACKAGES}")
    with tempfile.TemporaryDirectory(prefix="office-", dir=folder) as room:
        source = _stage(path, kind, Path(room))
        command = _command(program, source, kind, Path(room))
        try:
            said = _run(command, Path(room), seconds)
        except TimeoutError as error:
            raise RenderError(Reason.TOO_LONG, name, str(error)) from error
        made = source.with_suffix(".pdf")
        if not made.is_file() or made.stat().st_size == 0:
            raise RenderError(Reason.CORRUPT, name, said)
        return Path(shutil.move(made, folder / f"{source.stem}.pdf"))


def _stage(path: Path, kind: Format, room: Path) -> Path:
    """A copy under a name that cannot mislead, beside a fresh profile; CSV is brought to UTF-8."""
    profile = room / "profile" / "user"
    profile.mkdir(parents=True)
    shutil.copy(_PROFILE, profile / "registrymodifications.xcu")
    source = room / f"{folder_free_stem(path)}.{kind.value}"
    if kind is Format.CSV:
        source.write_text(decode(path.read_bytes()), "utf-8")
    else:
        shutil.copy(path, source)
    return source


def folder_free_stem(path: Path) -> str:
    """A stem of plain ASCII letters and digits, for programs that trip over others."""
    plain = "".join(character for character in path.stem if character.isascii() and character.isalnum())
    return plain[:40] or "document"


def _command(program: Path, source: Path, kind: Format, room: Path) -> list[str | Path]:
    command: list[str | Path] = [
        program, f"-env:UserInstallation={(room / 'profile').as_uri()}",
        "--headless", "--invisible", "--norestore", "--nologo", "--nolockcheck", "--nodefault",
    ]  # fmt: skip
    if kind is Format.CSV:
        command.append(f"--infilter=CSV:{ord(_separator(source))},34,76,1")  # separator, quote, UTF-8, first row
    return [*command, "--convert-to", "pdf", "--outdir", room, source]


def _separator(source: Path) -> str:
    with source.open(encoding="utf-8") as file:
        sample = file.read(65536)
    try:
        return csv.Sniffer().sniff(sample, ",;\t|").delimiter
    except csv.Error:
        return ","


def _run(command: list[str | Path], room: Path, seconds: float) -> str:
    surroundings = {
        "HOME": str(room), "TMPDIR": str(room), "PATH": os.defpath, "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8",
        "SAL_USE_VCLPLUGIN": "svp", "SAL_DISABLE_OPENCL": "1",
    }  # fmt: skip
    said = ""
    for _ in range(_STARTS):
        ran = tools.run(command, surroundings, seconds, room)
        said = ran.said or f"exit code {ran.code}"
        if ran.code != _RESTART:
            break
    return said
