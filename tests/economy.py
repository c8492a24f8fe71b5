"""What makes the suite quick without trying less: read by `conftest` before any test module.

What lives here: compiled Python kept, compiled statements shared, cheap password hashes, a reader with one thread,
files in memory. What does not: which tests are slow, and which run on both engines (`conftest`).
"""

import functools
import gc
import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

from argon2 import PasswordHasher
from sqlalchemy import Engine
from sqlalchemy.engine.default import DefaultDialect
from sqlalchemy.util import LRUCache

from gateway.domain import passwords
from tests import postgresql

MEMORY = Path("/dev/shm")
PLENTY = 6 * 2**30  # octets; a run takes one
STATEMENTS = 5000  # more than there are
STRONG = passwords.HASHER


def collect_no_garbage() -> None:
    """While tests are collected, which makes a million objects that all stay; until `collected`."""
    gc.disable()


def collected() -> None:
    """From here on garbage is collected, but not looked for in what was there before."""
    gc.freeze()
    gc.enable()


def keep_bytecode() -> None:
    """Compiling all tests and the gateway anew in every process takes as long as many of the tests."""
    sys.dont_write_bytecode = False
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)


def read_with_one_thread() -> None:
    """tesseract's threads wait for one another by turning round and round: four take six times what one does."""
    os.environ["OMP_THREAD_LIMIT"] = "1"


def share_statements() -> None:
    """Each store of a test has an engine of its own; what one has compiled serves all that speak the same dialect.

    SQLAlchemy keeps what it compiled by dialect, and holds each engine's for another one.
    """
    caches: dict[str, LRUCache[Any, Any]] = {}
    make = Engine.__init__

    @functools.wraps(make)
    def made(engine: Engine, *arguments: Any, **named: Any) -> None:
        make(engine, *arguments, **named)
        engine._compiled_cache = caches.setdefault(engine.dialect.name, LRUCache(STATEMENTS))

    Engine.__init__ = made  # type: ignore[method-assign]
    DefaultDialect.__eq__ = lambda one, other: type(one) is type(other)  # type: ignore[method-assign,assignment]
    DefaultDialect.__hash__ = lambda one: hash(type(one))  # type: ignore[method-assign,assignment]


def hash_cheaply() -> None:
    """What a hash costs is a parameter (RFC 9106, 3.1); `test_domain_passwords` tries the real one."""
    passwords.HASHER = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)


def leave_the_disk_alone() -> None:
    """Tests end processes, never the machine: what was written the system keeps, synced or not.

    Where there is room, files are in memory: a sixth of the suite's time went into making and removing them on disk.
    """
    postgresql.OPTIONS |= {"fsync": "off", "full_page_writes": "off"}
    if "TMPDIR" not in os.environ and MEMORY.is_mount() and _room_in_memory() >= PLENTY:
        os.environ["TMPDIR"] = str(MEMORY)
        tempfile.tempdir = None  # it is asked for anew


def _room_in_memory() -> int:
    """Octets that files in memory may take."""
    facts = dict(line.split(":") for line in Path("/proc/meminfo").read_text("ascii").splitlines())
    return min(shutil.disk_usage(MEMORY).free, 1024 * int(facts["MemAvailable"].split()[0]))
