"""Processes that a daemon keeps: begun, begun anew after each death, ended, and told what they must know."""

import asyncio
import os
import signal
import textwrap
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from gateway import kept_processes, serving_processes
from gateway.domain.roles import Role
from gateway.kept_processes import ANEW, FAILED, HURRY, Failure, Instructions, KeptProcesses, Program
from gateway.serving_processes import ServingProcesses
from gateway.settings import Settings
from tests.processes import lives

ECHO = """
    import sys
    greeting = sys.stdin.readline()
    print("ready 7", flush=True)
    print(greeting, end="", flush=True)
    for line in sys.stdin:
        print("said", line, end="", flush=True)
        if line == "stop\\n":
            break
"""
BEATING = (
    "import sys\nsys.stdin.readline()\nprint('ready 7', flush=True)\nprint('pulse [\"stuck\"]', flush=True)\ninput()"
)


def running(code: str, count: int = 1, *, needed: bool = False) -> Program:
    return Program("test", ("-c", textwrap.dedent(code)), count, needed)


class Heard:
    """What processes have said."""

    def __init__(self) -> None:
        self.lines: list[tuple[int, bytes]] = []
        self._more = asyncio.Event()

    def __call__(self, number: int, line: bytes) -> None:
        self.lines.append((number, line))
        self._more.set()

    async def wait_for(self, line: bytes, times: int = 1) -> None:
        async with asyncio.timeout(60):
            while [said for _, said in self.lines].count(line) < times:
                self._more.clear()
                await self._more.wait()


@asynccontextmanager
async def kept(program: Program, heard: Heard) -> AsyncIterator[KeptProcesses]:
    processes = KeptProcesses(program, lambda number: b"hello %d\n" % number, heard)
    await processes.start()
    try:
        yield processes
    finally:
        await processes.stop(30)


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not true():  # noqa: ASYNC110 - of a process's death nobody rings a bell here
            await asyncio.sleep(0.01)


async def test_each_is_greeted_is_told_things_and_ends_when_it_is_told() -> None:
    heard = Heard()

    async with kept(running(ECHO, 2), heard) as processes:
        assert processes.ready == {0, 1}
        pids = processes.pids
        processes.send_all(HURRY, but=1)
        await heard.wait_for(b"said hurry\n")

    assert {(0, b"hello 0\n"), (1, b"hello 1\n"), (0, b"said stop\n"), (1, b"said stop\n")} <= set(heard.lines)
    assert (1, b"said hurry\n") not in heard.lines
    assert not any(lives(pid) for pid in pids)


