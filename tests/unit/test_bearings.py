"""The time that every program of the gateway goes by, and as whom it writes."""

import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gateway import bearings
from gateway.domain.errors import UnavailableError
from gateway.settings import Notices, Settings, Smtp, Storage
from gateway.store import processes
from gateway.store.migrate import open_store
from gateway.store.shared_time import Wish

WALL = datetime(2026, 7, 1, 8, tzinfo=UTC)


@pytest.mark.parametrize(("speed", "seconds"), [(60.0, 600.0), (0.0, 10.0), (None, 10.0)])
def test_the_shared_time_runs_as_the_processes_have_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, speed: float | None, seconds: float
) -> None:
    db = open_store(f"sqlite:///{tmp_path / 'faxgw.sqlite'}", tmp_path)
    if speed is not None:
        about = processes.About(time=Wish(speed))
        processes.register(db, "here", timedelta(seconds=30), WALL, tmp_path / "locks", about).lock.close()
    monkeypatch.setattr(bearings, "wall_clock", lambda: WALL + timedelta(seconds=10))

    assert bearings.shared_now(db) == WALL + timedelta(seconds=seconds)
    db.close()


def test_notices_come_from_whom_the_settings_name_in_our_first_domain() -> None:
    settings = replace(
        Settings(), notices=Notices("Fax", "fax@acme.example"), smtp=Smtp(domains=("a.example", "b.example"))
    )

    voice = bearings.voice_of(settings)

    assert (voice.name, voice.address, voice.domain) == ("Fax", "fax@acme.example", "a.example")


def test_the_machines_time_is_aware() -> None:
    assert bearings.wall_clock().tzinfo is UTC


# libpq's ping keeps the interpreter to itself, so who answers it must be another process.
STARTING = rb"""
import socket, sys
said = b"SFATAL\0VFATAL\0C57P03\0Mle syst\xc3\xa8me de bases de donn\xc3\xa9es se lance\0\0"
listening = socket.socket(fileno=int(sys.argv[1]))
listening.settimeout(20)
for _ in range(int(sys.argv[2])):
    caller, _ = listening.accept()
    caller.recv(1000)
    caller.sendall(b"E" + (len(said) + 4).to_bytes(4, "big") + said)
    caller.close()
"""


@contextmanager
def starting_server(times: int) -> Iterator[str]:
    """The URL of a PostgreSQL server that starts, and says so to the first who ask; then nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        number, port = listening.fileno(), listening.getsockname()[1]
        words = [sys.executable, "-ISc", STARTING.decode(), str(number), str(times)]
        answering = subprocess.Popen(words, pass_fds=[number])
    with answering:
        yield f"postgresql+psycopg://x@127.0.0.1:{port}/x?sslmode=disable&gssencmode=disable"


def test_a_server_that_starts_is_waited_for_and_one_that_is_not_there_is_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    waits: list[float] = []

    with starting_server(2) as url, pytest.raises(UnavailableError, match="refused"):
        bearings.opened_store(replace(Settings(), storage=Storage(url=url, folder=tmp_path)), waits.append)

    assert waits == [1.0, 1.0]
    assert [record.message for record in caplog.records] == ["store-starting"]


def test_a_file_is_opened_at_once(tmp_path: Path) -> None:
    waits: list[float] = []

    bearings.opened_store(replace(Settings(), storage=Storage(folder=tmp_path)), waits.append).close()

    assert waits == []
