"""The stage that each test of a flow acts on."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.store.database import Database
from tests.dns_server import DnsServer
from tests.filled_store import on_postgresql, opened
from tests.flows.stage import Stage, emptied, on_stage


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """One open store for all: a new one for each test would compile every statement anew."""
    with opened(tmp_path_factory.mktemp("store")) as db:
        yield db


@pytest.fixture(scope="session")
def store_on_postgresql(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """The same on the other engine."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FAXGW_TEST_ENGINE", "postgresql")
        with opened(tmp_path_factory.mktemp("store")) as db:
            yield db


@pytest.fixture(scope="session")
def dns() -> Iterator[DnsServer]:
    """One name server for all."""
    with DnsServer({}) as server:
        yield server


@pytest.fixture
def stage(request: pytest.FixtureRequest, dns: DnsServer, tmp_path: Path) -> Iterator[Stage]:
    """An empty store with Anna in it, a name server that knows no name, and all else new."""
    store: Database = request.getfixturevalue("store_on_postgresql" if on_postgresql() else "store")
    emptied(store)
    dns.forget()
    with on_stage(store, tmp_path, dns) as found:
        yield found
