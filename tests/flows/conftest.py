"""The stage that each test of a flow acts on."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.flows.stage import Stage, staged


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with staged(tmp_path) as found:
        yield found
