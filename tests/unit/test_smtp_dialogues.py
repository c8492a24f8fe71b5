"""Plays tests/dialogues/*.smtp against a listener on loopback ports.

What the client does: `C:` sends a line, `R:` octets as escaped, `O:` the same octet by octet, each in a segment of its
own, `L:` so many letters; `EOF` closes its half, `TLS` begins TLS, `AGAIN` begins a new connection. `S:` is a line that
must come (* matches anything; <closed> is the end).

How the listener is set up: `! name=value` for any of its limits and waits, `! tls` for a certificate, `! submission`
and `! implicit` for the dialogue to be on a submission port, `! balancer` for loopback to be one.

What the desk must have at the end, each kind in order: `=` contents of mails, `@` their peers, `P:` letters to the
postmaster as sender and recipients, `N:` refusals as rule, sender, recipients and the code of the reply.
"""

import asyncio
import codecs
import socket
import ssl
from collections.abc import Iterator
from dataclasses import fields, replace
from fnmatch import fnmatchcase
from ipaddress import ip_network
from pathlib import Path

import pytest
import trustme

from gateway.mail.desk import Doorway, Limits, ListenerSettings, Waits
from gateway.mail.listener import Listener
from tests.fakes import FakeClock, FakeDesk

FOLDER = Path(__file__).parents[1] / "dialogues"
DIALOGUES = sorted(FOLDER.glob("*.smtp"))
PATIENCE = 10  # seconds for one answer
DOORWAYS = {"submission": Doorway(0, submission=True), "implicit": Doorway(0, submission=True, implicit_tls=True)}
Steps = list[tuple[str, str]]


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


class Client:
    """The client's side of a dialogue."""

    def __init__(self, port: int, trust: ssl.SSLContext, *, implicit: bool) -> None:
        self._port = port
        self._trust = trust
        self._implicit = implicit

    async def connect(self) -> None:
        trust = self._trust if self._implicit else None
        name = "fax.example" if self._implicit else None
        self._reader, self._writer = await asyncio.open_connection(
            "127.0.0.1", self._port, ssl=trust, server_hostname=name
        )
        self._writer.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    async def play(self, kind: str, text: str) -> None:
        match kind:
            case "C" | "R" | "L":
                self._writer.write(sent(kind, text))
            case "O":
                for octet in octets(text):
                    self._writer.write(bytes([octet]))
                    await asyncio.sleep(0)
            case "EOF":
                self._writer.write_eof()
            case "TLS":
                await self._writer.start_tls(self._trust, server_hostname="fax.example")
            case "AGAIN":
                self.close()
                await self.connect()
            case "S":
                await self._expect(text)

    async def _expect(self, pattern: str) -> None:
        async with asyncio.timeout(PATIENCE):
            try:
                line = (await self._reader.readline()).decode().removesuffix("\r\n")
            except ConnectionResetError:
                line = ""
        assert fnmatchcase(line, "" if pattern == "<closed>" else pattern), f"{line!r} is not {pattern!r}"

    def close(self) -> None:
        self._writer.close()


def octets(text: str) -> bytes:
    return codecs.decode(text.encode("latin-1"), "unicode_escape").encode("latin-1")


def sent(kind: str, text: str) -> bytes:
    """What a step writes in one go."""
    return {"C": f"{text}\r\n".encode, "R": lambda: octets(text), "L": lambda: b"x" * int(text)}[kind]()


def steps(path: Path) -> Iterator[tuple[str, str]]:
    for line in path.read_text("utf-8").splitlines():
        kind, _, text = line.partition(" ")
        if line and kind != "#":
            yield kind.rstrip(":"), text


def told(kind: str, script: Steps) -> list[str]:
    return [text for step, text in script if step == kind]


def settings_for(script: Steps, folder: Path, authority: trustme.CA) -> ListenerSettings:
    settings = ListenerSettings("127.0.0.1", 0, "fax.example", frozenset({"fax.example"}), folder / "incoming")
    wanted = dict(text.partition("=")[::2] for text in told("!", script))
    if {"tls", *DOORWAYS} & set(wanted):
        certificate = authority.issue_cert("fax.example")
        certificate.cert_chain_pems[0].write_to_path(str(folder / "cert.pem"))
        certificate.private_key_pem.write_to_path(str(folder / "key.pem"))
        settings = replace(settings, tls_certificate=folder / "cert.pem", tls_key=folder / "key.pem")
    submission = tuple(doorway for name, doorway in DOORWAYS.items() if name in wanted)
    balancers = (ip_network("127.0.0.0/8"),) if "balancer" in wanted else ()
    names = {field.name for field in fields(Limits)}
    limits = {name: int(value) for name, value in wanted.items() if name in names}
    waits = {name: float(value) for name, value in wanted.items() if value and name not in names}
    settings = replace(settings, submission=submission, balancers=balancers, limits=Limits(**limits))
    return replace(settings, waits=replace(Waits(), **waits))


@pytest.mark.parametrize("path", DIALOGUES, ids=lambda path: path.stem)
async def test_dialogue(path: Path, tmp_path: Path, authority: trustme.CA) -> None:
    script = list(steps(path))
    desk = FakeDesk(passwords={"ann": "secret", "bob": "geheim"})
    settings = settings_for(script, tmp_path, authority)
    listener = Listener(settings, desk, FakeClock())
    trust = ssl.create_default_context()
    authority.configure_trust(trust)
    await listener.start()
    client = Client(listener.ports[-1], trust, implicit=settings.doorways[-1].implicit_tls)
    await client.connect()

    for kind, text in script:
        await client.play(kind, text)

    client.close()
    await listener.stop(PATIENCE)
    check(desk, script)
    assert list((tmp_path / "incoming").iterdir()) == []


def check(desk: FakeDesk, script: Steps) -> None:
    """What the desk was given is what the dialogue says; of mails and refusals also that there are no more."""
    if contents := told("=", script):
        assert desk.contents == [octets(text) for text in contents]
    if peers := told("@", script):
        assert [envelope.peer for envelope in desk.envelopes] == peers
    if letters := told("P", script):
        assert [" ".join((sender or "<>", *recipients)) for sender, recipients, _ in desk.letters] == letters
    notes = [
        " ".join((refusal.rule, refusal.mail_from or "<>", *refusal.recipients, refusal.reply[:3]))
        for refusal in desk.refusals
    ]
    assert notes == told("N", script)


def test_there_are_dialogues() -> None:
    assert len(DIALOGUES) >= 80


def test_no_two_dialogues_have_the_same_title() -> None:
    titles = [path.read_text("utf-8").splitlines()[0] for path in DIALOGUES]

    assert len(set(titles)) == len(titles)
    assert all(title.startswith("# ") for title in titles)
