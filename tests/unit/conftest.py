"""A store of its own for each test that asks for one, and Anna in it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.domain.nodes import User
from gateway.store.database import Database
from tests.filled_store import anna, opened


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    """An empty store."""
    with opened(tmp_path) as database:
        yield database


@pytest.fixture
def user(db: Database) -> User:
    """Anna of Acme's sales."""
    return anna(db)
