"""What the gateway needs of the machine: system packages, Python, SQLite, room on disk; what is missing, how to get it.

What lives here: the list in machine.toml, its probes, the findings that `faxgw doctor` shows. What does not:
installing, which `make setup` does with this module's answer; so it runs as a script, on the standard library alone.
"""

import argparse
import ctypes
import importlib
import importlib.util
import shutil
import sys
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

LIST = Path(__file__).with_name("machine.toml")
LEAST_PYTHON = (3, 11)
LEAST_SQLITE = (3, 51, 3)  # 3.7.0 to 3.51.2 can damage a WAL file that two connections write ("WAL-reset bug")
GROUPS = ("run", "test", "server", "bench")
LEAST_FREE = 1_000_000_000  # octets; mails of 35 MB come with their pages, twice


@dataclass(frozen=True, slots=True)
class Piece:
    """One system package. Exactly one of `library`, `files`, `command` and `module` says how it is found."""

    package: str
    group: str  # "run", "test", "server" or "bench"
    needed_for: str
    library: str = ""
    files: tuple[str, ...] = ()
    command: str = ""
    module: str = ""

    @property
    def present(self) -> bool:
        """Whether the probe finds it."""
        if self.library:
            return _loads(self.library)
        if self.files:
            return all(any(Path("/").glob(pattern.lstrip("/"))) for pattern in self.files)
        if self.command:
            return shutil.which(self.command) is not None
        return importlib.util.find_spec(self.module) is not None

    @property
    def remedy(self) -> str:
        """The command that gets it."""
        return f"sudo apt-get install --no-install-recommends {self.package}"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at: when not `ok`, what will not work and the command or deed that mends it."""

    name: str
    ok: bool
    without: str
    remedy: str


@cache
def pieces() -> tuple[Piece, ...]:
    """The list of machine.toml, in its order."""
    tree = tomllib.loads(LIST.read_text(encoding="utf-8"))
    return tuple(Piece(**{**entry, "files": tuple(entry.get("files", ()))}) for entry in tree["piece"])


def missing(group: str = "") -> list[Piece]:
    """The pieces that their probes do not find; of one group, or of all."""
    return [piece for piece in pieces() if group in ("", piece.group) and not piece.present]


def check(folder: Path = Path()) -> list[Finding]:
    """Look at everything the running gateway needs; `folder` is where spool and store lie or will lie."""
    found = [_python(), _sqlite(), _disk(folder)]
    for piece in pieces():
        if piece.group == "run":
            found.append(Finding(piece.package, piece.present, piece.needed_for, piece.remedy))
    return found


def _loads(soname: str) -> bool:
    try:
        ctypes.CDLL(soname)
    except OSError:
        return False
    return True


def _python() -> Finding:
    version = sys.version_info[:3]
    name = "Python " + ".".join(map(str, version))
    return Finding(name, version >= LEAST_PYTHON, "the gateway needs Python 3.11 or later", "install python3.11")


def _sqlite() -> Finding:
    """The library that the store loads, which is pysqlite3's and not Python's own."""
    without = "before 3.51.3 a store that daemon and commands write at once can be damaged"
    remedy = "make setup"
    try:
        version: tuple[int, ...] = importlib.import_module("pysqlite3.dbapi2").sqlite_version_info
    except ImportError:
        return Finding("SQLite (pysqlite3)", False, "without it the SQLite store cannot be opened", remedy)
    return Finding("SQLite " + ".".join(map(str, version)), version >= LEAST_SQLITE, without, remedy)


def _disk(folder: Path) -> Finding:
    existing = next(path for path in (folder.absolute(), *folder.absolute().parents) if path.exists())
    free = shutil.disk_usage(existing).free
    name = f"{free / 1e9:.1f} GB free at {existing}"
    without = "below 1 GB mails may be turned away with 451, disk full"
    return Finding(name, free >= LEAST_FREE, without, f"make room at {existing}, or name another storage.folder")


def _main(arguments: Sequence[str]) -> int:
    """Package names for apt (`--apt`), or one line for each missing piece; used by the Makefile."""
    parser = argparse.ArgumentParser(description="System packages of the fax gateway.")
    parser.add_argument("--apt", action="store_true", help="names only, on one line")
    parser.add_argument("--missing", action="store_true", help="only what is not there")
    parser.add_argument("--servers", action="store_true", help="the servers that tests need, too")
    parser.add_argument(
        "--group", choices=GROUPS, default="", help="one group only; without it, what the gateway and its tests need"
    )
    asked = parser.parse_args(arguments)
    groups = {asked.group} if asked.group else {"run", "test"} | ({"server"} if asked.servers else set())
    chosen = [piece for piece in pieces() if piece.group in groups]
    if asked.missing:
        chosen = [piece for piece in chosen if not piece.present]
    if asked.apt:
        sys.stdout.write(" ".join(piece.package for piece in chosen) + "\n")
    else:
        sys.stdout.writelines(f"{piece.package}: {piece.needed_for} ({piece.remedy})\n" for piece in chosen)
    return 0


if __name__ == "__main__":
    sys.exit(_main(sys.argv[1:]))
