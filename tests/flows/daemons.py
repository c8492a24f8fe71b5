"""A gateway in a folder of its own for end-to-end tests, its people made through the store, which is quick."""

import subprocess
from pathlib import Path
from typing import Any

from gateway.admin import tree, users
from gateway.store.migrate import open_store
from samples.demo import Demo
from tests.actors import root
from tests.crash.nursery import nursery

AMELIA, BEN, CARLA = "amelia.ross@acme.example", "ben.ortiz@acme.example", "carla.ruiz@acme.example"
CARLAS_PASSWORD = "Correct-h0rse"


PATIENCE = 60.0  # seconds


class WarmDemo(Demo):
    """A demo whose commands and daemon are forked from a process that has all modules: they start at once.

    What starts as it does for its users: `test_demo`, `test_cli`, `test_two_nodes`.
    """

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        out, err = self.folder / "command.out", self.folder / "command.err"
        for path in (out, err):
            path.write_text("")
        status = nursery().start(err, "--config", str(self.config), *arguments, out=out).wait(PATIENCE)
        return subprocess.CompletedProcess(arguments, status, out.read_text(), err.read_text())

    def start(self) -> Any:
        """What it gives is as a Popen."""
        return nursery().start(self.folder / "daemon.log", "--config", str(self.config), "serve")


def demo_with_people(folder: Path) -> Demo:
    """Acme with Amelia, Ben, and Carla, who has a password; not running yet."""
    demo = WarmDemo(folder)
    demo.prepare()
    store = folder / "store"
    db = open_store(f"sqlite:///{store / 'faxgw.sqlite'}", store)
    tree.add_company(root(db), "Acme")
    for name, address in (("Amelia Ross", AMELIA), ("Ben Ortiz", BEN), ("Carla Ruiz", CARLA)):
        first, last = name.split()
        password = CARLAS_PASSWORD if address == CARLA else ""
        users.add_user(root(db), users.UserForm("Acme", first, last, [address], user_name=first, password=password))
    db.close()
    return demo
