"""Parts of the watch: health by steps of workers, facts of readiness, remembered answers, words to systemd."""

import asyncio
import socket
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest

from gateway.domain.alarms import Depth, Lease, QueueLook, Room, TrunkLook
from gateway.watch import readiness, systemd
from gateway.watch.health import MAIL_PATIENCE, PATIENCE, Health, Patience
from gateway.watch.readiness import Fact, is_ready
from gateway.watch.remembered import Remembered
from tests.fakes import SinkRelay
from tests.filled_store import NOW, WALL

LOOK = QueueLook(
    NOW, WALL, {}, {}, {}, 0, 0, (TrunkLook("one", 2, Depth(1)),), (Lease(7, "here", WALL + timedelta(seconds=12)),)
)


@dataclass
class Busy:
    name: str
    busy_for: float


@pytest.mark.parametrize(
    ("name", "seconds"),
    [("prepare-1", 100.0), ("transmit-3", 1000.0), ("notify", MAIL_PATIENCE), ("tend", PATIENCE), ("lease", PATIENCE)],
)
def test_a_worker_is_stuck_when_one_step_lasts_beyond_its_kinds_patience(name: str, seconds: float) -> None:
    patience = Patience(render=100.0, call=1000.0)

    def troubles(busy: float) -> tuple[str, ...]:
        return Health([Busy(name, busy)], lambda: (), patience).troubles()

    assert troubles(0.0) == troubles(seconds) == ()
    assert troubles(seconds + 1) == (f"{name} has been in one step for {seconds + 1:.0f} s",)


def test_a_task_that_ended_by_itself_is_a_trouble() -> None:
    health = Health([], lambda: ["tend", "lease"], Patience(1, 1))

    assert health.troubles() == ("lease has ended", "tend has ended")


def test_only_what_is_needed_keeps_us_from_being_ready() -> None:
    well, idle = Fact("store", True, ""), Fact("relay", False, "", needed=False)

    assert is_ready([well, idle])
    assert not is_ready([replace(well, ok=False), idle])


def test_facts_of_store_and_disk() -> None:
    assert [readiness.store_fact(written, "full").ok for written in (True, False, None)] == [True, False, False]
    assert readiness.store_fact(None, "cannot be written").detail == "cannot be written"
    assert [readiness.disk_fact(Room(free, 10**10), 1000).ok for free in (1001, 1000)] == [True, False]


def test_a_lease_is_a_fact_as_long_as_it_lasts() -> None:
    over = replace(LOOK, wall=WALL + timedelta(seconds=12))

    assert readiness.lease_fact(LOOK, (7,)) == Fact("lease", True, "12 s left")
    assert [readiness.lease_fact(look, ours).ok for look, ours in ((over, (7,)), (LOOK, (8,)), (None, (7,)))] == [
        False
    ] * 3


def test_of_several_processes_one_lease_is_enough_and_the_least_is_told() -> None:
    [known] = [lease for lease in LOOK.leases if lease.process == 7]
    both = replace(LOOK, leases=(known, Lease(8, "here", LOOK.wall - timedelta(seconds=3))))

    assert readiness.lease_fact(both, (7, 8)) == Fact("lease", True, "-3 s left, the least of 2")
    assert not readiness.lease_fact(both, (8, 9)).ok


def test_lines_are_told_and_never_needed() -> None:
    busy = replace(LOOK, trunks=(TrunkLook("one", 2, Depth(2)), TrunkLook("two", 2, Depth(), paused=True)))

    assert readiness.lines_fact(LOOK) == Fact("lines", True, "one 1 of 2 free", needed=False)
    assert readiness.lines_fact(busy) == Fact("lines", False, "one 0 of 2 free, two paused", needed=False)
    assert readiness.lines_fact(None) == Fact("lines", False, "unknown", needed=False)