async def test_one_that_was_killed_is_begun_anew_and_the_others_go_on(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(kept_processes, "FIRST_PAUSE", 0.01)
    heard = Heard()

    async with kept(running(ECHO, 2), heard) as processes:
        first, second = processes.pids
        await heard.wait_for(b"hello 0\n")  # it is ready a moment before it says so
        os.kill(first, signal.SIGKILL)
        await heard.wait_for(b"hello 0\n", times=2)
        await until(lambda: processes.ready == {0, 1})

        assert second in processes.pids
        assert first not in processes.pids

    [death] = [record for record in caplog.records if record.message == "process-died"]
    assert (death.kind, death.detail) == ("test 0", "killed by signal 9")  # type: ignore[attr-defined]


async def test_one_that_must_begin_and_cannot_is_not_tried_again() -> None:
    processes = KeptProcesses(running("raise SystemExit(7)", needed=True), lambda _number: b"", Heard())

    await processes.start()
    await processes.stop(30)

    assert processes.failed == 7


async def test_one_that_died_by_a_signal_before_it_had_begun_is_tried_again(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(kept_processes, "FIRST_PAUSE", 0.01)
    processes = KeptProcesses(running("import os; os.kill(os.getpid(), 9)", needed=True), lambda _number: b"", Heard())

    starting = asyncio.create_task(processes.start())
    await until(lambda: caplog.messages.count("process-died") >= 2)
    await processes.stop(30)
    await starting

    assert processes.failed == 0


async def test_one_that_the_others_gave_up_for_dead_comes_back_without_a_pause(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(kept_processes, "FIRST_PAUSE", 3600.0)
    processes = KeptProcesses(running(f"raise SystemExit({ANEW})"), lambda _number: b"", Heard())

    starting = asyncio.create_task(processes.start())
    await until(lambda: caplog.messages.count("process-died") >= 3)
    await processes.stop(30)

    await starting


async def test_one_that_does_not_end_in_time_is_killed() -> None:
    processes = KeptProcesses(
        running("input(); print('ready', flush=True); input(); input()"), lambda _: b"\n", Heard()
    )
    await processes.start()

    await processes.stop(0.05)

    assert processes.pids == ()


async def test_systemd_is_the_daemons_own_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NOTIFY_SOCKET", "/run/x")
    monkeypatch.setenv("FAXGW_X", "1")
    heard = Heard()
    told = (
        "import os; print('ready', flush=True); print('NOTIFY_SOCKET' in os.environ, os.environ['FAXGW_X'], flush=True)"
    )

    async with kept(running(f"{told}; input()"), heard):
        await heard.wait_for(b"False 1\n")


def served(code: str, count: int, counted: Callable[[bytes], None] = lambda _line: None) -> ServingProcesses:
    return ServingProcesses([Settings()] * count, (Role.SMTP,), counted, ("-c", textwrap.dedent(code)))


async def test_what_one_tells_is_known_of_it_and_failures_go_to_all_others() -> None:
    failure = Failure("192.0.2.1", "carla")
    told = f"""
        import sys
        sys.stdin.readline()
        print("ready 40", flush=True)
        print("counted [1]", flush=True)
        print('pulse ["tend has ended"]', flush=True)
        sys.stdout.buffer.write({failure.line()!r})
        sys.stdout.flush()
        for line in sys.stdin:
            print("counted", line.split()[0], flush=True)
            if line == "stop\\n":
                break
    """
    counted: list[bytes] = []
    processes = served(told, 2, counted.append)

    await processes.start()
    await until(lambda: len(processes.troubles()) == 2 and counted.count(b"failed\n") == 2)
    known = processes.ours
    await processes.stop(30)

    assert known == (40, 40)
    assert counted.count(b"[1]\n") == 2
    assert counted.count(b"stop\n") == 2


@pytest.mark.parametrize("how", ["SILENT_SECONDS", "FROZEN_SECONDS"])
async def test_one_that_is_silent_for_long_or_frozen_is_killed_and_begun_anew(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, how: str
) -> None:
    monkeypatch.setattr(kept_processes, how, 0.1)
    monkeypatch.setattr(kept_processes, "LOOK_SECONDS", 0.02)
    processes = served(BEATING, 1)
    await processes.start()
    [frozen] = processes.pids
    if how == "FROZEN_SECONDS":
        os.kill(frozen, signal.SIGSTOP)

    await until(lambda: "process-silent" in caplog.messages and "process-died" in caplog.messages)
    await until(lambda: processes.pids != () and frozen not in processes.pids)
    await processes.stop(30)

    assert not lives(frozen)


async def test_one_that_is_not_there_for_long_is_told_of(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serving_processes, "LATE_SECONDS", 0.0)
    monkeypatch.setattr(kept_processes, "FIRST_PAUSE", 0.01)
    processes = served("import os; os.kill(os.getpid(), 9)", 1)

    starting = asyncio.create_task(processes.start())
    await until(lambda: any("has not been ready" in trouble for trouble in processes.troubles()))
    await processes.stop(30)
    await starting

    assert processes.ours == ()


def test_what_a_process_is_told_arrives_as_it_was() -> None:
    settings = replace(Settings(), queue=replace(Settings().queue, processes=3))
    instructions = Instructions(settings, 20, (Role.LINES, Role.MAIL))

    assert Instructions.read(instructions.line()) == instructions
    assert Failure("2001:db8::1", "m\u00fcller\nx").line().startswith(FAILED)
