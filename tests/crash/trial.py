"""One trial: mails are fed, nodes are killed, frozen, set off in time; then all comes to its end and is looked at.

What lives here: what is done when, all of it by one seed. What does not: what it comes to (`verdict`).
"""

import math
import random
import signal
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.crash.clocks import step
from tests.crash.disk import filled
from tests.crash.feed import Feed
from tests.crash.house import LEASE, House, Node, supervised, wait_for
from tests.crash.verdict import Verdict, drain, judge, leave, rendered
from tests.postgresql import Server

SHORTEST = 0.1  # seconds of life, log-uniform from here to a plan's longest
WHILE_STARTING = 0.25  # the share of kills before a node is up
ALL_AT_ONCE = 0.1  # the share of kills of all nodes
STOCKED = 12  # faxes of a mail that is stocked
WRITES = ("fdatasync", "fsync", "rename", "pwrite64")
AT_WRITE_SECONDS = 5
STEPS = (
    -1200.0,
    -30.0,
    5.0,
    30.0,
)  # seconds that a clock is set off by; at speed 120 still within the window of duplicates


@dataclass(frozen=True)
class Plan:
    """How much of what; `server` is what the store runs on, which is crashed, too."""

    kills: int
    longest: float = 3.0  # seconds that a node lives
    stock: int = 10  # mails before the first kill
    rate: float = 2.0  # mails a second
    freezes: int = 0
    clock_steps: int = 0
    syscall_kills: int = 0  # at the entry of a write, by strace
    full_disks: int = 0  # the house's store must lie on a small disk
    server: Server | None = None
    server_crashes: int = 0
    seed: int = 1


@dataclass
class Trial:
    """What was done to a house, and what it came to."""

    house: House
    plan: Plan
    done: Counter[str] = field(default_factory=Counter)
    back: list[float] = field(default_factory=list)  # seconds from the crash of a server until it answered

    def run(self) -> Verdict:
        """All of it."""
        chance = random.Random(self.plan.seed)
        started = time.monotonic()
        feed = Feed(self.house, self.plan.rate, self.plan.seed)
        self._stock(feed)
        with supervised(self.house), feed:
            self._disturb(chance)
        self.done["seconds"] = round(time.monotonic() - started)
        for node in self.house.nodes:
            step(node.clock, 0)
        with supervised(self.house):
            drain(self.house)
        leave(self.house)
        return judge(self.house, feed)

    def _stock(self, feed: Feed) -> None:
        """Have faxes ready before the first kill: a node that lives for a second renders little."""
        stocking = self.house.nodes[0]
        stocking.start("--roles", "smtp,prepare")
        stocking.wait_up()
        for _ in range(self.plan.stock):
            feed.send(STOCKED)
        rendered(self.house)
        stocking.kill()

    def _disturb(self, chance: random.Random) -> None:
        """Every kind of trouble in a random order; each node has a thread of its own that kills it."""
        share = -(-self.plan.kills // len(self.house.nodes))
        others = self._others(chance)
        threads = [
            threading.Thread(target=self._kill, args=(node, share, random.Random(chance.random())))
            for node in self.house.nodes
        ]
        for thread in threads:
            thread.start()
        while any(thread.is_alive() for thread in threads):
            time.sleep(chance.uniform(0.5, 2))
            if others:
                others.pop()()
        for other in others:
            other()

    def _others(self, chance: random.Random) -> list[Callable[[], None]]:
        nodes = self.house.nodes
        others: list[Callable[[], None]] = [lambda: self._freeze(chance.choice(nodes), chance)] * self.plan.freezes
        others += [lambda: self._step(chance.choice(nodes), chance)] * self.plan.clock_steps
        others += [lambda: self._crash_server(chance)] * self.plan.server_crashes
        others += [lambda: self._kill_at_write(chance.choice(nodes), chance)] * self.plan.syscall_kills
        others += [lambda: self._fill(chance)] * self.plan.full_disks
        chance.shuffle(others)
        return others

    def _kill(self, node: Node, times: int, chance: random.Random) -> None:
        for _ in range(times):
            wait_for(lambda: node.lives, f"{node.name} is not started again")
            if chance.random() < WHILE_STARTING:
                time.sleep(chance.uniform(0, 0.5))
                self.done["kills while starting"] += 1
            else:
                node.wait_up()
                time.sleep(math.exp(chance.uniform(math.log(SHORTEST), math.log(self.plan.longest))))
            victims = self.house.nodes if chance.random() < ALL_AT_ONCE else [node]
            for victim in victims:
                victim.kill()
            self.done["kills"] += 1

    def _freeze(self, node: Node, chance: random.Random) -> None:
        """Longer than its lease: another takes over meanwhile, if there is one."""
        child = node.child
        if child is None:
            return
        child.signal(signal.SIGSTOP)
        time.sleep(LEASE * chance.uniform(1.2, 2))
        child.signal(signal.SIGCONT)
        self.done["freezes"] += 1

    def _step(self, node: Node, chance: random.Random) -> None:
        step(node.clock, chance.choice(STEPS))
        self.done["clock steps"] += 1

    def _kill_at_write(self, node: Node, chance: random.Random) -> None:
        """On entry of the K-th such call that one of its threads makes from now on; after a while anyway."""
        child = node.child
        if child is None or not child.lives:
            return
        call, count = chance.choice(WRITES), chance.randint(1, 3)
        inject = ("-e", f"trace={call}", "-e", f"inject={call}:signal=KILL:when={count}")
        with subprocess.Popen(["strace", "-f", "-qq", "-o/dev/null", *inject, "-p", str(child.pid)]) as tracer:
            hit = child.ended.wait(AT_WRITE_SECONDS)
            tracer.terminate()
        child.kill()
        self.done[f"kills at {call}" if hit else "kills instead of at a write"] += 1

    def _fill(self, chance: random.Random) -> None:
        with filled(self.house.store):
            time.sleep(chance.uniform(1, 3))
        self.done["full disks"] += 1

    def _crash_server(self, chance: random.Random) -> None:
        """An immediate stop, and a start after a while."""
        assert self.plan.server is not None
        self.plan.server.stop(signal.SIGQUIT)
        time.sleep(chance.uniform(0, 1))
        started = time.monotonic()
        self.plan.server.start()
        self.back.append(time.monotonic() - started)
        self.done["crashes of the server"] += 1
