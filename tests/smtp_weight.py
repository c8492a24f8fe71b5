"""What clients of many kinds cost a listening process: octets of memory, and how long they keep another one waiting.

Used by the bench (`tests/bench/bench_smtp_memory.py`), which shows the figures, and by the tests that hold the limits.
"""

import contextlib
import os
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import trustme

from samples.demo import free_port
from tests.flows.daemons import AMELIA, demo_with_people
from tests.processes import resident_bytes

TOP = Path(__file__).parents[1]
NUMBER = "+12025550177@fax.localhost"
BIG = 25_000_000  # octets of a large mail
HEADER = b"From: " + AMELIA.encode() + b"\r\nSubject: weight\r\nMessage-ID: <%d@weight.example>\r\n\r\n"


@dataclass(frozen=True, slots=True)
class Door:
    """A daemon whose workers were sent home."""

    port: int
    pid: int
    trust: ssl.SSLContext


@contextlib.contextmanager
def open_door(folder: Path) -> Iterator[Door]:
    """The daemon with a certificate, and one registered sender; it has taken mails already, so that all is loaded."""
    demo = demo_with_people(folder)
    authority = trustme.CA()
    certificate = authority.issue_cert("fax.localhost")
    certificate.cert_chain_pems[0].write_to_path(str(folder / "cert.pem"))
    certificate.private_key_pem.write_to_path(str(folder / "key.pem"))
    port = free_port()
    demo.config.write_text(
        f'[storage]\nfolder = "store"\n[smtp]\nport = {port}\nmax_connections = 2000\n'
        'max_connections_per_address = 2000\ntls_certificate = "cert.pem"\ntls_key = "key.pem"\n',
        encoding="utf-8",
    )
    trust = ssl.create_default_context()
    authority.configure_trust(trust)
    with (folder / "daemon.log").open("wb") as log:
        command = [sys.executable, "-m", "tests.bench.front_door", str(demo.config)]
        daemon = subprocess.Popen(command, cwd=TOP, stdout=subprocess.PIPE, stderr=log)
    try:
        assert daemon.stdout is not None
        assert daemon.stdout.readline(), (folder / "daemon.log").read_text()
        door = Door(port, daemon.pid, trust)
        for _ in range(3):
            deliver(door, [b"warm\r\n"])
            Client(door, tls=True).close()
        yield door
    finally:
        daemon.terminate()
        daemon.wait(90)
        daemon.stdout.close()


class Client:
    """A connection that has said EHLO."""

    def __init__(self, door: Door, *, tls: bool = False) -> None:
        self._socket: socket.socket = socket.create_connection(("127.0.0.1", door.port), 60)
        self._file = self._socket.makefile("rb")
        self.answer()
        self.say("EHLO weight.example")
        if tls:
            self.say("STARTTLS")
            self._file.close()
            self._socket = door.trust.wrap_socket(self._socket, server_hostname="fax.localhost")
            self._file = self._socket.makefile("rb")
            self.say("EHLO weight.example")

    def answer(self) -> str:
        while line := self._file.readline():
            if line[3:4] == b" ":
                return line.decode().strip()
        return ""

    def say(self, command: str) -> str:
        self._socket.sendall(f"{command}\r\n".encode())
        return self.answer()

    def begin_text(self) -> None:
        """Up to the header of a text."""
        for command in (f"MAIL FROM:<{AMELIA}>", f"RCPT TO:<{NUMBER}>", "DATA"):
            reply = self.say(command)
            assert reply[0] in "23", reply
        self.send(HEADER % time.time_ns())

    def send(self, octets: bytes) -> None:
        self._socket.sendall(octets)

    def close(self) -> None:
        self._file.close()
        self._socket.close()


@dataclass
class Watch:
    """The most memory that a process held inside the block, beyond what it held before, and the longest wait of a
    client that says NOOP all the time."""

    door: Door
    peak: int = 0
    longest: float = 0.0
    _over: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> "Watch":
        self._before = resident_bytes(self.door.pid)
        self._threads = [threading.Thread(target=work) for work in (self._weigh, self._ask)]
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()

    def _weigh(self) -> None:
        while not self._over.wait(0.005):
            self.peak = max(self.peak, resident_bytes(self.door.pid) - self._before)

    def _ask(self) -> None:
        while not self._over.is_set():
            client = Client(self.door)
            for _ in range(50):
                began = time.monotonic()
                client.say("NOOP")
                self.longest = max(self.longest, time.monotonic() - began)
                if self._over.wait(0.005):
                    break
            client.close()


def deliver(door: Door, chunks: list[bytes]) -> str:
    """One mail; the reply."""
    client = Client(door)
    client.begin_text()
    for chunk in chunks:
        client.send(chunk)
    reply = client.say("\r\n.")
    client.close()
    return reply


def idle_connections(door: Door, count: int, *, tls: bool = False) -> int:
    """What so many clients weigh that have said EHLO and wait."""
    before = resident_bytes(door.pid)
    clients = [Client(door, tls=tls) for _ in range(count)]
    weight = resident_bytes(door.pid) - before
    for client in clients:
        client.close()
    return weight


def mails_in_flight(door: Door, count: int) -> int:
    """What each of so many mails of 25 MB weighs, all of them shortly before their end."""
    before = resident_bytes(door.pid)
    clients = [Client(door) for _ in range(count)]
    threads = [threading.Thread(target=_send_most, args=(client,)) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    weight = resident_bytes(door.pid) - before
    for client in clients:
        client.close()
    return weight // count


def _send_most(client: Client) -> None:
    client.begin_text()
    chunk = (os.urandom(36).hex().encode() + b"\r\n") * 1351  # about 100 KB
    for _ in range(BIG // len(chunk)):
        client.send(chunk)


def empty_lines(door: Door) -> tuple[str, Watch]:
    """A mail of 25 MB that has nothing but empty lines; the reply, and what it cost."""
    with Watch(door) as watch:
        reply = deliver(door, [b"\r\n" * 50_000] * (BIG // 100_000))
    return reply, watch


def no_line_end(door: Door) -> tuple[str, Watch]:
    """Far more octets than are allowed, and no line end among them."""
    with Watch(door) as watch:
        client = Client(door)
        client.begin_text()
        with contextlib.suppress(ConnectionError):
            for _ in range(150):
                client.send(b"x" * 1_000_000)
        reply = client.answer()
        client.close()
    return reply, watch
