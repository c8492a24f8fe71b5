"""A network between two T.38 endpoints, on a virtual clock: packets lost, doubled and overtaken by a seeded chance.

What lives here: the network, and a call from TIFF to TIFF over it. What does not: other makers' ends (`packet_line`).
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from heapq import heappop, heappush
from pathlib import Path
from typing import Any

from gateway.domain.call import CallReport, Coding
from gateway.fax.t4 import codec
from gateway.fax.t4.classf import PageFile, write_pages
from gateway.fax.t4.page import Bitmap
from gateway.fax.t38 import endpoint
from gateway.fax.t38.endpoint import Endpoint


@dataclass(frozen=True)
class Weather:
    """Parts of the packets that are lost and that come twice; how long each is under way, by chance."""

    lost: float = 0.0
    doubled: float = 0.0
    delay_ms: int = 0
    jitter_ms: int = 0
    seed: int = 1


@dataclass
class Network:
    """Carries packets between two ends until both are done."""

    ends: Sequence[Endpoint]
    weather: Weather = Weather()
    step_ms: int = 20
    now: int = 0
    packets: list[tuple[int, int, bytes]] = field(default_factory=list)  # when, from which end, what
    under_way: list[tuple[int, int, int, bytes]] = field(
        default_factory=list
    )  # when, a tie's order, to which end, what

    def run(self, limit_ms: int = 3_600_000) -> None:
        chance = random.Random(self.weather.seed)
        while not all(end.done for end in self.ends):
            self.now += self.step_ms
            if self.now > limit_ms:
                raise RuntimeError("a call does not end")
            for number, end in enumerate(self.ends):
                self._send(number, end.advance(self.step_ms), chance)
            while self.under_way and self.under_way[0][0] <= self.now:
                _, _, number, packet = heappop(self.under_way)
                self.ends[number].deliver(packet)

    def _send(self, number: int, packets: list[bytes], chance: random.Random) -> None:
        for packet in packets:
            self.packets.append((self.now, number, packet))
            for due in self._arrivals(chance):
                heappush(self.under_way, (due, len(self.packets), 1 - number, packet))

    def _arrivals(self, chance: random.Random) -> list[int]:
        """When the copies of a packet arrive."""
        weather = self.weather
        copies = (chance.random() >= weather.lost) * (1 + (chance.random() < weather.doubled))
        return [self.now + weather.delay_ms + chance.randint(0, weather.jitter_ms) for _ in range(copies)]


@dataclass(frozen=True)
class Faxed:
    """What came of a call."""

    caller: CallReport
    answerer: CallReport
    received: list[Bitmap]
    network: Network


def stored(path: Path, bitmaps: Sequence[Bitmap], coding: Coding = Coding.MMR) -> Path:
    """A class F TIFF of these pages."""
    write_pages(path, [codec.encode(bitmap, coding) for bitmap in bitmaps])
    return path


def shown(path: Path) -> list[Bitmap]:
    """The pages of a class F TIFF; none of a file that is not there."""
    if not path.exists():
        return []
    pages = PageFile(path)
    return [codec.decode(pages.page(number))[0] for number in range(len(pages))]


def fax(tiff: Path, weather: Weather = Weather(), *, answering: dict[str, Any] | None = None, **options: Any) -> Faxed:
    """Call with the same options at both ends, but for what the answerer is told apart."""
    out = tiff.with_name("received.tif")
    ends = endpoint.caller(tiff, **options), endpoint.answerer(out, **{**options, **(answering or {})})
    network = Network(ends, weather)
    network.run()
    return Faxed(ends[0].report, ends[1].report, shown(out), network)
