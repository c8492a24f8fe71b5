"""Sessions at the command line, kept as golden files: python -m tests.golden_commands writes them anew.

A session is a text: each `$ ` begins a command, behind it stands what it wrote to standard output, with `! ` in front
what it wrote to standard error, and with `= ` the exit code when that is not 0. Times are written as AT.
"""

import contextlib
import io
import os
import pwd
import re
import shlex
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from unittest import mock

from gateway.cli.main import main
from gateway.store.database import open_database
from gateway.store.migrate import migrate

FOLDER = Path(__file__).parent / "golden"
SESSIONS = sorted(FOLDER.glob("commands_*.txt"))
_TIME = re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(\.\d+)?(\+00:00|Z)?")
_SEAL = re.compile(r"\b[0-9a-f]{64}\b")


def commands(session: Path) -> list[str]:
    """The commands of a session."""
    return [line[2:] for line in session.read_text(encoding="utf-8").splitlines() if line.startswith("$ ")]


def played(session: Path) -> str:
    """The session once more, on an empty store."""
    with tempfile.TemporaryDirectory() as folder, _store(Path(folder)) as config:
        return "".join(f"$ {line}\n{_ran(config, line)}" for line in commands(session))


@contextlib.contextmanager
def _store(folder: Path) -> Iterator[Path]:
    url = f"sqlite:///{folder / 'store.sqlite'}"
    config = folder / "faxgw.toml"
    config.write_text(f'[storage]\nurl = "{url}"\nfolder = "{folder}"\n', encoding="utf-8")
    database = open_database(url)
    migrate(database)
    database.close()
    with contextlib.chdir(folder):
        yield config


def _ran(config: Path, line: str) -> str:
    """What a command leaves; `> FILE` behind it writes its output to a file, `< FILE` reads one."""
    words = shlex.split(line.removeprefix("faxgw "))
    target, words = (words[-1], words[:-2]) if ">" in words else ("", words)
    out, err, code = io.StringIO(), io.StringIO(), 0
    argv = mock.patch.object(sys, "argv", ["faxgw", "--config", str(config), *words])
    account = mock.patch.object(pwd, "getpwuid", return_value=SimpleNamespace(pw_name="root"))
    with argv, account, contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            main()
        except SystemExit as leave:
            code = int(leave.code or 0)
    written = out.getvalue()
    if target:
        Path(target).write_text(written, encoding="utf-8")
        written = ""
    complaint = "".join(f"! {said}\n" for said in err.getvalue().splitlines())
    return _masked(written + complaint + (f"= {code}\n" if code else ""))


def _masked(text: str) -> str:
    return _SEAL.sub("SEAL", _TIME.sub("AT", text))


if __name__ == "__main__":
    os.environ.pop("FAXGW_CONFIG", None)
    for one in SESSIONS:
        one.write_text(played(one), encoding="utf-8")
        sys.stdout.write(f"{one} written\n")
