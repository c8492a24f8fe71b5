"""Watching the daemon: pages over HTTP, the round of alarms, and the watchdog of systemd.

What lives here: joining the parts of this package, and the three pages. What does not: each of them.
"""

import asyncio
import json
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from http import HTTPStatus
from typing import TypeVar

from gateway.domain.errors import UnavailableError
from gateway.mail.notice_facts import Voice
from gateway.sections import Settings
from gateway.store.probe import try_to_write
from gateway.store.spool import RESERVE
from gateway.store.spools import open_spool
from gateway.watch import readiness, systemd
from gateway.watch.alarm_round import Addressed, AlarmRound
from gateway.watch.answerer import Answerer, Page
from gateway.watch.counts import Counts
from gateway.watch.health import Health, Patience, Pulse, Wellbeing
from gateway.watch.metrics import exposition
from gateway.watch.readiness import Fact
from gateway.watch.remembered import Remembered
from gateway.watch.sight import Lookout, Sight
from gateway.worker import Bell, Worker

T = TypeVar("T")
METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"
JSON = "application/json"
SIGHT_SECONDS, STORE_SECONDS, RELAY_SECONDS, BUCKET_SECONDS = 1.0, 2.0, 30.0, 60.0  # that an answer is remembered for
ALARM_SECONDS = 10.0  # between two looks for what is stuck
BEATS = 3  # in the time after which systemd would end us
THREADS = 4  # one for each question that may hang: a look, a write, a round of alarms, the bucket
RENDERS_AT_ONCE = 5  # of one mail: parts that end their process are tried without, three times at most


@dataclass(slots=True)
class Watch:
    """What watches one daemon; `listens` says whether taking mail is our part."""

    settings: Settings
    lookout: Lookout
    counts: Counts
    listens: bool
    threads: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(THREADS, thread_name_prefix="watch"))
    _health: Wellbeing | None = None
    _stopping: bool = False
    _answerer: Answerer | None = None
    _sight: Remembered[Sight] = field(init=False)
    _store: Remembered[Fact] = field(init=False)
    _relay: Remembered[Fact] = field(init=False)
    _bucket: Remembered[Fact] = field(init=False)

    def __post_init__(self) -> None:
        relay = self.settings.relay
        self._sight = Remembered(lambda: self._apart(self.lookout.sight), SIGHT_SECONDS, time.monotonic)
        self._bucket = Remembered(self._asked_bucket, BUCKET_SECONDS, time.monotonic)
        self._store = Remembered(lambda: self._apart(self._write), STORE_SECONDS, time.monotonic)
        self._relay = Remembered(lambda: readiness.relay_fact(relay.host, relay.port), RELAY_SECONDS, time.monotonic)

    @property
    def port(self) -> int:
        """Where the pages are; 0 for nowhere."""
        return self._answerer.port if self._answerer else 0

    def workers(self, voice: Voice, host: str) -> tuple[Worker, ...]:
        """Those that tell of alarms, and systemd that we are alive. No bell wakes them: they go by their own time."""
        alarms, beat = self.settings.alarms, systemd.watchdog_seconds() / BEATS
        addressed = Addressed(voice, alarms.mail, timedelta(minutes=alarms.mail_minutes)) if alarms.mail else None
        watching = AlarmRound(self.lookout, host, self.threads, addressed)
        found = [Worker("alarms", watching.next, Bell(), ALARM_SECONDS)]
        if beat:
            found.append(Worker("watchdog", self.keep_alive, Bell(), beat))
        return tuple(found)

    def health_of(self, workers: Sequence[Pulse], ended: Callable[[], Iterable[str]]) -> Health:
        """That of a process with these workers; `ended` names tasks that are over too early."""
        rendering, alarms = self.settings.rendering, self.settings.alarms
        patience = Patience(render=60.0 + RENDERS_AT_ONCE * rendering.max_seconds, call=120.0 * alarms.call_minutes)
        return Health(workers, ended, patience)

    async def start(self, health: Wellbeing) -> None:
        """Answer from now on, and tell systemd that we are ready."""
        self._health = health
        http = self.settings.http
        if http.port:
            pages = {"/metrics": self.metrics, "/healthz": self.health, "/readyz": self.ready}
            self._answerer = Answerer(http.host, http.port, pages)
            await self._answerer.start()
        systemd.tell(f"{systemd.READY}\nSTATUS=taking mail")

    def stopping(self) -> None:
        """Mail is taken no longer; calls and renders come to their ends."""
        self._stopping = True
        systemd.tell(f"{systemd.STOPPING}\nSTATUS=calls and renders come to their ends")

    async def stop(self) -> None:
        """Answer no longer."""
        if self._answerer is not None:
            await self._answerer.stop()
        self.threads.shutdown(wait=False)

    def troubles(self) -> tuple[str, ...]:
        """What does not move, in words."""
        return self._health.troubles() if self._health else ()

    async def keep_alive(self) -> bool:
        """Tell systemd that we are alive, if we are: the step of a worker."""
        if self._health is not None and not self.troubles():
            systemd.tell(systemd.ALIVE)
        return False

    async def metrics(self) -> Page:
        """The figures for Prometheus."""
        sight = await self._sight.get()
        return Page(await self._apart(exposition, self.counts.sums(), sight), media_type=METRICS_TYPE)

    async def health(self) -> Page:
        """Whether the process is alive."""
        troubles = self.troubles()
        return _page(not troubles, {"healthy": not troubles, "troubles": list(troubles)})

    async def ready(self) -> Page:
        """Whether mail can be taken and worked on, by which facts, and what is stuck."""
        sight, store, reached = await asyncio.gather(self._sight.get(), self._store.get(), self._reached())
        facts = (
            *self._listener(),
            store,
            readiness.disk_fact(sight.room, RESERVE),
            readiness.lease_fact(sight.look, self.lookout.ours()),
            readiness.lines_fact(sight.look),
            *reached,
        )
        well = readiness.is_ready(facts)
        told = {fact.name: {"ok": fact.ok, "needed": fact.needed, "detail": fact.detail} for fact in facts}
        stuck = {alarm.kind.value: alarm.detail for alarm in sight.alarms}
        return _page(well, {"ready": well, "facts": told, "alarms": stuck})

    def _listener(self) -> tuple[Fact, ...]:
        if not self.listens:
            return ()
        return (Fact("listener", not self._stopping, "stopping" if self._stopping else "takes mail"),)

    async def _reached(self) -> list[Fact]:
        """What lies beyond this machine and the store."""
        asked = [self._relay, self._bucket] if self.settings.storage.spool else [self._relay]
        return await asyncio.gather(*(one.get() for one in asked))

    async def _asked_bucket(self) -> Fact:
        return await readiness.bucket_fact(lambda: self._apart(self._look_into_bucket))

    def _look_into_bucket(self) -> None:
        next(iter(open_spool(self.settings.storage.place).digests("00")), None)

    def _write(self) -> Fact:
        try:
            return readiness.store_fact(try_to_write(self.lookout.db, self.lookout.ours()))
        except UnavailableError:
            return readiness.store_fact(None, "cannot be written")

    async def _apart(self, function: Callable[..., T], *arguments: object) -> T:
        """In a thread of our own: those of the workers may all be busy."""
        return await asyncio.get_running_loop().run_in_executor(self.threads, function, *arguments)


def _page(well: bool, told: dict[str, object]) -> Page:
    status = HTTPStatus.OK if well else HTTPStatus.SERVICE_UNAVAILABLE
    return Page((json.dumps(told, indent=2) + "\n").encode(), status, JSON)
