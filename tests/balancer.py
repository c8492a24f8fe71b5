"""A balancer before several nodes, as HAProxy would be one: a PROXY header, then octets both ways.

It turns to the next node when one does not greet in time, as a balancer that checks its nodes does.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence

GREETING_SECONDS = 2.0


class Balancer:
    """`async with Balancer([port, ...]) as front: front.port`; connections go to the nodes in turn."""

    def __init__(self, nodes: Sequence[int]) -> None:
        self._nodes = list(nodes)
        self._server: asyncio.Server | None = None

    @property
    def port(self) -> int:
        assert self._server is not None
        return int(self._server.sockets[0].getsockname()[1])

    async def __aenter__(self) -> "Balancer":
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        return self

    async def __aexit__(self, *_error: object) -> None:
        assert self._server is not None
        self._server.close()

    async def _serve(self, client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        async with _closed(to_client):
            for _ in range(len(self._nodes)):
                self._nodes.append(self._nodes.pop(0))
                if await _through(self._nodes[0], client, to_client):
                    return


async def _through(port: int, client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> bool:
    """Join client and node until the end; false when the node does not greet."""
    with contextlib.suppress(OSError, TimeoutError):
        node, to_node = await asyncio.open_connection("127.0.0.1", port)
        async with _closed(to_node):
            to_client.write(await _greeting(node, to_node))
            await asyncio.gather(_pass(client, to_node), _pass(node, to_client))
        return True
    return False


async def _greeting(node: asyncio.StreamReader, to_node: asyncio.StreamWriter) -> bytes:
    async with asyncio.timeout(GREETING_SECONDS):
        to_node.write(b"PROXY TCP4 10.0.0.77 10.0.0.5 40000 25\r\n")
        greeting = await node.readline()
    if not greeting.startswith(b"220"):
        raise ConnectionRefusedError
    return greeting


@contextlib.asynccontextmanager
async def _closed(writer: asyncio.StreamWriter) -> AsyncIterator[None]:
    try:
        yield
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


async def _pass(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Until the end of one side, which is the other's, too."""
    with contextlib.suppress(OSError):
        while octets := await reader.read(65_536):
            writer.write(octets)
            await writer.drain()
    writer.close()
