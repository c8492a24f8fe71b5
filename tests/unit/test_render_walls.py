"""What a document that has taken over its converter still cannot do."""

import os
import platform
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from renderers.confine import run_confined
from renderers.standing import Standing, look
from renderers.walls import landlock, seccomp
from renderers.walls.landlock import Places
from renderers.walls.seccomp import Filter
from tests import deeds
from tests.processes import lives

TOP = Path(__file__).parents[2]
filtered = pytest.mark.skipif(not seccomp.available(), reason="no libseccomp2, or a kernel without filters")
ruled = pytest.mark.skipif(landlock.version() < landlock.LEAST_VERSION, reason="a kernel without Landlock")
of_x86 = pytest.mark.skipif(platform.machine() != "x86_64", reason="its numbers of system calls are those of x86-64")
_SPACES = 0x10000000 | 0x40000000


def done_confined(*deed: object, places: Places | None = None) -> str:
    [error] = run_confined(deeds.all_stopped, [deed], places=places)
    return error


@filtered
@pytest.mark.parametrize(
    "family",
    [
        socket.AF_INET,
        socket.AF_INET6,
        socket.AF_NETLINK,
        socket.AF_PACKET,
        31,
        38,
        40,
    ],  # Bluetooth, ciphers, virtual machines
)
def test_no_socket_leads_out(family: int) -> None:
    kinds = (socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_RAW)
    assert run_confined(deeds.all_stopped, [("socket", family, kind) for kind in kinds]) == ["EACCES"] * 3


@filtered
def test_no_unix_socket_calls_a_service_of_this_machine(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as service:
        service.bind(str(tmp_path / "name-service"))
        service.listen()
        assert done_confined("call", str(tmp_path / "name-service")) == "EACCES"
    assert done_confined("socket", socket.AF_UNIX, socket.SOCK_DGRAM) == "EACCES"
    assert done_confined("pair", socket.SOCK_DGRAM) == "EACCES"


@filtered
def test_a_line_to_oneself_stays_possible() -> None:
    assert done_confined("pair", socket.SOCK_STREAM) == ""


@filtered
@of_x86
@pytest.mark.parametrize(
    ("number", "words", "error"),
    [
        (101, (0, 0, 0, 0), "EPERM"),  # ptrace
        (165, (0, 0, 0, 0, 0), "EPERM"),  # mount
        (272, (_SPACES,), "EPERM"),  # unshare
        (56, (_SPACES, 0, 0, 0, 0), "EPERM"),  # clone
        (435, (0, 0), "ENOSYS"),  # clone3
        (321, (0, 0, 0), "EPERM"),  # bpf
        (250, (0, 0, 0, 0, 0), "EPERM"),  # keyctl
        (323, (0,), "EPERM"),  # userfaultfd
        (298, (0, 0, 0, 0, 0), "EPERM"),  # perf_event_open
        (425, (8, 0), "EPERM"),  # io_uring_setup
        (310, (1, 0, 0, 0, 0, 0), "EPERM"),  # process_vm_readv
        (304, (0, 0, 0), "EPERM"),  # open_by_handle_at
        (29, (0, 4096, 0o1600), "EPERM"),  # shmget
        (16, (0, 0x5412, 0), "EPERM"),  # ioctl TIOCSTI
        (16, (0, 0x1_0000_5412, 0), "EPERM"),  # the same, as the kernel reads 32 bits of it
    ],
)
def test_the_ways_out_through_the_kernel_are_closed(number: int, words: tuple[int, ...], error: str) -> None:
    assert done_confined("system", number, *words) == error


@filtered
def test_nothing_leaves_the_group_that_is_killed_in_the_end() -> None:
    assert (done_confined("session"), done_confined("group")) == ("EPERM", "EPERM")
    orphan = run_confined(deeds.orphaning)
    until = time.monotonic() + 10
    while lives(orphan):
        assert time.monotonic() < until, "the orphan lives on"
        os.sched_yield()


def test_privileges_files_and_memory_are_kept_small() -> None:
    assert done_confined("gain") == "EPERM"
    assert run_confined(deeds.open_files) < 1024
    assert run_confined(deeds.dumpable) == 0


@ruled
def test_other_files_are_neither_read_nor_written(tmp_path: Path) -> None:
    (tmp_path / "given").write_text("letter")
    (tmp_path / "other").write_text("somebody's letter")
    places = Places(read=(tmp_path / "given",))
    wanted = [("read", "given"), ("read", "other"), ("write", "given"), ("write", "new")]
    tried = [(deed, str(tmp_path / name)) for deed, name in wanted]
    assert run_confined(deeds.all_stopped, tried, places=places) == ["", "EACCES", "EACCES", "EACCES"]
    assert (tmp_path / "other").read_text() == "somebody's letter"


@ruled
def test_given_folders_and_the_private_one_are_written_and_nothing_in_them_runs(tmp_path: Path) -> None:
    program = tmp_path / "program"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o700)
    tried = [("write", str(tmp_path / "made")), ("write", "own"), ("run", str(program)), ("run", "/bin/true")]
    assert run_confined(deeds.all_stopped, tried, places=Places(written=(tmp_path,))) == ["", "", "EACCES", ""]


