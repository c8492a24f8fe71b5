"""TLS with one buffer for all: what we take from asyncio must be there, and nobody's octets reach another."""

import asyncio
import os
import ssl
from asyncio import sslproto
from collections.abc import AsyncIterator
from dataclasses import replace
from ipaddress import ip_network
from pathlib import Path

import pytest
import trustme

from gateway.domain.errors import UsageError
from gateway.mail.desk import Doorway, ListenerSettings, Waits
from gateway.mail.listener import Listener
from gateway.mail.smtp_tls import TlsLayer
from tests.fakes import FakeClock, FakeDesk


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def trust(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


@pytest.fixture
def settings(authority: trustme.CA, tmp_path: Path) -> ListenerSettings:
    certificate = authority.issue_cert("fax.example")
    certificate.cert_chain_pems[0].write_to_path(str(tmp_path / "cert.pem"))
    certificate.private_key_pem.write_to_path(str(tmp_path / "key.pem"))
    return ListenerSettings(
        "127.0.0.1",
        0,
        "fax.example",
        frozenset({"fax.example"}),
        tmp_path / "incoming",
        tls_certificate=tmp_path / "cert.pem",
        tls_key=tmp_path / "key.pem",
        submission=(Doorway(0, implicit_tls=True),),
        waits=Waits(handshake=1),
    )


@pytest.fixture
async def listener(settings: ListenerSettings) -> AsyncIterator[Listener]:
    made = Listener(settings, FakeDesk(), FakeClock())
    await made.start()
    yield made
    await made.stop(0)


@pytest.mark.parametrize("key", ["no PEM at all", "another's key"])
async def test_a_key_that_is_none_or_anothers_is_told_and_never_asked_for(
    authority: trustme.CA, settings: ListenerSettings, key: str
) -> None:
    assert settings.tls_key is not None
    other = authority.issue_cert("other.example").private_key_pem.bytes()
    settings.tls_key.write_bytes(key.encode() if key.startswith("no") else other)

    with pytest.raises(UsageError, match=r"smtp.tls_key .*key.pem: not a certificate in PEM and its key"):
        Listener(settings, FakeDesk(), FakeClock())


@pytest.mark.parametrize("name", ["_ssl_buffer", "_ssl_buffer_view", "_app_transport"])
async def test_asyncio_still_has_what_we_rely_on(name: str) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    layer = TlsLayer(asyncio.get_running_loop(), asyncio.Protocol(), context, bytearray(1000), 1)

    assert hasattr(layer, name)
    assert isinstance(sslproto.SSLProtocol.max_size, int)
    assert len(layer.get_buffer(-1)) == 1000
    layer.transport.abort()


async def test_connections_share_one_buffer() -> None:
    buffer, context = bytearray(1000), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    loop = asyncio.get_running_loop()

    one, other = (TlsLayer(loop, asyncio.Protocol(), context, buffer, 1) for _ in range(2))

    assert one.get_buffer(-1).obj is other.get_buffer(-1).obj is buffer
    one.transport.abort()
    other.transport.abort()


async def say(stream: tuple[asyncio.StreamReader, asyncio.StreamWriter], command: bytes) -> bytes:
    reader, writer = stream
    writer.write(command + b"\r\n")
    async with asyncio.timeout(10):
        while (line := await reader.readline())[3:4] == b"-":
            continue
    return line


async def deliver(port: int, trust: ssl.SSLContext, content: bytes) -> None:
    stream = await asyncio.open_connection("127.0.0.1", port, ssl=trust, server_hostname="fax.example")
    await stream[0].readline()
    for command in (b"EHLO c", b"MAIL FROM:<a@b.example>", b"RCPT TO:<1@fax.example>", b"DATA"):
        await say(stream, command)
    assert (await say(stream, content + b".")).startswith(b"250")
    stream[1].close()


async def test_many_large_mails_at_once_arrive_whole(settings: ListenerSettings, trust: ssl.SSLContext) -> None:
    desk = FakeDesk()
    contents = [b"From: a@b.example\r\n\r\n" + os.urandom(400_000).hex().encode() + b"\r\n" for _ in range(6)]
    listener = Listener(settings, desk, FakeClock())
    await listener.start()

    await asyncio.gather(*(deliver(listener.ports[1], trust, content) for content in contents))

    await listener.stop(0)
    assert sorted(desk.contents) == sorted(contents)


async def test_who_speaks_no_tls_is_let_go(listener: Listener) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", listener.ports[1])

    writer.write(b"EHLO c\r\n" * 10)

    async with asyncio.timeout(10):
        rest = await reader.read()
    assert b"220" not in rest
    writer.close()


async def test_who_never_ends_the_handshake_is_let_go(listener: Listener) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", listener.ports[1])

    async with asyncio.timeout(10):
        assert await reader.read() == b""

    writer.close()


async def test_who_leaves_in_the_handshake_disturbs_nobody(listener: Listener, trust: ssl.SSLContext) -> None:
    _, writer = await asyncio.open_connection("127.0.0.1", listener.ports[1])
    writer.write(b"\x16\x03\x01\x02")
    writer.transport.abort()

    await deliver(listener.ports[1], trust, b"From: a@b.example\r\n\r\n")


async def test_what_a_balancer_sends_with_the_handshake_is_not_lost(
    settings: ListenerSettings, trust: ssl.SSLContext
) -> None:
    behind = replace(settings, balancers=(ip_network("127.0.0.0/8"),))
    listener = Listener(behind, FakeDesk(), FakeClock())
    await listener.start()
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = trust.wrap_bio(incoming, outgoing, server_hostname="fax.example")
    with pytest.raises(ssl.SSLWantReadError):
        client.do_handshake()
    reader, writer = await asyncio.open_connection("127.0.0.1", listener.ports[1])

    writer.write(b"PROXY TCP4 203.0.113.9 192.0.2.1 4711 465\r\n" + outgoing.read())

    async with asyncio.timeout(10):
        assert (await reader.readexactly(1)) == b"\x16"  # a record of the handshake
    writer.close()
    await listener.stop(0)
