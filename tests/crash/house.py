"""A gateway that is treated badly: its folder, its store, its nodes, the relay that its notices go to.

What lives here: making it, starting and ending nodes. What does not: when (`trial`), what is fed to it (`feed`), what
it comes to (`verdict`).
"""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from email import message_from_bytes
from itertools import chain
from pathlib import Path

from aiosmtpd.controller import Controller

from samples.demo import free_port
from tests.crash.cuts import Cut
from tests.crash.nursery import Child, nursery

DOMAIN = "fax.localhost"
SENDER = "anna@acme.example"
LINES = 4
LEASE = 3  # seconds
NUMBERS = 4000  # that faxes can go to; each gets one
PATIENCE = 60.0  # seconds


def number(index: int) -> str:
    """The destination of a fax; each is used once, so the far end knows a fax by its number."""
    return f"+1202{456 + index // 10000}{index % 10000:04}"


def scenario() -> str:
    """Of ten numbers one is busy at first, and on one the line drops as the second page begins."""
    first = {3: "busy", 7: "drops_on_page_2"}
    entries = [
        f'[[number]]\nnumber = "{number(index)}"\nfar_end = ["{first[index % 10]}", "modern"]\n'
        for index in range(NUMBERS)
        if index % 10 in first
    ]
    return "\n".join(entries)


@dataclass(frozen=True)
class Told:
    """A notice as the relay took it."""

    message_id: str
    recipient: str
    subject: str


class Sink:
    """The relay: keeps what it took, in the order of its replies."""

    def __init__(self) -> None:
        self.told: list[Told] = []

    async def handle_DATA(self, _server: object, _session: object, envelope: object) -> str:  # noqa: N802 - aiosmtpd's
        message = message_from_bytes(envelope.content)  # type: ignore[attr-defined]
        self.told.append(Told(str(message["Message-ID"]), str(message["To"]), str(message["Subject"])))
        return "250 2.0.0 taken"


@dataclass
class Node:
    """One `faxgw serve`, started as often as it ends. All nodes of a house share its folder, as on one machine."""

    house: "House"
    name: str
    port: int = field(default_factory=free_port)
    child: Child | None = None
    restarts: int = 0

    @property
    def config(self) -> Path:
        return self.house.folder / f"{self.name}.toml"

    @property
    def clock(self) -> Path:
        return self.house.folder / f"{self.name}.clock"

    @property
    def lives(self) -> bool:
        return self.child is not None and self.child.lives

    def start(self, *options: str, cut: Cut | None = None) -> Child:
        assert not self.lives
        self.restarts += 1
        words = ("--config", str(self.config), "serve", *options)
        self.child = self.house.nursery.start(self.house.log, *words, cut=cut, clock=self.clock)
        return self.child

    def is_up(self) -> bool:
        """Whether it greets."""
        with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1) as probe:
            return probe.recv(3) == b"220"
        return False

    def wait_up(self) -> None:
        """Until it greets, or has died: then nobody waits."""
        wait_for(lambda: self.is_up() or not self.lives, f"{self.name} does not come up")

    def kill(self) -> None:
        if self.child is not None:
            self.child.kill()


class House:
    """One store, its nodes, and the sink; people are in it when it is entered, and nothing runs."""

    def __init__(self, folder: Path, url: str = "", nodes: int = 1, speed: float = 0.0) -> None:
        self.folder = folder
        self.url = url or f"sqlite:///{folder / 'store' / 'faxgw.sqlite'}"
        self.log = folder / "daemon.log"
        self.nursery = nursery()
        self.sink = Sink()
        self.relay = Controller(self.sink, hostname="127.0.0.1", port=free_port())
        self.nodes = [Node(self, f"node-{letter}") for letter in "abcdef"[:nodes]]
        self._speed = speed

    @property
    def store(self) -> Path:
        return self.folder / "store"

    def __enter__(self) -> "House":
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "far-ends.toml").write_text(scenario())
        for node in self.nodes:
            node.clock.write_text("0")
            self.configure(node)
        self.relay.start()
        with ExitStack() as unless_people_are_in:
            unless_people_are_in.push(self)
            # Nothing expires, however fast time goes; a render is quick.
            chosen = ("fax.mail_text=off", "cover.behavior=none", "retry.lifetime_minutes=20000")
            self.faxgw("company", "add", "Acme", *chain.from_iterable(("--set", one) for one in chosen))
            self.faxgw("user", "add", "Acme", "Anna", "Smith", "--sending", SENDER)
            unless_people_are_in.pop_all()
        return self

    def __exit__(self, *_error: object) -> None:
        for node in self.nodes:
            node.kill()
        self.relay.stop()

    def configure(self, node: Node) -> None:
        """Write a node's settings file."""
        node.config.write_text(
            f'[storage]\nurl = "{self.url}"\nfolder = "{self.store}"\n'
            f'[smtp]\nport = {node.port}\ndomains = ["{DOMAIN}"]\n'
            f"[relay]\nport = {self.relay.port}\n"
            f"[queue]\npoll_seconds = 0.2\nlease_seconds = {LEASE}\n"
            f"[rendering]\nworkers = 1\n"
            f'[calling]\nlines = {LINES}\nscenario = "{self.folder / "far-ends.toml"}"\n'
            f"[http]\nport = 0\n"
            f"[simulator]\nspeed = {self._speed}\n"
        )

    def faxgw(self, *words: str) -> str:
        """A command, to its end; what it printed."""
        log = self.folder / "command.log"
        log.write_text("")
        child = self.nursery.start(log, "--config", str(self.nodes[0].config), *words)
        assert child.ended.wait(PATIENCE), words
        assert child.status == 0, (words, log.read_text())
        return log.read_text()

    def start(self) -> None:
        """All nodes that do not run."""
        for node in self.nodes:
            if not node.lives:
                node.start()
        for node in self.nodes:
            node.wait_up()


@contextmanager
def supervised(house: House) -> Iterator[None]:
    """As a supervisor does: a node that has ended is started again, until the block ends."""
    over = threading.Event()

    def watch() -> None:
        while not over.wait(0.1):
            for node in house.nodes:
                if not node.lives:
                    node.start()

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def wait_for(true: Callable[[], bool], words: str, seconds: float = PATIENCE) -> None:
    """Until it is true; fails with the words when it does not become so."""
    deadline, pause = time.monotonic() + seconds, 0.01
    while not true():
        assert time.monotonic() < deadline, words
        time.sleep(pause)
        pause = min(pause * 1.2, 0.1)  # who asks all the time takes the time of those it waits for