@ruled
def test_the_ground_is_looked_at_again_when_one_of_its_files_is_replaced(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "timezone"
    file.write_text("UTC")
    monkeypatch.setattr(landlock, "system", lambda: (file,))
    ground = landlock.Ground()
    before, same = (_laid(ground) for _ in range(2))
    (tmp_path / "new").write_text("Europe/Zurich")
    os.utime((tmp_path / "new").rename(file).parent, ns=(0, 1))  # however coarse its times
    after = _laid(ground)
    ground.close()

    assert before == same
    assert after != before
    assert file.stat().st_ino in after


def _laid(ground: landlock.Ground) -> list[int]:
    """The files of a set of rules."""
    os.close(ground.lay())
    return [os.fstat(rule.descriptor).st_ino for rule in ground._rules]


def test_what_lies_in_another_place_needs_no_rule_of_its_own() -> None:
    assert set(landlock._plainest({Path("/usr"), Path("/usr/lib"), Path("/etc/group")})) == {
        Path("/usr"), Path("/etc/group"),
    }  # fmt: skip


@ruled
@pytest.mark.parametrize("places", [None, Places()])
def test_no_child_keeps_a_set_of_rules_that_it_could_widen(places: Places | None) -> None:
    kinds = run_confined(deeds.open_kinds, places=places)

    assert any("socket" in kind for kind in kinds)
    assert not any("landlock" in kind for kind in kinds)


@ruled
def test_no_trap_is_laid_for_who_opens_what_was_made(tmp_path: Path) -> None:
    tried = [("pipe", str(tmp_path / "pipe")), ("link", str(tmp_path / "link")), ("pipe", "own"), ("link", "own2")]
    assert run_confined(deeds.all_stopped, tried, places=Places(written=(tmp_path,))) == ["EACCES", "EACCES", "", ""]


@ruled
def test_where_sockets_may_be_nothing_else_is(tmp_path: Path) -> None:
    (tmp_path / "letter").write_text("somebody's")
    wanted = [("listen", "line"), ("read", "letter"), ("write", "letter"), ("write", "new"), ("pipe", "pipe")]
    tried = [(deed, str(tmp_path / name)) for deed, name in wanted]
    found = run_confined(deeds.all_stopped, tried, places=Places(sockets=(tmp_path,)))
    assert found == ["", "EACCES", "EACCES", "EACCES", "EACCES"]


@ruled
def test_processes_outside_are_not_looked_into() -> None:
    assert done_confined("memory", os.getpid(), places=Places()) in {"EACCES", "EPERM"}


@pytest.mark.skipif(landlock.version() < 6, reason="a kernel whose Landlock does not know of signals")
def test_processes_outside_are_not_signalled() -> None:
    assert done_confined("signal", os.getpid(), places=Places()) == "EPERM"


@filtered
@ruled
def test_what_stands_is_told_as_it_is() -> None:
    assert look() == Standing("seccomp", "Landlock")


def inside(program: str) -> str:
    """What a Python says that did this to itself."""
    ran = subprocess.run([sys.executable, "-c", program], cwd=TOP, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout.strip()


NO_LIBRARY = """
from renderers.walls import seccomp
seccomp.LIBRARY = "libnobody.so"
from renderers.walls.seccomp import Filter
print(seccomp.available(), seccomp.enter(Filter.CLOSED))
"""
AWAY = """
import socket
from renderers.walls.namespace import leave_network
with socket.create_server(("127.0.0.1", 0)) as ear:
    left = leave_network()
    try:
        socket.create_connection(ear.getsockname()).close()
        print(left, "reached")
    except OSError:
        print(left, "not reached")
"""


def test_without_the_library_there_is_no_filter_and_it_is_said() -> None:
    assert inside(NO_LIBRARY) == "False False"


def test_in_an_empty_network_nobody_is_reached() -> None:
    assert inside(AWAY) in {"True not reached", "False reached"}  # some machines forbid it


@filtered
@pytest.mark.parametrize("chosen", list(Filter))
def test_a_filter_is_rows_of_eight_octets_for_the_kernel(chosen: Filter) -> None:
    rows = seccomp.program(chosen)
    assert rows is not None
    assert len(rows) % 8 == 0
    assert len(rows) < 8 * 4096  # what seccomp(2) takes
