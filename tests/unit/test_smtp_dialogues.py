"""Plays tests/dialogues/*.smtp against a listener on a loopback port.

`C:` a line sent, `R:` octets sent as escaped, `L:` so many letters sent, `S:` a line expected (* matches anything),
`EOF` the client closes its half, `TLS` the client begins TLS, `! limit=value` or `! tls` set the listener up, and
`=` is the content of a mail that the desk must hold at the end, in order.
"""

import asyncio
import codecs
import ssl
from collections.abc import Iterator
from dataclasses import replace
from fnmatch import fnmatchcase
from pathlib import Path

import pytest
import trustme

from gateway.mail.desk import Limits, ListenerSettings
from gateway.mail.listener import Listener
from tests.fakes import FakeClock, FakeDesk

FOLDER = Path(__file__).parents[1] / "dialogues"
DIALOGUES = sorted(FOLDER.glob("*.smtp"))
PATIENCE = 10  # seconds for one answer


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


class Client:
    """The client's side of a dialogue."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, trust: ssl.SSLContext) -> None:
        self._reader = reader
        self._writer = writer
        self._trust = trust

    async def play(self, kind: str, text: str) -> None:
        match kind:
            case "C":
                self._writer.write(f"{text}\r\n".encode())
            case "R":
                self._writer.write(codecs.decode(text.encode("latin-1"), "unicode_escape").encode("latin-1"))
            case "L":
                self._writer.write(b"x" * int(text))
            case "EOF":
                self._writer.write_eof()
            case "TLS":
                await self._writer.start_tls(self._trust, server_hostname="fax.example")
            case "S":
                await self._expect(text)

    async def _expect(self, pattern: str) -> None:
        async with asyncio.timeout(PATIENCE):
            try:
                line = (await self._reader.readline()).decode().removesuffix("\r\n")
            except ConnectionResetError:
                line = ""
        assert fnmatchcase(line, "" if pattern == "<closed>" else pattern), f"{line!r} is not {pattern!r}"


def steps(path: Path) -> Iterator[tuple[str, str]]:
    for line in path.read_text("utf-8").splitlines():
        kind, _, text = line.partition(" ")
        if line and kind != "#":
            yield kind.rstrip(":"), text


def settings_for(path: Path, folder: Path, authority: trustme.CA) -> ListenerSettings:
    settings = ListenerSettings("127.0.0.1", 0, "fax.example", frozenset({"fax.example"}), folder / "incoming")
    wanted = [text for kind, text in steps(path) if kind == "!"]
    limits = {key: int(value) for key, _, value in (text.partition("=") for text in wanted) if value}
    if "tls" in wanted:
        certificate = authority.issue_cert("fax.example")
        certificate.cert_chain_pems[0].write_to_path(str(folder / "cert.pem"))
        certificate.private_key_pem.write_to_path(str(folder / "key.pem"))
        settings = replace(settings, tls_certificate=folder / "cert.pem", tls_key=folder / "key.pem")
    return replace(settings, limits=replace(Limits(), **limits))


@pytest.mark.parametrize("path", DIALOGUES, ids=lambda path: path.stem)
async def test_dialogue(path: Path, tmp_path: Path, authority: trustme.CA) -> None:
    desk = FakeDesk(passwords={"ann": "secret"})
    listener = Listener(settings_for(path, tmp_path, authority), desk, FakeClock())
    trust = ssl.create_default_context()
    authority.configure_trust(trust)
    await listener.start()
    reader, writer = await asyncio.open_connection("127.0.0.1", listener.port)
    client = Client(reader, writer, trust)

    for kind, text in steps(path):
        await client.play(kind, text)

    writer.close()
    await listener.stop(PATIENCE)
    expected = [codecs.decode(text, "unicode_escape").encode("latin-1") for kind, text in steps(path) if kind == "="]
    assert not expected or desk.contents == expected
    assert list((tmp_path / "incoming").iterdir()) == []


def test_there_are_dialogues() -> None:
    assert len(DIALOGUES) > 30
