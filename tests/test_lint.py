"""ruff and mypy find nothing: the same commands as `make lint`, part of the suite from the first day."""

import subprocess
import sys
from pathlib import Path

import pytest

TOP = Path(__file__).parents[1]


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", *arguments]
    return subprocess.run(command, cwd=TOP, capture_output=True, text=True, check=False)


def test_ruff_finds_nothing() -> None:
    done = run("ruff", "check", "--output-format=concise", ".")

    assert done.returncode == 0, done.stdout


def test_ruff_would_format_nothing_otherwise() -> None:
    done = run("ruff", "format", "--check", ".")

    assert done.returncode == 0, done.stdout


@pytest.mark.slow
def test_mypy_is_content_with_every_type() -> None:
    done = run("mypy")

    assert done.returncode == 0, done.stdout
