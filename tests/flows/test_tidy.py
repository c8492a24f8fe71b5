"""The daemon sweeps now and then, a moment at a time, and a bucket that is away puts it off."""

import asyncio
import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.flows import tidy
from gateway.flows.tidy import Tidy
from gateway.store.bucket import Bucket, Credentials
from gateway.store.bucket_spool import BucketSpool
from gateway.store.database import Database
from gateway.store.spool import Spool
from tests.filled_store import opened


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    with opened(tmp_path) as database:
        yield database


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    return Spool(tmp_path / "spool")


def orphan(spool: Spool, content: bytes = b"orphan") -> str:
    digest = spool.put_bytes(content)
    os.utime(spool.path(digest), (0, 0))
    return digest


def look(flow: Tidy, times: int = 1) -> None:
    for _ in range(times):
        assert asyncio.run(flow.next()) is False


def test_it_sweeps_when_it_is_due(db: Database, spool: Spool, caplog: pytest.LogCaptureFixture) -> None:
    digest = orphan(spool)
    caplog.set_level("INFO")

    look(Tidy(db, spool, first=0), 400)

    assert not spool.exists(digest)
    assert [record.count for record in caplog.records if record.message == "swept"] == [1]


def test_a_daemon_that_has_just_started_has_better_to_do(db: Database, spool: Spool) -> None:
    digest = orphan(spool)

    look(Tidy(db, spool, first=60), 10)

    assert spool.exists(digest)


def test_after_a_sweep_there_is_a_pause(db: Database, spool: Spool) -> None:
    flow = Tidy(db, spool, each=3600, first=0)
    look(flow, 400)

    digest = orphan(spool)
    look(flow, 400)

    assert spool.exists(digest)


def test_one_look_is_short_however_much_there_is(db: Database, spool: Spool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tidy, "STEP_SECONDS", 0.0)
    digests = [orphan(spool, bytes([number])) for number in range(40)]

    look(Tidy(db, spool, first=0), 20)

    left = sum(spool.exists(digest) for digest in digests)
    assert left > 25


def test_a_bucket_that_is_away_puts_it_off(db: Database, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    away = BucketSpool(tmp_path / "spool", Bucket("s3://faxes", Credentials("a", "b"), "http://127.0.0.1:9", "x"))

    look(Tidy(db, away, first=0))

    assert [record.message for record in caplog.records] == ["sweep-broken-off"]


@pytest.mark.slow
def test_thousands_of_contents_are_swept_without_a_stall(db: Database, spool: Spool, tmp_path: Path) -> None:
    """The files are made by hand: syncing each would take minutes."""
    contents = tmp_path / "spool" / "contents"
    for prefix in (f"{number:02x}" for number in range(256)):
        (contents / prefix).mkdir()
        for number in range(40):
            (contents / prefix / f"{prefix}{number:062x}").touch()
        for path in (contents / prefix).iterdir():
            os.utime(path, (0, 0))
    flow, longest, looks = Tidy(db, spool, first=0), 0.0, 0

    while looks == 0 or flow._steps is not None:
        began = time.monotonic()
        look(flow)
        longest, looks = max(longest, time.monotonic() - began), looks + 1

    assert list(spool.digests()) == []
    assert looks > 5
    assert longest < 1.0
