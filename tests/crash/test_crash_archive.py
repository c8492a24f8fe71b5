"""Real daemons that end while they copy to a real server, at named points and inside a file: one copy, whole."""

import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pypdfium2 as pdfium
import pytest

from tests.archive_servers import AbstractedFS, DTPHandler, Server, archive_house
from tests.archive_servers import House as Servers
from tests.crash.cuts import AFTER, Cut, around
from tests.crash.feed import Feed
from tests.crash.house import House, Node, wait_for
from tests.crash.verdict import ask, leave

pytestmark = pytest.mark.slow
PATIENCE = 15  # seconds until a point is reached
FAXES = 3
POINTS = (
    Cut("gateway.store.archive_transfers:claim", AFTER),
    *around("store.archive_transfers:copied"),
)
OPEN = "SELECT count(*) FROM archive_transfer WHERE state IN ('waiting', 'copying')"


class Trap:
    """Ends the node when the server is in the middle of something, once for each time that it is set."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self.set_for = ""

    def spring(self, what: str) -> None:
        if self.set_for == what and self._node.lives:  # and not for what a dead one had asked for
            self.set_for = ""
            self._node.kill()


def trapped(servers: Servers, trap: Trap) -> Server:
    """An FTP server that takes files by small pieces."""

    class Line(DTPHandler):  # type: ignore[misc]
        ac_in_buffer_size = 256

        def handle_read_event(self) -> None:
            self.handle_read()
            trap.spring("half a file")

    class Disk(AbstractedFS):  # type: ignore[misc]
        def rename(self, src: str, dst: str) -> None:
            trap.spring("before the name")
            super().rename(src, dst)
            trap.spring("behind the name")  # and nobody hears of it

    return servers.ftp(dtp_handler=Line, abstracted_fs=Disk)


def send_all(house: House) -> None:
    """Faxes that wait for their copies."""
    [node] = house.nodes
    node.start("--roles", "smtp,prepare,lines")
    node.wait_up()
    feed = Feed(house, 1.0, seed=1)
    for _ in range(FAXES):
        feed.send(1)
    wait_for(lambda: ask(house, OPEN)[0][0] == FAXES, "not all faxes are sent")
    node.kill()


def cut_at(node: Node, arrange: Callable[[], Any], cut: Cut | None = None) -> bool:
    """Whether the daemon ended at the point."""
    arrange()
    child = node.start("--roles", "mail", cut=cut)
    reached = child.ended.wait(PATIENCE) and child.status == -signal.SIGKILL
    node.kill()
    return reached


def cut_all(house: House, trap: Trap) -> list[str]:
    """The daemon ends at each point; those that were not reached."""
    [node] = house.nodes
    moments = ("half a file", "before the name", "behind the name")
    missed = [what for what in moments if not cut_at(node, lambda what=what: setattr(trap, "set_for", what))]
    return missed + [str(cut) for cut in POINTS if not cut_at(node, lambda: None, cut)]


def test_a_daemon_that_ends_while_it_copies_leaves_each_fax_there_once_and_whole(tmp_path: Path, url: str) -> None:
    with archive_house() as servers, House(tmp_path / "house", url) as house:
        trap = Trap(house.nodes[0])
        server = trapped(servers, trap)
        servers.login(server.place())
        with house.nodes[0].config.open("a") as config:
            config.write(f'[archive]\nlogins = "{servers.logins}"\n')
        wanted = (f"destination={server.place()}", "enabled=on", "metadata=on", "name=generated")
        house.faxgw("settings", "set", "Acme", *(f"archive.{one}" for one in wanted))
        send_all(house)
        missed = cut_all(house, trap)
        house.start()
        wait_for(lambda: not ask(house, OPEN)[0][0], "not all copies are made")
        leave(house)
        states = [tuple(row) for row in ask(house, "SELECT state, count(*) FROM archive_transfer GROUP BY state")]
        names = {row[0] for row in ask(house, "SELECT file_name FROM archive_transfer")}
        pages = [len(pdfium.PdfDocument(server.folder / name)) for name in sorted(names)]
        found = server.names

    assert missed == []
    assert states == [("done", FAXES)]
    assert found == sorted([*names, *(name.replace(".pdf", ".xml") for name in names)])
    assert len(pages) == FAXES
    assert min(pages) >= 1