async def test_a_relay_that_greets_is_reachable() -> None:
    async with SinkRelay() as sink:
        assert await readiness.relay_fact("127.0.0.1", sink.port) == Fact("relay", True, "reachable", needed=False)
        port = sink.port

    fact = await readiness.relay_fact("127.0.0.1", port)
    assert (fact.ok, fact.needed, fact.detail) == (False, False, "not reached: ConnectionRefusedError")


@pytest.mark.parametrize(
    ("words", "detail"), [(b"", "not reached: TimeoutError"), (b"2" * 100_000, "not reached: ValueError")]
)
async def test_a_relay_that_says_nothing_or_too_much_is_not_waited_for(
    words: bytes, detail: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(readiness, "GREETING_SECONDS", 0.2)
    left = asyncio.Event()

    async def peer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(words)
        with suppress(OSError):
            await reader.read()
        writer.transport.abort()
        left.set()

    async with await asyncio.start_server(peer, "127.0.0.1", 0) as server:
        fact = await readiness.relay_fact("127.0.0.1", server.sockets[0].getsockname()[1])
        await asyncio.wait_for(left.wait(), 10)

    assert (fact.ok, fact.detail) == (False, detail)


async def test_an_answer_is_made_once_for_all_who_ask_in_a_moment() -> None:
    made, times = [], [0.0]

    async def make() -> int:
        made.append(len(made))
        await asyncio.sleep(0)
        return made[-1]

    kept = Remembered(make, 2.0, lambda: times[0])

    assert await asyncio.gather(*(kept.get() for _ in range(9))) == [0] * 9
    times[0] = 1.9
    assert await kept.get() == 0
    times[0] = 2.0
    assert await kept.get() == 1


async def test_an_answer_that_failed_is_not_remembered() -> None:
    answers = iter([OSError("gone"), None])

    async def make() -> str:
        if error := next(answers):
            raise error
        return "well"

    kept = Remembered(make, 60.0, lambda: 0.0)

    with pytest.raises(OSError, match="gone"):
        await kept.get()
    assert await kept.get() == "well"


async def test_who_gives_up_waiting_does_not_end_the_asking() -> None:
    begun, go = [], asyncio.Event()

    async def make() -> str:
        begun.append(1)
        await go.wait()
        return "late"

    kept = Remembered(make, 60.0, lambda: 0.0)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(kept.get(), 0.01)
    go.set()

    assert await kept.get() == "late"
    assert begun == [1]


def test_systemd_hears_each_message_as_one_datagram(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ear:
        ear.bind(str(tmp_path / "notify"))
        assert systemd.tell(systemd.READY + "\nSTATUS=well", {"NOTIFY_SOCKET": str(tmp_path / "notify")})
        assert ear.recv(1000) == b"READY=1\nSTATUS=well"


def test_systemd_is_heard_in_the_abstract_namespace_too() -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ear:
        ear.bind("\0faxgw-test-notify")
        assert systemd.tell(systemd.ALIVE, {"NOTIFY_SOCKET": "@faxgw-test-notify"})
        assert ear.recv(1000) == b"WATCHDOG=1"


def test_who_does_not_listen_to_the_end_is_not_waited_for(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ear:
        ear.bind(str(tmp_path / "notify"))
        said = [systemd.tell(systemd.ALIVE, {"NOTIFY_SOCKET": str(tmp_path / "notify")}) for _ in range(5000)]

    assert (said[0], said[-1]) == (True, False)


def test_without_systemd_nothing_is_said() -> None:
    assert not systemd.tell(systemd.READY, {})
    assert not systemd.tell(systemd.READY, {"NOTIFY_SOCKET": "/nowhere/at/all"})


@pytest.mark.parametrize(
    ("environment", "seconds"),
    [
        ({"WATCHDOG_USEC": "30000000"}, 30.0),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "42"}, 30.0),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "43"}, 0.0),
        ({"WATCHDOG_USEC": "often"}, 0.0),
        ({}, 0.0),
    ],
)
def test_the_watchdog_is_for_the_process_that_it_names(environment: dict[str, str], seconds: float) -> None:
    assert systemd.watchdog_seconds(environment, 42) == seconds
