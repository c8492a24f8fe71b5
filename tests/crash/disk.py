"""A small disk for a house, that a test can fill: a file system in memory, which only root can mount."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

SIZE = 200 << 20  # octets; the spool keeps 64 MiB of them free
BLOCK = 1 << 20


@contextmanager
def small_disk(folder: Path) -> Iterator[Path]:
    """The folder, on a disk of its own; skips where none can be mounted."""
    folder.mkdir(parents=True)
    command = ["mount", "-t", "tmpfs", "-o", f"size={SIZE},mode=0700", "tmpfs", str(folder)]
    mounted = subprocess.run(command, check=False, capture_output=True, text=True)
    if mounted.returncode:
        pytest.skip(f"no small disk can be mounted: {mounted.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


@contextmanager
def filled(folder: Path) -> Iterator[None]:
    """Not one octet is free inside the block."""
    ballast = folder / "ballast"
    try:
        with ballast.open("wb", buffering=0) as file:
            _fill(file.fileno())
        yield
    finally:
        ballast.unlink()


def _fill(descriptor: int) -> None:
    size = BLOCK
    while size:
        try:
            os.write(descriptor, b"\0" * size)
        except OSError:
            size //= 2
