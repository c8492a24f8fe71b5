"""The stage that each test of a flow acts on."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.store.database import Database
from tests.filled_store import opened
from tests.flows.stage import Stage, emptied, on_stage


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """One open store for all: a new one for each test would compile every statement anew."""
    with opened(tmp_path_factory.mktemp("store")) as db:
        yield db


@pytest.fixture
def stage(store: Database, tmp_path: Path) -> Iterator[Stage]:
    """An empty store with Anna in it, and all else new."""
    emptied(store)
    with on_stage(store, tmp_path) as found:
        yield found
