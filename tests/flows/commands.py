"""The command line as a person types it: one call of `faxgw`, in this process, on a store of its own."""

import io
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from gateway.cli.main import main
from tests.filled_store import lay_file


@dataclass(frozen=True)
class Ran:
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def complaint(self) -> str:
        """The one line that an error is."""
        lines = self.err.splitlines()
        assert len(lines) == 1, self.err
        assert self.out == ""
        return lines[0]


class Commands:
    """Runs commands with a settings file whose store and spool lie in `folder`; the store is there, and empty."""

    def __init__(self, folder: Path, patch: pytest.MonkeyPatch, capture: pytest.CaptureFixture[str]) -> None:
        self.folder = folder
        self.config = folder / "faxgw.toml"
        self._patch, self._capture = patch, capture
        self.configure()
        if not (folder / "store.sqlite").exists():
            lay_file(folder / "store.sqlite")  # the first command would spend half a second on making it

    def configure(self, more: str = "") -> None:
        """Write the settings file, with more sections."""
        store = f"sqlite:///{self.folder / 'store.sqlite'}"
        self.config.write_text(f'[storage]\nurl = "{store}"\nfolder = "."\n{more}', encoding="utf-8")

    def __call__(self, *arguments: str, typed: str = "") -> Ran:
        """Run `faxgw --config ... ARGUMENTS`; `typed` is standard input."""
        self._patch.setattr(sys, "argv", ["faxgw", "--config", str(self.config), *arguments])
        self._patch.setattr(sys, "stdin", io.StringIO(typed))
        self._capture.readouterr()
        code = 0
        try:
            main()
        except SystemExit as leave:
            code = int(leave.code or 0)
        captured = self._capture.readouterr()
        return Ran(code, captured.out, captured.err)
