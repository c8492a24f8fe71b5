"""Taking mail against Postfix: python -m tests.bench.bench_smtp [SIZE...] [--pairs N] [--sessions N] [--profile FILE].

Both servers keep their mails on the same disk, synced before the 250; each pair of runs stands in the same minute, and
who goes first changes. Figures are medians over the pairs: processor milliseconds of the server's processes for one
mail, mails a second, and the ratio of those within a pair. Without Postfix only ours is measured.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from gateway.store import tree
from gateway.store.migrate import open_store
from gateway.store.tree import NewUser
from samples.demo import free_port
from tests.bench import postfix
from tests.processes import processor_seconds

TOP = Path(__file__).parents[2]
DOMAIN = "fax.bench.example"
SENDER = "anna@acme.example"
RECIPIENT = f"+12025550177@{DOMAIN}"
# Octets of a mail -> mails in one run; enough for some seconds.
SIZES = {5_000: 3000, 200_000: 1000, 5_000_000: 80}
LIMITS = {5_000: 1.0, 200_000: 1.8, 5_000_000: 22.0}  # processor milliseconds that we allow ourselves


@dataclass(frozen=True, slots=True)
class Server:
    """One that takes mail: where, and its first process."""

    name: str
    port: int
    pid: int


@dataclass(frozen=True, slots=True)
class Run:
    """Mails a second, and processor milliseconds of one mail."""

    rate: float
    cpu: float


@contextmanager
def ours(folder: Path, processes: int = 1, profile: str = "") -> Iterator[Server]:
    """Our front door with one registered sender."""
    port = free_port()
    settings = _settings(folder, port, processes)
    words = [sys.executable, *(("-m", "cProfile", "-o", profile) if profile else ()), "-m", "tests.bench.front_door"]
    with (folder / "log").open("wb") as log:
        daemon = subprocess.Popen([*words, str(settings)], cwd=TOP, stdout=subprocess.PIPE, stderr=log)
    try:
        assert daemon.stdout is not None
        assert daemon.stdout.readline(), (folder / "log").read_text()
        yield Server("faxgw", port, daemon.pid)
    finally:
        daemon.terminate()
        daemon.wait()


@contextmanager
def theirs(folder: Path) -> Iterator[Server]:
    """Postfix that holds what it takes."""
    port = free_port()
    with postfix.running(folder, port, DOMAIN) as pid:
        yield Server("postfix", port, pid)


def send(server: Server, size: int, mails: int, sessions: int) -> Run:
    """Send so many mails, and see what they cost the server."""
    command = ["smtp-source", "-d", "-s", str(sessions), "-m", str(mails), "-l", str(size), "-f", SENDER]
    before, start = processor_seconds(server.pid), time.monotonic()
    subprocess.run([*command, "-t", RECIPIENT, f"127.0.0.1:{server.port}"], check=True, timeout=600)
    seconds, used = time.monotonic() - start, processor_seconds(server.pid) - before
    return Run(mails / seconds, 1000 * used / mails)


def pairs(servers: Sequence[Server], size: int, wanted: int, sessions: int) -> list[dict[str, Run]]:
    """So many runs of each server, one after another, in turns."""
    mails = SIZES.get(size, 200)
    for server in servers:
        send(server, size, max(sessions, mails // 10), sessions)
    found = []
    for turn in range(wanted):
        order = servers if turn % 2 else servers[::-1]
        found.append({server.name: send(server, size, mails, sessions) for server in order})
    return found


def report(size: int, sessions: int, found: list[dict[str, Run]]) -> None:
    """One line for each server, and one for the ratio."""
    load = " ".join(f"{one:.1f}" for one in os.getloadavg())
    say(f"{size} octets, {sessions} sessions, {len(found)} pairs, load {load}")
    for name in found[0]:
        runs = [pair[name] for pair in found]
        say(f"  {name:8} {_middle(runs, lambda run: run.cpu)} ms CPU  {_middle(runs, lambda run: run.rate)} mails/s")
    if size in LIMITS:
        say(f"  allowed  {LIMITS[size]:.2f} ms CPU")
    if "postfix" in found[0]:
        ratios = [pair["faxgw"].rate / pair["postfix"].rate for pair in found]
        spread = f"from {min(ratios):.2f} to {max(ratios):.2f}"
        say(f"  ratio    {statistics.median(ratios):.2f} of Postfix's rate ({spread})")


def say(line: str) -> None:
    """To whoever measures."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _middle(runs: list[Run], figure: Callable[[Run], float]) -> str:
    values = [figure(run) for run in runs]
    return f"{statistics.median(values):8.2f} (from {min(values):.2f} to {max(values):.2f})"


def _settings(folder: Path, port: int, processes: int) -> Path:
    store = folder / "store"
    db = open_store(f"sqlite:///{store / 'faxgw.sqlite'}", store)
    tree.add_company(db, "Acme")
    tree.add_user(db, NewUser("Acme", "Anna", "Smith", (SENDER,), user_name="anna"))
    db.close()
    path = folder / "faxgw.toml"
    more = f"processes = {processes}\n" if processes > 1 else ""
    path.write_text(f'[storage]\nfolder = "{store}"\n[smtp]\nport = {port}\ndomains = ["{DOMAIN}"]\n{more}')
    return path


def main() -> None:
    """Measure what was asked for."""
    parser = argparse.ArgumentParser(description="Taking mail, against Postfix.")
    parser.add_argument("sizes", nargs="*", type=int, default=list(SIZES), help="octets of a mail's text")
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--sessions", type=int, default=10)
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--folder", type=Path, help="on the disk to measure; by default that of temporary files")
    parser.add_argument("--alone", action="store_true", help="without Postfix")
    parser.add_argument("--profile", default="", help="write a cProfile of ours to this file")
    asked = parser.parse_args()
    rival = postfix.present() and not asked.alone
    if not rival:
        say(f"Postfix is left out; it takes: {postfix.REMEDY}")
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=asked.folder)))
        folder.chmod(0o755)
        (folder / "ours").mkdir()
        servers = [stack.enter_context(ours(folder / "ours", asked.processes, asked.profile))]
        if rival:
            servers.append(stack.enter_context(theirs(folder / "postfix")))
        for size in asked.sizes:
            report(size, asked.sessions, pairs(servers, size, asked.pairs, asked.sessions))


if __name__ == "__main__":
    main()
