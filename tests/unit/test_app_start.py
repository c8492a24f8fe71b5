"""A daemon that cannot begin leaves nothing behind that others would have to look after."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.app import build
from gateway.domain.errors import UnreachableError
from gateway.settings import Http, Settings, Smtp, Storage
from gateway.store.migrate import open_store
from gateway.store.node_list import listing
from tests.filled_store import WALL


@pytest.fixture
def taken() -> Iterator[int]:
    """A port at which somebody else listens."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        yield other.getsockname()[1]


async def test_where_the_port_is_taken_it_leaves_as_if_it_had_been_stopped(tmp_path: Path, taken: int) -> None:
    gateway = build(Settings(storage=Storage(folder=tmp_path), smtp=Smtp(port=taken), http=Http(port=0)))

    with pytest.raises(UnreachableError, match=str(taken)):
        await gateway.start()

    db = open_store(gateway.settings.storage.database_url, tmp_path)
    assert listing(db, WALL) == ()
    assert list((tmp_path / "work").iterdir()) == list((tmp_path / "locks").iterdir()) == []
    db.close()
