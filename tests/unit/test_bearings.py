"""The time that every program of the gateway goes by, and as whom it writes."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gateway import bearings
from gateway.settings import Notices, Settings, Smtp
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
